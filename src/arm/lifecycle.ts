/**
 * The life of a resource: GET, PUT, PATCH, DELETE. The order of a write is the same for every type: authorization (before this file), ancestors, registration,
 * conditions, the body against the schemas, immutable properties, limit, admit, prepare, one transaction with what is owned and affected, and the wait for the world.
 */
import { setImmediate } from 'node:timers/promises';
import { etagMatches } from '#base/etag.ts';
import { Fault } from '#base/fault.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { parseResourceId, type ResourceId, type ResourceKey, subscriptionKeyOf } from '#base/resource-id.ts';
import { precondition } from '#http/conditional.ts';
import { emptyReply, jsonReply, type Reply } from '#http/message.ts';
import { draftBody, type Intent, immutableFaults } from './draft.ts';
import { absoluteUrl, type Call, committed, type Engine } from './engine.ts';
import { envelopeOf, recordTags, representationTag, shownEtag, warningsOf } from './envelope.ts';
import { requireAncestors, requireRegistration } from './existence.ts';
import { builtInFixed, combined, invalidContent, nameTaken, ownerMakesIt, preconditionFailed, resourceNotFound } from './faults.ts';
import { fillIdentity } from './managed-identity.ts';
import type { Operation, OperationState } from './operations.ts';
import type { Draft, Resource, ResourceType } from './resource-type.ts';
import { committedTo, isKnownTo, ownerTenant } from './tenancy.ts';
import { namespaceOf } from './types.ts';
import { Work, withoutListed } from './work.ts';

export interface Target {
  readonly type: ResourceType;
  readonly id: ResourceId;
}

/** GET and HEAD. */
export async function read(engine: Engine, call: Call, { type, id }: Target): Promise<Reply> {
  const reader = committedTo(engine, call);
  const head = call.request.method === 'HEAD';
  const resource = (await reader.get(id.key)) ?? (await type.find?.(id, reader));
  if (!resource) {
    if (head) return emptyReply(404);
    await requireAncestors(id, reader, 'read');
    const was = engine.lingering.take(id.key);
    if (was) return jsonReply(200, was);
    throw resourceNotFound(id);
  }
  const envelope = await envelopeOf(engine, resource, reader);
  const etag = representationTag(engine, resource, envelope);
  if (head) return emptyReply(204, { etag: shownEtag(etag) });
  if (precondition('GET', call.request.headers, etag) === 'not-modified') return emptyReply(304, { etag: shownEtag(etag) });
  return jsonReply(200, envelope, { etag: shownEtag(etag), ...warningsOf(engine, resource) });
}

/** PUT and PATCH. */
export async function write(engine: Engine, call: Call, target: Target, input: JsonObject): Promise<Reply> {
  const { type } = target;
  const { value, revision } = await engine.store.write(async (transaction) => {
    const work = new Work(engine, call.authority, transaction);
    const written = await writeIn(engine, call, target, input, work);
    await engine.activity.done(call, transaction, written.created ? 201 : 200);
    return { ...written, work };
  });
  const { resource, created, work } = value;
  call.request.trace.push({ check: 'write', ok: true, detail: `${created ? 'created' : work.changed ? 'updated' : 'unchanged'} in revision ${revision}` });
  const operation = work.changed ? operationOf(engine, call, resource, created ? 'Creating' : 'Updating', revision, work.concerns) : undefined;
  const late = operation !== undefined && (await engine.operations.follow(operation, engine.settleMs)) === 'late';
  // What the owners of this resource did to it meanwhile is part of the answer.
  const now = (await committed(engine).get(resource.key)) ?? resource;
  return shown(engine, now, created || late ? 201 : (type.writeStatus ?? 200), late ? pollHeaders(call, asyncPath(type, now, operation), undefined) : {});
}

/** A PUT or PATCH as far as it happens inside its transaction. */
export async function writeIn(engine: Engine, call: Call, target: Target, input: JsonObject, work: Work): Promise<{ resource: Resource; created: boolean }> {
  const { id, type } = target;
  const patch = call.request.method === 'PATCH';
  await requireAncestors(id, work.reader, 'write');
  await requireRegistration(id, namespaceOf(type.type), work.reader);
  await work.requireUnlocked(type, id, 'write');
  const standing = await work.reader.get(id.key);
  const previous = standing && isKnownTo(call.authority, standing) ? standing : undefined;
  if (engine.types.builtIn.has(id.key)) throw builtInFixed(previous?.id ?? id.id);
  if (!previous && patch) throw resourceNotFound(id);
  if (!previous && type.ownerMade) throw ownerMakesIt(type.type);
  requireConditions(call, type, id, previous, input);
  const resource = await writeDraft(engine, work, { ...target, intent: { input, patch }, previous, taken: standing !== previous });
  await work.finish();
  return { resource, created: previous === undefined };
}

