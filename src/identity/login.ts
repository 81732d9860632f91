/**
 * The sign-in plane: login.microsoftonline.com inside machines, and the same paths on the management listener, there also in the
 * `/adfs` form that the Azure CLI needs for an authority it does not know. OAuth 2.0 client credentials (RFC 6749 section 4.4), in Microsoft Entra ID's words.
 */
import { randomUUID } from 'node:crypto';
import { type Clock, isoTime } from '#base/clock.ts';
import { asFault } from '#base/fault.ts';
import { readForm } from '#http/body.ts';
import { jsonReply, type Plane, type Reply, type Request } from '#http/message.ts';
import type { Directory } from './directory.ts';
import { GRAPH_AUDIENCES, isKnownResource, MANAGEMENT_AUDIENCES, REGISTRY_AUDIENCE, type Tokens } from './tokens.ts';

export interface LoginOptions {
  readonly tokens: Tokens;
  readonly directory: Directory;
  readonly tenantId: string;
  readonly clock: Clock;
  /** The registries' DNS suffix inside machines, and on the host: for `/metadata/endpoints`. */
  readonly domain?: string;
  readonly hostDomain?: string;
}

/** Paths of this plane on the management listener, where it shares the host with the control plane, whose paths never look so. */
export function isLoginPath(path: string): boolean {
  return ROUTE.test(path) || /^\/metadata\/endpoints\/?$/i.test(path);
}

/** `/adfs/...` may name a tenant behind it; everything else in front of the noun is the tenant. */
const ROUTE =
  /^(?:\/(?<federated>adfs)(?:\/(?<inner>[A-Za-z0-9.-]{1,100}))??|\/(?<tenant>[A-Za-z0-9.-]{1,100}))?\/(?<noun>oauth2(?:\/v2\.0)?\/token|(?:v2\.0\/)?\.well-known\/openid-configuration|discovery(?:\/v2\.0)?\/keys|discovery\/instance)\/?$/i;

/** The Entra errors that we give. Status and OAuth code as Entra answers them. */
const ERRORS = {
  70011: [400, 'invalid_scope'],
  70003: [400, 'unsupported_grant_type'],
  90002: [400, 'invalid_request'],
  90014: [400, 'invalid_request'],
  90023: [429, 'temporarily_unavailable'],
  500011: [400, 'invalid_resource'],
  700016: [400, 'unauthorized_client'],
  900144: [400, 'invalid_request'],
  7000215: [401, 'invalid_client'],
  7000216: [401, 'invalid_client'],
  7000229: [400, 'unauthorized_client'],
  1002012: [400, 'invalid_scope'],
} as const;

/** A refusal of the token endpoint: an AADSTS code and its text. */
class SignInFault extends Error {
  readonly code: keyof typeof ERRORS;
  constructor(code: keyof typeof ERRORS, message: string) {
    super(message);
    this.code = code;
  }
}

export function loginPlane(options: LoginOptions): Plane {
  const { tenantId } = options;
  return async (request, arrival) => {
    if (/^\/metadata\/endpoints\/?$/i.test(request.path)) return cloudMetadata(request, options, arrival.via === 'management');
    const { federated: adfs, tenant, inner, noun = '' } = ROUTE.exec(request.path)?.groups ?? {};
    if (noun === '') return plain(404, { error: 'not_found', error_description: `Nothing is at '${request.path.slice(0, 200)}'.` });
    const federated = adfs !== undefined;
    const asked = (inner ?? tenant)?.toLowerCase();
    const route = noun.toLowerCase();
    const method = route.endsWith('/token') ? 'POST' : 'GET';
    if (request.method !== method && !(method === 'GET' && request.method === 'HEAD'))
      return plain(405, { error: 'invalid_request', error_description: `'${request.path.slice(0, 200)}' takes ${method}.` }, { allow: method });
    try {
      if (route !== 'discovery/instance' && !route.endsWith('keys') && asked !== undefined && !isTenant(asked, tenantId))
        throw new SignInFault(90002, `Tenant '${asked}' not found. This server has one tenant, '${tenantId}'. Check that you have the correct tenant ID.`);
      if (method === 'POST')
        return await issue(request, options, { version1: federated || !route.includes('v2.0'), federated, onHost: arrival.via === 'management' });
      if (route.endsWith('keys')) return plain(200, options.tokens.directoryKeys, CACHEABLE);
      if (route.endsWith('instance')) return plain(200, instanceDiscovery(request, tenantId), CACHEABLE);
      return plain(200, openIdConfiguration(request, options, federated ? 'adfs' : route.startsWith('v2.0') ? 'v2.0' : 'v1.0'), CACHEABLE);
    } catch (error) {
      return refusal(request, error, options.clock);
    }
  };
}

