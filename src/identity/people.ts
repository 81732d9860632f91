/** Users and groups of the directory, of every tenant. Who is in which group is kept in memory too: each request asks it. */
import { randomUUID } from 'node:crypto';
import { type Clock, isoTime } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import {
  deleteGroup,
  deleteMembership,
  deleteMembershipsOf,
  deleteUser,
  type GroupRecord,
  groupByObjectId,
  insertGroup,
  insertMembership,
  insertUser,
  listGroups,
  listMemberships,
  listUsers,
  type MembershipRecord,
  type UserRecord,
  updateUser,
  userByObjectId,
  userByUpn,
} from '#store/people.ts';
import { revokeSignIns } from '#store/sign-in.ts';
import type { Store } from '#store/store.ts';
import type { Passwords } from './passwords.ts';

/** A user as it may be told: without the hash of its password. */
export type User = Omit<UserRecord, 'salt' | 'hash'>;

export class People {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #passwords: Passwords;
  /** Member -> groups it is directly in, and the other way round. */
  readonly #groups = new Map<string, Set<string>>();
  readonly #members = new Map<string, Set<string>>();

  private constructor(options: { store: Store; clock: Clock; passwords: Passwords }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#passwords = options.passwords;
  }

  static async open(options: { store: Store; clock: Clock; passwords: Passwords }): Promise<People> {
    const people = new People(options);
    for (const membership of await listMemberships(options.store.database)) people.#remember(membership);
    return people;
  }

