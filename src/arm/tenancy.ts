/**
 * Whose a resource is. What lies in a subscription is of the subscription's tenant. What lies at the tenant itself (a role assignment at `/`) is of the tenant
 * that wrote it, which the record keeps in `hidden.tenantId`; without one it is built in, and everybody's. A subscription keeps its own tenant so, too.
 * To callers of other tenants all of it is as if it were not there, byte for byte (docs/sources.md#tenants).
 */
import type { JsonObject } from '#base/json.ts';
import { type ResourceId, type ResourceKey, subscriptionKeyOf } from '#base/resource-id.ts';
import type { ResourceRecord } from '#store/resources.ts';
import type { Authority } from './authorization.ts';
import type { Call, Engine } from './engine.ts';
import { subscriptionNotFound } from './faults.ts';
import { lookupOver } from './lookup.ts';
import type { ResourceLookup } from './resource-type.ts';

/** Whether the caller may know of a resource. */
export function isKnownTo(authority: Authority, { key, hidden }: Pick<ResourceRecord, 'key' | 'hidden'>): boolean {
  if (subscriptionKeyOf(key) !== undefined) return authority.knows(key);
  return hidden.tenantId === undefined || hidden.tenantId === authority.tenantId;
}

/** `reader` with what the caller may know of. */
export function knownTo(authority: Authority, reader: ResourceLookup): ResourceLookup {
  const known = (resource: ResourceRecord): boolean => isKnownTo(authority, resource);
  return {
    ...reader,
    async get(key) {
      const resource = await reader.get(key);
      return resource && known(resource) ? resource : undefined;
    },
    list: async (type, under) => (await reader.list(type, under)).filter(known),
    children: async (key) => (await reader.children(key)).filter(known),
    owned: async (key) => (await reader.owned(key)).filter(known),
    referrers: async (key, type) => (await reader.referrers(key, type)).filter(known),
    referrerTags: async (key) => (await reader.referrerTags(key)).filter((tag) => authority.knows(tag.key)),
  };
}

/** Committed state, as far as the caller may know of it. */
export function committedTo(engine: Engine, { authority }: Pick<Call, 'authority'>): ResourceLookup {
  return knownTo(
    authority,
    lookupOver(engine.store.resources, (name) => engine.types.find(name)?.type ?? name),
  );
}

/** What a draft's `hidden` begins with: at the tenant itself, whose it is. */
export function ownerTenant(authority: Authority, id: ResourceId): JsonObject {
  return id.subscription === undefined ? { tenantId: authority.tenantId } : {};
}

/**
 * Everything below `/subscriptions/S`, asked before rights and before anything is looked up.
 * @throws Fault `SubscriptionNotFound`, also when it is another tenant's; `InvalidSubscriptionId`
 */
export function requireKnown(authority: Authority, path: string): void {
  const name = /^\/+subscriptions\/+([^/]+)/i.exec(decodeURIComponent(path))?.[1];
  if (name !== undefined && !authority.knows(`/subscriptions/${name.toLowerCase()}` as ResourceKey)) throw subscriptionNotFound(name);
}
