/** Drafts: from the body of a PUT or PATCH to what would be stored, with every problem that the body alone shows. Reads nothing but its arguments. */
import { isDeepStrictEqual } from 'node:util';
import { Fault } from '#base/fault.ts';
import { isJsonObject, type Json, type JsonObject, mergeDeep } from '#base/json.ts';
import { normalizeRegion, regions } from '#base/regions.ts';
import type { ResourceId } from '#base/resource-id.ts';
import { check } from '#base/schema.ts';
import type { ResourceBody } from '#store/resources.ts';
import { invalidName, locationFixed, locationNotAvailable, locationRequired, propertyFixed } from './faults.ts';
import type { Resource, ResourceType } from './resource-type.ts';

/** What a client sent, as an object; `patch` merges it on what is stored. */
export interface Intent {
  readonly input: JsonObject;
  readonly patch: boolean;
}

/**
 * The body that the type would store. `identity` is still as written: the engine fills it by reading.
 * `prefix` is put before targets of properties: `properties.subnets[0].` for a child that its parent's body carries.
 */
export function draftBody(
  type: ResourceType,
  id: ResourceId,
  intent: Intent,
  previous: Resource | undefined,
  prefix = '',
): { body: ResourceBody; faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const source = sourceOf(type, intent, previous);
  if (previous === undefined && !matches(type.name.pattern, id.name)) faults.push(invalidName(id.name, type.type, type.name.message));

  const part = (name: 'properties' | 'sku', schema: ResourceType['properties']): JsonObject => {
    const given = source[name] ?? {};
    const result = check(schema, given, `${prefix}${name}`);
    faults.push(...(result.faults ?? []));
    return result.value ?? {};
  };
  const properties = part('properties', type.properties);
  const body: ResourceBody = {
    ...locationOf(type, id, source.location, previous, faults),
    ...(type.tags ? tagsOf(source.tags, faults) : {}),
    ...(type.sku ? { sku: part('sku', type.sku) } : {}),
    ...(type.identity && isJsonObject(source.identity) ? { identity: source.identity } : {}),
    properties,
  };
  if (type.identity && source.identity !== undefined && !isJsonObject(source.identity))
    faults.push(new Fault('invalid', 'InvalidParameter', "'identity' is not valid: an object was expected.", { target: 'identity' }));
  return { body, faults };
}

/** Immutable properties that the change touches. Resource ids inside are compared without regard to case. */
export function immutableFaults(type: ResourceType, body: ResourceBody, previous: Resource, prefix = ''): readonly Fault[] {
  return (type.immutable ?? [])
    .filter((path) => !isDeepStrictEqual(folded(valueAt(body.properties, path)), folded(valueAt(previous.body.properties, path))))
    .map((path) => propertyFixed(`${prefix}properties.${path}`));
}

/** What is checked against the schemas: a PUT's body without nulls, with the secrets it left out; or the stored body with the PATCH merged in. */
function sourceOf(type: ResourceType, { input, patch }: Intent, previous: Resource | undefined): JsonObject {
  if (patch && previous) {
    const { location, tags, sku, identity, properties } = previous.body;
    const merged = mergeDeep({ location, tags: tags as JsonObject | undefined, sku, identity, properties }, withoutNullIdentities(input));
    // ARM's PATCH replaces the tags: that is how a client takes one away.
    if (input.tags !== undefined) merged.tags = input.tags ?? {};
    return merged;
  }
  const source = mergeDeep({}, input);
  if (!previous) return source;
  if (source.identity === undefined && previous.body.identity) source.identity = previous.body.identity;
  for (const path of type.secret ?? []) {
    const kept = valueAt(previous.body.properties, path);
    if (kept === undefined || (source.properties !== undefined && !isJsonObject(source.properties))) continue;
    if (valueAt(source.properties ?? {}, path) === undefined) source.properties = withValue(source.properties ?? {}, path.split('.'), kept);
  }
  return source;
}