/** `common` and `organizations` are Entra's words for "the tenant of whoever signs in". */
function isTenant(name: string, tenantId: string): boolean {
  return name === tenantId.toLowerCase() || name === 'common' || name === 'organizations' || name === 'postern';
}

const CACHEABLE = { 'cache-control': 'max-age=86400, private' };
const NO_STORE = { 'cache-control': 'no-store, no-cache', pragma: 'no-cache' };

function plain(status: number, body: unknown, headers: Record<string, string> = NO_STORE): Reply {
  return jsonReply(status, body, headers);
}

/** The token endpoint. `version1`: the resource may be named by `resource`. */
async function issue(request: Request, options: LoginOptions, asked: { version1: boolean; federated: boolean; onHost: boolean }): Promise<Reply> {
  const { version1, federated, onHost } = asked;
  const form = await readForm(request);
  const grant = required(form, 'grant_type');
  if (grant !== 'client_credentials')
    throw new SignInFault(70003, `The app requested an unsupported grant type '${grant.slice(0, 100)}'. This server supports 'client_credentials'.`);
  const basic = basicCredentials(request.headers.authorization);
  const appId = basic?.appId ?? required(form, 'client_id');
  const secret = basic?.secret ?? form.get('client_secret');
  if (!secret) throw new SignInFault(7000216, "'client_secret' is required for the 'client_credentials' grant type.");
  const named = resourceOf(form, version1);
  // On the host the directory has no name but this listener's, so clients that take its address for the audience ask for that.
  const own = onHost && !isKnownResource(named) && named.replace(/\/$/, '').toLowerCase() === `https://${request.authority.toLowerCase()}`;
  const resource = own ? (GRAPH_AUDIENCES[0] as string) : named;
  if (!isKnownResource(resource))
    throw new SignInFault(
      500011,
      `The resource principal named ${resource.slice(0, 200)} was not found in the tenant. Tokens are issued for ${MANAGEMENT_AUDIENCES[0]}, ${GRAPH_AUDIENCES[0]} and ${REGISTRY_AUDIENCE}.`,
    );

  const identity = await options.directory.verifySecret(appId, secret);
  if (!identity) {
    const known = await options.directory.findByAppId(appId);
    request.trace.push({ check: 'identity', ok: false, detail: known ? `wrong secret for application ${known.appId}` : 'unknown application' });
    if (!known)
      throw new SignInFault(
        700016,
        `Application with identifier '${appId.slice(0, 100)}' was not found in the directory '${options.tenantId}'. You may have sent your authentication request to the wrong tenant.`,
      );
    if (known.objectId === undefined)
      throw new SignInFault(7000229, `The client application ${known.appId} is missing service principal in the tenant ${options.tenantId}.`);
    throw new SignInFault(
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${known.appId}', and that it has not expired.`,
    );
  }
  request.trace.push({ check: 'identity', ok: true, detail: `application ${identity.appId}, object ${identity.objectId}` });
  const { token, expiresInSeconds } = await options.tokens.issueAccess({ audience: resource, principal: identity });
  const now = Math.floor(options.clock.now() / 1000);
  const answer =
    version1 && !federated
      ? // The v1.0 endpoint writes its numbers as strings.
        {
          token_type: 'Bearer',
          expires_in: String(expiresInSeconds),
          ext_expires_in: String(expiresInSeconds),
          expires_on: String(now + expiresInSeconds),
          not_before: String(now),
          resource,
          access_token: token,
        }
      : { token_type: 'Bearer', expires_in: expiresInSeconds, ext_expires_in: expiresInSeconds, access_token: token };
  return plain(200, answer);
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (!value) throw new SignInFault(900144, `The request body must contain the following parameter: '${name}'.`);
  return value;
}

/** Client credentials by HTTP Basic (RFC 6749 section 2.3.1): both parts form-encoded first. */
function basicCredentials(header: string | undefined): { appId: string; secret: string } | undefined {
  const match = /^basic +([A-Za-z0-9+/=]+)$/i.exec(header ?? '');
  const [, appId = '', secret = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(match?.[1] ?? '', 'base64').toString('utf8')) ?? [];
  const decode = (text: string): string => new URLSearchParams(`x=${text}`).get('x') ?? '';
  return appId === '' ? undefined : { appId: decode(appId), secret: decode(secret) };
}

