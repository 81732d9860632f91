/** Blobs in memory: for tests, and as the contract in its simplest form. Nothing outlives the process, so durable means kept. */
import { type Digest, digestAlgorithm, digestOf } from '#base/digest.ts';
import { type AppendOptions, type BlobBytes, type BlobStore, type ByteSource, digestMismatch, uploadUnknown, wrongLength, wrongOffset } from './blob-store.ts';
import { Turns } from './turns.ts';

export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<Digest, Buffer>();
  readonly #uploads = new Map<string, Buffer>();
  readonly #turns = new Turns();

  async stat(digest: Digest): Promise<{ size: number } | undefined> {
    const blob = this.#blobs.get(digest);
    return blob && { size: blob.length };
  }

  bytes(digest: Digest, start: number, end: number): BlobBytes {
    return { kind: 'bytes', bytes: (this.#blobs.get(digest) as Buffer).subarray(start, end) };
  }

  async read(digest: Digest): Promise<Buffer | undefined> {
    return this.#blobs.get(digest);
  }

  async put(digest: Digest, source: ByteSource, options: Pick<AppendOptions, 'expectedBytes'> = {}): Promise<{ size: number }> {
    const id = crypto.randomUUID();
    await this.createUpload(id);
    try {
      await this.append(id, source, options);
      return await this.commit(id, digest);
    } finally {
      this.#uploads.delete(id);
    }
  }

  async createUpload(id: string): Promise<void> {
    this.#uploads.set(id, Buffer.alloc(0));
  }

  uploadSize(id: string): Promise<number | undefined> {
    return this.#turns.take(id, async () => this.#uploads.get(id)?.length);
  }

  append(id: string, source: ByteSource, options: AppendOptions = {}): Promise<number> {
    return this.#turns.take(id, async () => {
      const before = this.#uploads.get(id);
      if (!before) throw uploadUnknown(id);
      if (options.at !== undefined && options.at !== before.length) throw wrongOffset(options.at, before.length);
      const chunks: Uint8Array[] = [before];
      const limit = options.expectedBytes ?? Number.POSITIVE_INFINITY;
      let received = 0;
      let overlong = false;
      try {
        for await (const chunk of source) {
          received += chunk.length;
          overlong = received > limit;
          if (overlong) break;
          chunks.push(Buffer.from(chunk));
        }
      } finally {
        // What arrived is kept when the source fails, as on disk.
        if (!overlong) this.#uploads.set(id, Buffer.concat(chunks));
      }
      if (overlong || received < (options.expectedBytes ?? 0)) {
        this.#uploads.set(id, before);
        throw wrongLength(limit, received);
      }
      return before.length + received;
    });
  }

  commit(id: string, digest: Digest): Promise<{ size: number }> {
    return this.#turns.take(id, async () => {
      const bytes = this.#uploads.get(id);
      if (!bytes) throw uploadUnknown(id);
      this.#uploads.delete(id);
      const actual = digestOf(bytes, digestAlgorithm(digest));
      if (actual !== digest) throw digestMismatch(digest, actual);
      this.#blobs.set(digest, bytes);
      return { size: bytes.length };
    });
  }

  cancelUpload(id: string): Promise<boolean> {
    return this.#turns.take(id, async () => this.#uploads.delete(id));
  }
}