  /** The groups that a principal is in, also by way of other groups, by object id; none for one that is not known. As of the last change, at once. */
  groupsOf(objectId: string): readonly string[] {
    return reached(this.#groups, objectId.toLowerCase());
  }

  /** The object ids of the direct members of a group. */
  membersOf(groupId: string): readonly string[] {
    return [...(this.#members.get(groupId) ?? [])].sort();
  }

  /** The object ids of the groups that a principal is directly in. */
  directGroupsOf(objectId: string): readonly string[] {
    return [...(this.#groups.get(objectId) ?? [])].sort();
  }

  /**
   * A new user, who may sign in unless said otherwise.
   * @throws Fault `Request_BadRequest` (invalid) when another has the name
   */
  async createUser(options: { tenantId: string; upn: string; displayName: string; password: string; enabled?: boolean }): Promise<User> {
    const { tenantId, upn, displayName, password, enabled = true } = options;
    const record = { objectId: randomUUID(), tenantId, upn, displayName, enabled, createdAt: isoTime(this.#clock) };
    const hash = await this.#passwords.hash(password);
    await this.#store.write(async ({ database }) => {
      requireFree(upn, undefined, await userByUpn(database, upn));
      await insertUser(database, { ...record, ...hash });
    });
    return record;
  }

  /**
   * Changes what is given; whether the user was there.
   * @throws Fault `Request_BadRequest` (invalid) when another has the name
   */
  async updateUser(objectId: string, change: { upn?: string; displayName?: string; enabled?: boolean; password?: string }): Promise<boolean> {
    const { password, ...others } = change;
    const hash = password === undefined ? {} : await this.#passwords.hash(password);
    const { value } = await this.#store.write(async ({ database }) => {
      if (change.upn !== undefined) requireFree(change.upn, objectId, await userByUpn(database, change.upn));
      // Whoever knew the old password signs in no longer by what it gave them.
      if (password !== undefined) await revokeSignIns(database, objectId, this.#clock.now());
      return updateUser(database, objectId, { ...others, ...hash });
    });
    return value;
  }

  /** Whether it was there. It can no longer sign in, at once. */
  async removeUser(objectId: string): Promise<boolean> {
    const { value } = await this.#store.write(({ database }) => deleteUser(database, objectId));
    this.#forget(objectId);
    return value;
  }

  /** By the user principal name, in any casing. */
  async findUser(upn: string): Promise<User | undefined> {
    const record = await userByUpn(this.#store.database, upn);
    return record && told(record);
  }

  async findUserByObjectId(objectId: string): Promise<User | undefined> {
    const record = await userByObjectId(this.#store.database, objectId.toLowerCase());
    return record && told(record);
  }

  async users(tenantId: string): Promise<readonly User[]> {
    return (await listUsers(this.#store.database, tenantId)).map(told);
  }

  /**
   * The user whose password that is, when it may sign in. A name that is not known and a wrong password take the same time.
   * @throws Fault `TooManyRequests` (throttled)
   */
  async verifyPassword(upn: string, password: string): Promise<User | undefined> {
    const record = await userByUpn(this.#store.database, upn);
    const right = await this.#passwords.matches(password, record);
    return record && right && record.enabled ? told(record) : undefined;
  }

  async createGroup(options: Omit<GroupRecord, 'objectId' | 'createdAt'>): Promise<GroupRecord> {
    const record = { ...options, objectId: randomUUID(), createdAt: isoTime(this.#clock) };
    await this.#store.write(({ database }) => insertGroup(database, record));
    return record;
  }

  findGroup(objectId: string): Promise<GroupRecord | undefined> {
    return groupByObjectId(this.#store.database, objectId.toLowerCase());
  }

  groups(tenantId: string): Promise<GroupRecord[]> {
    return listGroups(this.#store.database, tenantId);
  }

  /** Whether it was there. What its members may do by it ends at once. */
  async removeGroup(objectId: string): Promise<boolean> {
    const { value } = await this.#store.write(({ database }) => deleteGroup(database, objectId));
    this.#forget(objectId);
    return value;
  }

  /** Puts a principal into a group; whether it is new there. Both exist: the caller has looked. */
  async addMember(membership: MembershipRecord): Promise<boolean> {
    const { value } = await this.#store.write(async ({ database }) => {
      if (!(await groupByObjectId(database, membership.groupId))) return false;
      return insertMembership(database, membership);
    });
    if (value) this.#remember(membership);
    return value;
  }

  /** Whether it was there. */
  async removeMember(membership: MembershipRecord): Promise<boolean> {
    const { value } = await this.#store.write(({ database }) => deleteMembership(database, membership));
    this.#groups.get(membership.memberId)?.delete(membership.groupId);
    this.#members.get(membership.groupId)?.delete(membership.memberId);
    return value;
  }

  /** Takes a principal that is gone out of every group. */
  async removeFromGroups(objectId: string): Promise<void> {
    if (!this.#groups.has(objectId)) return;
    await this.#store.write(({ database }) => deleteMembershipsOf(database, objectId));
    this.#forget(objectId);
  }

  #remember({ groupId, memberId }: MembershipRecord): void {
    put(this.#groups, memberId, groupId);
    put(this.#members, groupId, memberId);
  }

  /** Forgets a principal that is gone, as member and as group. */
  #forget(objectId: string): void {
    for (const group of this.#groups.get(objectId) ?? []) this.#members.get(group)?.delete(objectId);
    for (const member of this.#members.get(objectId) ?? []) this.#groups.get(member)?.delete(objectId);
    this.#groups.delete(objectId);
    this.#members.delete(objectId);
  }
}

function told({ salt: _salt, hash: _hash, ...user }: UserRecord): User {
  return user;
}

function put(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  if (set) set.add(value);
  else map.set(key, new Set([value]));
}

/** All that is reached from `start` in one step or more. Groups may contain each other. */
function reached(edges: ReadonlyMap<string, ReadonlySet<string>>, start: string): readonly string[] {
  const found = new Set<string>();
  const open = [start];
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const next of edges.get(at) ?? [])
      if (!found.has(next)) {
        found.add(next);
        open.push(next);
      }
  return [...found];
}

/** @throws Fault `Request_BadRequest` (invalid) when somebody else holds the name */
function requireFree(upn: string, objectId: string | undefined, holder: UserRecord | undefined): void {
  if (holder === undefined || holder.objectId === objectId) return;
  throw new Fault(
    'invalid',
    'Request_BadRequest',
    `Another object with the same value for property userPrincipalName already exists: '${upn.slice(0, 200)}'. A user principal name is one user's only.`,
  );
}
