/** Service principals and their secrets, as records. What a secret's hash means is the directory's business. */
import type { Database } from './database.ts';
import type { Tables } from './tables.ts';

export interface PrincipalRecord {
  readonly objectId: string;
  readonly appId: string;
  readonly kind: string;
  readonly displayName: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface SecretRecord {
  readonly keyId: string;
  readonly objectId: string;
  readonly salt: string;
  readonly hash: string;
  readonly displayName: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

function principalFrom(row: Tables['principals']): PrincipalRecord {
  return { objectId: row.object_id, appId: row.app_id, kind: row.kind, displayName: row.display_name, createdAt: row.created_at };
}

function secretFrom(row: Tables['principal_secrets']): SecretRecord {
  return { keyId: row.key_id, objectId: row.object_id, salt: row.salt, hash: row.hash, displayName: row.display_name, expiresAt: row.expires_at };
}

export async function insertPrincipal(database: Database, record: PrincipalRecord): Promise<void> {
  await database
    .insertInto('principals')
    .values({ object_id: record.objectId, app_id: record.appId, kind: record.kind, display_name: record.displayName, created_at: record.createdAt })
    .execute();
}

/** Deletes a principal with its secrets. Returns whether it was there. */
export async function deletePrincipal(database: Database, objectId: string): Promise<boolean> {
  const result = await database.deleteFrom('principals').where('object_id', '=', objectId).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export async function principalByAppId(database: Database, appId: string): Promise<PrincipalRecord | undefined> {
  const row = await database.selectFrom('principals').selectAll().where('app_id', '=', appId).executeTakeFirst();
  return row && principalFrom(row);
}

export async function principalByObjectId(database: Database, objectId: string): Promise<PrincipalRecord | undefined> {
  const row = await database.selectFrom('principals').selectAll().where('object_id', '=', objectId).executeTakeFirst();
  return row && principalFrom(row);
}

/** Every principal, by object id. */
export async function listPrincipals(database: Database): Promise<PrincipalRecord[]> {
  return (await database.selectFrom('principals').selectAll().orderBy('object_id').execute()).map(principalFrom);
}

export async function insertSecret(database: Database, record: SecretRecord): Promise<void> {
  await database
    .insertInto('principal_secrets')
    .values({
      key_id: record.keyId,
      object_id: record.objectId,
      salt: record.salt,
      hash: record.hash,
      display_name: record.displayName,
      expires_at: record.expiresAt,
    })
    .execute();
}

/** Returns whether it was there. */
export async function deleteSecret(database: Database, objectId: string, keyId: string): Promise<boolean> {
  const result = await database.deleteFrom('principal_secrets').where('key_id', '=', keyId).where('object_id', '=', objectId).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** The secrets of a principal, newest expiry first. */
export async function secretsOf(database: Database, objectId: string): Promise<SecretRecord[]> {
  const rows = await database
    .selectFrom('principal_secrets')
    .selectAll()
    .where('object_id', '=', objectId)
    .orderBy('expires_at', 'desc')
    .orderBy('key_id')
    .execute();
  return rows.map(secretFrom);
}
