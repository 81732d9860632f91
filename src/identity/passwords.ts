/** Salted scrypt hashes (RFC 7914) of secrets and passwords: made and compared, few at a time. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { Fault } from '#base/fault.ts';

/** scrypt's N, r, p: 16 MiB and about 50 ms. Kept with each hash, so that they can be raised. */
const COST = { N: 16_384, r: 8, p: 1 } as const;
const HASH_BYTES = 32;
/** Hashes at a time, since they share the thread pool with file reads; and how many may wait. */
const HASHING = 2;
const WAITING = 64;

/** What is kept of a password. `hash` is `N:r:p:` and the key in base64url. */
export interface PasswordHash {
  readonly salt: string;
  readonly hash: string;
}

/** Hashed when there is no such principal, so that the answer takes as long. */
const NOBODY: PasswordHash = {
  salt: 'AAAAAAAAAAAAAAAAAAAAAA',
  hash: `${COST.N}:${COST.r}:${COST.p}:${Buffer.alloc(HASH_BYTES).toString('base64url')}`,
};

export class Passwords {
  #hashing = 0;
  readonly #queue: (() => void)[] = [];

  /** A hash with a new salt. @throws Fault `TooManyRequests` (throttled) when more wait to be hashed than this server will take */
  async hash(password: string): Promise<PasswordHash> {
    const salt = randomBytes(16).toString('base64url');
    return { salt, hash: `${COST.N}:${COST.r}:${COST.p}:${(await this.#derive(password, salt, COST)).toString('base64url')}` };
  }

  /** Whether the password is that one; undefined stands for nobody's, which takes as long and is never right. @throws as `hash` */
  async matches(password: string, stored: PasswordHash | undefined): Promise<boolean> {
    const { salt, hash } = stored ?? NOBODY;
    const [N, r, p, encoded = ''] = hash.split(':');
    const expected = Buffer.from(encoded, 'base64url');
    const actual = await this.#derive(password, salt, { N: Number(N), r: Number(r), p: Number(p) });
    return expected.length === actual.length && timingSafeEqual(expected, actual) && stored !== undefined;
  }

  async #derive(password: string, salt: string, cost: { N: number; r: number; p: number }): Promise<Buffer> {
    if (this.#hashing >= HASHING) {
      if (this.#queue.length >= WAITING)
        throw new Fault('throttled', 'TooManyRequests', 'Too many sign-ins at once. Try again in a few seconds.', { headers: { 'retry-after': '2' } });
      await new Promise<void>((resume) => this.#queue.push(resume));
    } else this.#hashing++;
    try {
      return await new Promise<Buffer>((resolve, reject) =>
        scrypt(password, Buffer.from(salt, 'base64url'), HASH_BYTES, cost, (error, key) => (error ? reject(error) : resolve(key))),
      );
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#hashing--;
    }
  }
}