interface Plan extends Target {
  readonly intent: Intent;
  readonly previous: Resource | undefined;
  /** Another tenant has the name: told only to who might have made it. */
  readonly taken?: boolean;
  /** `properties.subnets[0].` for a child that its parent's body carries. */
  readonly prefix?: string;
}

/** Checks and stores one resource, with the children its body carries. @throws Fault of all problems of the first step that has any */
async function writeDraft(engine: Engine, work: Work, plan: Plan): Promise<Resource> {
  const { type, id, previous, prefix = '' } = plan;
  const { draft: written, faults } = await draftOf(engine, work, plan);
  const children = await embeddedPlans(engine, work, plan);
  const draft: Draft = { ...written, embedded: children.names };
  for (const child of children.plans) faults.push(...(await draftOf(engine, work, child)).faults);
  faults.push(...children.faults);
  if (faults.length > 0) throw combined(faults);
  if (previous) refuse(immutableFaults(type, draft.body, previous, prefix));
  else refuse([await type.limit?.(draft, work.context)]);
  await removeUnlisted(work, children.unlisted);
  refuse(((await type.admit?.(draft, previous, work.context)) ?? []).map((fault) => moved(fault, prefix)));

  if (plan.taken) throw nameTaken(id);

  const prepared = (await type.prepare?.(draft, previous, work.context)) ?? draft;
  const hidden = withoutListed(prepared.hidden ?? draft.hidden);
  // `identity` is the engine's: whatever `prepare` returned of it is what it was given.
  const body = type.identity ? { ...prepared.body, identity: draft.body.identity } : prepared.body;
  const systemIdentity = draft.hidden.systemIdentity;
  const stored = await work.save(
    { type, id, body, hidden: systemIdentity === undefined ? hidden : { ...hidden, systemIdentity }, ...(previous?.owner ? { owner: previous.owner } : {}) },
    previous,
  );

  const later: Fault[] = [];
  for (const child of children.plans)
    try {
      // There may be thousands: whoever only reads is served in between.
      await setImmediate();
      await writeDraft(engine, work, child);
    } catch (error) {
      // All of them are heard; the transaction is undone either way.
      if (!(error instanceof Fault)) throw error;
      later.push(...(error.details.length > 0 ? error.details : [error]));
    }
  refuse(later);
  return stored;
}

async function draftOf(engine: Engine, work: Work, { type, id, intent, previous, prefix = '' }: Plan): Promise<{ draft: Draft; faults: Fault[] }> {
  const { body, faults } = draftBody(type, id, intent, previous, prefix);
  const hidden = { ...ownerTenant(work.authority, id), ...withoutListed(previous?.hidden ?? {}) };
  if (!type.identity) return { draft: { resourceId: id, body, hidden }, faults: [...faults] };
  const filled = await fillIdentity(body.identity, previous, id.id, work.context, (resource) => engine.types.factsOf(resource));
  const { systemIdentity: _before, ...others } = hidden;
  const { identity: _written, ...rest } = body;
  return {
    draft: {
      resourceId: id,
      body: { ...rest, ...(filled.identity ? { identity: filled.identity } : {}) },
      hidden: filled.system ? { ...others, systemIdentity: filled.system } : others,
    },
    faults: [...faults, ...filled.faults],
  };
}

interface Embedded {
  readonly plans: readonly Plan[];
  readonly unlisted: readonly Resource[];
  readonly faults: readonly Fault[];
  readonly names: NonNullable<Draft['embedded']>;
}

