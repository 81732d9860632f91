/** Users, groups and who is a member of what, as records. What a password's hash means is the directory's business. */
import type { Database } from './database.ts';
import type { Tables } from './tables.ts';

export interface UserRecord {
  readonly objectId: string;
  readonly tenantId: string;
  /** The user principal name, `ann@contoso.onmicrosoft.com`: one user's only, in any casing. */
  readonly upn: string;
  readonly displayName: string;
  /** Whether it may sign in. */
  readonly enabled: boolean;
  readonly salt: string;
  readonly hash: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface GroupRecord {
  readonly objectId: string;
  readonly tenantId: string;
  readonly displayName: string;
  readonly mailNickname: string;
  readonly description: string | undefined;
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface MembershipRecord {
  readonly groupId: string;
  /** The object id of a user, a group or a service principal. */
  readonly memberId: string;
}

function userFrom(row: Tables['users']): UserRecord {
  return {
    objectId: row.object_id,
    tenantId: row.tenant,
    upn: row.upn,
    displayName: row.display_name,
    enabled: row.enabled === 1,
    salt: row.salt,
    hash: row.hash,
    createdAt: row.created_at,
  };
}

function groupFrom(row: Tables['directory_groups']): GroupRecord {
  return {
    objectId: row.object_id,
    tenantId: row.tenant,
    displayName: row.display_name,
    mailNickname: row.mail_nickname,
    description: row.description ?? undefined,
    createdAt: row.created_at,
  };
}

export async function insertUser(database: Database, record: UserRecord): Promise<void> {
  await database
    .insertInto('users')
    .values({
      object_id: record.objectId,
      tenant: record.tenantId,
      upn: record.upn,
      display_name: record.displayName,
      enabled: record.enabled ? 1 : 0,
      salt: record.salt,
      hash: record.hash,
      created_at: record.createdAt,
    })
    .execute();
}

/** Changes what is given. Returns whether the user was there. */
export async function updateUser(
  database: Database,
  objectId: string,
  change: Partial<Pick<UserRecord, 'upn' | 'displayName' | 'enabled' | 'salt' | 'hash'>>,
): Promise<boolean> {
  const row = await database.selectFrom('users').selectAll().where('object_id', '=', objectId).executeTakeFirst();
  if (!row) return false;
  const { upn, displayName, enabled, salt, hash } = { ...userFrom(row), ...change };
  await database
    .updateTable('users')
    .set({ upn, display_name: displayName, enabled: enabled ? 1 : 0, salt, hash })
    .where('object_id', '=', objectId)
    .execute();
  return true;
}

/** Deletes a user with its memberships. Returns whether it was there. */
export async function deleteUser(database: Database, objectId: string): Promise<boolean> {
  await deleteMembershipsOf(database, objectId);
  const result = await database.deleteFrom('users').where('object_id', '=', objectId).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** By the user principal name, in any casing. */
export async function userByUpn(database: Database, upn: string): Promise<UserRecord | undefined> {
  const row = await database.selectFrom('users').selectAll().where('upn', '=', upn).executeTakeFirst();
  return row && userFrom(row);
}

export async function userByObjectId(database: Database, objectId: string): Promise<UserRecord | undefined> {
  const row = await database.selectFrom('users').selectAll().where('object_id', '=', objectId).executeTakeFirst();
  return row && userFrom(row);
}

/** Every user of a tenant, by object id. */
export async function listUsers(database: Database, tenantId: string): Promise<UserRecord[]> {
  return (await database.selectFrom('users').selectAll().where('tenant', '=', tenantId).orderBy('object_id').execute()).map(userFrom);
}

export async function insertGroup(database: Database, record: GroupRecord): Promise<void> {
  await database
    .insertInto('directory_groups')
    .values({
      object_id: record.objectId,
      tenant: record.tenantId,
      display_name: record.displayName,
      mail_nickname: record.mailNickname,
      description: record.description ?? null,
      created_at: record.createdAt,
    })
    .execute();
}

/** Deletes a group with its memberships, those of its members and its own. Returns whether it was there. */
export async function deleteGroup(database: Database, objectId: string): Promise<boolean> {
  await deleteMembershipsOf(database, objectId);
  const result = await database.deleteFrom('directory_groups').where('object_id', '=', objectId).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export async function groupByObjectId(database: Database, objectId: string): Promise<GroupRecord | undefined> {
  const row = await database.selectFrom('directory_groups').selectAll().where('object_id', '=', objectId).executeTakeFirst();
  return row && groupFrom(row);
}

/** Every group of a tenant, by object id. */
export async function listGroups(database: Database, tenantId: string): Promise<GroupRecord[]> {
  return (await database.selectFrom('directory_groups').selectAll().where('tenant', '=', tenantId).orderBy('object_id').execute()).map(groupFrom);
}

/** Returns whether it is new. */
export async function insertMembership(database: Database, { groupId, memberId }: MembershipRecord): Promise<boolean> {
  const result = await database
    .insertInto('memberships')
    .values({ group_id: groupId, member_id: memberId })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** Returns whether it was there. */
export async function deleteMembership(database: Database, { groupId, memberId }: MembershipRecord): Promise<boolean> {
  const result = await database.deleteFrom('memberships').where('group_id', '=', groupId).where('member_id', '=', memberId).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Takes a principal that is gone out of every group. */
export async function deleteMembershipsOf(database: Database, memberId: string): Promise<void> {
  await database.deleteFrom('memberships').where('member_id', '=', memberId).execute();
}

/** Every membership there is, of all tenants. */
export async function listMemberships(database: Database): Promise<MembershipRecord[]> {
  return (await database.selectFrom('memberships').selectAll().execute()).map((row) => ({ groupId: row.group_id, memberId: row.member_id }));
}
