/**
 * The token endpoint: grants become tokens (RFC 6749 section 4, RFC 8628 section 3.4), in the shapes of Microsoft Entra ID's v1.0, v2.0 and ADFS endpoints.
 * Applications come by client credentials; users by a password, a device code, an authorization code, or a refresh token of one of these.
 */
import type { Clock } from '#base/clock.ts';
import { readForm } from '#http/body.ts';
import { jsonReply, type Reply, type Request } from '#http/message.ts';
import type { TenantRecord } from '#store/tenants.ts';
import type { AuthorizationCodes } from './authorization-codes.ts';
import { authenticateClient, type ClientRooms, carriesClientProof } from './client-authentication.ts';
import type { DeviceCodes } from './device-codes.ts';
import { NO_STORE, required, requireSingle, SignInFault } from './sign-in-faults.ts';
import type { Form } from './sign-in-metadata.ts';
import { EXCHANGE_AUDIENCE, GRAPH_AUDIENCES, isKnownResource, MANAGEMENT_AUDIENCES, REGISTRY_AUDIENCE } from './tokens.ts';
import type { SignedIn, UserSignIn } from './user-sign-in.ts';

export interface TokenRooms extends ClientRooms {
  readonly users: UserSignIn;
  readonly deviceCodes: DeviceCodes;
  readonly codes: AuthorizationCodes;
}

/** Where a form was sent. */
export interface TokenPath {
  readonly form: Form;
  /** The tenant that the path names; undefined for `common`, `organizations` and paths that name none. */
  readonly tenant: TenantRecord | undefined;
  readonly onHost: boolean;
  readonly peer: string;
}

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
/** Microsoft's public clients that users sign in with: the Azure CLI, Azure PowerShell, Visual Studio Code, the SDKs' developer sign-on. docs/sources.md#sign-in */
const PUBLIC_CLIENTS: ReadonlySet<string> = new Set([
  '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
  '1950a258-227b-4e31-a9cf-717495945fc2',
  'aebc6443-996d-45c2-90f0-388ff96faa56',
]);
/** Scopes that ask for no resource (OpenID Connect Core 1.0 sections 5.4 and 11). */
const OPENID_SCOPES: ReadonlySet<string> = new Set(['openid', 'profile', 'offline_access', 'email']);

/** @throws SignInFault, Fault: what the plane renders. */
export async function tokenReply(request: Request, rooms: TokenRooms, path: TokenPath): Promise<Reply> {
  const form = await readForm(request);
  requireSingle(form);
  const grant = required(form, 'grant_type');
  switch (grant) {
    case 'client_credentials':
      return applicationReply(request, form, rooms, path);
    case 'password': {
      const clientId = await clientOf(request, form, rooms, path);
      const user = await rooms.users.byPassword(required(form, 'username'), required(form, 'password'), path);
      return userReply(request, form, user, { clientId, scope: form.get('scope') ?? '' }, rooms, path);
    }
    case 'refresh_token': {
      const clientId = await clientOf(request, form, rooms, path);
      const user = await rooms.users.byRefreshToken(required(form, 'refresh_token'), clientId, path.tenant);
      return userReply(request, form, user, { clientId, scope: form.get('scope') ?? '' }, rooms, path);
    }
    case 'device_code':
    case DEVICE_CODE: {
      const clientId = await clientOf(request, form, rooms, path);
      const agreed = rooms.deviceCodes.redeem(form.get('device_code') ?? required(form, 'code'), clientId);
      if (agreed === 'pending') throw new SignInFault(70016, 'OAuth 2.0 device flow error. Authorization is pending. Continue polling.');
      if (agreed === 'expired')
        throw new SignInFault(70020, 'The provided value for the input parameter device_code is not valid. This device code has expired.');
      if (!agreed)
        throw new SignInFault(70000, "The provided value for the input parameter 'device_code' is not valid: it is unknown here, or was redeemed already.");
      const user = await rooms.users.byObjectId(agreed.approvedBy, path.tenant);
      return userReply(request, form, user, { clientId, scope: form.get('scope') ?? agreed.scope }, rooms, path);
    }
    case 'authorization_code': {
      const clientId = await clientOf(request, form, rooms, path);
      const { code, verifier } = { code: required(form, 'code'), verifier: form.get('code_verifier') ?? '' };
      const { objectId, scope, nonce } = rooms.codes.redeem(code, { clientId, redirectUri: required(form, 'redirect_uri'), verifier });
      const user = await rooms.users.byObjectId(objectId, path.tenant);
      return userReply(request, form, user, { clientId, scope: form.get('scope') ?? scope, nonce }, rooms, path);
    }
    default:
      throw new SignInFault(
        70003,
        `The app requested an unsupported grant type '${grant.slice(0, 100)}'. This server supports client_credentials, password, refresh_token, authorization_code and ${DEVICE_CODE}.`,
      );
  }
}