/** The children that a body carries inline, and those of the same types that it no longer lists. */
async function embeddedPlans(engine: Engine, work: Work, plan: Plan): Promise<Embedded> {
  const plans: Plan[] = [];
  const names: Record<string, string[]> = {};
  const unlisted: Resource[] = [];
  const faults: Fault[] = [];
  const { properties } = plan.intent.input;
  for (const [property, name] of Object.entries(plan.type.embeds ?? {})) {
    const type = engine.types.find(name);
    const list = isJsonObject(properties) ? properties[property] : undefined;
    if (!type || list === undefined || list === null) continue;
    const at = `${plan.prefix ?? ''}properties.${property}`;
    const bad = (message: string, target: string): void => void faults.push(new Fault('invalid', 'InvalidRequestFormat', message, { target }));
    if (!Array.isArray(list)) {
      bad(`'${at}' is not valid: an array was expected.`, at);
      continue;
    }
    const listed = new Set<ResourceKey>();
    const inline: string[] = [];
    names[property] = inline;
    for (const [index, item] of list.entries()) {
      const target = `${at}[${index}]`;
      const childName = isJsonObject(item) ? item.name : undefined;
      if (!isJsonObject(item) || typeof childName !== 'string') {
        bad(`'${target}' is not valid: an object with a name was expected.`, target);
        continue;
      }
      let id: ResourceId;
      try {
        id = parseResourceId(`${plan.id.id}/${type.type.slice(type.type.lastIndexOf('/') + 1)}/${childName}`, `${target}.name`);
        if (id.type.toLowerCase() !== type.type.toLowerCase())
          throw new Fault('invalid', 'InvalidResourceName', `'${childName}' cannot be a name.`, { target: `${target}.name` });
      } catch (error) {
        faults.push(error as Fault);
        continue;
      }
      if (listed.has(id.key)) bad(`'${at}' lists the name '${childName}' twice.`, `${target}.name`);
      listed.add(id.key);
      inline.push(childName);
      plans.push({ type, id, intent: { input: item, patch: false }, previous: await work.reader.get(id.key), prefix: `${target}.` });
    }
    for (const child of await work.reader.children(plan.id.key)) if (child.type === type.type && !listed.has(child.key)) unlisted.push(child);
  }
  return { plans, unlisted, names, faults };
}

async function removeUnlisted(work: Work, unlisted: readonly Resource[]): Promise<void> {
  const objections: Fault[] = [];
  for (const resource of unlisted) objections.push(...(await work.objections(resource)));
  refuse(objections);
  for (const resource of unlisted) await work.remove(resource);
}

/** DELETE of anything but a resource group. What is not there is deleted already: 204. */
export async function remove(engine: Engine, call: Call, target: Target): Promise<Reply> {
  const { value, revision } = await engine.store.write(async (transaction) => {
    const work = new Work(engine, call.authority, transaction);
    const removed = await removeIn(engine, call, target, work);
    if (removed) await engine.activity.done(call, transaction, 200);
    return removed && { ...removed, work };
  });
  // Some clients print it (docs/sources.md#connection-deletion).
  if (!value) return emptyReply(204, { 'x-ms-warning': `The resource '${encodeURI(target.id.id)}' was not found; nothing was deleted.` });
  if (value.shownAs) engine.lingering.keep(value.resource.key, value.shownAs);
  call.request.trace.push({ check: 'write', ok: true, detail: `deleted in revision ${revision}` });
  return deleted(engine, call, value.resource, revision, value.work);
}

/** A DELETE as far as it happens inside its transaction; undefined when nothing was there. */
export async function removeIn(
  engine: Engine,
  call: Call,
  { type, id }: Target,
  work: Work,
): Promise<{ resource: Resource; shownAs: JsonObject | undefined } | undefined> {
  await requireAncestors(id, work.reader, 'delete');
  await work.requireUnlocked(type, id, 'delete');
  const resource = await work.context.known.get(id.key);
  if (engine.types.builtIn.has(id.key)) throw builtInFixed(resource?.id ?? id.id);
  requireConditions(call, type, id, resource, {});
  if (!resource) return undefined;
  refuse(await work.objections(resource));
  const shownAs = type.lingers ? await envelopeOf(engine, resource, work.reader) : undefined;
  await work.remove(resource);
  await work.finish();
  return { resource, shownAs };
}

/** The answer to a deletion: 200 when the world has caught up, else 202 with where to ask. */
export async function deleted(engine: Engine, call: Call, resource: Resource, revision: number, work: Work): Promise<Reply> {
  const operation = operationOf(engine, call, resource, 'Deleting', revision, work.concerns);
  if ((await engine.operations.follow(operation, engine.settleMs)) === 'done') return emptyReply(engine.types.find(resource.type)?.deletionStatus ?? 200);
  const group = resource.type === 'Microsoft.Resources/resourceGroups';
  const base = operationsPath(resource);
  return emptyReply(202, pollHeaders(call, group ? undefined : `${base}operationStatuses/${operation.id}`, `${base}operationResults/${operation.id}`));
}

