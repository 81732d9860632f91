/** Resource records: the control plane's ground state, with who refers to whom. Keeps no rule of Azure. */
import type { JsonObject } from '#base/json.ts';
import { parseResourceId, type ResourceKey } from '#base/resource-id.ts';
import type { Database } from './database.ts';
import type { Tables } from './tables.ts';

/** A resource as stored. `provisioningState` is not here: it lives with the operation. */
export interface ResourceRecord {
  readonly key: ResourceKey;
  readonly id: string;
  /** Canonical casing. */
  readonly type: string;
  readonly name: string;
  readonly parent: ResourceKey | undefined;
  /** The resource that made this one as its own (a private endpoint its NIC); it goes when the owner goes. */
  readonly owner: ResourceKey | undefined;
  readonly body: ResourceBody;
  /** What the type keeps for itself and no GET shows: allocated numbers, operator limits. */
  readonly hidden: JsonObject;
  readonly etag: string;
  /** The store revision that wrote it. */
  readonly revision: number;
}

export interface ResourceBody {
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly sku?: JsonObject;
  readonly identity?: JsonObject;
  readonly kind?: string;
  readonly properties: JsonObject;
  readonly systemData?: JsonObject;
}

/** A record's name and state without its content. */
export type RecordTag = Pick<ResourceRecord, 'key' | 'id' | 'etag'>;

/** One resource changed by a transaction. Absent `before`: created. Absent `after`: deleted. */
export interface ResourceChange {
  readonly key: ResourceKey;
  readonly before: ResourceRecord | undefined;
  readonly after: ResourceRecord | undefined;
}

/** Collects what a transaction did and hands out its revision. */
export interface ChangeLog {
  readonly revision: number;
  note(change: ResourceChange): void;
}

function fromRow(row: Tables['resources']): ResourceRecord {
  return {
    key: row.key as ResourceKey,
    id: row.id,
    type: row.type,
    name: row.name,
    parent: (row.parent ?? undefined) as ResourceKey | undefined,
    owner: (row.owner ?? undefined) as ResourceKey | undefined,
    body: JSON.parse(row.body) as ResourceBody,
    hidden: JSON.parse(row.hidden) as JsonObject,
    etag: row.etag,
    revision: row.revision,
  };
}

/** Every string of the body that is a resource id: what this resource refers to, at any depth. */
export function referencesOf(record: Pick<ResourceRecord, 'key' | 'body'>): Set<ResourceKey> {
  const found = new Set<ResourceKey>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string') {
      if (!/^\/subscriptions\/./i.test(value)) return;
      try {
        found.add(parseResourceId(value).key);
      } catch {
        // A string that only looks like an id is no reference.
      }
    } else if (Array.isArray(value)) for (const item of value) visit(item);
    else if (typeof value === 'object' && value !== null)
      for (const [name, item] of Object.entries(value)) {
        // Azure writes user-assigned identities as an object whose names are ids.
        visit(name);
        visit(item);
      }
  };
  visit(record.body);
  found.delete(record.key);
  return found;
}

/** Reads of resources. */
export class ResourceReader {
  protected readonly database: Database;
  constructor(database: Database) {
    this.database = database;
  }

  async get(key: ResourceKey): Promise<ResourceRecord | undefined> {
    const row = await this.database.selectFrom('resources').selectAll().where('key', '=', key).executeTakeFirst();
    return row && fromRow(row);
  }

  /** Resources of a type (canonical casing), by key, at or below a scope (`/` for all), after a key, at most `limit`. */
  async list(filter: { type?: string; under?: string; after?: string; limit?: number } = {}): Promise<ResourceRecord[]> {
    let query = this.database.selectFrom('resources').selectAll().orderBy('key');
    if (filter.type !== undefined) query = query.where('type', '=', filter.type);
    // '0' follows '/' in ASCII: the half-open range holds exactly the keys below the scope.
    if (filter.under !== undefined && filter.under !== '/') query = query.where('key', '>=', `${filter.under}/`).where('key', '<', `${filter.under}0`);
    if (filter.after !== undefined) query = query.where('key', '>', filter.after);
    if (filter.limit !== undefined) query = query.limit(filter.limit);
    return (await query.execute()).map(fromRow);
  }

