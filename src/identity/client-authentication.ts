/**
 * How an application proves itself at a token endpoint: by its secret (RFC 6749 section 2.3.1), by an assertion signed with the key of one of its certificates
 * (RFC 7523 section 2.2), or by a token of an issuer that it federates with. Nothing is fetched: other issuers' keys are those kept with the credential.
 */
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
  type ProtectedHeaderParameters,
} from 'jose';
import type { Clock } from '#base/clock.ts';
import type { Request } from '#http/message.ts';
import type { FederatedCredentialRecord, KeyRecord } from '#store/application-credentials.ts';
import type { PrincipalRecord } from '#store/principals.ts';
import type { TenantRecord } from '#store/tenants.ts';
import type { Directory } from './directory.ts';
import { required, SignInFault } from './sign-in-faults.ts';
import type { Identity, Tokens } from './tokens.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** Those of certificates; federated issuers may also sign by elliptic curves. Never `none`, never a shared secret (RFC 8725 section 3.1). */
const CERTIFICATE_ALGORITHMS = ['RS256', 'PS256'];
const FEDERATED_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** Clocks differ. */
const TOLERANCE_SECONDS = 300;

/** An application that has proved itself, and how. */
export interface Client {
  readonly identity: Identity;
  readonly provedBy: 'secret' | 'certificate';
}

export interface ClientRooms {
  readonly directory: Directory;
  readonly tokens: Tokens;
  readonly clock: Clock;
}

/** Whether the request carries any proof of a client; public clients, which only name themselves, carry none. */
export function carriesClientProof(request: Request, form: URLSearchParams): boolean {
  return form.has('client_secret') || form.has('client_assertion') || basicCredentials(request.headers.authorization) !== undefined;
}

/**
 * The application that sent the form.
 * @param options.tenant the tenant of the path; undefined takes applications of all.
 * @param options.endpoints what an assertion may name as its audience: this server's token endpoints and issuers.
 * @throws SignInFault
 */
export async function authenticateClient(
  request: Request,
  form: URLSearchParams,
  rooms: ClientRooms,
  options: { tenant: TenantRecord | undefined; endpoints: ReadonlySet<string> },
): Promise<Client> {
  const basic = basicCredentials(request.headers.authorization);
  const assertion = form.get('client_assertion');
  const appId = basic?.appId || form.get('client_id') || (assertion ? subjectOf(assertion) : undefined) || required(form, 'client_id');
  const secret = basic?.secret ?? form.get('client_secret');
  if (!secret && !assertion)
    throw new SignInFault(7000216, "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.");

  let how: string;
  let client: Client | undefined;
  if (secret) {
    // Before the application is looked for: one that is not known must take as long.
    const identity = await rooms.directory.verifySecret(appId, secret);
    if (identity && (options.tenant === undefined || options.tenant.id === identity.tenantId)) client = { identity, provedBy: 'secret' };
    how = 'secret';
  } else {
    const record = await known(appId, rooms, options.tenant, request);
    if (form.get('client_assertion_type') !== ASSERTION_TYPE)
      throw new SignInFault(900144, `The request body must contain the following parameter: 'client_assertion_type', with the value '${ASSERTION_TYPE}'.`);
    how = await verifyAssertion(assertion as string, record, rooms, options.endpoints).catch((error: unknown) => {
      request.trace.push({ check: 'identity', ok: false, detail: `assertion of application ${record.appId}: ${(error as Error).message}` });
      throw error;
    });
    client = {
      identity: { objectId: record.objectId, appId: record.appId, tenantId: record.tenantId, kind: 'ServicePrincipal' },
      provedBy: 'certificate',
    };
  }
  if (!client) {
    const { appId: named } = await known(appId, rooms, options.tenant, request);
    request.trace.push({ check: 'identity', ok: false, detail: `wrong secret for application ${named}` });
    throw new SignInFault(
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${named}', and that it has not expired.`,
    );
  }
  request.trace.push({ check: 'identity', ok: true, detail: `application ${client.identity.appId}, object ${client.identity.objectId}, by ${how}` });
  return client;
}

