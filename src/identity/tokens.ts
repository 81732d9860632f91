/**
 * Tokens: issued and verified. Directory tokens carry the claims of Microsoft Entra ID v1.0 access tokens; registry tokens those of
 * Azure Container Registry (AAD-OAuth.md, samples). All are JWTs (RFC 7519) signed RS256; no other algorithm is ever accepted (RFC 8725 section 3.1).
 */
import { randomUUID } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { Clock } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import type { KeySet, SigningKeys } from './keys.ts';

export type PrincipalKind = 'ServicePrincipal' | 'ManagedIdentity' | 'User' | 'RegistryCredential' | 'Anonymous';

/**
 * Who a verified token or secret speaks for. `Anonymous` has empty ids; only registries with anonymous pull make it.
 * `RegistryCredential` is known to one registry alone, by its user name in `appId`; no directory token speaks for it.
 */
export interface Identity {
  readonly objectId: string;
  readonly tenantId: string;
  /** The client id of a service principal or managed identity. */
  readonly appId?: string;
  readonly kind: PrincipalKind;
  /** The ARM id of a managed identity, or of the machine that a system-assigned one belongs to. */
  readonly resourceId?: string;
  /** The user principal name of a user. */
  readonly upn?: string;
  /** The object ids of the groups it is in, also by way of other groups, as of now. */
  readonly groups?: readonly string[];
}

/** What a registry access token permits: the claim `access` of the docker token specification. */
export interface RegistryAccess {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Audiences that the control plane takes; Azure takes both names, each with and without the slash. */
export const MANAGEMENT_AUDIENCES: readonly string[] = [
  'https://management.azure.com/',
  'https://management.azure.com',
  'https://management.core.windows.net/',
  'https://management.core.windows.net',
];
/** The registries' own audience; the only one a registry takes whose `azureADAuthenticationAsArmPolicy` is disabled. */
export const REGISTRY_AUDIENCE = 'https://containerregistry.azure.net';

/** The directory subset's audience. */
export const GRAPH_AUDIENCES: readonly string[] = ['https://graph.microsoft.com/', 'https://graph.microsoft.com', 'https://graph.windows.net/'];

/** The audience of a token that stands for an application's secret elsewhere (workload identity federation). */
export const EXCHANGE_AUDIENCE = 'api://AzureADTokenExchange';

const RESOURCES: ReadonlySet<string> = new Set(
  [...MANAGEMENT_AUDIENCES, ...GRAPH_AUDIENCES, REGISTRY_AUDIENCE, `${REGISTRY_AUDIENCE}/`, EXCHANGE_AUDIENCE].map((resource) => resource.toLowerCase()),
);

/** Whether tokens are issued for this resource: the control plane, the registries, the directory, the exchange for an application's token. */
export function isKnownResource(resource: string): boolean {
  return RESOURCES.has(resource.toLowerCase());
}

export const ACCESS_SECONDS = 3600;
export const REFRESH_SECONDS = 3 * 3600;
export const REGISTRY_ACCESS_SECONDS = 75 * 60;
const REGISTRY_ISSUER = 'Azure Container Registry';
/** Tokens are valid from a little before they are made, as Azure's are: a clock may be set back by seconds. */
const NOT_BEFORE_SECONDS = 300;
const CACHE_SIZE = 10_000;

interface Verified<T> {
  readonly value: T;
  readonly expiresAtMs: number;
}

export class Tokens {
  readonly tenantId: string;
  readonly #keys: SigningKeys;
  readonly #clock: Clock;
  readonly #groupsOf: (objectId: string) => readonly string[];
  /** What was verified, by purpose and text, until it expires. Failures are not kept: they cost the sender, not us, a signature. */
  readonly #verified = new Map<string, Verified<JWTPayload>>();

