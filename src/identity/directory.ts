/**
 * The directory of every tenant: applications with their service principals, secrets, certificates and federated credentials; users and groups by `people.ts`.
 * A secret is shown once, at its making; kept is a salted scrypt hash.
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { type Clock, isoTime } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import {
  deleteFederatedCredential,
  type FederatedCredentialRecord,
  federatedCredentialsOf,
  type KeyRecord,
  keysOf,
  putFederatedCredential,
  replaceKeys,
} from '#store/application-credentials.ts';
import {
  deletePrincipal,
  deleteSecret,
  insertPrincipal,
  insertSecret,
  listPrincipals,
  type PrincipalRecord,
  principalByAppId,
  principalByObjectId,
  type SecretRecord,
  secretsOf,
  updatePrincipal,
} from '#store/principals.ts';
import type { Store } from '#store/store.ts';
import { findTenant, insertTenant, listTenants, type TenantRecord } from '#store/tenants.ts';
import { Passwords } from './passwords.ts';
import { People, type User } from './people.ts';
import type { Identity } from './tokens.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** As `az ad sp create-for-rbac`: one year; the first operator's secret must not end a running system, so it asks for more. */
const SECRET_LIFETIME_MS = 365 * DAY_MS;
/** Tokens and secrets begin a little early: whoever says when may have a clock that is ahead by seconds. */
const EARLY_MS = 5 * 60_000;
/** How long a secret that was verified need not be hashed again. */
const REMEMBER_MS = 60_000;

/** Times in ms since 1970; a secret begins now and holds for a year unless said otherwise. */
export interface SecretOptions {
  readonly displayName?: string | undefined;
  readonly startsAtMs?: number | undefined;
  readonly expiresAtMs?: number | undefined;
}

export interface NewSecret {
  readonly keyId: string;
  /** 40 URL-safe characters (240 bits). */
  readonly secret: string;
  readonly displayName: string;
  /** ISO 8601. */
  readonly startsAt: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

export class Directory {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #processKey = randomBytes(32);
  /** Keyed hash of appId and secret -> what it proved, and until when that is remembered. */
  readonly #remembered = new Map<string, { record: PrincipalRecord; untilMs: number }>();
  /** Counts removals: what was verified before one is not remembered after it. */
  #removals = 0;
  readonly #passwords: Passwords;
  /** Users and groups. */
  readonly people: People;

  private constructor(options: { store: Store; clock: Clock; passwords: Passwords; people: People }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#passwords = options.passwords;
    this.people = options.people;
  }

  static async open(options: { store: Store; clock: Clock }): Promise<Directory> {
    const passwords = new Passwords();
    return new Directory({ ...options, passwords, people: await People.open({ ...options, passwords }) });
  }

  /** Every tenant, the first one first. */
  tenants(): Promise<TenantRecord[]> {
    return listTenants(this.#store.database);
  }

  /** By its id or its domain. */
  findTenant(name: string): Promise<TenantRecord | undefined> {
    return findTenant(this.#store.database, name);
  }

  /** @throws Fault `TenantAlreadyExists` (conflict) when another has the domain */
  async createTenant(options: { displayName: string; domain: string }): Promise<TenantRecord> {
    const record = { ...options, id: randomUUID(), createdAt: isoTime(this.#clock) };
    await this.#store.write(async ({ database }) => {
      if (await findTenant(database, record.domain))
        throw new Fault('conflict', 'TenantAlreadyExists', `A tenant with the domain '${record.domain}' exists already.`, { target: 'domain' });
      await insertTenant(database, record);
    });
    return record;
  }

  /** By the user principal name, in any casing. */
  findUser(upn: string): Promise<User | undefined> {
    return this.people.findUser(upn);
  }

  /** @throws Fault `Request_BadRequest` (invalid) when another has the name */
  createUser(options: { tenantId: string; upn: string; displayName: string; password: string; enabled?: boolean }): Promise<User> {
    return this.people.createUser(options);
  }

  /**
   * Whom the password proves, or undefined; a user that is disabled proves nothing. Unknown names and wrong passwords take the same time.
   * @throws Fault `TooManyRequests` (throttled)
   */
  async verifyUserPassword(upn: string, password: string): Promise<Identity | undefined> {
    const user = await this.people.verifyPassword(upn, password);
    return user && { objectId: user.objectId, tenantId: user.tenantId, upn: user.upn, kind: 'User' };
  }

  /** The groups that a principal is in, also by way of other groups; in memory and current at once. */
  groupsOf(objectId: string): readonly string[] {
    return this.people.groupsOf(objectId);
  }

  /** A new application, its service principal and its first secret. */
  async createServicePrincipal(options: {
    tenantId: string;
    displayName: string;
    secretLifetimeMs?: number;
  }): Promise<{ objectId: string; appId: string; secret: string }> {
    const objectId = randomUUID();
    const record = { ...this.#newApplication(options.tenantId, options.displayName), objectId };
    const { secret, stored } = await this.#newSecret(record.appId, {
      displayName: options.displayName,
      expiresAtMs: this.#clock.now() + (options.secretLifetimeMs ?? SECRET_LIFETIME_MS),
    });
    await this.#store.write(async ({ database }) => {
      await insertPrincipal(database, record);
      await insertSecret(database, stored);
    });
    return { objectId, appId: record.appId, secret };
  }

