/** Who calls, and whether it may: credentials to a caller, a caller and an action to a decision. Both the token's scope and today's roles must permit. */
import { Fault } from '#base/fault.ts';
import { type ResourceKey, subscriptionKeyOf } from '#base/resource-id.ts';
import type { Identity } from '#identity/tokens.ts';
import { isOfTenant, permits, type Right } from '#topology/access.ts';
import type { Caller, Rooms, Visit } from './call.ts';
import { basicChallenge, challenge, type Wanted } from './challenge.ts';
import { actionsOf, actionsPermit, credentialOf, identityByPassword } from './credentials.ts';
import { oci } from './faults.ts';

const REGISTRIES = 'Microsoft.ContainerRegistry/registries';

/**
 * What each action of a token's scope needs of a role assignment at the registry; any one of the rights suffices.
 * https://learn.microsoft.com/azure/container-registry/container-registry-roles
 */
const rights = {
  pull: [{ action: `${REGISTRIES}/pull/read` }],
  push: [{ action: `${REGISTRIES}/push/write` }],
  delete: [{ action: `${REGISTRIES}/artifacts/delete` }],
  metadata_read: [{ action: `${REGISTRIES}/metadata/read` }, { action: `${REGISTRIES}/pull/read` }],
  metadata_write: [{ action: `${REGISTRIES}/metadata/write` }, { action: `${REGISTRIES}/push/write` }],
  catalog: [{ dataAction: `${REGISTRIES}/catalog/read` }, { action: `${REGISTRIES}/pull/read` }],
} as const satisfies Record<string, readonly Right[]>;

export type Action = keyof typeof rights;
/** Whether anybody may do it at a registry of Postern's own. */
export function isOpen(action: Action): boolean {
  return action === 'pull' || action === 'metadata_read' || action === 'catalog';
}

export const repositoryActions = ['pull', 'push', 'delete', 'metadata_read', 'metadata_write'] as const satisfies readonly Action[];

/** `docker login` and `az acr login` use this name when the password is a token. */
export const TOKEN_USER = '00000000-0000-0000-0000-000000000000';

/** Nobody in particular, at registries with anonymous pull. */
export function anonymous(tenantId: string): Caller {
  return { identity: { objectId: '', tenantId, kind: 'Anonymous' }, access: undefined };
}

export interface Decision {
  readonly permitted: boolean;
  readonly check: 'scope' | 'role';
  readonly detail: string;
}

/** Whether the caller may do the action to the repository (or to the catalogue, whose name is `catalog`). */
export function decide(visit: Pick<Visit, 'registry' | 'snapshot'>, caller: Caller, action: Action, name: string): Decision {
  const { registry, snapshot } = visit;
  if (registry.platform) return { permitted: isOpen(action), check: 'role', detail: `'${registry.loginServer}' is open to everybody for reading alone` };
  if (caller.access !== undefined && !tokenCovers(caller, action, name))
    return { permitted: false, check: 'scope', detail: `the token's scope does not hold ${action} on '${name}'` };
  if (caller.identity.kind === 'Anonymous') {
    const permitted = registry.anonymousPullEnabled && (action === 'pull' || action === 'metadata_read');
    return { permitted, check: 'role', detail: `anonymous pull is ${registry.anonymousPullEnabled ? 'enabled' : 'disabled'}; asked was ${action}` };
  }
  if (caller.identity.kind === 'RegistryCredential') {
    const credential = credentialOf(registry, caller.identity.appId ?? '');
    const held = credential && actionsOf(registry, credential);
    const permitted = held !== undefined && actionsPermit(held, action, name);
    const told = held === undefined ? 'is disabled or deleted' : `has the actions ${[held].flat().join(', ').slice(0, 300)}`;
    return { permitted, check: 'role', detail: `'${caller.identity.appId}' of this registry ${told}; asked was ${action} on '${name}'` };
  }
  const { objectId: principalId, tenantId, groups: groupIds } = caller.identity;
  for (const right of rights[action]) {
    const permission = permits(snapshot.access, { principalId, tenantId, groupIds }, right, registry.registry);
    if (permission.permitted) return { permitted: true, check: 'role', detail: `${permission.role} at ${permission.scope} permits ${action}` };
  }
  const needed = rights[action].map((right: Right) => right.action ?? right.dataAction).join(' or ');
  return { permitted: false, check: 'role', detail: `no role assignment of ${caller.identity.objectId} at ${registry.registry} permits ${needed}` };
}

function tokenCovers(caller: Caller, action: Action, name: string): boolean {
  const type = action === 'catalog' ? 'registry' : 'repository';
  return (caller.access ?? []).some(
    (access) => access.type === type && access.name === name && (access.actions.includes(action) || access.actions.includes('*')),
  );
}

/** How an identity is named in traces. */
export function describe(identity: Identity): string {
  return identity.kind === 'Anonymous' ? 'anonymous' : `${identity.kind} ${identity.appId ?? identity.objectId} (object id ${identity.objectId})`;
}

/**
 * The user and password of a Basic Authorization header (RFC 7617); undefined when the header is absent or of another scheme.
 * @throws Fault with a Basic challenge when it is malformed.
 */