  /** @param options.tenantId the first tenant, for principals that name none. `groupsOf` tells the groups of a principal as of now; nobody is in any without it. */
  constructor(options: { keys: SigningKeys; clock: Clock; tenantId: string; groupsOf?: (objectId: string) => readonly string[] }) {
    this.#keys = options.keys;
    this.#clock = options.clock;
    this.tenantId = options.tenantId;
    this.#groupsOf = options.groupsOf ?? (() => []);
  }

  /** The issuer of a tenant's directory tokens (v1.0 endpoint); the first tenant's unless said otherwise. */
  issuerOf(tenantId: string = this.tenantId): string {
    return `https://sts.windows.net/${tenantId}/`;
  }

  /** The directory's public keys, for `/discovery/keys`. */
  get directoryKeys(): ReturnType<SigningKeys['jwks']> {
    return this.#keys.jwks('directory');
  }

  /** An access token of the directory. Lifetime 3600 s unless given. */
  async issueAccess(options: {
    audience: string;
    /** Of the first tenant where it names none. */
    principal: Pick<Identity, 'objectId' | 'appId' | 'kind' | 'resourceId' | 'upn'> & { readonly tenantId?: string };
    lifetimeSeconds?: number;
    /** Of an application: how it proved itself. A secret unless given. */
    provedBy?: 'secret' | 'certificate';
    /** Of a user: the client it signed in with, and what the client asked for. */
    client?: { readonly appId: string; readonly scopes: string };
  }): Promise<{ token: string; expiresInSeconds: number }> {
    const { audience, principal, lifetimeSeconds = ACCESS_SECONDS, provedBy = 'secret', client } = options;
    // Whoever trusts tokens for the exchange names the directory by its v2.0 issuer, docs/sources.md#client-assertions.
    const version2 = audience === EXCHANGE_AUDIENCE;
    const tenantId = principal.tenantId ?? this.tenantId;
    const issuer = version2 ? `https://login.microsoftonline.com/${tenantId}/v2.0` : this.issuerOf(tenantId);
    const appId = client?.appId ?? principal.appId;
    const proof = client ? '0' : principal.kind === 'ManagedIdentity' || provedBy === 'certificate' ? '2' : '1';
    const token = await this.#sign('directory', lifetimeSeconds, {
      aud: audience,
      iss: issuer,
      ...(appId === undefined ? {} : { appid: appId, azp: appId, appidacr: proof, azpacr: proof }),
      idp: issuer,
      idtyp: principal.kind === 'User' ? 'user' : 'app',
      oid: principal.objectId,
      sub: principal.objectId,
      tid: tenantId,
      uti: randomUUID().replaceAll('-', ''),
      ver: version2 ? '2.0' : '1.0',
      ...(principal.resourceId === undefined ? {} : { xms_mirid: principal.resourceId }),
      ...(principal.kind === 'User' ? { amr: ['pwd'], scp: client?.scopes ?? 'user_impersonation' } : {}),
      ...(principal.upn === undefined ? {} : { upn: principal.upn, unique_name: principal.upn, name: principal.upn }),
    });
    return { token, expiresInSeconds: lifetimeSeconds };
  }

  /** Who a user is, told to the client it signed in with (OpenID Connect Core 1.0 section 2). No access token: its audience is the client. */
  async issueId(options: {
    user: Identity & { readonly displayName?: string };
    clientId: string;
    issuer: string;
    nonce?: string | undefined;
  }): Promise<string> {
    const { user, clientId, issuer, nonce } = options;
    return this.#sign('directory', ACCESS_SECONDS, {
      aud: clientId,
      iss: issuer,
      sub: user.objectId,
      oid: user.objectId,
      tid: user.tenantId,
      ver: '2.0',
      amr: ['pwd'],
      ...(nonce === undefined ? {} : { nonce }),
      ...(user.upn === undefined ? {} : { upn: user.upn, unique_name: user.upn, preferred_username: user.upn, name: user.displayName ?? user.upn }),
    });
  }

  /**
   * Who an access token of the directory speaks for, with the groups it is in now.
   * @throws Fault `InvalidAuthenticationToken` (unauthenticated) saying whether it is malformed, expired, or meant for another audience.
   */
  async verifyAccess(token: string, audiences: readonly string[]): Promise<Identity> {
    try {
      const claims = await this.#verify('directory', token, undefined, audiences);
      if (claims.iss !== this.issuerOf(text(claims.tid))) throw new errors.JWTClaimValidationFailed('unexpected issuer', claims, 'iss');
      const kind: PrincipalKind = claims.idtyp === 'user' ? 'User' : claims.xms_mirid === undefined ? 'ServicePrincipal' : 'ManagedIdentity';
      const groups = this.#groupsOf(text(claims.oid));
      return {
        objectId: text(claims.oid),
        tenantId: text(claims.tid),
        kind,
        // A user's token names the client that it signed in with, which is not who it is.
        ...(claims.appid === undefined || kind === 'User' ? {} : { appId: text(claims.appid) }),
        ...(claims.xms_mirid === undefined ? {} : { resourceId: text(claims.xms_mirid) }),
        ...(claims.upn === undefined ? {} : { upn: text(claims.upn) }),
        ...(groups.length === 0 ? {} : { groups }),
      };
    } catch (error) {
      throw this.#refusal(error, 'InvalidAuthenticationToken', audiences);
    }
  }

  /** Whether tokens of this issuer are signed here: its v1.0 or v2.0 name for any tenant. */
  isOwnIssuer(issuer: string): boolean {
    return /^https:\/\/(?:sts\.windows\.net\/[0-9a-f-]{36}\/|login\.microsoftonline\.com\/[0-9a-f-]{36}\/v2\.0)$/i.test(issuer);
  }

  /** The claims of a token that the directory issued for one of the audiences; undefined when it did not, or it is not valid now. */
  async verifyOwn(token: string, audiences: readonly string[]): Promise<JWTPayload | undefined> {
    return this.#verify('directory', token, undefined, audiences).catch(() => undefined);
  }

  /** A refresh token of one registry (3 h). `service` is its login server. */
  async issueRefresh(options: { service: string; identity: Identity }): Promise<string> {
    return this.#sign('registry', REFRESH_SECONDS, {
      ...registryClaims(options.service, options.identity),
      grant_type: 'refresh_token',
      tenant: options.identity.tenantId,
      permissions: { actions: ['read', 'write', 'delete'], notActions: null },
    });
  }

  /**
   * Who a refresh token speaks for, at the registry it was issued for only.
   * @throws Fault `UNAUTHORIZED` (unauthenticated).
   */
  async verifyRefresh(token: string, service: string): Promise<Identity> {
    return identityOf(await this.#verifyRegistry(token, service, 'refresh_token'));
  }

  /** An access token of one registry (75 min). */
  async issueRegistryAccess(options: {
    service: string;
    identity: Identity;
    access: readonly RegistryAccess[];
  }): Promise<{ token: string; expiresInSeconds: number }> {
    const token = await this.#sign('registry', REGISTRY_ACCESS_SECONDS, {
      ...registryClaims(options.service, options.identity),
      grant_type: 'access_token',
      tenant: options.identity.tenantId,
      access: options.access,
    });
    return { token, expiresInSeconds: REGISTRY_ACCESS_SECONDS };
  }

  /**
   * What an access token permits, at the registry it was issued for only.
   * @throws Fault `UNAUTHORIZED` (unauthenticated).
   */
  async verifyRegistryAccess(token: string, service: string): Promise<{ identity: Identity; access: readonly RegistryAccess[] }> {
    const claims = await this.#verifyRegistry(token, service, 'access_token');
    return { identity: identityOf(claims), access: claims.access as readonly RegistryAccess[] };
  }

  async #verifyRegistry(token: string, service: string, grantType: string): Promise<JWTPayload> {
    try {
      const claims = await this.#verify('registry', token, REGISTRY_ISSUER, [service]);
      if (claims.grant_type !== grantType) throw new Error(`it is no ${grantType}`);
      return claims;
    } catch (error) {
      throw this.#refusal(error, 'UNAUTHORIZED', [service]);
    }
  }

  async #sign(set: KeySet, lifetimeSeconds: number, claims: JWTPayload): Promise<string> {
    const key = await this.#keys.signing(set);
    const now = Math.floor(this.#clock.now() / 1000);
    return new SignJWT({ jti: randomUUID(), iat: now, nbf: now - NOT_BEFORE_SECONDS, exp: now + lifetimeSeconds, ...claims })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.id, x5t: key.id })
      .sign(key.privateKey);
  }

  async #verify(set: KeySet, token: string, issuer: string | undefined, audiences: readonly string[]): Promise<JWTPayload> {
    const now = this.#clock.now();
    const name = `${set} ${audiences.join(' ')} ${token}`;
    const kept = this.#verified.get(name);
    if (kept) {
      if (kept.expiresAtMs > now) return kept.value;
      this.#verified.delete(name);
    }
    const { payload } = await jwtVerify(
      token,
      ({ kid }) => {
        const key = kid === undefined ? undefined : this.#keys.verification(set, kid);
        if (!key) throw new errors.JWKSNoMatchingKey();
        return key;
      },
      {
        algorithms: ['RS256'],
        ...(issuer === undefined ? {} : { issuer }),
        audience: [...audiences],
        requiredClaims: ['exp', 'nbf', 'iat', 'sub'],
        currentDate: new Date(now),
      },
    );
    if (this.#verified.size >= CACHE_SIZE) this.#verified.delete(this.#verified.keys().next().value as string);
    this.#verified.set(name, { value: payload, expiresAtMs: (payload.exp as number) * 1000 });
    return payload;
  }

  #refusal(error: unknown, code: string, audiences: readonly string[]): Fault {
    let message = 'The token is not valid here: it is malformed or not signed by this server.';
    if (error instanceof errors.JWTExpired)
      message = `The token expired at ${new Date((error.payload.exp ?? 0) * 1000).toISOString()}; it is now ${new Date(this.#clock.now()).toISOString()}. Get a new one.`;
    else if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud')
      message = `The token is for the audience '${String(error.payload.aud).slice(0, 200)}'; this needs one for '${audiences[0]}'.`;
    else if (error instanceof errors.JWTClaimValidationFailed) message = `The token is not valid here: its claim '${error.claim}' does not hold.`;
    const authenticate = `Bearer authorization_uri="https://login.microsoftonline.com/${this.tenantId}", error="invalid_token", error_description="${message}"`;
    return new Fault('unauthenticated', code, message, { cause: error, ...(code === 'UNAUTHORIZED' ? {} : { headers: { 'www-authenticate': authenticate } }) });
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function registryClaims(service: string, identity: Identity): JWTPayload {
  return {
    iss: REGISTRY_ISSUER,
    aud: service,
    sub: identity.appId ?? identity.objectId,
    version: '1.0',
    roles: [],
    // ACR's samples have no object id; ours carry the whole identity, so that rights follow role assignments and not the lifetime of the token.
    oid: identity.objectId,
    kind: identity.kind,
    ...(identity.appId === undefined ? {} : { appid: identity.appId }),
    ...(identity.resourceId === undefined ? {} : { xms_mirid: identity.resourceId }),
    ...(identity.upn === undefined ? {} : { upn: identity.upn }),
  };
}

function identityOf(claims: JWTPayload): Identity {
  return {
    objectId: text(claims.oid),
    tenantId: text(claims.tenant),
    kind: claims.kind as PrincipalKind,
    ...(claims.appid === undefined ? {} : { appId: text(claims.appid) }),
    ...(claims.xms_mirid === undefined ? {} : { resourceId: text(claims.xms_mirid) }),
    ...(claims.upn === undefined ? {} : { upn: text(claims.upn) }),
  };
}
