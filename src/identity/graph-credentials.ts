/**
 * Credentials of applications at the directory's plane: passwords, certificates (`keyCredentials`) and federated credentials. A service principal has none of its
 * own: it shows and changes those of its application. https://learn.microsoft.com/graph/api/resources/passwordcredential, .../keycredential,
 * .../federatedidentitycredential. What clients ask: docs/sources.md#directory-credentials
 */
import { randomUUID, X509Certificate } from 'node:crypto';
import type { JsonObject } from '#base/json.ts';
import { z } from '#base/schema.ts';
import { emptyReply, type Reply } from '#http/message.ts';
import type { FederatedCredentialRecord, KeyRecord } from '#store/application-credentials.ts';
import type { PrincipalRecord } from '#store/principals.ts';
import type { Directory, NewSecret } from './directory.ts';
import { bad, bodyOf, type Call, NAME_CHARACTERS, notFound, one, page, time } from './graph-call.ts';

/** How many certificates an application may have: more than any rotation needs. */
const MOST_KEYS = 20;
/** Graph's own limit (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations). */
const MOST_FEDERATED = 20;

/** The two lists of credentials that applications and service principals show. */
export async function shownCredentials(directory: Directory, appId: string): Promise<JsonObject> {
  return {
    passwordCredentials: (await directory.secrets(appId)).map(shownPassword),
    keyCredentials: (await directory.keysOf(appId)).map(shownKey),
  };
}

function shownPassword({ keyId, displayName, startsAt, expiresAt }: Omit<NewSecret, 'secret'>): JsonObject {
  return { keyId, displayName, startDateTime: startsAt, endDateTime: expiresAt, secretText: null, hint: null, customKeyIdentifier: null };
}

function shownKey({ keyId, thumbprint, displayName, startsAt, expiresAt }: KeyRecord): JsonObject {
  const dates = { startDateTime: startsAt, endDateTime: expiresAt };
  return { keyId, displayName, ...dates, customKeyIdentifier: thumbprint, key: null, type: 'AsymmetricX509Cert', usage: 'Verify' };
}

const newPassword = z.looseObject({
  passwordCredential: z
    .looseObject({ displayName: z.string().max(NAME_CHARACTERS).nullish(), startDateTime: time.nullish(), endDateTime: time.nullish() })
    .nullish(),
});

export async function addPassword(call: Call, { appId }: PrincipalRecord): Promise<Reply> {
  const asked = (await bodyOf(call, newPassword, {})).passwordCredential ?? {};
  const startsAtMs = asked.startDateTime ? Date.parse(asked.startDateTime) : undefined;
  const expiresAtMs = asked.endDateTime ? Date.parse(asked.endDateTime) : undefined;
  const made = await call.directory.addSecret(appId, { displayName: asked.displayName ?? '', startsAtMs, expiresAtMs });
  return one(call, 200, 'microsoft.graph.passwordCredential', { ...shownPassword(made), secretText: made.secret });
}

export async function removePassword(call: Call, { appId }: PrincipalRecord): Promise<Reply> {
  const { keyId } = await bodyOf(call, z.looseObject({ keyId: z.string() }), {});
  if (!(await call.directory.removeSecret(appId, keyId))) throw bad(`No password credential found with keyId '${keyId.slice(0, 100)}'.`);
  return emptyReply(204);
}

/** `keyCredentials` of a body: new ones have a `key`, one that stands is named by its `keyId`; whatever is not listed goes. */
export const keyCredentials = z.array(
  z.looseObject({
    keyId: z.string().nullish(),
    key: z.string().nullish(),
    displayName: z.string().max(NAME_CHARACTERS).nullish(),
    startDateTime: time.nullish(),
    endDateTime: time.nullish(),
    type: z.string().nullish(),
    usage: z.string().nullish(),
  }),
);

/** The certificates that a body wishes an application to have, a new one when it has no appId yet. @throws Fault `Request_BadRequest` (invalid) */
export async function keysFrom(directory: Directory, appId: string | undefined, asked: z.infer<typeof keyCredentials>): Promise<readonly KeyRecord[]> {
  if (asked.length > MOST_KEYS) throw bad(`${asked.length} key credentials were given; an application has ${MOST_KEYS} at most.`);
  const standing = new Map((appId === undefined ? [] : await directory.keysOf(appId)).map((record) => [record.keyId, record]));
  return asked.map(({ key, keyId, displayName, startDateTime, endDateTime, type, usage }) => {
    const kept = keyId ? standing.get(keyId.toLowerCase()) : undefined;
    if (kept) return kept;
    if (!key) throw bad('New key credential must have a value: its key, a certificate in base64.');
    if ((type ?? 'AsymmetricX509Cert') !== 'AsymmetricX509Cert' || (usage ?? 'Verify') !== 'Verify')
      throw bad("A key credential has the type 'AsymmetricX509Cert' and the usage 'Verify' here.");
    const certificate = certificateOf(key);
    const [startsAt, expiresAt] = [startDateTime ?? certificate.validFrom, endDateTime ?? certificate.validTo].map((text) => new Date(text).toISOString());
    if (Date.parse(expiresAt as string) > Date.parse(certificate.validTo) + 1000)
      throw bad('Key credential end date is invalid: the certificate ends before it.');
    return {
      keyId: guidOr(keyId),
      appId: appId ?? '',
      thumbprint: certificate.fingerprint.replaceAll(':', ''),
      pem: certificate.toString(),
      displayName: displayName ?? certificate.subject.replaceAll('\n', ', ').slice(0, NAME_CHARACTERS),
      startsAt: startsAt as string,
      expiresAt: expiresAt as string,
    };
  });
}

