/** Repositories as their owners look at them: counts, times, and lists of tags and manifests by name or by time. Reads only, and the deletion of a whole repository. */
import type { SelectQueryBuilder } from 'kysely';
import type { Digest } from '#base/digest.ts';
import type { Tag } from '#base/image-reference.ts';
import { ALL_ENABLED, type Attributes } from './attributes.ts';
import type { Database } from './database.ts';
import type { RepositoryKey } from './repositories.ts';
import type { Tables } from './tables.ts';

/** Times are ISO 8601. */
export interface RepositoryView {
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly manifests: number;
  readonly tags: number;
}

export interface TagView {
  readonly name: Tag;
  readonly digest: Digest;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly attributes: Attributes;
}

export interface ManifestView {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  /** A manifest does not change: it has no other time. */
  readonly createdAt: string;
  readonly tags: readonly Tag[];
  readonly attributes: Attributes;
}

/** A page of a list. */
export interface ViewPage {
  readonly order: 'name' | 'oldest' | 'newest';
  /** The last item of the page before: its name or digest, and its time where the order is by time. */
  readonly after: { readonly name: string; readonly at: string | undefined } | undefined;
  readonly limit: number;
}

/** The repository, when it has a manifest. */
export async function repositoryView(database: Database, { registry, repository }: RepositoryKey): Promise<RepositoryView | undefined> {
  const [manifests, tags] = await Promise.all([
    database
      .selectFrom('manifests')
      .select(({ fn }) => [fn.countAll<number>().as('count'), fn.min('created_at').as('first'), fn.max('created_at').as('last')])
      .where('registry', '=', registry)
      .where('repository', '=', repository)
      .executeTakeFirstOrThrow(),
    database
      .selectFrom('tags')
      .select(({ fn }) => [fn.countAll<number>().as('count'), fn.max('updated_at').as('last')])
      .where('registry', '=', registry)
      .where('repository', '=', repository)
      .executeTakeFirstOrThrow(),
  ]);
  if (manifests.count === 0) return undefined;
  const updatedAt = tags.last !== null && tags.last > manifests.last ? tags.last : manifests.last;
  return { createdAt: manifests.first, updatedAt, manifests: manifests.count, tags: tags.count };
}

const ENABLED = ['a.delete_enabled', 'a.write_enabled', 'a.list_enabled', 'a.read_enabled'] as const;
type Enabled = Record<'delete_enabled' | 'write_enabled' | 'list_enabled' | 'read_enabled', number | null>;

/** No row in `attributes` says that everything is enabled. */
function enabledOf(row: Enabled): Attributes {
  if (row.delete_enabled === null) return ALL_ENABLED;
  return {
    deleteEnabled: row.delete_enabled === 1,
    writeEnabled: row.write_enabled === 1,
    listEnabled: row.list_enabled === 1,
    readEnabled: row.read_enabled === 1,
  };
}

function tagsWithAttributes(database: Database, { registry, repository }: RepositoryKey) {
  return database
    .selectFrom('tags as t')
    .leftJoin('attributes as a', (join) =>
      join.onRef('a.registry', '=', 't.registry').onRef('a.repository', '=', 't.repository').onRef('a.item', '=', 't.name'),
    )
    .select(['t.name', 't.digest', 't.created_at', 't.updated_at', ...ENABLED])
    .where('t.registry', '=', registry)
    .where('t.repository', '=', repository);
}

type TagRow = Pick<Tables['tags'], 'name' | 'digest' | 'created_at' | 'updated_at'> & Enabled;

function tagView(row: TagRow): TagView {
  return { name: row.name as Tag, digest: row.digest as Digest, createdAt: row.created_at, updatedAt: row.updated_at, attributes: enabledOf(row) };
}

export async function tagViewOf(database: Database, key: RepositoryKey, name: Tag): Promise<TagView | undefined> {
  const row = await tagsWithAttributes(database, key).where('t.name', '=', name).executeTakeFirst();
  return row && tagView(row);
}

/** Tags that may be listed; of one manifest alone where `digest` is given. */
export async function tagViews(database: Database, key: RepositoryKey, page: ViewPage, digest?: Digest): Promise<TagView[]> {
  let query = tagsWithAttributes(database, key).where((where) => where.or([where('a.list_enabled', 'is', null), where('a.list_enabled', '=', 1)]));
  if (digest !== undefined) query = query.where('t.digest', '=', digest);
  return (await inPage(query, page, 't.name', 't.updated_at').execute()).map(tagView);
}