/** RFC 8628 section 3.1: what the device shows its user. `page` is where a person on this server's host goes. */
export async function deviceCodeReply(request: Request, rooms: TokenRooms, path: TokenPath, page: string): Promise<Reply> {
  const form = await readForm(request);
  requireSingle(form);
  const clientId = await clientOf(request, form, rooms, path);
  const scope = form.get('scope') ?? form.get('resource') ?? '';
  const { userCode, deviceCode, expiresInSeconds, intervalSeconds } = rooms.deviceCodes.issue({ clientId, scope, tenantId: path.tenant?.id });
  const answer = {
    user_code: userCode,
    device_code: deviceCode,
    // v1.0 names it so.
    verification_uri: page,
    verification_url: page,
    expires_in: expiresInSeconds,
    interval: intervalSeconds,
    message: `To sign in, use a web browser to open the page ${page} and enter the code ${userCode} to authenticate.`,
  };
  return jsonReply(200, answer, NO_STORE);
}

async function applicationReply(request: Request, form: URLSearchParams, rooms: TokenRooms, path: TokenPath): Promise<Reply> {
  if (!carriesClientProof(request, form)) required(form, 'client_id');
  const endpoints = endpointsOf(request, path);
  const client = await authenticateClient(request, form, rooms, { tenant: path.tenant, endpoints });
  const { resource } = resourceOf(form, form.get('scope') ?? '', request, path, 'application');
  const { token, expiresInSeconds } = await rooms.tokens.issueAccess({ audience: resource, principal: client.identity, provedBy: client.provedBy });
  return tokenAnswer({ token, expiresInSeconds, resource }, rooms.clock, path);
}

async function userReply(
  request: Request,
  form: URLSearchParams,
  user: SignedIn,
  asked: { clientId: string; scope: string; nonce?: string | undefined },
  rooms: TokenRooms,
  path: TokenPath,
): Promise<Reply> {
  request.trace.push({ check: 'identity', ok: true, detail: `user ${user.upn}, object ${user.objectId}, by client ${asked.clientId}` });
  const { resource, scopes, openid } = resourceOf(form, asked.scope, request, path, 'user');
  const client = { appId: asked.clientId, scopes: 'user_impersonation' };
  const { token, expiresInSeconds } = await rooms.tokens.issueAccess({ audience: resource, principal: user, client });
  const version1 = path.form === 'v1.0';
  const issuer = `https://${request.authority}/${user.tenantId}/${path.form === 'adfs' ? '' : 'v2.0'}`;
  return tokenAnswer({ token, expiresInSeconds, resource }, rooms.clock, path, {
    scope: scopes.join(' '),
    ...(openid.has('offline_access') || version1 ? { refresh_token: rooms.users.refreshToken(user, asked.clientId) } : {}),
    ...(openid.has('openid') || version1 ? { id_token: await rooms.tokens.issueId({ user, clientId: asked.clientId, issuer, nonce: asked.nonce }) } : {}),
    ...(form.get('client_info') === '1' && path.form !== 'adfs' ? { client_info: clientInfo(user) } : {}),
  });
}

/** Who the account is, in MSAL's own words. */
function clientInfo({ objectId, tenantId }: SignedIn): string {
  return Buffer.from(JSON.stringify({ uid: objectId, utid: tenantId })).toString('base64url');
}

function tokenAnswer(
  { token, expiresInSeconds, resource }: { token: string; expiresInSeconds: number; resource: string },
  clock: Clock,
  path: TokenPath,
  more: Record<string, string> = {},
): Reply {
  const now = Math.floor(clock.now() / 1000);
  const numbers =
    path.form === 'v1.0'
      ? // The v1.0 endpoint writes its numbers as strings.
        {
          expires_in: String(expiresInSeconds),
          ext_expires_in: String(expiresInSeconds),
          expires_on: String(now + expiresInSeconds),
          not_before: String(now),
          resource,
        }
      : { expires_in: expiresInSeconds, ext_expires_in: expiresInSeconds };
  return jsonReply(200, { token_type: 'Bearer', ...numbers, access_token: token, ...more }, NO_STORE);
}

/** The client of a user's sign-in: one that is known as public, or an application of the directory, which proves itself if it sends a proof. @throws SignInFault */
async function clientOf(request: Request, form: URLSearchParams, rooms: TokenRooms, path: TokenPath): Promise<string> {
  if (carriesClientProof(request, form)) {
    const { identity } = await authenticateClient(request, form, rooms, { tenant: path.tenant, endpoints: endpointsOf(request, path) });
    return identity.appId as string;
  }
  const clientId = required(form, 'client_id').toLowerCase();
  await requireClient(clientId, rooms, path.tenant);
  return clientId;
}

