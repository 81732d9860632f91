/** Tenants: directories of their own, each with its users, groups, applications and subscriptions. */
import type { Database } from './database.ts';
import type { Tables } from './tables.ts';

export interface TenantRecord {
  /** A GUID, lower case. */
  readonly id: string;
  readonly displayName: string;
  /** The domain of its users' names, one tenant's only: `postern.onmicrosoft.com`. */
  readonly domain: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

function tenantFrom(row: Tables['tenants']): TenantRecord {
  return { id: row.id, displayName: row.display_name, domain: row.domain, createdAt: row.created_at };
}

export async function insertTenant(database: Database, record: TenantRecord): Promise<void> {
  await database
    .insertInto('tenants')
    .values({ id: record.id, display_name: record.displayName, domain: record.domain, created_at: record.createdAt })
    .execute();
}

/** Every tenant, the oldest first. */
export async function listTenants(database: Database): Promise<TenantRecord[]> {
  return (await database.selectFrom('tenants').selectAll().orderBy('created_at').orderBy('id').execute()).map(tenantFrom);
}

/** By its id or its domain, in any casing. */
export async function findTenant(database: Database, name: string): Promise<TenantRecord | undefined> {
  const row = await database
    .selectFrom('tenants')
    .selectAll()
    .where((either) => either.or([either('id', '=', name.toLowerCase()), either('domain', '=', name)]))
    .executeTakeFirst();
  return row && tenantFrom(row);
}
