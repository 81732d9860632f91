/**
 * The keys that sign tokens: two separate RSA key sets, and the server's symmetric secrets, in files that only the owner reads.
 * The sets are apart so that a directory token can never pass for a registry token, whatever its claims say.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, type JsonWebKey, type KeyObject, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';

/** `directory`: tokens as Microsoft Entra ID issues them. `registry`: the registries' own refresh and access tokens. */
export type KeySet = 'directory' | 'registry';
const KEY_SETS: readonly KeySet[] = ['directory', 'registry'];

export interface SigningKey {
  /** The `kid` header of its tokens. */
  readonly id: string;
  readonly createdAtMs: number;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** A key signs for this long; then the next one does. */
export const ROTATION_MS = 30 * DAY_MS;
/** No token lives longer (24 h for managed identities), with an hour for clocks that were set back. */
export const VERIFICATION_MS = DAY_MS + 60 * 60 * 1000;

/** Writes a file that is whole or absent after a crash, readable by its owner only. */
export function writePrivateFile(path: string, content: string | Uint8Array): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
}

const makePair = promisify(generateKeyPair);

export class SigningKeys {
  readonly #folder: string;
  readonly #clock: Clock;
  /** Newest first. */
  readonly #sets: Record<KeySet, SigningKey[]> = { directory: [], registry: [] };
  readonly #rotating: Partial<Record<KeySet, Promise<SigningKey>>> = {};

  private constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /**
   * Reads the keys of a folder and makes what is missing. The folder becomes 0700, every file in it 0600.
   * @throws Fault `KeyFileUnreadable` (internal) naming the file that is damaged.
   */
  static async open(folder: string, clock: Clock): Promise<SigningKeys> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    const keys = new SigningKeys(folder, clock);
    for (const set of KEY_SETS) {
      for (const name of readdirSync(folder).filter((entry) => entry.startsWith(`${set}-`) && entry.endsWith('.json'))) {
        await chmod(join(folder, name), 0o600);
        keys.#sets[set].push(keys.#read(join(folder, name)));
      }
      keys.#sets[set].sort((a, b) => b.createdAtMs - a.createdAtMs);
      await keys.signing(set);
    }
    return keys;
  }

  #read(path: string): SigningKey {
    try {
      const stored = JSON.parse(readFileSync(path, 'utf8')) as { id: string; createdAtMs: number; key: JsonWebKey };
      const privateKey = createPrivateKey({ key: stored.key, format: 'jwk' });
      return { id: stored.id, createdAtMs: stored.createdAtMs, privateKey, publicKey: createPublicKey(privateKey) };
    } catch (error) {
      throw new Fault(
        'internal',
        'KeyFileUnreadable',
        `The key file '${path}' is damaged. Remove it: tokens that it signed stop to be valid, clients log in again.`,
        {
          cause: error,
        },
      );
    }
  }

  /** The key that signs now. Makes the next one when the current one is 30 days old, and forgets keys whose last tokens have expired. */
  async signing(set: KeySet): Promise<SigningKey> {
    const current = this.#sets[set][0];
    if (current && this.#clock.now() - current.createdAtMs < ROTATION_MS) return current;
    this.#rotating[set] ??= this.#rotate(set).finally(() => delete this.#rotating[set]);
    return this.#rotating[set];
  }

  async #rotate(set: KeySet): Promise<SigningKey> {
    const { privateKey, publicKey } = await makePair('rsa', { modulusLength: 2048 });
    const key: SigningKey = { id: randomBytes(16).toString('base64url'), createdAtMs: this.#clock.now(), privateKey, publicKey };
    const stored = { id: key.id, createdAtMs: key.createdAtMs, key: privateKey.export({ format: 'jwk' }) };
    writePrivateFile(join(this.#folder, `${set}-${key.id}.json`), `${JSON.stringify(stored)}\n`);
    const keys = this.#sets[set];
    keys.unshift(key);
    for (const old of this.#expired(set)) {
      keys.splice(keys.indexOf(old), 1);
      rmSync(join(this.#folder, `${set}-${old.id}.json`), { force: true });
    }
    return key;
  }

  /** Keys that a newer one replaced so long ago that none of their tokens is still valid. */
  #expired(set: KeySet): SigningKey[] {
    const keys = this.#sets[set];
    return keys.filter((_key, index) => index > 0 && this.#clock.now() - (keys[index - 1] as SigningKey).createdAtMs > VERIFICATION_MS);
  }

  /** The public key of a `kid` of this set; undefined when no such key signs or has lately signed. */
  verification(set: KeySet, id: string): KeyObject | undefined {
    const key = this.#sets[set].find((candidate) => candidate.id === id);
    return key && !this.#expired(set).includes(key) ? key.publicKey : undefined;
  }

  /** The set's public keys as a JWK set (RFC 7517), newest first. */
  jwks(set: KeySet): { keys: JsonWebKey[] } {
    const expired = this.#expired(set);
    const keys = this.#sets[set].filter((key) => !expired.includes(key));
    return { keys: keys.map((key) => ({ ...key.publicKey.export({ format: 'jwk' }), kid: key.id, x5t: key.id, use: 'sig', alg: 'RS256' })) };
  }

  /**
   * A symmetric secret of 32 bytes under a name of our own, made when first asked for and kept.
   * @throws Fault `KeyFileUnreadable` when the stored one has another length.
   */
  secret(name: string): Buffer {
    const path = join(this.#folder, `secret-${name}.key`);
    let secret: Buffer;
    try {
      secret = readFileSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      secret = randomBytes(32);
      writePrivateFile(path, secret);
    }
    if (secret.length !== 32)
      throw new Fault('internal', 'KeyFileUnreadable', `The key file '${path}' is damaged. Remove it: URLs that it signed stop to be valid.`);
    return secret;
  }
}
