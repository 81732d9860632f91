/**
 * The token endpoints. https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md and https://distribution.github.io/distribution/spec/auth/oauth/
 * A directory token is exchanged for a refresh token, a refresh token or a secret for an access token of some scope.
 */
import { resourceKey } from '#base/resource-id.ts';
import { readForm } from '#http/body.ts';
import { jsonReply, type Reply } from '#http/message.ts';
import { type Identity, MANAGEMENT_AUDIENCES, REGISTRY_AUDIENCE } from '#identity/tokens.ts';
import { anonymous, basicCredentials, callerByPassword, describe, ofTenant, proven, unproven } from './authorize.ts';
import type { Caller, Rooms, Visit } from './call.ts';
import { addressed } from './challenge.ts';
import { credentialOf } from './credentials.ts';
import { oci } from './faults.ts';
import { grantedAccess } from './scope.ts';

/** GET /oauth2/token: Basic credentials or none, scope and service in the query; what docker does. */
export async function getToken(visit: Visit, rooms: Rooms): Promise<Reply> {
  const { request, registry } = visit;
  checkService(visit, request.query);
  const basic = basicCredentials(request.headers.authorization);
  let caller: Caller | undefined;
  if (basic) caller = await callerByPassword(visit, rooms, basic.user, basic.password);
  else if (request.headers.authorization !== undefined) throw unproven(visit, 'the Authorization header is not Basic');
  else if (registry.anonymousPullEnabled) caller = anonymous(rooms.tokens.tenantId);
  else throw unproven(visit, 'the request has no credentials, and anonymous pull is disabled');
  if (!caller) throw unproven(visit, 'the user name and password prove nobody');
  return accessToken(visit, rooms, caller, request.query.getAll('scope'));
}

/** POST /oauth2/token: the grants `refresh_token` and `password` in a form; what az and containerd do. */
export async function postToken(visit: Visit, rooms: Rooms): Promise<Reply> {
  const { request, registry } = visit;
  const form = await readForm(request);
  checkService(visit, form);
  let caller: Caller | undefined;
  switch (form.get('grant_type')) {
    case 'refresh_token': {
      const identity = await proven(rooms.tokens.verifyRefresh(form.get('refresh_token') ?? '', registry.loginServer));
      if (!identity) throw unproven(visit, 'the refresh token is malformed, expired or of another registry');
      caller = ofTenant(visit, rooms, { identity, access: undefined });
      if (!caller) throw unproven(visit, OTHER_TENANT);
      break;
    }
    case 'password':
      caller = await callerByPassword(visit, rooms, form.get('username') ?? '', form.get('password') ?? '');
      if (!caller) throw unproven(visit, 'the user name and password prove nobody');
      break;
    default:
      throw oci('UNSUPPORTED', { message: 'grant_type must be refresh_token or password' });
  }
  return accessToken(visit, rooms, caller, form.getAll('scope'));
}

/** POST /oauth2/exchange: a directory token for a refresh token of this registry. */
export async function exchange(visit: Visit, rooms: Rooms): Promise<Reply> {
  const { request, registry } = visit;
  const form = await readForm(request);
  checkService(visit, form);
  const grant = form.get('grant_type');
  let identity: Caller['identity'] | undefined;
  if (grant === 'access_token' || grant === 'access_token_refresh_token') {
    const audiences = [REGISTRY_AUDIENCE, `${REGISTRY_AUDIENCE}/`, ...(registry.armAudienceAccepted ? MANAGEMENT_AUDIENCES : [])];
    identity = await proven(rooms.tokens.verifyAccess(form.get('access_token') ?? '', audiences));
    if (!identity) throw unproven(visit, `the access token is malformed, expired, or for none of the audiences ${audiences.join(', ')}`);
  } else if (grant === 'refresh_token') {
    identity = await proven(rooms.tokens.verifyRefresh(form.get('refresh_token') ?? '', registry.loginServer));
    if (!identity) throw unproven(visit, 'the refresh token is malformed, expired or of another registry');
  } else throw oci('UNSUPPORTED', { message: 'grant_type must be access_token, access_token_refresh_token or refresh_token' });
  if (!ofTenant(visit, rooms, { identity, access: undefined })) throw unproven(visit, OTHER_TENANT);
  await requirePrincipal(visit, rooms, identity);
  request.trace.push({ check: 'identity', ok: true, detail: describe(identity) });
  return jsonReply(200, { refresh_token: await rooms.tokens.issueRefresh({ service: registry.loginServer, identity }) }, noStore);
}

const OTHER_TENANT = "the principal is of another tenant than the registry's subscription";

/** RFC 6749 section 5.1. */
const noStore = { 'cache-control': 'no-store' };

async function accessToken(visit: Visit, rooms: Rooms, caller: Caller, scopes: readonly string[]): Promise<Reply> {
  await requirePrincipal(visit, rooms, caller.identity);
  visit.request.trace.push({ check: 'identity', ok: true, detail: describe(caller.identity) });
  const access = grantedAccess(visit, caller, scopes);
  const { token, expiresInSeconds } = await rooms.tokens.issueRegistryAccess({ service: visit.registry.loginServer, identity: caller.identity, access });
  // Docker reads `token`, az and containerd `access_token`.
  return jsonReply(200, { access_token: token, token, expires_in: expiresInSeconds }, noStore);
}

/**
 * Nothing is issued to a principal that was deleted after its credentials were: else a refresh token could be renewed for ever.
 * @throws Fault `UNAUTHORIZED`
 */
async function requirePrincipal(visit: Visit, { directory }: Rooms, identity: Identity): Promise<void> {
  const { access, machines } = visit.snapshot;
  const { kind, objectId, resourceId = '' } = identity;
  if (kind === 'RegistryCredential' && !credentialOf(visit.registry, identity.appId ?? '')) throw unproven(visit, `the token '${identity.appId}' is gone`);
  if (kind === 'ServicePrincipal' && !(await directory.findByObjectId(objectId))) throw unproven(visit, `the service principal ${objectId} has been deleted`);
  if (kind === 'User' && !(await directory.people.findUserByObjectId(objectId))?.enabled)
    throw unproven(visit, `the user ${objectId} has been deleted or disabled`);
  if (kind !== 'ManagedIdentity') return;
  const key = resourceKey(resourceId);
  const own = machines.get(key)?.identities.some(({ system, principalId }) => system && principalId === objectId);
  if (!own && access.identities.get(key)?.principalId !== objectId) throw unproven(visit, `the managed identity ${objectId} has been deleted`);
}

/** The service, when named, is this registry: by its login server or as the client addressed it. A token for another would not work there either. */
function checkService({ request, registry }: Visit, parameters: URLSearchParams): void {
  const service = parameters.get('service');
  const { name, authority } = addressed(request);
  if (service === null || [registry.loginServer, name, authority].includes(service.toLowerCase())) return;
  request.trace.push({ check: 'token', ok: false, detail: `service '${service.slice(0, 300)}' is not this registry` });
  throw oci('UNSUPPORTED', { message: `the service is not this registry; ask for '${registry.loginServer}'` });
}
