/**
 * Blobs in a folder of a file system:
 *
 *     FOLDER/sha256/ab/abcd...   a blob: whole, synced, named by its hex
 *     FOLDER/sha512/ab/abcd...
 *     FOLDER/uploads/UUID        an upload session: the bytes so far
 *     FOLDER/incoming/UUID       a blob on its way in without a session; what a process left here when it died is removed at the next start
 *
 * A blob gets its name only after its bytes are synced, so a name that exists always holds the right bytes, whenever the power went.
 * Sessions are not synced: they survive the end of the process, not that of the machine.
 */
import { createHash, type Hash } from 'node:crypto';
import { constants, type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestAlgorithm, digestFromHash, digestHex } from '#base/digest.ts';
import {
  type AppendOptions,
  type BlobBytes,
  type BlobStore,
  type ByteSource,
  digestMismatch,
  storageFault,
  uploadUnknown,
  wrongLength,
  wrongOffset,
} from './blob-store.ts';
import { Turns } from './turns.ts';

/** Chunks are gathered up to this before one write: a system call for each 16 KiB record of TLS would cost more than the copy to disk. */
const WRITE_BYTES = 1024 * 1024;
const READ_BYTES = 1024 * 1024;

/** A file that grows to be a blob. Open only while it is worked on: clients leave sessions behind, and descriptors are few. */
interface Draft {
  readonly path: string;
  size: number;
  /** Covers exactly the first `size` bytes; undefined when the file must be read again, after a restart or a failed write. */
  sha256: Hash | undefined;
}

/** Writes all the chunks at the position. A parameter of the store so that a test can have a full disk. */
export type WriteChunks = (file: FileHandle, chunks: readonly Uint8Array[], position: number) => Promise<void>;

export const writeChunks: WriteChunks = async (file, chunks, position) => {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  let { bytesWritten: written } = await file.writev(chunks, position);
  if (written === total) return;
  // A short write is what a nearly full disk gives; the next one tells the error.
  const rest = Buffer.concat(chunks, total);
  while (written < total) written += (await file.write(rest, written, total - written, position + written)).bytesWritten;
};

export class DiskBlobStore implements BlobStore {
  readonly #folder: string;
  readonly #write: WriteChunks;
  readonly #turns = new Turns();
  /** Sessions that this process has touched, with their running hash. */
  readonly #sessions = new Map<string, Draft>();
  /** Blob folders whose own names this process has made durable; one that is found on disk may come from a process that died before its sync. */
  readonly #durableFolders = new Map<string, Promise<void>>();

  private constructor(folder: string, write: WriteChunks) {
    this.#folder = folder;
    this.#write = write;
  }

  /** Opens the folder and makes what is missing of its layout, for the owner only. */
  static async open(folder: string, options: { write?: WriteChunks } = {}): Promise<DiskBlobStore> {
    await rm(join(folder, 'incoming'), { recursive: true, force: true });
    for (const name of ['sha256', 'sha512', 'uploads', 'incoming']) await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
    await syncFolder(folder);
    await syncFolder(join(folder, '..'));
    return new DiskBlobStore(folder, options.write ?? writeChunks);
  }

  #blobFolder(digest: Digest): string {
    return join(this.#folder, digestAlgorithm(digest), digestHex(digest).slice(0, 2));
  }

  #blobPath(digest: Digest): string {
    return join(this.#blobFolder(digest), digestHex(digest));
  }

  #uploadPath(id: string): string {
    return join(this.#folder, 'uploads', id);
  }

