/** Disk blobs: the shared suite, and what only a disk can do: be full, be left by a dead process, be asked to sync. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { digestHex, digestOf } from '#base/digest.ts';
import type { BlobBytes } from './blob-store.ts';
import { blobStoreConformance, type Subject } from './conformance.ts';
import { DiskBlobStore, type WriteChunks, writeChunks } from './disk.ts';

async function subject(folder: string): Promise<Subject> {
  return {
    store: await DiskBlobStore.open(folder),
    async sent(body: BlobBytes) {
      const { path, start, end } = body as Extract<BlobBytes, { kind: 'file' }>;
      return readFileSync(path).subarray(start, end);
    },
    restarted: () => subject(folder),
    close: async () => rmSync(folder, { recursive: true }),
  };
}
const newFolder = (): string => mkdtempSync(join(tmpdir(), 'postern-blobs-'));
/** Every file below the folder. */
const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));

blobStoreConformance('DiskBlobStore', () => subject(newFolder()));

describe('A full disk', () => {
  /** A disk with room for so many bytes: it takes what fits, as ext4 does, and then fails. */
  const diskOf = (room: { bytes: number }): WriteChunks => {
    return async (file, chunks, position) => {
      const bytes = Buffer.concat(chunks);
      const fits = bytes.subarray(0, room.bytes);
      await writeChunks(file, [fits], position);
      room.bytes -= fits.length;
      if (fits.length < bytes.length) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    };
  };
  const megabyte = Buffer.alloc(1024 * 1024, 7);

  it('refuses the append, keeps what was acknowledged, and goes on when there is room again', async () => {
    const folder = newFolder();
    const room = { bytes: 1_500_000 };
    const store = await DiskBlobStore.open(folder, { write: diskOf(room) });
    await store.createUpload('a-session');
    await store.append('a-session', [megabyte]);
    await assert.rejects(store.append('a-session', [megabyte, megabyte, megabyte]), { kind: 'insufficientStorage' });
    assert.equal(await store.uploadSize('a-session'), megabyte.length);
    assert.equal(statSync(join(folder, 'uploads', 'a-session')).size, megabyte.length);
    room.bytes = 10_000_000;
    await store.append('a-session', [megabyte], { at: megabyte.length });
    assert.deepEqual(await store.commit('a-session', digestOf(Buffer.concat([megabyte, megabyte]))), { size: 2 * megabyte.length });
    rmSync(folder, { recursive: true });
  });

  it('leaves nothing of a put', async () => {
    const folder = newFolder();
    const store = await DiskBlobStore.open(folder, { write: diskOf({ bytes: 1_500_000 }) });
    await assert.rejects(store.put(digestOf(Buffer.alloc(3 * megabyte.length, 7)), [megabyte, megabyte, megabyte]), { kind: 'insufficientStorage' });
    assert.deepEqual(files(folder), []);
    rmSync(folder, { recursive: true });
  });
});

describe('A slow disk', () => {
  it('keeps none of a refused append, though its bytes were still being written when it was refused', async () => {
    const folder = newFolder();
    const slowly: WriteChunks = async (...parameters) => {
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      await writeChunks(...parameters);
    };
    const store = await DiskBlobStore.open(folder, { write: slowly });
    await store.createUpload('a-session');
    const lots = [Buffer.alloc(1024 * 1024, 1), Buffer.from('more than was announced')];
    await assert.rejects(store.append('a-session', lots, { expectedBytes: 1024 * 1024 }), { code: 'SIZE_INVALID' });
    assert.equal(statSync(join(folder, 'uploads', 'a-session')).size, 0);
    rmSync(folder, { recursive: true });
  });
});

describe('The folder', () => {
  it('is for its owner only', async () => {
    const folder = newFolder();
    const store = await DiskBlobStore.open(folder);
    await store.put(digestOf(Buffer.from('x')), [Buffer.from('x')]);
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
      assert.equal(statSync(join(entry.parentPath, entry.name)).mode & 0o077, 0, entry.name);
    rmSync(folder, { recursive: true });
  });

  it('holds no bytes of a put whose process died, and every byte of a session', async () => {
    const folder = newFolder();
    await DiskBlobStore.open(folder);
    writeFileSync(join(folder, 'incoming', 'half-a-blob'), 'half');
    writeFileSync(join(folder, 'uploads', 'half-a-session'), 'half');
    const store = await DiskBlobStore.open(folder);
    assert.deepEqual(files(folder), ['half-a-session']);
    assert.equal(await store.uploadSize('half-a-session'), 4);
    rmSync(folder, { recursive: true });
  });

  it('never has a blob that differs from its name: a damaged one is replaced by the next upload', async () => {
    const folder = newFolder();
    const store = await DiskBlobStore.open(folder);
    const digest = digestOf(Buffer.from('right'));
    await store.put(digest, [Buffer.from('right')]);
    const path = join(folder, 'sha256', digestHex(digest).slice(0, 2), digestHex(digest));
    writeFileSync(path, 'wrong');
    await store.put(digest, [Buffer.from('right')]);
    assert.equal(readFileSync(path, 'utf8'), 'right');
    rmSync(folder, { recursive: true });
  });
});
