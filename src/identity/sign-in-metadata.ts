/** What clients ask about the sign-in service before they sign in: OpenID metadata, which hosts are one authority, what a cloud consists of, whose domain a user's is. */
import { jsonReply, type Reply, type Request } from '#http/message.ts';
import { GRAPH_AUDIENCES, MANAGEMENT_AUDIENCES } from './tokens.ts';

export const CACHEABLE = { 'cache-control': 'max-age=86400, private' };

/** How the paths below an authority are formed; `adfs` is what the Azure CLI takes an authority for that it does not know, docs/sources.md#sign-in. */
export type Form = 'adfs' | 'v1.0' | 'v2.0';

/**
 * OpenID Connect Discovery 1.0 section 3, as far as MSAL and the Azure SDKs read it.
 * @param asked the tenant as the path names it, `common` and `organizations` included; undefined where the path names none.
 * @param tenantId the tenant that the name stands for; undefined for any.
 */
export function openIdConfiguration(request: Request, form: Form, asked: string | undefined, tenantId: string | undefined, firstTenantId: string): object {
  const root = `https://${request.authority}`;
  const named = tenantId ?? asked ?? firstTenantId;
  const base = form === 'adfs' ? `${root}/adfs` : `${root}/${named}`;
  const version = form === 'v2.0' ? '/v2.0' : '';
  // Entra writes the place of the tenant into the issuer of those who sign in from anywhere.
  const issuerTenant = tenantId ?? (asked === undefined ? firstTenantId : '{tenantid}');
  return {
    token_endpoint: `${base}/oauth2${version}/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic', 'private_key_jwt'],
    authorization_endpoint: `${base}/oauth2${version}/authorize`,
    device_authorization_endpoint: `${base}/oauth2${version}/devicecode`,
    jwks_uri: form === 'adfs' ? `${base}/discovery/keys` : `${base}/discovery${version}/keys`,
    // The Azure CLI takes the tenant's id from the first segment of this path when it was given a name; v1.0 tokens say sts.windows.net.
    issuer: form === 'v1.0' ? `https://sts.windows.net/${issuerTenant}/` : `${root}/${issuerTenant}/${form === 'v2.0' ? 'v2.0' : ''}`,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    grant_types_supported: ['client_credentials', 'authorization_code', 'refresh_token', 'password', 'urn:ietf:params:oauth:grant-type:device_code'],
    code_challenge_methods_supported: ['S256'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'nonce', 'preferred_username', 'upn', 'name', 'tid', 'oid', 'ver'],
    tenant_region_scope: null,
    cloud_instance_name: 'microsoftonline.com',
  };
}

/** Which hosts are one authority, asked by MSAL before it trusts a host that it does not know, and when it looks for tokens it has. */
export function instanceDiscovery(request: Request, tenantId: string): object {
  const hosts = [request.authority, 'login.microsoftonline.com'].filter((host, index, all) => all.indexOf(host) === index);
  return {
    tenant_discovery_endpoint: `https://${request.authority}/${tenantId}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: request.authority, preferred_cache: request.authority, aliases: hosts }],
  };
}

/** Where a user signs in: MSAL asks this before it sends a password. Nobody's domain is federated with another directory. */
export function userRealm(user: string, known: boolean): object {
  return {
    ver: '1.0',
    account_type: known ? 'Managed' : 'Unknown',
    domain_name: user.slice(user.indexOf('@') + 1),
    cloud_instance_name: 'microsoftonline.com',
    cloud_audience_urn: 'urn:federation:MicrosoftOnline',
  };
}

/** What a cloud is made of, for `cloudMetadata`. */
export interface CloudOptions {
  readonly tenantId: string;
  readonly onHost: boolean;
  /** The suffix of registries' login servers, without a dot in front. */
  readonly registries: string;
}

/** The version that answers with one cloud again, docs/sources.md#cloud-metadata. */
const ONE_CLOUD = '2022-09-01';

/**
 * `/metadata/endpoints`: what a client needs to know of this cloud. Three shapes by api-version: the endpoints alone (2015-01-01), a list of clouds (2019-05-01 and
 * what followed), one cloud (2022-09-01 and later, which `az cloud register` of today asks for).
 */
export function cloudMetadata(request: Request, options: CloudOptions): Reply {
  const { onHost } = options;
  const manager = `https://${request.authority}`;
  // Clients take this for the directory's address as well as for its audience.
  const graph = onHost ? `${manager}/` : GRAPH_AUDIENCES[0];
  const loginEndpoint = onHost ? `${manager}/adfs` : 'https://login.microsoftonline.com';
  const audiences = MANAGEMENT_AUDIENCES.slice(0, 2);
  const version = request.query.get('api-version') ?? '';
  const endpoints = { galleryEndpoint: manager, graphEndpoint: graph, portalEndpoint: manager };
  if (version === '2015-01-01') return jsonReply(200, { ...endpoints, authentication: { loginEndpoint, audiences } });
  const cloud = {
    name: onHost ? 'Postern' : 'AzureCloud',
    portal: manager,
    gallery: manager,
    authentication: { loginEndpoint, audiences, tenant: onHost ? options.tenantId : 'common', identityProvider: onHost ? 'ADFS' : 'AAD' },
    // Clients put paths behind it that begin with a slash.
    resourceManager: manager,
    graphAudience: graph,
    graph,
    microsoftGraphResourceId: graph,
    suffixes: { acrLoginServer: options.registries, storage: 'core.windows.net', keyVaultDns: 'vault.azure.net' },
  };
  return jsonReply(200, version >= ONE_CLOUD ? { ...endpoints, ...cloud } : [cloud]);
}
