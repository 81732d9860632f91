/** What the control plane answers about itself: tenants, subscriptions, locations, and the providers with their registration. */

import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import { regions } from '#base/regions.ts';
import { type ResourceId, type ResourceKey, subscriptionKeyOf } from '#base/resource-id.ts';
import { jsonReply, type Reply } from '#http/message.ts';
import type { ResourceRecord } from '#store/resources.ts';
import { findTenant } from '#store/tenants.ts';
import { type Call, committed, type Engine } from './engine.ts';
import { type RegistrationState, registrationOf, requireScope } from './existence.ts';
import { subscriptionNotFound } from './faults.ts';
import { Locks } from './locks.ts';
import { namespaceOf } from './types.ts';

/** The tenant of the caller: principals are of one (https://learn.microsoft.com/rest/api/resources/tenants/list). */
export async function tenants(engine: Engine, call: Call): Promise<Reply> {
  const { tenantId } = call.authority;
  const { displayName = 'Postern', domain } = (await findTenant(engine.store.database, tenantId)) ?? {};
  const names = domain === undefined ? {} : { defaultDomain: domain, domains: [domain] };
  return jsonReply(200, { value: [{ id: `/tenants/${tenantId}`, tenantId, displayName, ...names, tenantCategory: 'Home', tenantType: 'AAD' }] });
}

/** The subscriptions in which the caller has any role. */
export async function subscriptions(engine: Engine, call: Call): Promise<Reply> {
  const records = await engine.store.resources.list({ type: 'Microsoft.Resources/subscriptions' });
  return jsonReply(200, { value: records.filter(({ key }) => call.authority.hasAccessWithin(key)).map(shownSubscription) });
}

export async function subscription(engine: Engine, call: Call, at: ResourceId): Promise<Reply> {
  const record = await engine.store.resources.get(at.key);
  if (!record) throw subscriptionNotFound(at.name);
  if (!call.authority.hasAccessWithin(at.key)) call.authority.require('Microsoft.Resources/subscriptions/read', at.id);
  return jsonReply(200, shownSubscription(record));
}

/** A subscription has a shape of its own: its fields stand beside the id. */
function shownSubscription({ id, name, body, hidden }: ResourceRecord): object {
  const { displayName, state } = body.properties;
  return {
    id,
    authorizationSource: 'RoleBased',
    managedByTenants: [],
    subscriptionId: name,
    tenantId: hidden.tenantId,
    displayName: displayName ?? name,
    state: state ?? 'Enabled',
    subscriptionPolicies: { locationPlacementId: 'Public_2014-09-01', quotaId: 'PayAsYouGo_2014-09-01', spendingLimit: 'Off' },
  };
}

export async function locations(engine: Engine, call: Call, at: ResourceId): Promise<Reply> {
  await requireScope(at.key, committed(engine));
  if (!call.authority.hasAccessWithin(at.key)) call.authority.require('Microsoft.Resources/subscriptions/locations/read', at.id);
  return jsonReply(200, {
    value: regions.map(({ name, displayName }) => ({
      id: `/subscriptions/${at.name}/locations/${name}`,
      name,
      type: 'Region',
      displayName,
      regionalDisplayName: displayName,
      metadata: { regionType: 'Physical', regionCategory: 'Recommended' },
    })),
  });
}

export async function providers(engine: Engine, call: Call, at: ResourceId | undefined): Promise<Reply> {
  const record = await subscriptionAt(engine, call, at);
  return jsonReply(200, { value: [...engine.types.namespaces.values()].sort().map((namespace) => shownProvider(engine, record, namespace)) });
}

export async function provider(engine: Engine, call: Call, at: ResourceId | undefined, namespace: string): Promise<Reply> {
  return jsonReply(200, shownProvider(engine, await subscriptionAt(engine, call, at), namespace));
}

/** POST `.../register` and `.../unregister`: at once, so the answer shows the new state. */
export async function register(engine: Engine, call: Call, at: ResourceId, namespace: string, on: boolean): Promise<Reply> {
  call.authority.require(`${namespace}/${on ? 'register' : 'unregister'}/action`, at.id);
  const state: RegistrationState = on ? 'Registered' : 'NotRegistered';
  (await Locks.read(engine.types, committed(engine))).require(at, 'action');
  const { value } = await engine.store.write(async (transaction) => {
    const { resources } = transaction;
    const record = await resources.get(at.key);
    if (!record) throw subscriptionNotFound(at.name);
    await engine.activity.done(call, transaction, 200);
    if (registrationOf(record, namespace) === state) return record;
    if (!on) await requireUnused(engine, at.key, namespace, (type) => resources.list({ type, under: at.key, limit: 1 }));
    const { revision: _revision, ...kept } = record;
    const registrations = { ...(record.hidden.registrations as JsonObject | undefined), [namespace.toLowerCase()]: state };
    return resources.put({ ...kept, hidden: { ...record.hidden, registrations } });
  });
  return jsonReply(200, shownProvider(engine, value, namespace));
}

/** A provider with resources stays registered, as in Azure (learn.microsoft.com, "Azure resource providers and types"). */
async function requireUnused(
  engine: Engine,
  scope: ResourceKey,
  namespace: string,
  first: (type: string) => Promise<readonly ResourceRecord[]>,
): Promise<void> {
  for (const { type } of engine.types.all) {
    if (namespaceOf(type) !== namespace) continue;
    const [used] = await first(type);
    if (used)
      throw new Fault(
        'conflict',
        'ResourceProviderInUse',
        `The provider '${namespace}' cannot be unregistered from '${scope}' while the subscription has resources of it, such as '${used.id}'.`,
      );
  }
}

async function subscriptionAt(engine: Engine, call: Call, at: ResourceId | undefined): Promise<ResourceRecord | undefined> {
  if (!at) return undefined;
  const record = await engine.store.resources.get(at.key);
  if (!record) throw subscriptionNotFound(at.name);
  if (!call.authority.hasAccessWithin(at.key)) call.authority.require('Microsoft.Resources/subscriptions/providers/read', at.id);
  return record;
}

function shownProvider(engine: Engine, record: ResourceRecord | undefined, namespace: string): object {
  const displayNames = regions.map((region) => region.displayName);
  const resourceTypes = engine.types.all
    .filter(({ type }) => namespaceOf(type) === namespace)
    .map((type) => ({
      resourceType: type.type.slice(namespace.length + 1),
      locations: type.location === 'required' ? displayNames : type.location === 'global' ? ['global'] : [],
      apiVersions: type.apiVersions,
      defaultApiVersion: type.apiVersions.find((version) => !version.includes('-preview')) ?? type.apiVersions[0],
      capabilities: type.tags ? 'SupportsTags, SupportsLocation' : 'None',
    }));
  const registration = record
    ? { id: `${subscriptionKeyOf(record.key)}/providers/${namespace}`, registrationState: registrationOf(record, namespace) }
    : { id: `/providers/${namespace}` };
  return { ...registration, namespace, registrationPolicy: 'RegistrationRequired', resourceTypes };
}