  /** A new application, without a service principal and so nobody yet. */
  async createApplication(tenantId: string, displayName: string): Promise<PrincipalRecord> {
    const record = this.#newApplication(tenantId, displayName);
    await this.#store.write(({ database }) => insertPrincipal(database, record));
    return record;
  }

  /**
   * Gives an application its service principal. The object id is new each time: role assignments of one that was deleted do not come back.
   * @throws Fault `Request_BadRequest` (invalid) for an application that the tenant does not have, `Request_MultipleObjectsWithSameKeyValue` (conflict) when it has one.
   */
  async createPrincipal(appId: string, tenantId: string): Promise<PrincipalRecord> {
    const { value } = await this.#store.write(async ({ database }) => {
      const record = await principalByAppId(database, appId.toLowerCase());
      if (record?.tenantId !== tenantId)
        throw new Fault(
          'invalid',
          'Request_BadRequest',
          `The appId '${appId.slice(0, 100)}' of the service principal does not reference a valid application object.`,
        );
      if (record.objectId !== undefined)
        throw new Fault(
          'conflict',
          'Request_MultipleObjectsWithSameKeyValue',
          `The service principal cannot be created, updated, or restored because the service principal name ${record.appId} is already in use.`,
        );
      const objectId = randomUUID();
      await updatePrincipal(database, record.appId, { objectId });
      return { ...record, objectId };
    });
    return value;
  }

  /** Whether the application was there. */
  async rename(appId: string, displayName: string): Promise<boolean> {
    return (await this.#store.write(({ database }) => updatePrincipal(database, appId, { displayName }))).value;
  }

  /**
   * A further secret; the earlier ones stay.
   * @throws Fault `Request_ResourceNotFound` (notFound), `Request_BadRequest` (invalid) when it would end before it begins
   */
  async addSecret(appId: string, options: SecretOptions = {}): Promise<NewSecret> {
    const { secret, stored } = await this.#newSecret(appId, options);
    await this.#store.write(async ({ database }) => {
      if (!(await principalByAppId(database, appId))) throw applicationNotFound(appId);
      await insertSecret(database, stored);
    });
    return { secret, ...shown(stored) };
  }

  /** What may be told of an application's secrets. */
  async secrets(appId: string): Promise<readonly Omit<NewSecret, 'secret'>[]> {
    return (await secretsOf(this.#store.database, appId)).map(shown);
  }

  /** Whether it was there. It stops to work at once. */
  async removeSecret(appId: string, keyId: string): Promise<boolean> {
    const { value } = await this.#store.write(({ database }) => deleteSecret(database, appId, keyId.toLowerCase()));
    this.#forget();
    return value;
  }

  /** Deletes an application with its service principal and secrets; whether it was there. For what its principal may do afterwards see `removePrincipal`. */
  async removeApplication(appId: string): Promise<boolean> {
    const objectId = (await this.findByAppId(appId))?.objectId;
    const { value } = await this.#store.write(({ database }) => deletePrincipal(database, appId));
    this.#forget();
    if (objectId !== undefined) await this.people.removeFromGroups(objectId);
    return value;
  }

  /**
   * Deletes the service principal of an application, which stays with its secrets; whether the application was there. It can no longer sign in, at once.
   * Tokens that it holds stay valid until they expire, as in Azure; its role assignments are ARM's to remove, and end what those tokens can do.
   */
  async removePrincipal(appId: string): Promise<boolean> {
    const objectId = (await this.findByAppId(appId))?.objectId;
    const { value } = await this.#store.write(({ database }) => updatePrincipal(database, appId, { objectId: undefined }));
    this.#forget();
    if (objectId !== undefined) await this.people.removeFromGroups(objectId);
    return value;
  }

  findByAppId(appId: string): Promise<PrincipalRecord | undefined> {
    return principalByAppId(this.#store.database, appId.toLowerCase());
  }

  /** By the object id of its service principal. */
  findByObjectId(objectId: string): Promise<PrincipalRecord | undefined> {
    return principalByObjectId(this.#store.database, objectId.toLowerCase());
  }

  /** Every application of a tenant. */
  list(tenantId: string): Promise<PrincipalRecord[]> {
    return listPrincipals(this.#store.database, tenantId);
  }

  /** The certificates that an application may sign in by, also those that are not valid now; see `KeyRecord`. */
  keysOf(appId: string): Promise<KeyRecord[]> {
    return keysOf(this.#store.database, appId.toLowerCase());
  }

  /** Makes these its certificates: all others go, and no longer prove it. @throws Fault `Request_ResourceNotFound` (notFound) */
  async replaceKeys(appId: string, keys: readonly KeyRecord[]): Promise<void> {
    await this.#store.write(async ({ database }) => {
      if (!(await principalByAppId(database, appId))) throw applicationNotFound(appId);
      await replaceKeys(database, appId, keys);
    });
  }

  /** Whose tokens stand for the secret of an application. */
  federatedCredentialsOf(appId: string): Promise<FederatedCredentialRecord[]> {
    return federatedCredentialsOf(this.#store.database, appId.toLowerCase());
  }

  /** Makes or overwrites the one with the record's id. @throws Fault `Request_ResourceNotFound` (notFound), `Request_MultipleObjectsWithSameKeyValue` (conflict) */
  async putFederatedCredential(record: FederatedCredentialRecord): Promise<void> {
    await this.#store.write(async ({ database }) => {
      if (!(await principalByAppId(database, record.appId))) throw applicationNotFound(record.appId);
      const others = (await federatedCredentialsOf(database, record.appId)).filter(({ id }) => id !== record.id);
      if (others.some(({ name }) => name.toLowerCase() === record.name.toLowerCase()))
        throw new Fault('conflict', 'Request_MultipleObjectsWithSameKeyValue', `FederatedIdentityCredential with name ${record.name} already exists.`);
      if (others.some(({ issuer, subject }) => issuer === record.issuer && subject === record.subject))
        throw new Fault(
          'conflict',
          'Request_MultipleObjectsWithSameKeyValue',
          'FederatedIdentityCredential with the same issuer and subject already exists: the two must be one of a kind on an application.',
        );
      await putFederatedCredential(database, record);
    });
  }

  /** Whether it was there. */
  async removeFederatedCredential(appId: string, id: string): Promise<boolean> {
    return (await this.#store.write(({ database }) => deleteFederatedCredential(database, appId, id))).value;
  }

  /**
   * Who the secret proves, or undefined. An unknown principal and a wrong secret take the same time.
   * @throws Fault `TooManyRequests` (throttled) when more secrets wait to be hashed than this server will take.
   */
  async verifySecret(appId: string, secret: string): Promise<Identity | undefined> {
    const now = this.#clock.now();
    const name = createHmac('sha256', this.#processKey).update(`${appId.toLowerCase()}\0${secret}`).digest('base64url');
    const kept = this.#remembered.get(name);
    if (kept && kept.untilMs > now) return this.#identity(kept.record);
    this.#remembered.delete(name);

    const removals = this.#removals;
    const record = await this.findByAppId(appId);
    const current = (stored: SecretRecord): boolean => Date.parse(stored.startsAt) - EARLY_MS <= now && Date.parse(stored.expiresAt) > now;
    const secrets = record?.objectId === undefined ? [] : (await secretsOf(this.#store.database, record.appId)).filter(current);
    let proof: SecretRecord | undefined;
    // Every secret is hashed, also after a match: how many there are is all that the time tells.
    for (const stored of secrets) if (await this.#passwords.matches(secret, stored)) proof = stored;
    if (secrets.length === 0) await this.#passwords.matches(secret, undefined);
    if (!record || !proof) return undefined;

    if (this.#remembered.size > 1000) this.#remembered.clear();
    if (removals === this.#removals) this.#remembered.set(name, { record, untilMs: Math.min(now + REMEMBER_MS, Date.parse(proof.expiresAt)) });
    return this.#identity(record);
  }

  #forget(): void {
    this.#removals++;
    this.#remembered.clear();
  }

  #identity(record: PrincipalRecord): Identity {
    return { objectId: record.objectId as string, appId: record.appId, tenantId: record.tenantId, kind: 'ServicePrincipal' };
  }

  #newApplication(tenantId: string, displayName: string): PrincipalRecord {
    return { applicationId: randomUUID(), appId: randomUUID(), objectId: undefined, displayName, createdAt: isoTime(this.#clock), tenantId };
  }

  async #newSecret(appId: string, options: SecretOptions): Promise<{ secret: string; stored: SecretRecord }> {
    const now = this.#clock.now();
    const { displayName = '', startsAtMs = now, expiresAtMs = startsAtMs + SECRET_LIFETIME_MS } = options;
    if (expiresAtMs <= Math.max(startsAtMs, now))
      throw new Fault('invalid', 'Request_BadRequest', 'The secret would have expired: its endDateTime must be after its startDateTime, and after now.');
    const secret = secretText(randomBytes(30));
    const stored: SecretRecord = {
      keyId: randomUUID(),
      appId,
      ...(await this.#passwords.hash(secret)),
      displayName,
      startsAt: new Date(startsAtMs).toISOString(),
      expiresAt: new Date(expiresAtMs).toISOString(),
    };
    return { secret, stored };
  }
}

/** Random bytes as text that needs no quotes. It begins with no dash: command lines (az's too) would take `-p -SECRET` for two flags. */
export function secretText(bytes: Buffer): string {
  return bytes.toString('base64url').replace(/^-/, 'x');
}

function shown({ keyId, displayName, startsAt, expiresAt }: SecretRecord): Omit<NewSecret, 'secret'> {
  return { keyId, displayName, startsAt, expiresAt };
}

function applicationNotFound(appId: string): Fault {
  return new Fault('notFound', 'Request_ResourceNotFound', `Application '${appId}' does not exist.`);
}