/** Where the operations of a resource's type and region are asked for; ends with a slash. */
export function operationsPath(resource: Resource): string {
  const group = resource.type === 'Microsoft.Resources/resourceGroups';
  return `${subscriptionKeyOf(resource.key) ?? ''}/${group ? '' : `providers/${namespaceOf(resource.type)}/locations/${resource.body.location ?? 'global'}/`}`;
}

/** If-Match and If-None-Match, and the body's etag where the type says so. @throws Fault `PreconditionFailed` */
function requireConditions(call: Call, type: ResourceType, id: ResourceId, previous: Resource | undefined, input: JsonObject): void {
  const { method, headers } = call.request;
  const of = (name: 'if-match' | 'if-none-match'): object => (headers[name] === undefined ? {} : { [name]: recordTags(headers[name]) });
  const held = precondition(method, { ...of('if-match'), ...of('if-none-match') }, previous?.etag) === 'proceed';
  const ofBody = type.etagInBody && previous && typeof input.etag === 'string' ? etagMatches(input.etag, previous.etag) : true;
  if (!held || !ofBody) throw preconditionFailed(previous?.id ?? id.id, { exists: previous !== undefined, toCreate: headers['if-none-match']?.trim() === '*' });
}

function refuse(faults: readonly (Fault | undefined)[]): void {
  const found = faults.filter((fault) => fault !== undefined);
  if (found.length > 0) throw combined(found);
}

/** A child's fault, with its target seen from the parent's body. */
function moved(fault: Fault, prefix: string): Fault {
  if (prefix === '' || fault.target?.startsWith('properties') !== true) return fault;
  const { kind, code, message, details, headers, target } = fault;
  return new Fault(kind, code, message, { target: `${prefix}${target}`, details, headers, cause: fault });
}

export function operationOf(engine: Engine, call: Call, resource: Resource, state: OperationState, revision: number, concerns: ReadonlySet<string>): Operation {
  const short = resource.type.slice(resource.type.lastIndexOf('/') + 1).toLowerCase();
  const type = engine.types.find(resource.type);
  // The registry names its operations after the type.
  const id = type?.asyncOperationPath === 'resource' ? `${short}-${engine.newGuid()}` : engine.newGuid();
  return { id, resource: resource.key, state, revision, concerns: new Set([resource.key, ...concerns]), principalId: call.authority.principalId };
}

function asyncPath(type: ResourceType, resource: Resource, operation: Operation): string {
  if (type.asyncOperationPath === 'resource') return `${resource.id}/operationStatuses/${operation.id}`;
  return `${subscriptionKeyOf(resource.key) ?? ''}/providers/${namespaceOf(type.type)}/locations/${resource.body.location ?? 'global'}/operations/${operation.id}`;
}

/** `Azure-AsyncOperation`, `Location` and `Retry-After` of an answer that comes before its work is done. */
export function pollHeaders(call: Call, status: string | undefined, result: string | undefined): Record<string, string> {
  const url = (path: string): string => absoluteUrl(call, encodeURI(path), { 'api-version': call.apiVersion });
  return {
    ...(status === undefined ? {} : { 'azure-asyncoperation': url(status) }),
    ...(result === undefined ? {} : { location: url(result) }),
    'retry-after': '1',
  };
}

/** The reply that shows a resource. */
export async function shown(engine: Engine, resource: Resource, status: number, headers: Record<string, string> = {}): Promise<Reply> {
  const envelope = await envelopeOf(engine, resource, committed(engine));
  return jsonReply(status, envelope, { etag: shownEtag(representationTag(engine, resource, envelope)), ...warningsOf(engine, resource), ...headers });
}

/** The longest list of a body: as many subnets as Azure lets a virtual network have (docs/sources.md#virtual-networks). Rules hold each item against the others. */
const LONGEST_LIST = 3000;

/** The body of a PUT, PATCH or POST as an object. @throws Fault `InvalidRequestContent` */
export function asObject(value: unknown): JsonObject {
  if (!isJsonObject(value)) throw invalidContent(value === undefined ? 'the body is empty; a JSON object was expected' : 'a JSON object was expected');
  requireShortLists(value);
  return value;
}

/** How deep it goes `readJson` has bounded. @throws Fault `InvalidRequestContent` */
function requireShortLists(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value) && value.length > LONGEST_LIST) throw invalidContent(`a list has ${value.length} items; ${LONGEST_LIST} are taken at most`);
  for (const item of Object.values(value)) requireShortLists(item);
}
