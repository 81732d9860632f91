/** Repository records: which blobs, manifests and tags a repository has. Records only: what may be pushed or deleted is the registry's business. */
import { CompiledQuery } from 'kysely';
import type { Digest } from '#base/digest.ts';
import type { RepositoryName, Tag } from '#base/image-reference.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Database } from './database.ts';

/** A repository exists by its records: there is no row for itself. */
export interface RepositoryKey {
  readonly registry: ResourceKey;
  readonly repository: RepositoryName;
}

export interface ManifestRecord {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** What a pull needs of a manifest. */
export interface ManifestHead extends Pick<ManifestRecord, 'digest' | 'mediaType' | 'size'> {
  /** 1 or 0: whether the repository, the manifest and, where one was asked for, the tag let themselves be read. */
  readonly readable: number;
}

/** A page: names after `after` in ASCII order, at most `limit`. */
export interface Page {
  readonly after: string;
  readonly limit: number;
}

// The reads that every pull makes are written out: building a query costs more than running one.
const readable = (table: string, items: string): string =>
  `coalesce((select min(a.read_enabled) from attributes a where a.registry = ${table}.registry and a.repository = ${table}.repository and a.item in (${items})), 1) as readable`;
const TAG_SQL = `select m.digest, m.media_type as "mediaType", m.size, ${readable('m', "'', t.name, m.digest")} from tags t join manifests m on m.registry = t.registry and m.repository = t.repository and m.digest = t.digest where t.registry = ? and t.repository = ? and t.name = ?`;
const MANIFEST_SQL = `select digest, media_type as "mediaType", size, ${readable('m', "'', m.digest")} from manifests m where registry = ? and repository = ? and digest = ?`;
const BLOB_SQL = `select size, ${readable('b', "''")} from blobs b where registry = ? and repository = ? and digest = ?`;
const REGISTRY_BLOB_SQL = 'select size from blobs where digest = ? and registry = ? limit 1';

async function first<T>(database: Database, sql: string, parameters: readonly unknown[]): Promise<T | undefined> {
  return (await database.executeQuery<T>(CompiledQuery.raw(sql, [...parameters]))).rows[0];
}

/** The manifest that a tag names. */
export function manifestByTag(database: Database, { registry, repository }: RepositoryKey, tag: Tag): Promise<ManifestHead | undefined> {
  return first(database, TAG_SQL, [registry, repository, tag]);
}

export function manifestByDigest(database: Database, { registry, repository }: RepositoryKey, digest: Digest): Promise<ManifestHead | undefined> {
  return first(database, MANIFEST_SQL, [registry, repository, digest]);
}

/** A blob of one repository; `readable` is 1 or 0: whether the repository lets itself be read. */
export function blobRecord(
  database: Database,
  { registry, repository }: RepositoryKey,
  digest: Digest,
): Promise<{ readonly size: number; readonly readable: number } | undefined> {
  return first(database, BLOB_SQL, [registry, repository, digest]);
}

/** A blob of any repository of the registry. */
export function blobOfRegistry(database: Database, registry: ResourceKey, digest: Digest): Promise<{ readonly size: number } | undefined> {
  return first(database, REGISTRY_BLOB_SQL, [digest, registry]);
}

/** Repositories of the registry that have the blob, at most `limit`, in no particular order. */
export async function repositoriesWithBlob(database: Database, registry: ResourceKey, digest: Digest, limit: number): Promise<RepositoryName[]> {
  const rows = await database.selectFrom('blobs').select('repository').where('digest', '=', digest).where('registry', '=', registry).limit(limit).execute();
  return rows.map((row) => row.repository as RepositoryName);
}

/** Records a blob in a repository; a record that is there stays. */
export async function putBlob(
  database: Database,
  { registry, repository }: RepositoryKey,
  blob: { digest: Digest; size: number; createdAt: string },
): Promise<void> {
  await database
    .insertInto('blobs')
    .values({ registry, repository, digest: blob.digest, size: blob.size, created_at: blob.createdAt })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Returns whether it was there. */
export async function deleteBlob(database: Database, { registry, repository }: RepositoryKey, digest: Digest): Promise<boolean> {
  const result = await database
    .deleteFrom('blobs')
    .where('registry', '=', registry)
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Which of the digests the repository has, as blobs or as manifests. */
export async function digestsPresent(
  database: Database,
  { registry, repository }: RepositoryKey,
  digests: readonly Digest[],
): Promise<{ blobs: Set<Digest>; manifests: Set<Digest> }> {
  // One parameter for all, since a manifest may name more than a statement has parameters.
  const list = JSON.stringify(digests);
  const of = async (table: 'blobs' | 'manifests'): Promise<Set<Digest>> => {
    const sql = `select digest from ${table} where registry = ? and repository = ? and digest in (select value from json_each(?))`;
    const { rows } = await database.executeQuery<{ digest: Digest }>(CompiledQuery.raw(sql, [registry, repository, list]));
    return new Set(rows.map((row) => row.digest));
  };
  return { blobs: await of('blobs'), manifests: await of('manifests') };
}

/** Records a manifest; a record that is there keeps its time of creation and takes the rest. */
export async function putManifest(database: Database, { registry, repository }: RepositoryKey, manifest: ManifestRecord): Promise<void> {
  const changed = {
    media_type: manifest.mediaType,
    size: manifest.size,
    subject: manifest.subject ?? null,
    artifact_type: manifest.artifactType ?? null,
    annotations: manifest.annotations === undefined ? null : JSON.stringify(manifest.annotations),
  };
  await database
    .insertInto('manifests')
    .values({ registry, repository, digest: manifest.digest, created_at: manifest.createdAt, ...changed })
    .onConflict((conflict) => conflict.columns(['registry', 'repository', 'digest']).doUpdateSet(changed))
    .execute();
}

/** Records in one repository what another one has of these blobs and manifests. No byte is copied; what it had already stays as it was. */
export async function linkContent(
  database: Database,
  { from, to, at }: { readonly from: RepositoryKey; readonly to: RepositoryKey; readonly at: string },
  content: { readonly blobs: readonly Digest[]; readonly manifests: readonly Digest[] },
): Promise<void> {
  const link = (table: string, columns: string, digests: readonly Digest[]) =>
    database.executeQuery(
      CompiledQuery.raw(
        `insert into ${table} (registry, repository, created_at, ${columns}) select ?, ?, ?, ${columns} from ${table} where registry = ? and repository = ? and digest in (select value from json_each(?)) on conflict do nothing`,
        [to.registry, to.repository, at, from.registry, from.repository, JSON.stringify(digests)],
      ),
    );
  await link('blobs', 'digest, size', content.blobs);
  await link('manifests', 'digest, media_type, size, subject, artifact_type, annotations', content.manifests);
}

/** Deletes a manifest with every tag that names it. Returns whether it was there. */
export async function deleteManifest(database: Database, { registry, repository }: RepositoryKey, digest: Digest): Promise<boolean> {
  await database.deleteFrom('tags').where('registry', '=', registry).where('repository', '=', repository).where('digest', '=', digest).execute();
  const result = await database
    .deleteFrom('manifests')
    .where('registry', '=', registry)
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Points a tag at a digest, making the tag when there is none. */
export async function putTag(database: Database, { registry, repository }: RepositoryKey, tag: { name: Tag; digest: Digest; at: string }): Promise<void> {
  await database
    .insertInto('tags')
    .values({ registry, repository, name: tag.name, digest: tag.digest, created_at: tag.at, updated_at: tag.at })
    .onConflict((conflict) => conflict.columns(['registry', 'repository', 'name']).doUpdateSet({ digest: tag.digest, updated_at: tag.at }))
    .execute();
}

/** The tags that name a manifest. */
export async function tagsOfManifest(database: Database, { registry, repository }: RepositoryKey, digest: Digest): Promise<Tag[]> {
  const rows = await database
    .selectFrom('tags')
    .select('name')
    .where('registry', '=', registry)
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .execute();
  return rows.map(({ name }) => name as Tag);
}

/** Returns whether it was there. */
export async function deleteTag(database: Database, { registry, repository }: RepositoryKey, name: Tag): Promise<boolean> {
  const result = await database
    .deleteFrom('tags')
    .where('registry', '=', registry)
    .where('repository', '=', repository)
    .where('name', '=', name)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** In ASCII order, without those that are not to be listed. */
export async function listTags(database: Database, { registry, repository }: RepositoryKey, page: Page): Promise<string[]> {
  const rows = await database
    .selectFrom('tags')
    .select('name')
    .where('registry', '=', registry)
    .where('repository', '=', repository)
    .where('name', '>', page.after)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('attributes')
            .select('item')
            .where('registry', '=', registry)
            .where('repository', '=', repository)
            .whereRef('item', '=', 'tags.name')
            .where('list_enabled', '=', 0),
        ),
      ),
    )
    .orderBy('name')
    .limit(page.limit)
    .execute();
  return rows.map((row) => row.name);
}

/** Repositories with a manifest: one to which only layers were pushed is not an image yet. Without those that are not to be listed. */
export async function listRepositories(database: Database, registry: ResourceKey, page: Page): Promise<string[]> {
  const rows = await database
    .selectFrom('manifests')
    .select('repository')
    .distinct()
    .where('registry', '=', registry)
    .where('repository', '>', page.after)
    .where('repository', 'not in', (query) =>
      query.selectFrom('attributes').select('repository').where('registry', '=', registry).where('item', '=', '').where('list_enabled', '=', 0),
    )
    .orderBy('repository')
    .limit(page.limit)
    .execute();
  return rows.map((row) => row.repository);
}

/** Whether the repository has a manifest. */
export async function repositoryExists(database: Database, { registry, repository }: RepositoryKey): Promise<boolean> {
  return (await first(database, 'select 1 from manifests where registry = ? and repository = ? limit 1', [registry, repository])) !== undefined;
}

/** Manifests whose subject is the digest, oldest first. */
export async function listReferrers(database: Database, { registry, repository }: RepositoryKey, subject: Digest): Promise<ManifestRecord[]> {
  const rows = await database
    .selectFrom('manifests')
    .selectAll()
    .where('registry', '=', registry)
    .where('repository', '=', repository)
    .where('subject', '=', subject)
    .orderBy('created_at')
    .orderBy('digest')
    .execute();
  return rows.map((row) => ({
    digest: row.digest as Digest,
    mediaType: row.media_type,
    size: row.size,
    subject: (row.subject ?? undefined) as Digest | undefined,
    artifactType: row.artifact_type ?? undefined,
    annotations: row.annotations === null ? undefined : (JSON.parse(row.annotations) as Record<string, string>),
    createdAt: row.created_at,
  }));
}

/** How many bytes the registry holds: its blobs and manifests, each digest counted once however many repositories have it. */
export async function registryBytes(database: Database, registry: ResourceKey): Promise<number> {
  return (await first<{ bytes: number }>(database, 'select bytes from registry_sizes where registry = ?', [registry]))?.bytes ?? 0;
}

const CONTENT = ['blobs', 'manifests', 'tags', 'attributes', 'registry_sizes'] as const;

/** Deletes everything that the registry holds. Returns the ids of its upload sessions, whose bytes are still there. */
export async function deleteContent(database: Database, registry: ResourceKey): Promise<string[]> {
  for (const table of CONTENT) await database.deleteFrom(table).where('registry', '=', registry).execute();
  const uploads = await database.deleteFrom('uploads').where('registry', '=', registry).returning('id').execute();
  return uploads.map(({ id }) => id);
}

/**
 * As `deleteContent`, for all registries that are no longer among the resources: what a stop between a registry's deletion and its content's leaves.
 * @param kept a registry that never was a resource
 */
export async function deleteOrphanedContent(database: Database, kept: ResourceKey): Promise<string[]> {
  for (const table of CONTENT)
    await database
      .deleteFrom(table)
      .where('registry', 'not in', (query) => query.selectFrom('resources').select('key'))
      .where('registry', '<>', kept)
      .execute();
  const uploads = await database
    .deleteFrom('uploads')
    .where('registry', 'not in', (query) => query.selectFrom('resources').select('key'))
    .returning('id')
    .execute();
  return uploads.map(({ id }) => id);
}
