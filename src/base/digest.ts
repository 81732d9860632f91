/** OCI digests: `algorithm:encoded` (image-spec descriptor.md#digests). sha256 and sha512 are the registered algorithms that we take. */
import { createHash, type Hash } from 'node:crypto';

declare const digestBrand: unique symbol;
/** A digest of a known algorithm with canonical lower-case hex. Made only by `parseDigest`, `digestOf`, `digestFromHash`. */
export type Digest = string & { readonly [digestBrand]: true };
export type DigestAlgorithm = 'sha256' | 'sha512';

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** The digest, or undefined when malformed or of an unknown algorithm. */
export function parseDigest(text: string): Digest | undefined {
  return DIGEST.test(text) ? (text as Digest) : undefined;
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha256:') ? 'sha256' : 'sha512';
}

/** The hex part. Safe in a path: the parser admits nothing else. */
export function digestHex(digest: Digest): string {
  return digest.slice(7);
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return digestFromHash(algorithm, createHash(algorithm).update(bytes));
}

/** Finishes the hash. */
export function digestFromHash(algorithm: DigestAlgorithm, hash: Hash): Digest {
  return `${algorithm}:${hash.digest('hex')}` as Digest;
}
