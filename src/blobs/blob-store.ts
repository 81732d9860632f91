/** The BlobStore contract: content-addressed bytes, and upload sessions that become blobs. Every implementation passes `conformance.ts`. */
import type { Digest } from '#base/digest.ts';
import { Fault } from '#base/fault.ts';

/** Bytes to send, in the shape of a reply body. `end` is exclusive. */
export type BlobBytes =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly start: number; readonly end: number };

/** Where bytes come from. The store takes the next chunk only when it can write it. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface AppendOptions {
  /** Where the caller believes the session ends. When it ends elsewhere nothing is written and the append is refused. */
  readonly at?: number;
  /** How many bytes the caller has announced. More or fewer are refused, and the session ends where it ended before. */
  readonly expectedBytes?: number;
}

/**
 * Blobs by digest, and upload sessions by id. An id is a UUID that the caller has made; digests come from the parser: both are safe in a path.
 * Who may read a blob, and in which repository it is, are records kept elsewhere. There is deliberately no deletion of blobs here:
 * bytes are shared by repositories, and only a garbage collector that sees all records may remove them.
 */
export interface BlobStore {
  /** The blob's size in bytes; undefined when there is none. A blob that is seen here is whole and matches its digest. */
  stat(digest: Digest): Promise<{ readonly size: number } | undefined>;

  /** What to send for bytes `start` up to but not including `end` of a blob that exists. */
  bytes(digest: Digest, start: number, end: number): BlobBytes;

  /** The whole blob in memory, for manifests; undefined when there is none. */
  read(digest: Digest): Promise<Buffer | undefined>;

  /**
   * Stores a whole blob in one go, without a session. Durable when it returns, as by `commit`; whatever fails, nothing is left behind.
   * @throws Fault `DIGEST_INVALID`, `SIZE_INVALID`, `insufficientStorage`, and what the source throws.
   */
  put(digest: Digest, source: ByteSource, options?: Pick<AppendOptions, 'expectedBytes'>): Promise<{ readonly size: number }>;

  /** Opens an empty upload session. @throws Fault `insufficientStorage`. */
  createUpload(id: string): Promise<void>;

  /** How many bytes the session holds, also after a restart; undefined when there is no such session. Waits for an append under way. */
  uploadSize(id: string): Promise<number | undefined>;

  /**
   * Appends the source to the session, taking no more from it than it can write, and returns the session's new size.
   * Appends to one session take turns.
   * When the source fails (the client has gone) what had arrived is kept, the session can go on from there, and the source's error is thrown.
   * @throws Fault `BLOB_UPLOAD_UNKNOWN`; `RANGE_INVALID` (range) when the session does not end at `at`; `SIZE_INVALID` when `expectedBytes` does not hold;
   * `insufficientStorage` when the disk is full: then the session ends where it ended before this append.
   */
  append(id: string, source: ByteSource, options?: AppendOptions): Promise<number>;

  /**
   * Makes the session's bytes a blob and ends the session. When it returns the blob is durable: its file is synced, has its final name,
   * and the folder that holds the name is synced, also when the blob was there before.
   * @throws Fault `BLOB_UPLOAD_UNKNOWN`; `DIGEST_INVALID` when the bytes have another digest: then the session is gone and no blob exists by its doing.
   */
  commit(id: string, digest: Digest): Promise<{ readonly size: number }>;

  /** Ends the session and removes its bytes. Returns whether there was one. */
  cancelUpload(id: string): Promise<boolean>;
}

export function uploadUnknown(id: string): Fault {
  return new Fault('notFound', 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry', { detail: { id } });
}

export function digestMismatch(asked: Digest, actual: Digest): Fault {
  return new Fault('invalid', 'DIGEST_INVALID', 'provided digest did not match uploaded content', { detail: { provided: asked, actual } });
}

/** The session ends at `size`, not where the caller believed. */
export function wrongOffset(at: number, size: number): Fault {
  return new Fault('range', 'RANGE_INVALID', `the upload has ${size} bytes; it cannot go on at offset ${at}`, { detail: { offset: at, size } });
}

export function wrongLength(expected: number, received: number): Fault {
  return new Fault('invalid', 'SIZE_INVALID', `${expected} bytes were announced but ${received} or more arrived`, { detail: { expected, received } });
}

const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** A file operation's error as thrown on: a Fault when the disk, a quota or a file size limit is full, the error itself otherwise. */
export function storageFault(error: unknown): unknown {
  if (!FULL.has((error as NodeJS.ErrnoException | undefined)?.code)) return error;
  return new Fault(
    'insufficientStorage',
    'INSUFFICIENT_STORAGE',
    'The registry has no space left for this content. Nothing of this request was kept; free space and push again.',
    {
      cause: error,
    },
  );
}
