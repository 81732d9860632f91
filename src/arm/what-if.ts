/**
 * POST `{id}/whatIf`: what a write or deletion would do, without doing it. It runs as it would run, in a transaction that is taken back; what it changed
 * is told with what that means for networks, names and machines, and with the commands that would undo it. Needs the rights of the verb; refuses as the verb would.
 */

import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import type { ResourceId, ResourceKey } from '#base/resource-id.ts';
import { check, z } from '#base/schema.ts';
import { JSON_LIMIT_BYTES, readJson } from '#http/body.ts';
import { jsonReply, type Reply } from '#http/message.ts';
import type { ResourceChange, ResourceRecord } from '#store/resources.ts';
import { type Impact, impact } from '#topology/impact.ts';
import type { Authority } from './authorization.ts';
import { actionFor } from './authorization.ts';
import { withoutValue } from './draft.ts';
import { type Call, committed, type Engine } from './engine.ts';
import { envelopeOf } from './envelope.ts';
import { combined, methodNotAllowed, resourceNotFound } from './faults.ts';
import { referrersFirst, removeGroupIn } from './group-deletion.ts';
import { asObject, removeIn, type Target, writeIn } from './lifecycle.ts';
import { parseResource } from './lookup.ts';
import type { ResourceType } from './resource-type.ts';
import { verbsOf } from './route.ts';
import { Work } from './work.ts';

const METHODS = ['PUT', 'PATCH', 'DELETE'] as const;
const asked = z.object({ method: z.string().transform((text) => text.toUpperCase()), body: z.unknown().optional() });

/**
 * `{changes: [{resourceId, changeType, before, after}], impact, undo}`: changes in order of their ids, `undo` in the order in which the commands are to be run.
 * Each as far as the caller may read what it is about; `impact.notShown` counts the rest.
 */
export async function whatIf(engine: Engine, call: Call, target: Target): Promise<Reply> {
  const { type, id } = target;
  const read = check(asked, await readJson(call.request, JSON_LIMIT_BYTES));
  if (read.faults) throw combined(read.faults);
  const { method, body } = read.value;
  const allowed = verbsOf(type).filter((verb) => (METHODS as readonly string[]).includes(verb));
  if (!allowed.includes(method)) throw methodNotAllowed(method, allowed);
  call.authority.require(actionFor(type, method === 'DELETE' ? 'delete' : 'write'), id.id);
  const input = method === 'DELETE' ? undefined : asObject(body);
  const then: Call = { ...call, request: { ...call.request, method } };

  const { value, resources } = await engine.store.rehearse(async (transaction) => {
    const work = new Work(engine, call.authority, transaction);
    if (input) await writeIn(engine, then, target, input, work);
    else if (type.type === 'Microsoft.Resources/resourceGroups') await removeGroupIn(target, work);
    else if (!(await removeIn(engine, then, target, work))) throw resourceNotFound(id);
    const changes = transaction.changes();
    const after = engine.preview(changes.map(({ key, after: record }) => [key, record ? engine.types.factsOf(record) : []]));
    const shown = new Map<ResourceKey, JsonObject>();
    for (const { key, after: record } of changes)
      if (record) {
        const { etag: _etag, ...envelope } = await envelopeOf({ ...engine, snapshot: () => after }, parseResource(record), work.reader);
        shown.set(key, envelope);
      }
    return { impact: impact(engine.preview([]), after, engine.resolve), shown };
  });

  const changes: JsonObject[] = [];
  const changed = resources.filter(isChange).sort((one, other) => (one.key < other.key ? -1 : 1));
  // What follows from a change may lie with others, of another tenant too: an endpoint's interface knows the state of its connection.
  const readable = ({ key, type: name }: Pick<ResourceRecord, 'key' | 'type'>): boolean =>
    call.authority.may(actionFor(engine.types.find(name) ?? { type: name }, 'read'), key);
  const told = changed.filter(({ before, after }) => [before, after].every((record) => record === undefined || readable(record)));
  for (const { key, before, after } of told)
    changes.push({
      resourceId: (after ?? before)?.id ?? key,
      changeType: before === undefined ? 'Create' : after === undefined ? 'Delete' : 'Modify',
      before: before ? await envelopeOf(engine, parseResource(before), committed(engine)) : null,
      after: value.shown.get(key) ?? null,
    });
  call.request.trace.push({ check: 'what-if', ok: true, detail: `${method} would change ${changes.length}` });
  const seen = visibleTo(call.authority, value.impact);
  const notShown = seen.notShown + changed.length - told.length;
  return jsonReply(200, { changes, impact: { ...seen, notShown }, undo: await undoOf(engine, told, id, readable) });
}