/** The audience that is asked for: `resource`, or a `scope` of one resource with `/.default`, of which exactly that is taken off. */
function resourceOf(form: URLSearchParams, version1: boolean): string {
  const named = version1 ? form.get('resource') : null;
  let resource = named;
  if (!resource) {
    const scopes = (form.get('scope') ?? '').split(' ').filter((scope) => scope !== '' && !['openid', 'profile', 'offline_access', 'email'].includes(scope));
    if (scopes.length === 0) throw new SignInFault(900144, `The request body must contain the following parameter: '${version1 ? 'resource' : 'scope'}'.`);
    if (scopes.length > 1) throw new SignInFault(70011, 'The provided request must include one scope: tokens are for one resource.');
    const scope = scopes[0] as string;
    if (!scope.endsWith('/.default'))
      throw new SignInFault(
        1002012,
        `The provided value for scope ${scope.slice(0, 200)} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
      );
    resource = scope.slice(0, -'/.default'.length);
  }
  return resource;
}

function refusal(request: Request, thrown: unknown, clock: Clock): Reply {
  const timestamp = `${isoTime(clock).slice(0, 19).replace('T', ' ')}Z`;
  if (!(thrown instanceof SignInFault)) {
    const fault = asFault(thrown);
    if (fault.kind === 'internal') throw thrown;
    const code = fault.kind === 'throttled' ? 'temporarily_unavailable' : 'invalid_request';
    return jsonReply(fault.status, { error: code, error_description: fault.message, trace_id: request.id, timestamp }, { ...NO_STORE, ...fault.headers });
  }
  const [status, error] = ERRORS[thrown.code];
  const correlation = request.headers['client-request-id'];
  const correlationId = typeof correlation === 'string' && /^[0-9a-f-]{36}$/i.test(correlation) ? correlation : randomUUID();
  return plain(status, {
    error,
    error_description: `AADSTS${thrown.code}: ${thrown.message} Trace ID: ${request.id} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [thrown.code],
    timestamp,
    trace_id: request.id,
    correlation_id: correlationId,
  });
}

/** OpenID Connect Discovery 1.0 section 3, as far as MSAL and the Azure SDKs read it. */
function openIdConfiguration(request: Request, options: LoginOptions, form: 'adfs' | 'v1.0' | 'v2.0'): object {
  const root = `https://${request.authority}`;
  const base = form === 'adfs' ? `${root}/adfs` : `${root}/${options.tenantId}`;
  const version = form === 'v2.0' ? '/v2.0' : '';
  return {
    token_endpoint: `${base}/oauth2${version}/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    // No user signs in here; MSAL insists on the member.
    authorization_endpoint: `${base}/oauth2${version}/authorize`,
    jwks_uri: form === 'adfs' ? `${base}/discovery/keys` : `${base}/discovery${version}/keys`,
    // The Azure CLI takes the tenant's id from the first segment of this path when it was given a name; v1.0 tokens say sts.windows.net.
    issuer: form === 'v1.0' ? options.tokens.issuerOf() : `${root}/${options.tenantId}/${form === 'v2.0' ? 'v2.0' : ''}`,
    response_types_supported: ['token'],
    grant_types_supported: ['client_credentials'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    tenant_region_scope: null,
    cloud_instance_name: 'microsoftonline.com',
  };
}

/** Which hosts are one authority, asked by MSAL before it trusts a host that it does not know. */
function instanceDiscovery(request: Request, tenantId: string): object {
  const hosts = [request.authority, 'login.microsoftonline.com'].filter((host, index, all) => all.indexOf(host) === index);
  return {
    tenant_discovery_endpoint: `https://${request.authority}/${tenantId}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: request.authority, preferred_cache: request.authority, aliases: hosts }],
  };
}

/** `/metadata/endpoints`: what a client needs to know of this cloud; an object for api-version 2015-01-01, a list of clouds from 2019-05-01 on. */
function cloudMetadata(request: Request, options: LoginOptions, onHost: boolean): Reply {
  const manager = `https://${request.authority}`;
  // Clients take this for the directory's address as well as for its audience.
  const graph = onHost ? `${manager}/` : GRAPH_AUDIENCES[0];
  const loginEndpoint = onHost ? `${manager}/adfs` : 'https://login.microsoftonline.com';
  // On the host no registry has its Azure name: that would send credentials to Azure's own servers.
  const registries = (onHost ? options.hostDomain : options.domain) ?? 'azurecr.io';
  const audiences = MANAGEMENT_AUDIENCES.slice(0, 2);
  if (request.query.get('api-version') === '2015-01-01')
    return plain(200, { galleryEndpoint: manager, graphEndpoint: manager, portalEndpoint: manager, authentication: { loginEndpoint, audiences } });
  return plain(200, [
    {
      name: 'Postern',
      portal: manager,
      authentication: { loginEndpoint, audiences, tenant: options.tenantId, identityProvider: onHost ? 'ADFS' : 'AAD' },
      resourceManager: `${manager}/`,
      graphAudience: graph,
      graph,
      microsoftGraphResourceId: graph,
      suffixes: { acrLoginServer: registries, storage: 'core.windows.net', keyVaultDns: 'vault.azure.net' },
    },
  ]);
}