  async stat(digest: Digest): Promise<{ size: number } | undefined> {
    const found = await stat(this.#blobPath(digest)).catch(absent);
    return found && { size: found.size };
  }

  bytes(digest: Digest, start: number, end: number): BlobBytes {
    return { kind: 'file', path: this.#blobPath(digest), start, end };
  }

  read(digest: Digest): Promise<Buffer | undefined> {
    return readFile(this.#blobPath(digest)).catch(absent);
  }

  async put(digest: Digest, source: ByteSource, options: Pick<AppendOptions, 'expectedBytes'> = {}): Promise<{ size: number }> {
    const draft = await this.#create(join(this.#folder, 'incoming', crypto.randomUUID()));
    try {
      await this.#append(draft, source, options);
      return await this.#commit(draft, digest);
    } catch (error) {
      await rm(draft.path, { force: true });
      throw error;
    }
  }

  async createUpload(id: string): Promise<void> {
    this.#sessions.set(id, await this.#create(this.#uploadPath(id)));
  }

  async #create(path: string): Promise<Draft> {
    try {
      const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
      await file.close();
      return { path, size: 0, sha256: createHash('sha256') };
    } catch (error) {
      throw storageFault(error);
    }
  }

  /** The session, found again when it is of an earlier process. */
  async #session(id: string): Promise<Draft | undefined> {
    const known = this.#sessions.get(id);
    if (known) return known;
    const path = this.#uploadPath(id);
    const found = await stat(path).catch(absent);
    if (!found) return undefined;
    const session: Draft = { path, size: found.size, sha256: undefined };
    this.#sessions.set(id, session);
    return session;
  }

  uploadSize(id: string): Promise<number | undefined> {
    return this.#turns.take(id, async () => (await this.#session(id))?.size);
  }

  append(id: string, source: ByteSource, options: AppendOptions = {}): Promise<number> {
    return this.#turns.take(id, async () => {
      const session = await this.#session(id);
      if (!session) throw uploadUnknown(id);
      if (options.at !== undefined && options.at !== session.size) throw wrongOffset(options.at, session.size);
      return this.#append(session, source, options);
    });
  }

  async #append(draft: Draft, source: ByteSource, options: AppendOptions): Promise<number> {
    const before = draft.size;
    const file = await open(draft.path, constants.O_RDWR);
    let sourceFailure: { error: unknown } | undefined;
    let writer: Writer | undefined;
    try {
      draft.sha256 ??= await hashFile(file, before, 'sha256');
      writer = new Writer(file, this.#write, draft.sha256, before);
      const limit = options.expectedBytes ?? Number.POSITIVE_INFINITY;
      let received = 0;
      const chunks = guarded(source, (error) => {
        sourceFailure = { error };
      });
      for await (const chunk of chunks) {
        received += chunk.length;
        if (received > limit) throw wrongLength(limit, received);
        await writer.add(chunk);
      }
      await writer.end();
      if (!sourceFailure && received < (options.expectedBytes ?? 0)) throw wrongLength(limit, received);
      draft.size = before + received;
    } catch (error) {
      // Back to what was acknowledged. Truncation needs no space.
      draft.sha256 = undefined;
      await writer?.settled();
      await file.truncate(before);
      throw storageFault(error);
    } finally {
      await file.close();
    }
    if (sourceFailure) throw (sourceFailure as { error: unknown }).error;
    return draft.size;
  }

  commit(id: string, digest: Digest): Promise<{ size: number }> {
    return this.#turns.take(id, async () => {
      const session = await this.#session(id);
      if (!session) throw uploadUnknown(id);
      try {
        return await this.#commit(session, digest);
      } catch (error) {
        await rm(session.path, { force: true });
        throw error;
      } finally {
        this.#sessions.delete(id);
      }
    });
  }

  async #commit(draft: Draft, digest: Digest): Promise<{ size: number }> {
    try {
      const file = await open(draft.path, constants.O_RDWR);
      try {
        const algorithm = digestAlgorithm(digest);
        const hash = algorithm === 'sha256' && draft.sha256 ? draft.sha256 : await hashFile(file, draft.size, algorithm);
        const actual = digestFromHash(algorithm, hash);
        if (actual !== digest) throw digestMismatch(digest, actual);
        // Longer only when a truncation had failed as well.
        if ((await file.stat()).size !== draft.size) await file.truncate(draft.size);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#makeFolder(digest);
      // Over a blob that is there already too: the bytes are the same, and what a failing disk did to the old ones is repaired.
      await rename(draft.path, this.#blobPath(digest));
      // Without this a power cut may take the name back, also a name that another upload gave a moment ago.
      await syncFolder(this.#blobFolder(digest));
      return { size: draft.size };
    } catch (error) {
      throw storageFault(error);
    }
  }

  /** Makes sure that the folder of a blob exists and would still exist after a power cut. */
  #makeFolder(digest: Digest): Promise<void> {
    const folder = this.#blobFolder(digest);
    let made = this.#durableFolders.get(folder);
    if (!made) {
      made = mkdir(folder, { recursive: true, mode: 0o700 }).then(() => syncFolder(join(folder, '..')));
      this.#durableFolders.set(folder, made);
      made.catch(() => this.#durableFolders.delete(folder));
    }
    return made;
  }

  cancelUpload(id: string): Promise<boolean> {
    return this.#turns.take(id, async () => {
      this.#sessions.delete(id);
      return (
        (await rm(this.#uploadPath(id))
          .then(() => true)
          .catch(absent)) ?? false
      );
    });
  }
}

/** Gathers chunks, and writes one lot while the next one arrives; never more than two lots are in memory. */
class Writer {
  readonly #file: FileHandle;
  readonly #write: WriteChunks;
  readonly #hash: Hash;
  #position: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: FileHandle, write: WriteChunks, hash: Hash, position: number) {
    this.#file = file;
    this.#write = write;
    this.#hash = hash;
    this.#position = position;
  }

  async add(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= WRITE_BYTES) await this.#flush();
  }

  async end(): Promise<void> {
    if (this.#bytes > 0) await this.#flush();
    await this.#writing;
  }

  /** When no write is under way any more, whatever became of it. */
  async settled(): Promise<void> {
    await this.#writing.catch(() => {});
  }

  async #flush(): Promise<void> {
    await this.#writing;
    this.#writing = this.#write(this.#file, this.#chunks, this.#position);
    // The failure is thrown where the promise is awaited; until then it is nobody's unhandled rejection.
    this.#writing.catch(() => {});
    this.#position += this.#bytes;
    this.#chunks = [];
    this.#bytes = 0;
  }
}

/** The source's chunks, up to its end or its failure, which is only noted: what arrived before it is kept. */
async function* guarded(source: ByteSource, failed: (error: unknown) => void): AsyncGenerator<Uint8Array> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  try {
    while (true) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await iterator.next();
      } catch (error) {
        return failed(error);
      }
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** The hash of the first `size` bytes of the file. */
async function hashFile(file: FileHandle, size: number, algorithm: 'sha256' | 'sha512'): Promise<Hash> {
  const hash = createHash(algorithm);
  const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(1, size)));
  for (let position = 0; position < size; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - position), position);
    if (bytesRead === 0) throw new Error(`the upload file ended at ${position}, before its ${size} bytes`);
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
  return hash;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}