/** @throws SignInFault 700016, 7000229 */
async function known(
  appId: string,
  { directory, tokens }: ClientRooms,
  tenant: TenantRecord | undefined,
  request: Request,
): Promise<PrincipalRecord & { objectId: string }> {
  const record = await directory.findByAppId(appId);
  const where = tenant?.id ?? tokens.tenantId;
  if (!record || (tenant && record.tenantId !== tenant.id)) {
    request.trace.push({ check: 'identity', ok: false, detail: 'unknown application' });
    throw new SignInFault(
      700016,
      `Application with identifier '${appId.slice(0, 100)}' was not found in the directory '${where}'. You may have sent your authentication request to the wrong tenant.`,
    );
  }
  if (record.objectId === undefined)
    throw new SignInFault(7000229, `The client application ${record.appId} is missing service principal in the tenant ${record.tenantId}.`);
  return { ...record, objectId: record.objectId };
}

/** Client credentials by HTTP Basic (RFC 6749 section 2.3.1): both parts form-encoded first. */
function basicCredentials(header: string | undefined): { appId: string; secret: string } | undefined {
  const match = /^basic +([A-Za-z0-9+/=]+)$/i.exec(header ?? '');
  const [, appId = '', secret = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(match?.[1] ?? '', 'base64').toString('utf8')) ?? [];
  const decode = (text: string): string => new URLSearchParams(`x=${text}`).get('x') ?? '';
  return appId === '' ? undefined : { appId: decode(appId), secret: decode(secret) };
}

function subjectOf(assertion: string): string | undefined {
  return decoded(assertion).claims.sub;
}

/** The last second that a date can be made of (ECMA-262 section 21.4.1.1). */
const LAST_SECOND = 8.64e12;

/** What an assertion says, before anything of it is verified: at least its registered claims are of their types (RFC 7519 section 4.1). @throws SignInFault 50027 */
function decoded(assertion: string): { header: ProtectedHeaderParameters; claims: JWTPayload } {
  try {
    const [header, claims] = [decodeProtectedHeader(assertion), decodeJwt(assertion)];
    const texts: readonly unknown[] = [claims.iss ?? '', claims.sub ?? '', ...[claims.aud ?? []].flat()];
    if (texts.every((text) => typeof text === 'string') && !(Math.abs(claims.exp ?? 0) > LAST_SECOND)) return { header, claims };
  } catch {
    // Told below.
  }
  throw new SignInFault(50027, 'JWT token is invalid or malformed.');
}

/** What proved the application, in words. @throws SignInFault */
async function verifyAssertion(
  assertion: string,
  record: PrincipalRecord,
  { directory, tokens, clock }: ClientRooms,
  endpoints: ReadonlySet<string>,
): Promise<string> {
  const { header, claims } = decoded(assertion);
  const nowMs = clock.now();
  const current = { currentDate: new Date(nowMs), clockTolerance: TOLERANCE_SECONDS };
  if (claims.iss?.toLowerCase() !== record.appId) {
    const credential = chooseFederated(claims, await directory.federatedCredentialsOf(record.appId));
    await verifyFederated(assertion, claims, credential, tokens, current);
    return `token of '${credential.issuer}' for '${credential.subject}'`;
  }

  if (claims.sub?.toLowerCase() !== record.appId) throw new SignInFault(700021, "Client assertion application identifier doesn't match 'client_id' parameter.");
  const keys = (await directory.keysOf(record.appId)).filter(
    ({ startsAt, expiresAt }) => Date.parse(startsAt) - TOLERANCE_SECONDS * 1000 <= nowMs && Date.parse(expiresAt) > nowMs,
  );
  const key = keys.find((candidate) => named(header, candidate));
  const unproved = (reason: string): SignInFault =>
    new SignInFault(
      700027,
      `The certificate with identifier used to sign the client assertion is not registered on application. [Reason - ${reason}, Thumbprint of key used by client: '${shownThumbprint(header)}']`,
    );
  if (!key) throw unproved('The key was not found.');
  try {
    await jwtVerify(assertion, createPublicKey(key.pem), { algorithms: CERTIFICATE_ALGORITHMS, requiredClaims: ['exp', 'aud'], ...current });
  } catch (error) {
    if (error instanceof errors.JWTExpired || (error instanceof errors.JWTClaimValidationFailed && error.claim !== 'aud'))
      throw new SignInFault(
        700024,
        `Client assertion is not within its valid time range. Current time: ${current.currentDate.toISOString()}. The claims 'exp' and 'nbf' say until and from when it is.`,
      );
    if (error instanceof errors.JOSEAlgNotAllowed) throw unproved(`The algorithm is none of ${CERTIFICATE_ALGORITHMS.join(', ')}`);
    throw unproved('The key used is not the one that signed.');
  }
  const audiences = [claims.aud ?? []].flat().map(withoutSlash);
  if (!audiences.some((audience) => endpoints.has(audience)))
    throw new SignInFault(
      700023,
      `Client assertion audience claim does not match Realm issuer. It must be the token endpoint, not '${audiences.join(' ').slice(0, 200)}'.`,
    );
  // That it was seen before does not count against it: MSAL sends one assertion with all requests of its ten minutes, docs/sources.md#client-assertions.
  return `certificate ${key.thumbprint}`;
}