  /** Direct children: resources whose parent is `key`. */
  async children(key: ResourceKey): Promise<ResourceRecord[]> {
    const rows = await this.database.selectFrom('resources').selectAll().where('parent', '=', key).orderBy('key').execute();
    return rows.map(fromRow);
  }

  /** Resources that `key` owns. */
  async owned(key: ResourceKey): Promise<ResourceRecord[]> {
    const rows = await this.database.selectFrom('resources').selectAll().where('owner', '=', key).orderBy('key').execute();
    return rows.map(fromRow);
  }

  /** Resources whose body names `key` anywhere, optionally of one type (canonical casing). */
  async referrers(key: ResourceKey, type?: string): Promise<ResourceRecord[]> {
    let query = this.database
      .selectFrom('resource_references')
      .innerJoin('resources', 'resources.key', 'resource_references.source')
      .selectAll('resources')
      .where('resource_references.target', '=', key)
      .orderBy('resources.key');
    if (type !== undefined) query = query.where('resources.type', '=', type);
    return (await query.execute()).map(fromRow);
  }

  /** The referrers without their bodies: what to look up elsewhere by key and etag, at a fraction of the cost. */
  async referrerTags(key: ResourceKey): Promise<RecordTag[]> {
    const rows = await this.database
      .selectFrom('resource_references')
      .innerJoin('resources', 'resources.key', 'resource_references.source')
      .select(['resources.key', 'resources.id', 'resources.etag'])
      .where('resource_references.target', '=', key)
      .orderBy('resources.key')
      .execute();
    return rows as RecordTag[];
  }

  /** How many direct children of a type (canonical casing) there are. */
  async countChildren(key: ResourceKey, type: string): Promise<number> {
    const { count } = await this.database
      .selectFrom('resources')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('parent', '=', key)
      .where('type', '=', type)
      .executeTakeFirstOrThrow();
    return Number(count);
  }
}

/** Reads and writes of resources inside a transaction. */
export class ResourceWriter extends ResourceReader {
  readonly #log: ChangeLog;
  constructor(database: Database, log: ChangeLog) {
    super(database);
    this.#log = log;
  }

  /** Writes the record whole; the store sets its revision and returns what is now stored. */
  async put(record: Omit<ResourceRecord, 'revision'>): Promise<ResourceRecord> {
    const before = await this.get(record.key);
    const after: ResourceRecord = { ...record, revision: this.#log.revision };
    const row = {
      key: after.key,
      id: after.id,
      type: after.type,
      name: after.name,
      parent: after.parent ?? null,
      owner: after.owner ?? null,
      body: JSON.stringify(after.body),
      hidden: JSON.stringify(after.hidden),
      etag: after.etag,
      revision: after.revision,
    };
    const { key: _key, ...changed } = row;
    await this.database
      .insertInto('resources')
      .values(row)
      .onConflict((conflict) => conflict.column('key').doUpdateSet(changed))
      .execute();
    await this.#forgetReferences(after.key);
    const targets = [...referencesOf(after)];
    if (targets.length > 0)
      await this.database
        .insertInto('resource_references')
        .values(targets.map((target) => ({ source: after.key, target })))
        .execute();
    this.#log.note({ key: after.key, before, after });
    return after;
  }

  /** Deletes one record; children and owned resources are the caller's business. Returns whether it was there. */
  async delete(key: ResourceKey): Promise<boolean> {
    const before = await this.get(key);
    if (!before) return false;
    await this.database.deleteFrom('resources').where('key', '=', key).execute();
    await this.#forgetReferences(key);
    this.#log.note({ key, before, after: undefined });
    return true;
  }

  async #forgetReferences(source: ResourceKey): Promise<void> {
    await this.database.deleteFrom('resource_references').where('source', '=', source).execute();
  }
}
