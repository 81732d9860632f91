/** Upload session records: whose a session is and for which repository. Its bytes are with the blobs. */
import type { RepositoryName } from '#base/image-reference.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Database } from './database.ts';

export interface UploadRecord {
  /** A UUID. */
  readonly id: string;
  readonly registry: ResourceKey;
  readonly repository: RepositoryName;
  /** The object id of who opened it. */
  readonly principal: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

export async function insertUpload(database: Database, record: UploadRecord): Promise<void> {
  const { startedAt, ...rest } = record;
  await database
    .insertInto('uploads')
    .values({ ...rest, started_at: startedAt })
    .execute();
}

export async function uploadById(database: Database, id: string): Promise<UploadRecord | undefined> {
  const row = await database.selectFrom('uploads').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) return undefined;
  const { id: upload, registry, repository, principal, started_at: startedAt } = row;
  return { id: upload, registry: registry as ResourceKey, repository: repository as RepositoryName, principal, startedAt };
}

/** Returns whether it was there. */
export async function deleteUpload(database: Database, id: string): Promise<boolean> {
  const result = await database.deleteFrom('uploads').where('id', '=', id).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Deletes the sessions that were started before the time, and returns their ids. */
export async function deleteUploadsBefore(database: Database, startedAt: string): Promise<string[]> {
  const rows = await database.deleteFrom('uploads').where('started_at', '<', startedAt).returning('id').execute();
  return rows.map((row) => row.id);
}