/** What was written as it was before is no change. */
function isChange({ before, after }: ResourceChange): boolean {
  return before?.etag !== after?.etag;
}

/** The impact as far as the caller may read the networks it names; what is left out is counted. */
function visibleTo(authority: Authority, whole: Impact): Impact & { readonly notShown: number } {
  let notShown = 0;
  const seen = (id: string, action: string): boolean => {
    const may = authority.may(action, id.toLowerCase() as ResourceKey);
    if (!may) notShown++;
    return may;
  };
  const network = 'Microsoft.Network/virtualNetworks/read';
  return {
    ...whole,
    paths: whole.paths.filter((path) => seen(path.network, network)),
    names: whole.names.filter((name) => seen(name.network, network)),
    networks: whole.networks.filter(({ id }) => seen(id, network)),
    machines: whole.machines.filter(({ id }) => seen(id, 'Microsoft.Compute/virtualMachines/read')),
    connections: whole.connections.filter(({ registry }) => seen(registry, 'Microsoft.ContainerRegistry/registries/read')),
    principals: whole.principals.filter(({ before, after }) => [...before, ...after].every((id) => seen(id, 'Microsoft.Authorization/roleAssignments/read'))),
    notShown,
  };
}

/**
 * Commands that bring back what was, in the order in which they work: what others refer to first. What belongs to another resource comes back with it: where
 * that one stays and nobody else can make what is its own (an endpoint's connection), it is made anew: by whoever may read it, and so what it was.
 * Contents, secrets and ids that the service chose do not come back.
 */
async function undoOf(
  engine: Engine,
  changes: readonly ResourceChange[],
  target: ResourceId,
  readable: (record: ResourceRecord) => boolean,
): Promise<string[]> {
  const reader = engine.store.resources;
  const created = changes.flatMap(({ before, after }) => (!before && after && after.owner === undefined ? [after] : []));
  const gone = new Set(changes.flatMap(({ key, after }) => (after ? [] : [key])));
  const remade = new Map<ResourceKey, ResourceRecord>();
  const restored: ResourceRecord[] = [];
  for (const { before, after } of changes) {
    if (!before) continue;
    const ownerMade = engine.types.find(before.type)?.ownerMade === true;
    if (!after && ownerMade && before.owner !== undefined) {
      const owner = gone.has(before.owner) ? undefined : await reader.get(before.owner);
      if (owner && readable(owner))
        for (const each of [owner, ...(await reader.list({ under: owner.key }))]) if (each.owner === undefined && readable(each)) remade.set(each.key, each);
    } else if (before.owner === undefined || (after && before.key === target.key)) restored.push(before);
  }
  const remadeOwners = [...remade.values()].filter(({ parent }) => parent === undefined || !remade.has(parent));
  return [
    ...referrersFirst(created)
      // What lies below goes with it.
      .filter(({ parent }) => !created.some(({ key }) => key === parent))
      .concat(remadeOwners)
      .map(({ id }) => `az resource delete --ids ${quoted(id)}`),
    ...referrersFirst([...restored.filter(({ key }) => !remade.has(key)), ...remade.values()])
      .reverse()
      .flatMap((record) => putCommand(engine.types.find(record.type), record)),
  ];
}

function putCommand(type: ResourceType | undefined, { id, body }: ResourceRecord): readonly string[] {
  if (!type || !verbsOf(type).includes('PUT')) return [];
  const { location, tags, sku, identity, properties } = body;
  let kept: JsonObject = properties;
  for (const path of type.secret ?? []) kept = withoutValue(kept, path.split('.'));
  const written = { ...(location === undefined ? {} : { location }), ...(tags === undefined ? {} : { tags }), ...(sku === undefined ? {} : { sku }) };
  const put = { ...written, ...(identity === undefined ? {} : { identity: withoutIds(identity) }), properties: kept };
  return [`az rest --method put --url ${quoted(`${id}?api-version=${type.apiVersions[0]}`)} --body ${quoted(JSON.stringify(put))}`];
}

/** An identity as a client writes it: which user-assigned ones, without what the service filled in. */
function withoutIds(identity: JsonObject): JsonObject {
  const { type, userAssignedIdentities } = identity;
  if (!isJsonObject(userAssignedIdentities)) return { type: type as Json };
  return { type: type as Json, userAssignedIdentities: Object.fromEntries(Object.keys(userAssignedIdentities).map((id) => [id, {}])) };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
