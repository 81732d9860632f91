/** The directory: applications, their service principals and secrets. A secret is shown once, at its making; kept is a salted scrypt hash. */
import { createHmac, randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto';
import { type Clock, isoTime } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
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
import type { Identity } from './tokens.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** As `az ad sp create-for-rbac`: one year; the first operator's secret must not end a running system, so it asks for more. */
const SECRET_LIFETIME_MS = 365 * DAY_MS;
/** Tokens and secrets begin a little early: whoever says when may have a clock that is ahead by seconds. */
const EARLY_MS = 5 * 60_000;
/** How long a secret that was verified need not be hashed again. */
const REMEMBER_MS = 60_000;
/** scrypt's N, r, p: 16 MiB and about 50 ms. Kept with each hash, so that they can be raised. */
const COST = { N: 16_384, r: 8, p: 1 } as const;
const HASH_BYTES = 32;
/** Hashes at a time, since they share the thread pool with file reads; and how many may wait. */
const HASHING = 2;
const WAITING = 64;
/** Hashed when there is no such principal, so that the answer takes as long. */
const NOBODY: Pick<SecretRecord, 'salt' | 'hash'> = {
  salt: 'AAAAAAAAAAAAAAAAAAAAAA',
  hash: `${COST.N}:${COST.r}:${COST.p}:${Buffer.alloc(HASH_BYTES).toString('base64url')}`,
};

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
  #hashing = 0;
  readonly #queue: (() => void)[] = [];
  #tenantId: string | undefined;

  constructor(options: { store: Store; clock: Clock }) {
    this.#store = options.store;
    this.#clock = options.clock;
  }

  /** A new application, its service principal and its first secret. */
  async createServicePrincipal(options: { displayName: string; secretLifetimeMs?: number }): Promise<{ objectId: string; appId: string; secret: string }> {
    const objectId = randomUUID();
    const record = { ...this.#newApplication(options.displayName), objectId };
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
  async createApplication(displayName: string): Promise<PrincipalRecord> {
    const record = this.#newApplication(displayName);
    await this.#store.write(({ database }) => insertPrincipal(database, record));
    return record;
  }

  /**
   * Gives an application its service principal. The object id is new each time: role assignments of one that was deleted do not come back.
   * @throws Fault `Request_BadRequest` (invalid) for an unknown application, `Request_MultipleObjectsWithSameKeyValue` (conflict) when it has one.
   */
  async createPrincipal(appId: string): Promise<PrincipalRecord> {
    const { value } = await this.#store.write(async ({ database }) => {
      const record = await principalByAppId(database, appId.toLowerCase());
      if (!record)
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
      if (!(await principalByAppId(database, appId))) throw new Fault('notFound', 'Request_ResourceNotFound', `Application '${appId}' does not exist.`);
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
    const { value } = await this.#store.write(({ database }) => deletePrincipal(database, appId));
    this.#forget();
    return value;
  }

  /**
   * Deletes the service principal of an application, which stays with its secrets; whether the application was there. It can no longer sign in, at once.
   * Tokens that it holds stay valid until they expire, as in Azure; its role assignments are ARM's to remove, and end what those tokens can do.
   */
  async removePrincipal(appId: string): Promise<boolean> {
    const { value } = await this.#store.write(({ database }) => updatePrincipal(database, appId, { objectId: undefined }));
    this.#forget();
    return value;
  }

  findByAppId(appId: string): Promise<PrincipalRecord | undefined> {
    return principalByAppId(this.#store.database, appId.toLowerCase());
  }

  /** By the object id of its service principal. */
  findByObjectId(objectId: string): Promise<PrincipalRecord | undefined> {
    return principalByObjectId(this.#store.database, objectId.toLowerCase());
  }

  list(): Promise<PrincipalRecord[]> {
    return listPrincipals(this.#store.database);
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
    for (const stored of secrets) if (await this.#matches(secret, stored)) proof = stored;
    if (secrets.length === 0) await this.#matches(secret, NOBODY);
    if (!record || !proof) return undefined;

    if (this.#remembered.size > 1000) this.#remembered.clear();
    if (removals === this.#removals) this.#remembered.set(name, { record, untilMs: Math.min(now + REMEMBER_MS, Date.parse(proof.expiresAt)) });
    return this.#identity(record);
  }

  #forget(): void {
    this.#removals++;
    this.#remembered.clear();
  }

  async #identity(record: PrincipalRecord): Promise<Identity> {
    if (this.#tenantId === undefined) {
      const row = await this.#store.database.selectFrom('settings').select('value').where('name', '=', 'tenantId').executeTakeFirst();
      this.#tenantId = row?.value;
    }
    return { objectId: record.objectId as string, appId: record.appId, tenantId: this.#tenantId ?? '', kind: 'ServicePrincipal' };
  }

  #newApplication(displayName: string): PrincipalRecord {
    return { applicationId: randomUUID(), appId: randomUUID(), objectId: undefined, displayName, createdAt: isoTime(this.#clock) };
  }

  async #newSecret(appId: string, options: SecretOptions): Promise<{ secret: string; stored: SecretRecord }> {
    const now = this.#clock.now();
    const { displayName = '', startsAtMs = now, expiresAtMs = startsAtMs + SECRET_LIFETIME_MS } = options;
    if (expiresAtMs <= Math.max(startsAtMs, now))
      throw new Fault('invalid', 'Request_BadRequest', 'The secret would have expired: its endDateTime must be after its startDateTime, and after now.');
    const secret = secretText(randomBytes(30));
    const salt = randomBytes(16).toString('base64url');
    const hash = await this.#hash(secret, salt, COST);
    const stored: SecretRecord = {
      keyId: randomUUID(),
      appId,
      salt,
      hash: `${COST.N}:${COST.r}:${COST.p}:${hash.toString('base64url')}`,
      displayName,
      startsAt: new Date(startsAtMs).toISOString(),
      expiresAt: new Date(expiresAtMs).toISOString(),
    };
    return { secret, stored };
  }

  async #matches(secret: string, stored: Pick<SecretRecord, 'salt' | 'hash'>): Promise<boolean> {
    const [N, r, p, encoded = ''] = stored.hash.split(':');
    const expected = Buffer.from(encoded, 'base64url');
    const actual = await this.#hash(secret, stored.salt, { N: Number(N), r: Number(r), p: Number(p) });
    return expected.length === actual.length && timingSafeEqual(expected, actual);
  }

  async #hash(secret: string, salt: string, cost: { N: number; r: number; p: number }): Promise<Buffer> {
    if (this.#hashing >= HASHING) {
      if (this.#queue.length >= WAITING)
        throw new Fault('throttled', 'TooManyRequests', 'Too many sign-ins at once. Try again in a few seconds.', { headers: { 'retry-after': '2' } });
      await new Promise<void>((resume) => this.#queue.push(resume));
    } else this.#hashing++;
    try {
      return await new Promise<Buffer>((resolve, reject) =>
        scrypt(secret, Buffer.from(salt, 'base64url'), HASH_BYTES, cost, (error, key) => (error ? reject(error) : resolve(key))),
      );
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#hashing--;
    }
  }
}

/** Random bytes as text that needs no quotes. It begins with no dash: command lines (az's too) would take `-p -SECRET` for two flags. */
export function secretText(bytes: Buffer): string {
  return bytes.toString('base64url').replace(/^-/, 'x');
}

function shown({ keyId, displayName, startsAt, expiresAt }: SecretRecord): Omit<NewSecret, 'secret'> {
  return { keyId, displayName, startsAt, expiresAt };
}
