/** The `--set`, `--add` and `--remove` of az's update commands, on a resource as the wire has it; paths are those of the printed form. */
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import type { Arguments } from './arguments.ts';
import { UsageError } from './failure.ts';
import type { Option } from './options.ts';

export const GENERIC_UPDATE: readonly Option[] = [
  { name: 'set', kind: 'list', repeat: true, placeholder: 'PATH=VALUE', summary: 'Set a property: --set networkRuleSet.defaultAction=Allow.' },
  { name: 'add', kind: 'list', repeat: true, placeholder: 'PATH VALUE', summary: 'Add to a list: --add dhcpOptions.dnsServers 10.0.0.4.' },
  { name: 'remove', kind: 'list', repeat: true, placeholder: 'PATH [INDEX]', summary: 'Remove a property, or an element of a list.' },
];

/** Whether any of them was given. */
export function hasGenericUpdate(args: Arguments): boolean {
  return ['set', 'add', 'remove'].some((name) => args.lists(name).length > 0);
}

/** A copy of the resource with the changes, in az's order: set, add, remove. @throws UsageError for a path that leads nowhere */
export function genericallyUpdated(resource: JsonObject, args: Arguments): JsonObject {
  const changed = structuredClone(resource);
  for (const pair of args.list('set') ?? []) {
    const at = pair.indexOf('=');
    if (at < 1) throw new UsageError(`argument --set: '${pair}' is not PATH=VALUE`);
    const { holder, key } = placeOf(changed, pair.slice(0, at));
    (holder as JsonObject)[key] = parsedOrText(pair.slice(at + 1));
  }
  for (const [path = '', ...values] of args.lists('add')) {
    const { holder, key } = placeOf(changed, path);
    const list = (holder as JsonObject)[key] ?? [];
    if (!Array.isArray(list)) throw new UsageError(`argument --add: '${path}' is no list`);
    const pairs = values.length > 0 && values.every((value) => /^[^={["]+=/.test(value));
    const added = pairs
      ? [Object.fromEntries(values.map((value) => [value.slice(0, value.indexOf('=')), parsedOrText(value.slice(value.indexOf('=') + 1))]))]
      : values.map(parsedOrText);
    (holder as JsonObject)[key] = [...list, ...added];
  }
  for (const [path = '', index] of args.lists('remove')) {
    const { holder, key } = placeOf(changed, path);
    const target = (holder as JsonObject)[key];
    if (index !== undefined) {
      if (!Array.isArray(target) || !(Number(index) < target.length)) throw new UsageError(`argument --remove: '${path}' has no element ${index}`);
      target.splice(Number(index), 1);
    } else if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete (holder as JsonObject)[key];
  }
  return changed;
}

const ENVELOPE = ['id', 'name', 'type', 'location', 'tags', 'sku', 'identity', 'kind', 'zones', 'properties', 'etag'];

/** Where a printed path lies on the wire: below `properties` where a resource has them. */
function placeOf(resource: JsonObject, path: string): { holder: JsonObject | Json[]; key: string } {
  const keys = path.replace(/\[(\d+)\]/g, '.$1').split('.');
  let at: Json = resource;
  for (const [index, key] of keys.entries()) {
    if (isJsonObject(at) && isJsonObject(at.properties) && !(index === 0 && ENVELOPE.includes(key)) && at[key] === undefined) at = at.properties;
    if (index === keys.length - 1) {
      if (!isJsonObject(at) && !Array.isArray(at)) break;
      return { holder: at, key };
    }
    if (isJsonObject(at)) at[key] ??= {};
    const next: Json | undefined = Array.isArray(at) ? at[Number(key)] : isJsonObject(at) ? at[key] : undefined;
    if (next === undefined || next === null) break;
    at = next;
  }
  throw new UsageError(`Couldn't find '${path}' in the resource.`);
}

/** JSON where it reads like some, else the text itself: `true`, `5`, `[]`, `{...}`. */
function parsedOrText(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return /^(True|False)$/.test(text) ? text === 'True' : text;
  }
}