/** az takes a resource's own identity away by a PATCH whose list of the others is null; they stay. One of them goes by its own null. */
function withoutNullIdentities(input: JsonObject): JsonObject {
  if (!isJsonObject(input.identity) || input.identity.userAssignedIdentities !== null) return input;
  const { userAssignedIdentities: _none, ...identity } = input.identity;
  return { ...input, identity };
}

function locationOf(type: ResourceType, id: ResourceId, given: Json | undefined, previous: Resource | undefined, faults: Fault[]): { location?: string } {
  if (type.location === 'none') return {};
  const was = previous?.body.location;
  if (given === undefined || given === null || given === '') {
    if (type.location === 'global') return { location: 'global' };
    // A PUT of an existing resource may leave its location out; ARM's own templates do.
    if (was === undefined) faults.push(locationRequired());
    return was === undefined ? {} : { location: was };
  }
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  const location = type.location === 'global' ? (text.toLowerCase() === 'global' ? 'global' : undefined) : normalizeRegion(text);
  if (location === undefined) {
    faults.push(locationNotAvailable(text, type.type, type.location === 'global' ? ['global'] : regions.map((region) => region.name)));
    return {};
  }
  if (was !== undefined && was !== location) faults.push(locationFixed(id, type.type, was, location));
  return { location };
}

/** learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations: 50 tags, names of 512 characters, values of 256. */
export function tagsOf(given: Json | undefined, faults: Fault[]): { tags?: Record<string, string> } {
  if (given === undefined || given === null) return {};
  const bad = (message: string, target = 'tags'): void => void faults.push(new Fault('invalid', 'InvalidTags', message, { target }));
  if (!isJsonObject(given)) {
    bad("'tags' is not valid: an object of names and values was expected.");
    return {};
  }
  const tags: Record<string, string> = {};
  const entries = Object.entries(given).filter(([, value]) => value !== null && value !== undefined);
  if (entries.length > 50) bad(`${entries.length} tags were given; a resource has 50 at most.`);
  for (const [name, value] of entries) {
    if (name === '' || name.length > 512 || /[<>%&\\?/]/.test(name) || name === '__proto__')
      bad(`The tag name '${name.slice(0, 60)}' is not valid: 1 to 512 characters, none of <>%&\\?/.`, `tags.${name.slice(0, 60)}`);
    else if (typeof value !== 'string' || value.length > 256)
      bad(`The value of the tag '${name.slice(0, 60)}' is not valid: it must be a text of at most 256 characters.`, `tags.${name.slice(0, 60)}`);
    else tags[name] = value;
  }
  return { tags };
}

function matches(pattern: RegExp, text: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(text);
}

/** The value at a dotted path; undefined where the path leads nowhere. */
export function valueAt(value: Json | undefined, path: string): Json | undefined {
  let at = value;
  for (const step of path.split('.')) at = isJsonObject(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  return at;
}

function withValue(value: Json | undefined, path: readonly string[], leaf: Json): JsonObject {
  const [step = '', ...rest] = path;
  const object = isJsonObject(value) ? value : {};
  return { ...object, [step]: rest.length === 0 ? leaf : withValue(object[step], rest, leaf) };
}

/** Without what stands at a dotted path. */
export function withoutValue(value: JsonObject, path: readonly string[]): JsonObject {
  const [step = '', ...rest] = path;
  if (!Object.hasOwn(value, step)) return value;
  const { [step]: inner, ...others } = value;
  if (rest.length === 0) return others;
  return isJsonObject(inner) ? { ...value, [step]: withoutValue(inner, rest) } : value;
}

function folded(value: Json | undefined): Json | undefined {
  if (typeof value === 'string') return value.startsWith('/') ? value.toLowerCase() : value;
  if (Array.isArray(value)) return value.map((item) => folded(item) as Json);
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, folded(item)]));
  return value;
}
