/** What must exist before a resource can: its subscription, resource group, parent or extended resource; and the provider's registration. */
import type { JsonObject } from '#base/json.ts';
import { groupKeyOf, type ResourceId, type ResourceKey, subscriptionKeyOf } from '#base/resource-id.ts';
import { groupNotFound, notRegistered, parentNotFound, subscriptionNotFound } from './faults.ts';
import type { ResourceLookup } from './resource-type.ts';

/** @throws Fault `SubscriptionNotFound`, `InvalidSubscriptionId`, `ResourceGroupNotFound`, `ParentResourceNotFound` */
export async function requireAncestors(id: ResourceId, reader: ResourceLookup, verb: 'read' | 'write' | 'delete'): Promise<void> {
  await requireScope(id.parent, reader);
  if (id.parent !== undefined && !(await reader.get(id.parent))) throw parentNotFound(id, verb);
}

/** The subscription and the resource group that a scope lies in. @throws as above */
export async function requireScope(scope: ResourceKey | '/' | undefined, reader: ResourceLookup): Promise<void> {
  if (scope === undefined || scope === '/') return;
  const subscription = subscriptionKeyOf(scope);
  if (subscription !== undefined && !(await reader.get(subscription))) throw subscriptionNotFound(subscription.split('/').at(-1) as string);
  const group = groupKeyOf(scope);
  if (group !== undefined && !(await reader.get(group))) throw groupNotFound(group.split('/').at(-1) as string);
}

/** Namespaces that every subscription has, since nothing works without them. */
const ALWAYS_REGISTERED = new Set(['microsoft.resources', 'microsoft.authorization', 'microsoft.subscription']);

export type RegistrationState = 'Registered' | 'NotRegistered';

/**
 * A provider's state in a subscription: what its record says of the namespace, else what it says of all.
 * The record keeps `hidden.registrations`, by lower-case namespace, and `hidden.autoRegister`.
 */
export function registrationOf(subscription: { readonly hidden: JsonObject } | undefined, namespace: string): RegistrationState {
  const name = namespace.toLowerCase();
  if (ALWAYS_REGISTERED.has(name)) return 'Registered';
  const own = (subscription?.hidden.registrations as Record<string, RegistrationState> | undefined)?.[name];
  return own ?? (subscription?.hidden.autoRegister === true ? 'Registered' : 'NotRegistered');
}

/** @throws Fault `MissingSubscriptionRegistration` */
export async function requireRegistration(id: ResourceId, namespace: string, reader: ResourceLookup): Promise<void> {
  const key = subscriptionKeyOf(id.key);
  if (key === undefined || id.type === 'Microsoft.Resources/resourceGroups') return;
  if (registrationOf(await reader.get(key), namespace) !== 'Registered') throw notRegistered(namespace);
}
