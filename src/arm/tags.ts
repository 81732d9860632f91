/**
 * Tags by themselves: `SCOPE/providers/Microsoft.Resources/tags/default`, which reads and writes the tags of whatever the scope is, and a subscription's
 * names and values of tags (docs/sources.md#tags).
 */

import type { Fault } from '#base/fault.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { ResourceId } from '#base/resource-id.ts';
import { check, z } from '#base/schema.ts';
import { readJson } from '#http/body.ts';
import { emptyReply, jsonReply, type Reply } from '#http/message.ts';
import type { ResourceRecord } from '#store/resources.ts';
import { tagsOf } from './draft.ts';
import { type Call, committed, type Engine } from './engine.ts';
import { requireAncestors } from './existence.ts';
import { builtInFixed, combined, noTags, resourceNotFound } from './faults.ts';
import { operationOf, type Target } from './lifecycle.ts';
import { committedTo } from './tenancy.ts';
import { Work } from './work.ts';

type Tags = Readonly<Record<string, string>>;

const written = z.object({ operation: z.string().optional(), properties: z.object({ tags: z.record(z.string(), z.unknown()).nullish() }) });

/** GET, PUT (replaces), PATCH (`operation`: Merge, Replace, Delete) and DELETE of the tags at a scope. */
export async function tagsAt(engine: Engine, call: Call, { type, id }: Target): Promise<Reply> {
  const { method } = call.request;
  const verb = method === 'GET' ? 'read' : method === 'DELETE' ? 'delete' : 'write';
  call.authority.require(`Microsoft.Resources/tags/${verb}`, id.id);
  if (verb === 'read') {
    const reader = committedTo(engine, call);
    const resource = await reader.get(id.key);
    if (!resource) {
      await requireAncestors(id, reader, 'read');
      throw resourceNotFound(id);
    }
    return shownTags(resource.id, resource.body.tags ?? {});
  }
  if (!type.tags) throw noTags(type.type);
  const asked = verb === 'delete' ? { properties: { tags: {} } } : await wishOf(call);
  const { value, revision } = await engine.store.write(async (transaction) => {
    const work = new Work(engine, call.authority, transaction);
    await requireAncestors(id, work.reader, 'write');
    await work.requireUnlocked(type, id, 'write');
    const resource = await work.context.known.get(id.key);
    if (!resource) throw resourceNotFound(id);
    if (engine.types.builtIn.has(id.key)) throw builtInFixed(resource.id);
    const faults: Fault[] = [];
    const { tags = {} } = tagsOf(changed(resource.body.tags ?? {}, asked), faults);
    if (faults.length > 0) throw combined(faults);
    const { owner, hidden } = resource;
    const stored = await work.save({ type, id, body: { ...resource.body, tags }, hidden, ...(owner ? { owner } : {}) }, resource);
    await work.finish();
    await engine.activity.done(call, transaction, 200);
    return { stored, work };
  });
  if (value.work.changed) await engine.operations.follow(operationOf(engine, call, value.stored, 'Updating', revision, value.work.concerns), engine.settleMs);
  return verb === 'delete' ? emptyReply(200) : shownTags(value.stored.id, value.stored.body.tags ?? {});
}

interface Wish {
  readonly operation?: string | undefined;
  readonly properties: { readonly tags?: Readonly<Record<string, unknown>> | null | undefined };
}

async function wishOf(call: Call): Promise<Wish> {
  const read = check(written, await readJson(call.request));
  if (read.faults) throw combined(read.faults);
  const operation = read.value.operation?.toLowerCase();
  if (call.request.method === 'PUT') return { properties: read.value.properties };
  if (operation !== 'merge' && operation !== 'replace' && operation !== 'delete') {
    const bad = check(z.object({ operation: z.enum(['Merge', 'Replace', 'Delete']) }), read.value);
    throw combined(bad.faults ?? []);
  }
  return { operation, properties: read.value.properties };
}

/** Names of tags are one in any casing; the value that is written last counts, under the name as it was first written. */
function changed(before: Tags, { operation = 'replace', properties }: Wish): JsonObject {
  const given = Object.entries(properties.tags ?? {}) as [string, JsonObject[string]][];
  if (operation === 'replace') return Object.fromEntries(given);
  const lower = new Map(given.map(([name, value]) => [name.toLowerCase(), value]));
  if (operation === 'delete')
    // A tag goes when its value is the given one, or none was given.
    return Object.fromEntries(
      Object.entries(before).filter(([name, value]) => !lower.has(name.toLowerCase()) || !['', value].includes(String(lower.get(name.toLowerCase()) ?? ''))),
    );
  const kept = Object.entries(before).map(([name, value]) => [name, lower.get(name.toLowerCase()) ?? value] as const);
  const names = new Set(Object.keys(before).map((name) => name.toLowerCase()));
  return Object.fromEntries([...kept, ...given.filter(([name]) => !names.has(name.toLowerCase()))]);
}