function certificateOf(key: string): X509Certificate {
  try {
    const certificate = new X509Certificate(Buffer.from(key, 'base64'));
    if (certificate.publicKey.asymmetricKeyType === 'rsa') return certificate;
  } catch {
    // Told below.
  }
  throw bad('The key of a key credential is no X.509 certificate with an RSA key, DER in base64.');
}

function guidOr(text: string | null | undefined): string {
  return text && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : randomUUID();
}

const https = z.string().max(600).startsWith('https://', "an issuer is a URL of 'https://'");
const text = z.string().min(1).max(600);
/** `jwks` is ours: the issuer's keys, since nothing of this world can fetch them. */
const federated = {
  name: z.string().regex(/^[A-Za-z0-9][\w-]{0,119}$/, "a name has up to 120 letters, digits, '-' and '_', and begins with a letter or digit"),
  issuer: https,
  subject: text,
  audiences: z.array(text).length(1, 'there is exactly one audience'),
  description: z.string().max(600).nullish(),
  jwks: z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).max(20) }).nullish(),
};
const newFederated = z.looseObject(federated);
const changedFederated = z.looseObject({ ...federated, name: federated.name.optional() }).partial();

function shownFederated({ id, name, issuer, subject, audiences, description, jwks }: FederatedCredentialRecord): JsonObject {
  return { id, name, issuer, subject, description: description ?? null, audiences: [...audiences], ...(jwks ? { jwks: jwks as JsonObject } : {}) };
}

const FEDERATED = 'federatedIdentityCredentials';

export async function listFederated(call: Call, { appId }: PrincipalRecord): Promise<Reply> {
  return page(call, FEDERATED, await call.directory.federatedCredentialsOf(appId), async (record) => shownFederated(record));
}

export async function createFederated(call: Call, { appId }: PrincipalRecord): Promise<Reply> {
  const { name, issuer, subject, audiences, description, jwks } = await bodyOf(call, newFederated, {});
  if ((await call.directory.federatedCredentialsOf(appId)).length >= MOST_FEDERATED)
    throw bad(`An application has ${MOST_FEDERATED} federated identity credentials at most.`);
  const record = { id: randomUUID(), appId, name, issuer, subject, audiences, description: description ?? undefined, jwks: jwks ?? undefined };
  await call.directory.putFederatedCredential(record);
  return one(call, 201, FEDERATED, shownFederated(record));
}

/** By id or by name. @throws Fault `Request_ResourceNotFound` (notFound) */
async function federatedOf({ directory, inner }: Call, { appId }: PrincipalRecord): Promise<FederatedCredentialRecord> {
  const found = (await directory.federatedCredentialsOf(appId)).find(({ id, name }) => id === inner || name.toLowerCase() === inner);
  return found ?? notFound(inner);
}

export async function showFederated(call: Call, application: PrincipalRecord): Promise<Reply> {
  return one(call, 200, FEDERATED, shownFederated(await federatedOf(call, application)));
}

export async function changeFederated(call: Call, application: PrincipalRecord): Promise<Reply> {
  const before = await federatedOf(call, application);
  const { name, description, jwks, ...others } = await bodyOf(call, changedFederated, {});
  if (name !== undefined && name !== before.name) throw bad('The name of a federated identity credential is fixed: delete it and create another.');
  const { issuer = before.issuer, subject = before.subject, audiences = before.audiences } = others;
  const after = { ...before, issuer, subject, audiences };
  await call.directory.putFederatedCredential({
    ...after,
    ...(description === undefined ? {} : { description: description ?? undefined }),
    ...(jwks === undefined ? {} : { jwks: jwks ?? undefined }),
  });
  return emptyReply(204);
}

export async function deleteFederated(call: Call, application: PrincipalRecord): Promise<Reply> {
  const { id } = await federatedOf(call, application);
  await call.directory.removeFederatedCredential(application.appId, id);
  return emptyReply(204);
}
