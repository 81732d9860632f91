/** Applications, the service principals they sign in as, and their secrets, as records. What a secret's hash means is the directory's business. */
import type { Database } from './database.ts';
import type { Tables } from './tables.ts';

/**
 * An application with its service principal: one record, since both are of one tenant. That an application of one tenant has a service principal in another
 * too (a multi-tenant application) is left out.
 */
export interface PrincipalRecord {
  /** The application's own object id. */
  readonly applicationId: string;
  readonly appId: string;
  /** The object id of its service principal, which roles are given to; undefined when it has none. */
  readonly objectId: string | undefined;
  readonly displayName: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly tenantId: string;
}

export interface SecretRecord {
  readonly keyId: string;
  readonly appId: string;
  readonly salt: string;
  readonly hash: string;
  readonly displayName: string;
  /** ISO 8601. */
  readonly startsAt: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

function principalFrom(row: Tables['applications']): PrincipalRecord {
  return {
    applicationId: row.application_id,
    appId: row.app_id,
    objectId: row.object_id ?? undefined,
    displayName: row.display_name,
    createdAt: row.created_at,
    tenantId: row.tenant,
  };
}

function secretFrom(row: Tables['application_secrets']): SecretRecord {
  return {
    keyId: row.key_id,
    appId: row.app_id,
    salt: row.salt,
    hash: row.hash,
    displayName: row.display_name,
    startsAt: row.starts_at,
    expiresAt: row.expires_at,
  };
}

export async function insertPrincipal(database: Database, record: PrincipalRecord): Promise<void> {
  await database
    .insertInto('applications')
    .values({
      app_id: record.appId,
      application_id: record.applicationId,
      object_id: record.objectId ?? null,
      display_name: record.displayName,
      created_at: record.createdAt,
      tenant: record.tenantId,
    })
    .execute();
}

/** Changes the name, or gives the application a service principal or (undefined) takes it away. Returns whether the application was there. */
export async function updatePrincipal(
  database: Database,
  appId: string,
  change: { readonly displayName: string } | { readonly objectId: string | undefined },
): Promise<boolean> {
  const values = 'displayName' in change ? { display_name: change.displayName } : { object_id: change.objectId ?? null };
  const result = await database.updateTable('applications').set(values).where('app_id', '=', appId).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Deletes an application with its service principal and secrets. Returns whether it was there. */
export async function deletePrincipal(database: Database, appId: string): Promise<boolean> {
  const result = await database.deleteFrom('applications').where('app_id', '=', appId).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export async function principalByAppId(database: Database, appId: string): Promise<PrincipalRecord | undefined> {
  const row = await database.selectFrom('applications').selectAll().where('app_id', '=', appId).executeTakeFirst();
  return row && principalFrom(row);
}

/** By the object id of the service principal. */
export async function principalByObjectId(database: Database, objectId: string): Promise<PrincipalRecord | undefined> {
  const row = await database.selectFrom('applications').selectAll().where('object_id', '=', objectId).executeTakeFirst();
  return row && principalFrom(row);
}

/** Every application of a tenant, by its object id. */
export async function listPrincipals(database: Database, tenantId: string): Promise<PrincipalRecord[]> {
  return (await database.selectFrom('applications').selectAll().where('tenant', '=', tenantId).orderBy('application_id').execute()).map(principalFrom);
}

export async function insertSecret(database: Database, record: SecretRecord): Promise<void> {
  await database
    .insertInto('application_secrets')
    .values({
      key_id: record.keyId,
      app_id: record.appId,
      salt: record.salt,
      hash: record.hash,
      display_name: record.displayName,
      starts_at: record.startsAt,
      expires_at: record.expiresAt,
    })
    .execute();
}

/** Returns whether it was there. */
export async function deleteSecret(database: Database, appId: string, keyId: string): Promise<boolean> {
  const result = await database.deleteFrom('application_secrets').where('key_id', '=', keyId).where('app_id', '=', appId).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** The secrets of an application, newest expiry first. */
export async function secretsOf(database: Database, appId: string): Promise<SecretRecord[]> {
  const rows = await database
    .selectFrom('application_secrets')
    .selectAll()
    .where('app_id', '=', appId)
    .orderBy('expires_at', 'desc')
    .orderBy('key_id')
    .execute();
  return rows.map(secretFrom);
}
