/** What an application proves itself by besides its secrets: certificates, and tokens that others issue, as records. */
import type { Database } from './database.ts';
import type { Tables } from './tables.ts';

/** A certificate whose private key the application has. */
export interface KeyRecord {
  readonly keyId: string;
  readonly appId: string;
  /** SHA-1 of the certificate's DER, 40 upper-case hexadecimal digits: the `x5t` of an assertion is the same bytes in base64url. */
  readonly thumbprint: string;
  /** The certificate, `-----BEGIN CERTIFICATE-----`. */
  readonly pem: string;
  readonly displayName: string;
  /** ISO 8601. */
  readonly startsAt: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/** A token of `issuer` for `subject` stands for the application's secret. */
export interface FederatedCredentialRecord {
  readonly id: string;
  readonly appId: string;
  /** One application's only. */
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  readonly description: string | undefined;
  /** The issuer's JSON Web Key Set, where it was given: nothing is fetched, since nothing leads out of the world. */
  readonly jwks: object | undefined;
}

function keyFrom(row: Tables['application_keys']): KeyRecord {
  return {
    keyId: row.key_id,
    appId: row.app_id,
    thumbprint: row.thumbprint,
    pem: row.pem,
    displayName: row.display_name,
    startsAt: row.starts_at,
    expiresAt: row.expires_at,
  };
}

function federatedFrom(row: Tables['federated_credentials']): FederatedCredentialRecord {
  return {
    id: row.id,
    appId: row.app_id,
    name: row.name,
    issuer: row.issuer,
    subject: row.subject,
    audiences: JSON.parse(row.audiences) as string[],
    description: row.description ?? undefined,
    jwks: row.jwks === null ? undefined : (JSON.parse(row.jwks) as object),
  };
}

/** Makes these the certificates of the application: all others go. */
export async function replaceKeys(database: Database, appId: string, records: readonly KeyRecord[]): Promise<void> {
  await database.deleteFrom('application_keys').where('app_id', '=', appId).execute();
  for (const record of records)
    await database
      .insertInto('application_keys')
      .values({
        key_id: record.keyId,
        app_id: appId,
        thumbprint: record.thumbprint,
        pem: record.pem,
        display_name: record.displayName,
        starts_at: record.startsAt,
        expires_at: record.expiresAt,
      })
      .execute();
}

/** The certificates of an application, newest expiry first. */
export async function keysOf(database: Database, appId: string): Promise<KeyRecord[]> {
  const rows = await database.selectFrom('application_keys').selectAll().where('app_id', '=', appId).orderBy('expires_at', 'desc').orderBy('key_id').execute();
  return rows.map(keyFrom);
}

/** Makes or overwrites the one with the record's id. */
export async function putFederatedCredential(database: Database, record: FederatedCredentialRecord): Promise<void> {
  const values = {
    app_id: record.appId,
    name: record.name,
    issuer: record.issuer,
    subject: record.subject,
    audiences: JSON.stringify(record.audiences),
    description: record.description ?? null,
    jwks: record.jwks === undefined ? null : JSON.stringify(record.jwks),
  };
  await database
    .insertInto('federated_credentials')
    .values({ id: record.id, ...values })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
    .execute();
}

/** Returns whether it was there. */
export async function deleteFederatedCredential(database: Database, appId: string, id: string): Promise<boolean> {
  const result = await database.deleteFrom('federated_credentials').where('id', '=', id).where('app_id', '=', appId).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** By name. */
export async function federatedCredentialsOf(database: Database, appId: string): Promise<FederatedCredentialRecord[]> {
  return (await database.selectFrom('federated_credentials').selectAll().where('app_id', '=', appId).orderBy('name').execute()).map(federatedFrom);
}
