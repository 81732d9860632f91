/** What every BlobStore must do: one suite, run over each implementation by its own test file. Tests only; nothing of the server imports it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Digest, digestOf } from '#base/digest.ts';
import type { BlobBytes, BlobStore } from './blob-store.ts';

export interface Subject {
  readonly store: BlobStore;
  /** The bytes that a reply body of this store stands for. */
  sent(body: BlobBytes): Promise<Uint8Array>;
  /** The same data in a new store, as after a restart; undefined where nothing outlives the process. */
  restarted?(): Promise<Subject>;
  close(): Promise<void>;
}

/** A code that a Fault must have. */
const code = (expected: string) => (error: { code?: string }) => error.code === expected;

/** A source that gives the chunks and then fails, as a body does whose client has gone. */
async function* broken(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
  throw new Error('the client has gone');
}

const id = (): string => crypto.randomUUID();
const hello = Buffer.from('hello, blob');
const absent = digestOf(Buffer.from('never stored'));

export function blobStoreConformance(name: string, open: () => Promise<Subject>): void {
  const withStore = (work: (store: BlobStore, subject: Subject) => Promise<void>) => async () => {
    const subject = await open();
    try {
      await work(subject.store, subject);
    } finally {
      await subject.close();
    }
  };
  const upload = async (store: BlobStore, bytes: Uint8Array): Promise<string> => {
    const session = id();
    await store.createUpload(session);
    await store.append(session, [bytes]);
    return session;
  };

  describe(`${name} keeps the BlobStore contract`, () => {
    it(
      'knows nothing of a blob that is not there',
      withStore(async (store) => {
        assert.equal(await store.stat(absent), undefined);
        assert.equal(await store.read(absent), undefined);
      }),
    );

    for (const algorithm of ['sha256', 'sha512'] as const)
      it(
        `gives back what was put, by ${algorithm}, whole and in parts`,
        withStore(async (store, subject) => {
          const digest = digestOf(hello, algorithm);
          assert.deepEqual(await store.put(digest, [hello]), { size: hello.length });
          assert.deepEqual(await store.stat(digest), { size: hello.length });
          assert.deepEqual(await store.read(digest), hello);
          assert.deepEqual(Buffer.from(await subject.sent(store.bytes(digest, 7, 11))), Buffer.from('blob'));
        }),
      );

    it(
      'takes the empty blob, and a blob twice',
      withStore(async (store) => {
        const empty = digestOf(new Uint8Array());
        await store.put(empty, []);
        assert.deepEqual(await store.stat(empty), { size: 0 });
        for (let i = 0; i < 2; i++) await store.commit(await upload(store, hello), digestOf(hello));
        assert.deepEqual(await store.read(digestOf(hello)), hello);
      }),
    );

    it(
      'makes no blob of bytes with another digest, and ends their session',
      withStore(async (store) => {
        await assert.rejects(store.put(absent, [hello]), code('DIGEST_INVALID'));
        const session = await upload(store, hello);
        await assert.rejects(store.commit(session, absent), code('DIGEST_INVALID'));
        for (const digest of [absent, digestOf(hello)]) assert.equal(await store.stat(digest), undefined);
        assert.equal(await store.uploadSize(session), undefined);
        await assert.rejects(store.commit(session, digestOf(hello)), code('BLOB_UPLOAD_UNKNOWN'));
      }),
    );

    it(
      'knows no session that was not opened, was cancelled or was committed',
      withStore(async (store) => {
        const session = await upload(store, hello);
        assert.equal(await store.cancelUpload(session), true);
        assert.equal(await store.cancelUpload(session), false);
        for (const unknown of [session, id()]) {
          assert.equal(await store.uploadSize(unknown), undefined);
          await assert.rejects(store.append(unknown, [hello]), code('BLOB_UPLOAD_UNKNOWN'));
          await assert.rejects(store.commit(unknown, digestOf(hello)), code('BLOB_UPLOAD_UNKNOWN'));
        }
        const committed = await upload(store, hello);
        await store.commit(committed, digestOf(hello));
        assert.equal(await store.uploadSize(committed), undefined);
      }),
    );

    it(
      'refuses an append at another offset and leaves the session as it was',
      withStore(async (store) => {
        const session = await upload(store, hello);
        for (const at of [0, hello.length - 1, hello.length + 1]) await assert.rejects(store.append(session, [hello], { at }), code('RANGE_INVALID'));
        assert.equal(await store.append(session, [hello], { at: hello.length }), 2 * hello.length);
        await store.commit(session, digestOf(Buffer.concat([hello, hello])));
      }),
    );

    it(
      'refuses more or fewer bytes than were announced and keeps none of them',
      withStore(async (store) => {
        const session = await upload(store, hello);
        for (const expectedBytes of [hello.length - 1, hello.length + 1]) {
          await assert.rejects(store.append(session, [hello.subarray(0, 3), hello.subarray(3)], { expectedBytes }), code('SIZE_INVALID'));
          await assert.rejects(store.put(digestOf(hello), [hello], { expectedBytes }), code('SIZE_INVALID'));
        }
        assert.equal(await store.uploadSize(session), hello.length);
        assert.equal(await store.stat(digestOf(hello)), undefined);
        assert.deepEqual(await store.commit(session, digestOf(hello)), { size: hello.length });
      }),
    );

    it(
      'stores nothing of a put whose source fails',
      withStore(async (store) => {
        await assert.rejects(store.put(digestOf(hello), broken([hello])), /the client has gone/);
        assert.equal(await store.stat(digestOf(hello)), undefined);
      }),
    );

    it(
      'lets appends to one session take turns',
      withStore(async (store) => {
        const session = id();
        await store.createUpload(session);
        const parts = Array.from({ length: 20 }, (_, index) => Buffer.alloc(1000, index));
        await Promise.all(parts.map((part) => store.append(session, [part.subarray(0, 500), part.subarray(500)])));
        assert.deepEqual(await store.commit(session, digestOf(Buffer.concat(parts))), { size: 20_000 });
      }),
    );

    it('makes the same blob of any split into chunks and appends, with clients that go away and restarts in between', async () => {
      const step = fc.record({ take: fc.nat(400_000), chunk: fc.integer({ min: 1000, max: 200_000 }), breaks: fc.boolean(), restart: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: 1_500_000 }), fc.array(step, { maxLength: 6 }), fc.boolean(), async (size, steps, wide) => {
          const whole = Buffer.alloc(size);
          for (let i = 0; i < size; i += 97) whole[i] = i % 251;
          let subject = await open();
          try {
            const session = id();
            await subject.store.createUpload(session);
            for (const { take, chunk, breaks, restart } of [...steps, { take: size, chunk: 65_536, breaks: false, restart: false }]) {
              if (restart && subject.restarted) subject = await subject.restarted();
              const at = (await subject.store.uploadSize(session)) as number;
              const part = whole.subarray(at, at + take);
              const chunks: Uint8Array[] = [];
              for (let from = 0; from < part.length; from += chunk) chunks.push(part.subarray(from, from + chunk));
              if (breaks) await assert.rejects(subject.store.append(session, broken(chunks), { at }), /the client has gone/);
              else assert.equal(await subject.store.append(session, chunks, { at, expectedBytes: part.length }), at + part.length);
            }
            const digest: Digest = digestOf(whole, wide ? 'sha512' : 'sha256');
            assert.deepEqual(await subject.store.commit(session, digest), { size });
            assert.equal(digestOf(await subject.sent(subject.store.bytes(digest, 0, size))), digestOf(whole));
          } finally {
            await subject.close();
          }
        }),
        { numRuns: 15 },
      );
    });
  });
}
