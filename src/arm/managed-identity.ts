/** Managed identities of resources: `identity` as ARM writes it, checked and filled with the ids of the principals. */
import { Fault } from '#base/fault.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { parseResourceId, type ResourceKey } from '#base/resource-id.ts';
import type { Fact } from '#topology/facts.ts';
import { linkedNotFound } from './faults.ts';
import type { HookContext, Resource } from './resource-type.ts';

/** https://learn.microsoft.com/azure/templates: the type of an identity, in any casing and spacing. */
const TYPES = new Map([
  ['none', { system: false, user: false }],
  ['systemassigned', { system: true, user: false }],
  ['userassigned', { system: false, user: true }],
  ['systemassigned,userassigned', { system: true, user: true }],
  ['userassigned,systemassigned', { system: true, user: true }],
]);

export interface FilledIdentity {
  /** What the body stores and shows; undefined for a resource without identity. */
  readonly identity: JsonObject | undefined;
  /** `hidden.systemIdentity`. */
  readonly system: { principalId: string; clientId: string } | undefined;
  readonly faults: readonly Fault[];
}

/**
 * The identity that a resource gets for what was written. A system-assigned principal lasts as long as the resource has one.
 * Assigning an identity needs the right to do so on it (`.../assign/action`), as Azure's linked access check does.
 */
export async function fillIdentity(
  written: JsonObject | undefined,
  previous: Resource | undefined,
  resourceId: string,
  context: HookContext,
  factsOf: (resource: Resource) => readonly Fact[],
): Promise<FilledIdentity> {
  const none: FilledIdentity = { identity: undefined, system: undefined, faults: [] };
  if (written === undefined) return none;
  const bad = (message: string, target: string): FilledIdentity => ({ ...none, faults: [new Fault('invalid', 'InvalidIdentity', message, { target })] });
  const type = typeof written.type === 'string' ? TYPES.get(written.type.toLowerCase().replace(/\s/g, '')) : undefined;
  if (!type) return bad("'identity.type' is not valid: it must be None, SystemAssigned, UserAssigned or 'SystemAssigned, UserAssigned'.", 'identity.type');

  const listed = written.userAssignedIdentities ?? {};
  if (!isJsonObject(listed))
    return bad("'identity.userAssignedIdentities' is not valid: an object with resource ids as names was expected.", 'identity.userAssignedIdentities');
  const wanted = new Map<ResourceKey, string>();
  const faults: Fault[] = [];
  for (const [id, value] of Object.entries(listed)) {
    try {
      const { key } = parseResourceId(id, 'identity.userAssignedIdentities');
      // Null takes one away. The last of several casings counts.
      if (value === null) wanted.delete(key);
      else wanted.set(key, id);
    } catch (error) {
      faults.push(error as Fault);
    }
  }
  if (type.user && wanted.size === 0 && faults.length === 0)
    faults.push(
      new Fault('invalid', 'InvalidIdentity', "'identity.userAssignedIdentities' must name an identity for the type UserAssigned.", { target: 'identity' }),
    );

  const userAssigned: JsonObject = {};
  const before = new Set(Object.keys((previous?.body.identity?.userAssignedIdentities as JsonObject | undefined) ?? {}).map((id) => id.toLowerCase()));
  for (const [key, id] of type.user ? wanted : []) {
    const resource = await context.known.get(key);
    const fact = resource && factsOf(resource).find((each) => each.kind === 'identity');
    // One that was deleted meanwhile falls off: the resource must stay writable.
    if (fact?.kind !== 'identity' && before.has(key)) continue;
    // Whoever may not assign it is not told whether it is there.
    if (!before.has(key) && !context.caller.may(`${parseResourceId(id).type}/assign/action`, key)) faults.push(notAssignable(context, resourceId, id));
    else if (fact?.kind !== 'identity') faults.push(linkedNotFound(id, 'identity.userAssignedIdentities'));
    else userAssigned[fact.id] = { principalId: fact.principalId, clientId: fact.clientId };
  }
  const kept = previous?.hidden.systemIdentity as { principalId: string; clientId: string } | undefined;
  const system = type.system ? (kept ?? { principalId: context.newGuid(), clientId: context.newGuid() }) : undefined;
  if (!type.system && !type.user) return { ...none, faults };
  const identity: JsonObject = {
    type: [type.system ? 'SystemAssigned' : '', type.user ? 'UserAssigned' : ''].filter((name) => name !== '').join(', '),
    ...(system ? { principalId: system.principalId, tenantId: context.tenantId } : {}),
    ...(type.user ? { userAssignedIdentities: userAssigned } : {}),
  };
  return { identity, system, faults };
}

function notAssignable(context: HookContext, resourceId: string, identity: string): Fault {
  const { caller } = context;
  return new Fault(
    'forbidden',
    'LinkedAuthorizationFailed',
    `The client '${caller.appId ?? caller.principalId}' with object id '${caller.principalId}' has permission to perform the action on scope '${resourceId}'; however, it does not have permission to perform action 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' on the linked scope(s) '${identity}' or the linked scope(s) are invalid.`,
    { target: 'identity.userAssignedIdentities' },
  );
}