export function basicCredentials(header: string | undefined): { user: string; password: string } | undefined {
  const match = /^basic(?: +(.*))?$/i.exec(header ?? '');
  if (!match) return undefined;
  const encoded = match[1] ?? '';
  const text = /^[A-Za-z0-9+/_-]+=*$/.test(encoded) ? Buffer.from(encoded, 'base64').toString('utf8') : '';
  const colon = text.indexOf(':');
  if (colon < 1) throw basicChallenge();
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Of a visit, what somebody who signs in is held against. */
type Attempt = Pick<Visit, 'registry' | 'snapshot'> & { readonly request: Pick<Visit['request'], 'trace'> };

/**
 * Whom a user name and password prove: a user of this registry, an application and its secret, or the token user and a token of this registry.
 * Undefined when they prove nobody, or somebody of another tenant.
 */
export async function callerByPassword(
  visit: Attempt,
  rooms: Pick<Rooms, 'tokens' | 'directory' | 'clock'>,
  user: string,
  password: string,
): Promise<Caller | undefined> {
  const { registry } = visit;
  if (user !== TOKEN_USER) {
    const { tenantId = '' } = visit.snapshot.access.subscriptions.get(subscriptionKeyOf(registry.registry) as ResourceKey) ?? {};
    const identity = identityByPassword(registry, user, password, rooms.clock.now(), tenantId) ?? (await rooms.directory.verifySecret(user, password));
    return identity && ofTenant(visit, rooms, { identity, access: undefined });
  }
  const service = registry.loginServer;
  const refreshed = await proven(rooms.tokens.verifyRefresh(password, service));
  if (refreshed) return ofTenant(visit, rooms, { identity: refreshed, access: undefined });
  const access = await proven(rooms.tokens.verifyRegistryAccess(password, service));
  return access && ofTenant(visit, rooms, access);
}

/** The caller with the groups it is in now; undefined when it is of another tenant than the registry's subscription (docs/sources.md#registry-tenant). */
export function ofTenant(visit: Attempt, rooms: Pick<Rooms, 'directory'>, caller: Caller): Caller | undefined {
  const { identity } = caller;
  if (identity.kind !== 'Anonymous' && !isOfTenant(visit.snapshot.access, identity.tenantId, visit.registry.registry)) {
    visit.request.trace.push({ check: 'tenant', ok: false, detail: `${describe(identity)} is of tenant ${identity.tenantId}, which the registry is not` });
    return undefined;
  }
  return { ...caller, identity: { ...identity, groups: rooms.directory.groupsOf(identity.objectId) } };
}

/** What the verification gave, or undefined when it refused the token. */
export async function proven<T>(verification: Promise<T>): Promise<T | undefined> {
  try {
    return await verification;
  } catch (error) {
    if (error instanceof Fault && error.kind === 'unauthenticated') return undefined;
    throw error;
  }
}

/**
 * Who sent the request, by its Authorization header. A request without one is refused also where anonymous pull is enabled: clients then fetch an anonymous token.
 * @throws Fault `UNAUTHORIZED` with the challenge.
 */
export async function authenticate(visit: Visit, rooms: Rooms, wanted: Wanted | undefined): Promise<Caller> {
  const { request, registry } = visit;
  // Credentials for elsewhere, which clients send by mistake, are not looked at.
  if (registry.platform) return anonymous(rooms.tokens.tenantId);
  const header = request.headers.authorization;
  const refuse = (check: string, detail: string, error?: 'invalid_token'): Fault => {
    request.trace.push({ check, ok: false, detail });
    return challenge(request, wanted, error);
  };
  if (header === undefined || header === '') throw refuse('identity', 'the request has no Authorization header');

  let caller: Caller | undefined;
  const bearer = /^bearer +(\S+)$/i.exec(header);
  if (bearer) {
    try {
      caller = ofTenant(visit, rooms, await rooms.tokens.verifyRegistryAccess(bearer[1] as string, registry.loginServer));
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'unauthenticated') throw error;
      throw refuse('token', error.message, 'invalid_token');
    }
    if (!caller) throw refuse('token', 'the token is of a principal of another tenant', 'invalid_token');
  } else {
    const basic = basicCredentials(header);
    if (!basic) throw refuse('identity', 'the Authorization header is neither Bearer nor Basic');
    caller = await callerByPassword(visit, rooms, basic.user, basic.password);
    if (!caller) throw refuse('identity', 'the user name and password prove nobody');
  }
  request.trace.push({ check: 'identity', ok: true, detail: describe(caller.identity) });
  return caller;
}

/**
 * Lets the caller do the action, or refuses it with the challenge for it.
 * ACR tells a caller without the right 401, not 403 (clients then ask for a token with that scope and say `denied` when it does not help).
 * @throws Fault `UNAUTHORIZED`.
 */
export function authorize(visit: Visit, caller: Caller, action: Action, name: string, wanted: Wanted): void {
  const decision = decide(visit, caller, action, name);
  visit.request.trace.push({ check: decision.check, ok: decision.permitted, detail: decision.detail });
  if (!decision.permitted) throw challenge(visit.request, wanted, 'insufficient_scope');
}

/** For token endpoints: credentials that prove nobody. */
export function unproven(visit: Visit, detail: string): Fault {
  visit.request.trace.push({ check: 'identity', ok: false, detail });
  return oci('UNAUTHORIZED');
}
