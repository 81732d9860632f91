/** Values that the server hands out and takes back, readable by nobody else: refresh tokens, authorization codes, the state of a form. AES-256-GCM, nothing is stored. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Clock } from '#base/clock.ts';

/** What a sealed value is good for; one of a purpose opens for no other. */
export type Purpose = 'refresh token' | 'authorization code' | 'form';

/** A value that was opened, with the moment it was sealed. */
export interface Opened<T> {
  readonly value: T;
  readonly sealedAtMs: number;
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export class Sealed {
  readonly #key: Buffer;
  readonly #clock: Clock;

  /** @param key 32 bytes. */
  constructor(key: Buffer, clock: Clock) {
    this.#key = key;
    this.#clock = clock;
  }

  /** URL-safe text that `open` takes until the lifetime is over. */
  seal(purpose: Purpose, value: object, lifetimeSeconds: number): string {
    const now = this.#clock.now();
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce).setAAD(Buffer.from(purpose));
    const text = JSON.stringify({ value, sealedAtMs: now, untilMs: now + lifetimeSeconds * 1000 });
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
  }

  /** The value of a text that this server sealed for the purpose; `expired` when its lifetime is over, undefined when it never sealed that. */
  open<T>(purpose: Purpose, text: string): Opened<T> | 'expired' | undefined {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length <= NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(purpose))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    let opened: string;
    try {
      opened = `${decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8')}${decipher.final('utf8')}`;
    } catch {
      return undefined;
    }
    const { value, sealedAtMs, untilMs } = JSON.parse(opened) as Opened<T> & { untilMs: number };
    return untilMs > this.#clock.now() ? { value, sealedAtMs } : 'expired';
  }
}
