/** The directory: service principals with secrets. A secret is shown once, at its making; kept is a salted scrypt hash. */
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
} from '#store/principals.ts';
import type { Store } from '#store/store.ts';
import type { Identity } from './tokens.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** As `az ad sp create-for-rbac`: one year; the first operator's secret must not end a running system, so it asks for more. */
const SECRET_LIFETIME_MS = 365 * DAY_MS;
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

export interface NewSecret {
  readonly keyId: string;
  /** 40 URL-safe characters (240 bits). */
  readonly secret: string;
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

  /** A new service principal with its first secret. */
  async createServicePrincipal(options: { displayName: string; secretLifetimeMs?: number }): Promise<{ objectId: string; appId: string; secret: string }> {
    const record: PrincipalRecord = {
      objectId: randomUUID(),
      appId: randomUUID(),
      kind: 'ServicePrincipal',
      displayName: options.displayName,
      createdAt: isoTime(this.#clock),
    };
    const { secret, stored } = await this.#newSecret(record.objectId, options.displayName, options.secretLifetimeMs ?? SECRET_LIFETIME_MS);
    await this.#store.write(async ({ database }) => {
      await insertPrincipal(database, record);
      await insertSecret(database, stored);
    });
    return { objectId: record.objectId, appId: record.appId, secret };
  }

  /**
   * A further secret; the earlier ones stay.
   * @throws Fault `Request_ResourceNotFound` (notFound)
   */
  async addSecret(objectId: string, options: { displayName?: string; lifetimeMs?: number } = {}): Promise<NewSecret> {
    if (!(await this.findByObjectId(objectId))) throw new Fault('notFound', 'Request_ResourceNotFound', `Resource '${objectId}' does not exist.`);
    const { secret, stored } = await this.#newSecret(objectId, options.displayName ?? '', options.lifetimeMs ?? SECRET_LIFETIME_MS);
    await this.#store.write(({ database }) => insertSecret(database, stored));
    return { keyId: stored.keyId, secret, expiresAt: stored.expiresAt };
  }

  /** Whether it was there. It stops to work at once. */
  async removeSecret(objectId: string, keyId: string): Promise<boolean> {
    const { value } = await this.#store.write(({ database }) => deleteSecret(database, objectId, keyId));
    this.#forget();
    return value;
  }

  /** Whether it was there. Tokens that it holds stay valid until they expire; its role assignments are ARM's to remove. */
  async remove(objectId: string): Promise<boolean> {
    const { value } = await this.#store.write(({ database }) => deletePrincipal(database, objectId));
    this.#forget();
    return value;
  }

  findByAppId(appId: string): Promise<PrincipalRecord | undefined> {
    return principalByAppId(this.#store.database, appId.toLowerCase());
  }

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
    const secrets = record ? (await secretsOf(this.#store.database, record.objectId)).filter((stored) => Date.parse(stored.expiresAt) > now) : [];
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
    return { objectId: record.objectId, appId: record.appId, tenantId: this.#tenantId ?? '', kind: 'ServicePrincipal' };
  }

  async #newSecret(objectId: string, displayName: string, lifetimeMs: number): Promise<{ secret: string; stored: SecretRecord }> {
    const secret = randomBytes(30).toString('base64url');
    const salt = randomBytes(16).toString('base64url');
    const hash = await this.#hash(secret, salt, COST);
    const stored: SecretRecord = {
      keyId: randomUUID(),
      objectId,
      salt,
      hash: `${COST.N}:${COST.r}:${COST.p}:${hash.toString('base64url')}`,
      displayName,
      expiresAt: new Date(this.#clock.now() + lifetimeMs).toISOString(),
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