function shownTags(scope: string, tags: Tags): Reply {
  const id = `${scope}/providers/Microsoft.Resources/tags/default`;
  return jsonReply(200, { id, name: 'default', type: 'Microsoft.Resources/tags', properties: { tags: { ...tags } } });
}

/** Where the subscription's record keeps names that were made before any resource had them: name -> values. */
const PREDEFINED = 'tagNames';

/** `/subscriptions/S/tagNames`, `.../NAME` and `.../NAME/tagValues/VALUE`: what resources have, and what was made in advance. */
export async function tagNames(
  engine: Engine,
  call: Call,
  { at, name, value }: { at: ResourceId; name: string | undefined; value: string | undefined },
): Promise<Reply> {
  const { method } = call.request;
  call.authority.require(
    `Microsoft.Resources/subscriptions/tagNames/${value === undefined ? '' : 'tagValues/'}${method === 'GET' ? 'read' : method === 'PUT' ? 'write' : 'delete'}`,
    at.id,
  );
  if (name === undefined) return jsonReply(200, { value: await namesOf(engine, at) });
  const faults: Fault[] = [];
  tagsOf({ [name]: value ?? '' }, faults);
  if (faults.length > 0) throw combined(faults);
  const { value: created } = await engine.store.write(async ({ resources }) => {
    const record = (await resources.get(at.key)) as ResourceRecord;
    const names = new Map(Object.entries((record.hidden[PREDEFINED] as Record<string, string[]> | undefined) ?? {}));
    const known = [...names.keys()].find((each) => each.toLowerCase() === name.toLowerCase()) ?? name;
    const values = names.get(known);
    const isNew = value === undefined ? values === undefined : !values?.includes(value);
    if (method === 'PUT') names.set(known, [...(values ?? []), ...(value !== undefined && isNew ? [value] : [])]);
    else if (value === undefined) names.delete(known);
    else if (values)
      names.set(
        known,
        values.filter((each) => each !== value),
      );
    const { revision: _revision, ...kept } = record;
    await resources.put({ ...kept, hidden: { ...record.hidden, [PREDEFINED]: Object.fromEntries(names) } });
    return isNew;
  });
  if (method === 'DELETE') return emptyReply(created ? 204 : 200);
  const shown = (await namesOf(engine, at)).find(({ tagName }) => tagName.toLowerCase() === name.toLowerCase());
  const body = value === undefined ? shown : shown?.values.find(({ tagValue }) => tagValue === value);
  return jsonReply(created ? 201 : 200, body);
}

interface TagName {
  readonly id: string;
  readonly tagName: string;
  readonly count: { readonly type: 'Total'; readonly value: number };
  readonly values: readonly { readonly id: string; readonly tagValue: string; readonly count: { readonly type: 'Total'; readonly value: number } }[];
}

async function namesOf(engine: Engine, at: ResourceId): Promise<TagName[]> {
  const counted = new Map<string, { name: string; values: Map<string, number> }>();
  const add = (name: string, value: string | undefined, count: number): void => {
    const entry = counted.get(name.toLowerCase()) ?? { name, values: new Map<string, number>() };
    counted.set(name.toLowerCase(), entry);
    if (value !== undefined) entry.values.set(value, (entry.values.get(value) ?? 0) + count);
  };
  const subscription = await committed(engine).get(at.key);
  const predefined = subscription?.hidden[PREDEFINED];
  if (isJsonObject(predefined))
    for (const [name, values] of Object.entries(predefined)) {
      add(name, undefined, 0);
      for (const value of values as string[]) add(name, value, 0);
    }
  for (const { body } of await engine.store.resources.list({ under: at.key })) for (const [name, value] of Object.entries(body.tags ?? {})) add(name, value, 1);
  return [...counted.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, values }) => {
      const id = `${subscription?.id ?? at.id}/tagNames/${name}`;
      const total = [...values.values()].reduce((sum, count) => sum + count, 0);
      return {
        id,
        tagName: name,
        count: { type: 'Total', value: total },
        values: [...values].map(([tagValue, count]) => ({ id: `${id}/tagValues/${tagValue}`, tagValue, count: { type: 'Total', value: count } })),
      };
    });
}