function manifestsWithAttributes(database: Database, { registry, repository }: RepositoryKey) {
  return database
    .selectFrom('manifests as m')
    .leftJoin('attributes as a', (join) =>
      join.onRef('a.registry', '=', 'm.registry').onRef('a.repository', '=', 'm.repository').onRef('a.item', '=', 'm.digest'),
    )
    .select(['m.digest', 'm.media_type', 'm.size', 'm.created_at', ...ENABLED])
    .where('m.registry', '=', registry)
    .where('m.repository', '=', repository);
}

type ManifestRow = Pick<Tables['manifests'], 'digest' | 'media_type' | 'size' | 'created_at'> & Enabled;

async function manifestsOf(database: Database, { registry, repository }: RepositoryKey, rows: readonly ManifestRow[]): Promise<ManifestView[]> {
  const tags = new Map<string, Tag[]>(rows.map(({ digest }) => [digest, []]));
  if (rows.length > 0) {
    const named = await database
      .selectFrom('tags')
      .select(['name', 'digest'])
      .where('registry', '=', registry)
      .where('repository', '=', repository)
      .where('digest', 'in', [...tags.keys()])
      .orderBy('name')
      .execute();
    for (const { name, digest } of named) tags.get(digest)?.push(name as Tag);
  }
  return rows.map((row) => ({
    digest: row.digest as Digest,
    mediaType: row.media_type,
    size: row.size,
    createdAt: row.created_at,
    tags: tags.get(row.digest) ?? [],
    attributes: enabledOf(row),
  }));
}

export async function manifestViewOf(database: Database, key: RepositoryKey, digest: Digest): Promise<ManifestView | undefined> {
  const rows = await manifestsWithAttributes(database, key).where('m.digest', '=', digest).execute();
  return (await manifestsOf(database, key, rows))[0];
}

/** Manifests that may be listed. */
export async function manifestViews(database: Database, key: RepositoryKey, page: ViewPage): Promise<ManifestView[]> {
  const query = manifestsWithAttributes(database, key).where((where) => where.or([where('a.list_enabled', 'is', null), where('a.list_enabled', '=', 1)]));
  return manifestsOf(database, key, await inPage(query, page, 'm.digest', 'm.created_at').execute());
}

/** What follows `after` in the order, at most `limit`. Of one time, names decide, so that no item is told twice or left out. */
function inPage<DB, TB extends keyof DB, O>(query: SelectQueryBuilder<DB, TB, O>, page: ViewPage, name: never | string, time: never | string) {
  const { order, after, limit } = page;
  // The columns are the callers' own; the builder knows their names only where their table is written out.
  const columns = { name: name as never, time: time as never };
  let ordered = query;
  if (order === 'name') {
    if (after) ordered = ordered.where(columns.name, '>', after.name as never);
    return ordered.orderBy(columns.name).limit(limit);
  }
  const beyond = order === 'oldest' ? '>' : '<';
  if (after?.at !== undefined)
    ordered = ordered.where((where) =>
      where.or([
        where(columns.time, beyond, after.at as never),
        where.and([where(columns.time, '=', after.at as never), where(columns.name, '>', after.name as never)]),
      ]),
    );
  return ordered
    .orderBy(columns.time, order === 'oldest' ? 'asc' : 'desc')
    .orderBy(columns.name)
    .limit(limit);
}

/** Deletes a repository with all that it has, and tells which manifests and tags those were. */
export async function deleteRepository(
  database: Database,
  { registry, repository }: RepositoryKey,
): Promise<{ readonly manifests: readonly Digest[]; readonly tags: readonly Tag[] }> {
  const tags = await database.deleteFrom('tags').where('registry', '=', registry).where('repository', '=', repository).returning('name').execute();
  const manifests = await database.deleteFrom('manifests').where('registry', '=', registry).where('repository', '=', repository).returning('digest').execute();
  await database.deleteFrom('blobs').where('registry', '=', registry).where('repository', '=', repository).execute();
  await database.deleteFrom('attributes').where('registry', '=', registry).where('repository', '=', repository).execute();
  return { manifests: manifests.map(({ digest }) => digest as Digest), tags: tags.map(({ name }) => name as Tag) };
}
