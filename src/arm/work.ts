/**
 * The work of one transaction: writes and deletions of resources with all that follows from them inside it: owned resources, resources that are affected,
 * references to the world's owners. Knows no request; whatever a hook throws undoes all of it.
 */
import { isDeepStrictEqual } from 'node:util';
import { isoTime } from '#base/clock.ts';
import type { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import { parseResourceId, type ResourceId, type ResourceKey, subscriptionKeyOf } from '#base/resource-id.ts';
import type { ResourceBody, ResourceRecord } from '#store/resources.ts';
import type { Transaction } from '#store/store.ts';
import { Allocation } from './allocation.ts';
import type { Authority } from './authorization.ts';
import type { Engine } from './engine.ts';
import { registrationOf } from './existence.ts';
import { parentNotFound } from './faults.ts';
import { type LockedVerb, Locks } from './locks.ts';
import { lookupOver, parseResource } from './lookup.ts';
import type { HookContext, OwnedResource, PrincipalLookup, Resource, ResourceLookup, ResourceType } from './resource-type.ts';
import { knownTo } from './tenancy.ts';

/** Where the engine keeps the keys that an owner listed last, in the owner's `hidden`: an owner that was overwritten must still take them along when it goes. */
const LISTED = '$owned';
/** More re-runs than any real change makes: two types that affect each other without end are a bug, not a load. */
const MAX_RERUNS = 100_000;

export interface Wish {
  readonly type: ResourceType;
  readonly id: ResourceId;
  readonly body: ResourceBody;
  readonly hidden: JsonObject;
  readonly owner?: ResourceKey;
}

/** What hooks get, over one reader. Addresses that it hands out stay taken as long as it lives. */
export function hookContext(engine: Engine, caller: Authority, reader: ResourceLookup, writes: () => number = () => 0): HookContext {
  const allocation = new Allocation(reader, engine.types, writes);
  return {
    reader,
    caller,
    clock: engine.clock,
    domain: engine.domain,
    known: knownTo(caller, reader),
    tenantId: caller.tenantId,
    firstTenantId: engine.tenantId,
    async isRegistered(namespace, scope) {
      const key = subscriptionKeyOf(scope);
      const subscription = key && (await reader.get(key));
      return subscription !== undefined && registrationOf(subscription, namespace) === 'Registered';
    },
    principals: principalsOf(engine, caller),
    newGuid: () => engine.newGuid(),
    registryUsage: (registry) => engine.registryUsage(registry),
    allocateAddress: (subnet, options) => allocation.take(subnet, options),
  };
}

/** The directory, as the caller's tenant has it. */
export function principalsOf({ principals }: Engine, { tenantId }: Authority): PrincipalLookup {
  return {
    typeOf: (objectId) => principals.typeOf(objectId, tenantId),
    groupsOf: (objectId) => principals.groupsOf(objectId),
    hasTenant: (id) => principals.hasTenant(id),
  };
}

export class Work {
  readonly reader: ResourceLookup;
  readonly context: HookContext;
  /** Keys that the facts before and after name: whose outcome decides whether the change took hold. */
  readonly concerns = new Set<string>();
  readonly #engine: Engine;
  readonly authority: Authority;
  readonly #transaction: Transaction;
  readonly #affected = new Set<ResourceKey>();
  readonly #removing = new Set<ResourceKey>();
  #locks: Promise<Locks> | undefined;
  #reruns = 0;
  #writes = 0;

  constructor(engine: Engine, authority: Authority, transaction: Transaction) {
    this.#engine = engine;
    this.authority = authority;
    this.#transaction = transaction;
    this.reader = lookupOver(transaction.resources, (name) => engine.types.find(name)?.type ?? name);
    this.context = hookContext(engine, authority, this.reader, () => this.#writes);
  }

  /** Whether anything was written. */
  get changed(): boolean {
    return this.#writes > 0;
  }

  /** @throws Fault `ScopeLocked` when a lock keeps the request from what it wants of its own resource */
  async requireUnlocked(type: ResourceType, id: ResourceId, verb: LockedVerb): Promise<void> {
    if (!type.lockLevel) (await this.#readLocks()).require(id, verb);
  }

  /** Writes one resource and what it owns. A wish that is stored already writes nothing. Returns what is stored. */
  async save(wish: Wish, previous: Resource | undefined): Promise<Resource> {
    return this.#save(wish, previous, false);
  }

  /** Deletes a resource with its children, what it owns and what it takes along; asks nobody. @throws Fault `ScopeLocked` */
  async remove(resource: Resource): Promise<void> {
    if (this.#removing.has(resource.key)) return;
    this.#removing.add(resource.key);
    const type = this.#engine.types.find(resource.type);
    await this.#noteAffected(type, resource, undefined);
    const taken = await this.takenBy(resource);
    for (const child of await this.reader.children(resource.key)) await this.remove(child);
    const owned = new Set([...listedBy(resource), ...(await this.reader.owned(resource.key)).map(({ key }) => key)]);
    for (const key of [...owned, ...taken]) {
      const other = await this.reader.get(key);
      if (other) await this.remove(other);
    }
    this.#noteConcerns(resource);
    if (!type?.lockLevel) (await this.#readLocks()).require(resource, 'delete', true);
    if (await this.#transaction.resources.delete(resource.key)) {
      this.#writes++;
      this.#engine.types.forget(resource.key);
    }
  }

  /** Asks the affected resources again what they own, until nothing moves any more. Last step of each work. */
  async finish(): Promise<void> {
    for (;;) {
      const [key] = this.#affected;
      if (key === undefined) return;
      this.#affected.delete(key);
      const resource = await this.reader.get(key);
      const type = resource && this.#engine.types.find(resource.type);
      if (!resource || !type || !(type.owns || type.remembers)) continue;
      if (++this.#reruns > MAX_RERUNS) throw new Error(`'${key}' and others affect each other without end`);
      const now = await this.#remember(type, resource);
      if (type.owns) await this.#reconcile(now, await type.owns(now, this.context), true);
    }
  }

  /** What goes along with a resource from elsewhere. */
  async takenBy(resource: Resource): Promise<readonly ResourceKey[]> {
    return (await this.#engine.types.find(resource.type)?.takes?.(resource, this.reader)) ?? [];
  }

  /** Every objection of a resource's type to its deletion. */
  async objections(resource: Resource): Promise<readonly Fault[]> {
    return (await this.#engine.types.find(resource.type)?.mayDelete?.(resource, this.context)) ?? [];
  }

  async #save(wish: Wish, previous: Resource | undefined, rerun: boolean): Promise<Resource> {
    const stored = await this.#remember(wish.type, await this.#store(wish, previous));
    // It may have been deleted earlier in this transaction.
    this.#removing.delete(stored.key);
    return wish.type.owns ? this.#reconcile(stored, await wish.type.owns(stored, this.context), rerun) : stored;
  }

  /** The resource with what its type now remembers of others. */
  async #remember(type: ResourceType, resource: Resource): Promise<Resource> {
    if (!type.remembers) return resource;
    const hidden = await type.remembers(resource, this.reader);
    const { body, owner, resourceId: id } = resource;
    return this.#store({ type, id, body, hidden, ...(owner ? { owner } : {}) }, resource);
  }

  async #store({ type, id, body, hidden, owner }: Wish, previous: Resource | undefined): Promise<Resource> {
    const content = { ...body, systemData: undefined };
    const keptHidden = withoutListed(hidden);
    if (
      previous &&
      previous.owner === owner &&
      isDeepStrictEqual(plain({ ...previous.body, systemData: undefined }), plain(content)) &&
      isDeepStrictEqual(plain(withoutListed(previous.hidden)), plain(keptHidden))
    )
      return previous;
    if (!type.lockLevel) (await this.#readLocks()).require(id, 'write', true);
    const listed = previous?.hidden[LISTED];
    const record = await this.#transaction.resources.put({
      key: id.key,
      id: previous?.id ?? (await this.#canonicalId(type, id)),
      type: type.type,
      name: previous?.name ?? id.name,
      parent: id.parent,
      owner,
      body: { ...plain(content), systemData: this.#systemData(previous) } as ResourceBody,
      hidden: listed === undefined ? keptHidden : { ...keptHidden, [LISTED]: listed },
      etag: this.#engine.newGuid(),
    });
    const stored = parseResource(record);
    this.#writes++;
    if (previous) {
      this.#noteConcerns(previous);
      await this.#noteAffected(type, previous, stored);
    }
    this.#noteConcerns(record);
    await this.#noteAffected(type, stored, previous);
    return stored;
  }

  /** The locks as they were when the work began: no work both locks and changes what it locked. */
  #readLocks(): Promise<Locks> {
    this.#locks ??= Locks.read(this.#engine.types, this.reader);
    return this.#locks;
  }

  /** Makes the owned resources what the owner lists. `rerun`: nobody asked to write the owner itself. Returns the owner as it is stored then. */
  async #reconcile(owner: Resource, list: readonly OwnedResource[], rerun: boolean): Promise<Resource> {
    const { types } = this.#engine;
    const wanted = new Map(list.map((item) => [parseResourceId(item.id).key, item]));
    const before = new Set([...listedBy(owner), ...(await this.reader.owned(owner.key)).map(({ key }) => key)]);
    // First what goes, so that its addresses and names are free for what comes.
    for (const key of before) {
      if (wanted.has(key)) continue;
      const dropped = await this.reader.get(key);
      if (dropped?.owner === owner.key) await this.remove(dropped);
    }
    for (const [key, item] of wanted) {
      const id = parseResourceId(item.id);
      const type = types.find(id.type);
      if (!type) throw new Error(`'${owner.type}' owns '${item.id}', whose type is not known`);
      const previous = await this.reader.get(key);
      if (rerun && previous && previous.owner !== owner.key) continue;
      if (id.parent !== undefined && !(await this.reader.get(id.parent))) {
        if (rerun) continue;
        throw parentNotFound(id, 'write');
      }
      await this.#save({ type, id, body: item.body, hidden: item.hidden ?? previous?.hidden ?? {}, owner: owner.key }, previous, rerun);
    }
    const now = [...wanted.keys()].sort();
    if (isDeepStrictEqual(listedBy(owner), now)) return owner;
    const { revision: _revision, resourceId, ...record } = owner;
    const hidden = { ...withoutListed(owner.hidden), ...(now.length === 0 ? {} : { [LISTED]: now }) };
    // Same etag: what the resource is has not changed.
    return { ...(await this.#transaction.resources.put({ ...record, hidden })), resourceId };
  }

  async #noteAffected(type: ResourceType | undefined, resource: Resource, other: Resource | undefined): Promise<void> {
    for (const key of (await type?.affects?.(resource, this.reader, other)) ?? []) this.#affected.add(key);
  }

  #noteConcerns(record: ResourceRecord): void {
    for (const fact of this.#engine.types.factsOf(record))
      for (const value of Object.values(fact)) if (typeof value === 'string' && value.startsWith('/')) this.concerns.add(value);
  }

  /** The id as it will be shown: ancestors in the casing they were made with, types in their own, the name as its maker wrote it. */
  async #canonicalId(type: ResourceType, id: ResourceId): Promise<string> {
    const parent = id.parent === undefined ? undefined : await this.#transaction.resources.get(id.parent);
    const above = parent?.id ?? id.parent ?? '';
    if (type.type === 'Microsoft.Resources/resourceGroups') return `${above}/resourceGroups/${id.name}`;
    if (type.type === 'Microsoft.Resources/subscriptions') return `/subscriptions/${id.name}`;
    const child = id.names.length > 1;
    return child ? `${above}/${type.type.slice(type.type.lastIndexOf('/') + 1)}/${id.name}` : `${above}/providers/${type.type}/${id.name}`;
  }

  #systemData(previous: Resource | undefined): JsonObject {
    const { identity } = this.authority;
    const by = identity.appId ?? identity.objectId;
    const byType = identity.kind === 'ManagedIdentity' ? 'ManagedIdentity' : identity.kind === 'User' ? 'User' : 'Application';
    const at = isoTime(this.#engine.clock);
    return {
      createdBy: by,
      createdByType: byType,
      createdAt: at,
      ...previous?.body.systemData,
      lastModifiedBy: by,
      lastModifiedByType: byType,
      lastModifiedAt: at,
    };
  }
}

function listedBy(resource: Pick<ResourceRecord, 'hidden'>): ResourceKey[] {
  return (resource.hidden[LISTED] as ResourceKey[] | undefined) ?? [];
}

/** `hidden` as types know it. */
export function withoutListed(hidden: JsonObject): JsonObject {
  const { [LISTED]: _listed, ...rest } = hidden;
  return rest;
}

/** The value as its JSON text would give it back: without undefined members, so that what is stored compares with what is wished. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