/** @throws SignInFault 700016 for a client that nobody knows. */
export async function requireClient(clientId: string, { directory, tokens }: ClientRooms, tenant: TenantRecord | undefined): Promise<void> {
  if (PUBLIC_CLIENTS.has(clientId)) return;
  const record = await directory.findByAppId(clientId);
  if (record && (tenant === undefined || record.tenantId === tenant.id)) return;
  throw new SignInFault(
    700016,
    `Application with identifier '${clientId.slice(0, 100)}' was not found in the directory '${tenant?.id ?? tokens.tenantId}'. This can happen if the application has not been installed by the administrator of the tenant.`,
  );
}

/** What assertions may name as their audience: every token endpoint and issuer of this server, lower case and without a slash at the end. */
function endpointsOf(request: Request, path: TokenPath): ReadonlySet<string> {
  const found = new Set<string>();
  for (const host of [request.authority.toLowerCase(), 'login.microsoftonline.com']) {
    found.add(`https://${host}/adfs/oauth2/token`).add(`https://${host}/adfs`);
    const tenants = [path.tenant?.id, path.tenant?.domain.toLowerCase(), 'common', 'organizations'].filter((name) => name !== undefined);
    for (const name of tenants)
      for (const end of ['oauth2/token', 'oauth2/v2.0/token', 'v2.0', '']) found.add(`https://${host}/${name}/${end}`.replace(/\/$/, ''));
  }
  // An assertion that MSAL made from other metadata than this path's form.
  found.add(`https://${request.authority.toLowerCase()}${request.path.toLowerCase().replace(/\/$/, '')}`);
  return found;
}

/**
 * The resource that is asked for: by `resource`, or by scopes below one resource. `X/.default` loses exactly `/.default`, so an audience that ends in a slash
 * keeps it. Users may name single permissions (`X/user_impersonation`); names without a resource, and no scope at all, stand for the directory (`User.Read`).
 */
function resourceOf(
  form: URLSearchParams,
  asked: string,
  request: Request,
  path: TokenPath,
  who: 'application' | 'user',
): { resource: string; scopes: readonly string[]; openid: ReadonlySet<string> } {
  const words = asked.split(/\s+/).filter((scope) => scope !== '');
  const openid = new Set(words.filter((word) => OPENID_SCOPES.has(word)));
  const scopes = words.filter((word) => !OPENID_SCOPES.has(word));
  const version1 = path.form !== 'v2.0' ? form.get('resource') : null;
  let named: string;
  if (version1) named = version1;
  else {
    if (scopes.length === 0 && who === 'application')
      throw new SignInFault(900144, `The request body must contain the following parameter: '${path.form === 'v1.0' ? 'resource' : 'scope'}'.`);
    if (scopes.length > 1 && who === 'application') throw new SignInFault(70011, 'The provided request must include one scope: tokens are for one resource.');
    const resources = [...new Set(scopes.map((scope) => resourceOfScope(scope, who)))];
    if (resources.length > 1)
      throw new SignInFault(
        70011,
        `The provided request must include scopes of one resource, not of ${resources.join(' and ').slice(0, 300)}: tokens are for one resource.`,
      );
    named = resources[0] ?? (GRAPH_AUDIENCES[0] as string);
  }
  const resource = known(named, request, path);
  // MSAL finds a token again only under the scopes that it asked for.
  const granted = [...new Set([...scopes, `${named}/user_impersonation`, ...openid])];
  return { resource, scopes: granted, openid };
}

function resourceOfScope(scope: string, who: 'application' | 'user'): string {
  if (scope.endsWith('/.default')) return scope.slice(0, -'/.default'.length);
  if (who === 'application')
    throw new SignInFault(
      1002012,
      `The provided value for scope ${scope.slice(0, 200)} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    );
  return scope.includes('://') ? scope.slice(0, scope.lastIndexOf('/')) : (GRAPH_AUDIENCES[0] as string);
}

/** @throws SignInFault 500011 */
function known(named: string, request: Request, path: TokenPath): string {
  if (isKnownResource(named)) return named;
  // On the host the directory has no name but this listener's, so clients that take its address for the audience ask for that.
  if (path.onHost && named.replace(/\/$/, '').toLowerCase() === `https://${request.authority.toLowerCase()}`) return GRAPH_AUDIENCES[0] as string;
  throw new SignInFault(
    500011,
    `The resource principal named ${named.slice(0, 200)} was not found in the tenant. Tokens are issued for ${MANAGEMENT_AUDIENCES[0]}, ${GRAPH_AUDIENCES[0]}, ${REGISTRY_AUDIENCE} and ${EXCHANGE_AUDIENCE}.`,
  );
}