/** Whether a header names the certificate: by `x5t` (SHA-1; some pad it), by `x5t#S256`, or by the thumbprint as `kid`. */
function named(header: ProtectedHeaderParameters, key: KeyRecord): boolean {
  const digest = (algorithm: string): string => createHash(algorithm).update(new X509Certificate(key.pem).raw).digest('base64url');
  const { x5t, kid } = header;
  const x5tS256 = header['x5t#S256'];
  if (typeof x5tS256 === 'string') return unpadded(x5tS256) === digest('sha256');
  if (typeof x5t === 'string') return unpadded(x5t) === digest('sha1');
  return typeof kid === 'string' && kid.toUpperCase() === key.thumbprint;
}

/** As base64url without padding, whichever of the two alphabets was used. */
function unpadded(text: string): string {
  return Buffer.from(text, 'base64').toString('base64url');
}

function shownThumbprint({ x5t, kid, ...header }: ProtectedHeaderParameters): string {
  const text = [x5t, header['x5t#S256'], kid].find((value) => typeof value === 'string');
  return (text as string | undefined)?.slice(0, 100) ?? '';
}

function withoutSlash(text: string): string {
  return text.replace(/\/$/, '').toLowerCase();
}

/** Issuer, subject and audience are compared as they are written; the refusal says which of them no credential has. */
function chooseFederated(claims: JWTPayload, credentials: readonly FederatedCredentialRecord[]): FederatedCredentialRecord {
  const show = (value: unknown): string => String(value).slice(0, 200);
  const sameIssuer = credentials.filter(({ issuer }) => issuer === claims.iss);
  if (sameIssuer.length === 0)
    throw new SignInFault(
      700211,
      `No matching federated identity record found for presented assertion issuer '${show(claims.iss)}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.`,
    );
  const sameSubject = sameIssuer.filter(({ subject }) => subject === claims.sub);
  if (sameSubject.length === 0)
    throw new SignInFault(
      700213,
      `No matching federated identity record found for presented assertion subject '${show(claims.sub)}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.`,
    );
  const audiences = [claims.aud ?? []].flat();
  const found = sameSubject.find((credential) => credential.audiences.some((audience) => audiences.includes(audience)));
  if (!found)
    throw new SignInFault(
      700212,
      `No matching federated identity record found for presented assertion audience '${show(audiences)}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.`,
    );
  return found;
}

async function verifyFederated(
  assertion: string,
  claims: JWTPayload,
  credential: FederatedCredentialRecord,
  tokens: Tokens,
  current: { currentDate: Date; clockTolerance: number },
): Promise<void> {
  const failed = (reason: string): SignInFault => new SignInFault(50013, `Assertion failed signature validation. [Reason - ${reason}]`);
  if (tokens.isOwnIssuer(credential.issuer)) {
    // What the directory signs for applications says whose it is, and no user's token stands for an application.
    const own = await tokens.verifyOwn(assertion, credential.audiences);
    if (own?.idtyp !== 'app') throw failed('it is not, or no longer, a token that this directory issued to an application for that audience');
    return;
  }
  if (!credential.jwks)
    throw failed(
      `the keys of '${credential.issuer}' are not known here: nothing leads out of this server's world, so they are given with the federated credential, as 'jwks'`,
    );
  try {
    const keys = createLocalJWKSet(credential.jwks as JSONWebKeySet);
    await jwtVerify(assertion, keys, { algorithms: FEDERATED_ALGORITHMS, audience: [...credential.audiences], requiredClaims: ['exp'], ...current });
  } catch (error) {
    if (error instanceof errors.JWTExpired)
      throw new SignInFault(
        700024,
        `Client assertion is not within its valid time range. Current time: ${current.currentDate.toISOString()}, expiry time of assertion: ${new Date((claims.exp ?? 0) * 1000).toISOString()}.`,
      );
    throw failed('none of the keys given with the federated credential verifies it');
  }
}
