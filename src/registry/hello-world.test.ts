/** The sample image: the same digests at every start, documents that agree with each other, and programs that run. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { digestOf } from '#base/digest.ts';
import { helloWorld, processors, programFor } from './hello-world.ts';
import { parseManifest } from './manifest.ts';

test('the digests are fixed: whoever imported the image before finds it unchanged', () => {
  const { images, list } = helloWorld();
  assert.equal(list.digest, 'sha256:15275c1d1c04605fad0d7b7749f47092d25bfcc3c7cd2f09ca5ac107515e27de');
  assert.deepEqual(
    images.map(({ architecture, manifest }) => [architecture, manifest.digest]),
    [
      ['amd64', 'sha256:174cdc43102a5f09538726e7f0e1561799a66b41bc3ad826bb62753b73ca0aa0'],
      ['arm64', 'sha256:93072bc5e00581db9e6e6f6198088e63b3cce15c02d1092803b08d7088e0449a'],
    ],
  );
});

test('the list names the manifests, each manifest its blobs, each configuration its layer', () => {
  const { images, list } = helloWorld();
  const read = parseManifest(list.bytes, list.mediaType);
  assert.deepEqual(
    read.children,
    images.map(({ manifest }) => manifest.digest),
  );
  for (const { architecture, config, layer, manifest } of images) {
    assert.deepEqual(parseManifest(manifest.bytes, manifest.mediaType).blobs, [config.digest, layer.digest]);
    const { rootfs, os, ...rest } = JSON.parse(config.bytes.toString()) as { rootfs: { diff_ids: string[] }; os: string; architecture: string };
    assert.deepEqual([rest.architecture, os, rootfs.diff_ids], [architecture, 'linux', [digestOf(gunzipSync(layer.bytes))]]);
    for (const { digest, bytes } of [config, layer, manifest]) assert.equal(digest, digestOf(bytes));
  }
});

test('the code of arm64 is write(1, message, length) and exit(0)', () => {
  const program = programFor(processors.find(({ architecture }) => architecture === 'arm64') as (typeof processors)[number]);
  const entry = Number(program.readBigUInt64LE(24) - program.readBigUInt64LE(80));
  const words = Array.from({ length: 8 }, (_, index) => program.readUInt32LE(entry + index * 4));
  const length = program.length - entry - 32;
  assert.equal(program.toString('latin1', entry + 32, entry + 52), '\nHello from Postern!');
  // mov x8,#64  mov x0,#1  adr x1,+24  mov x2,#length  svc  mov x8,#93  mov x0,#0  svc; as an assembler writes them.
  const expected = [0xd2800808, 0xd2800020, 0x100000c1, (0xd2800002 | (length << 5)) >>> 0, 0xd4000001, 0xd2800ba8, 0xd2800000, 0xd4000001];
  assert.deepEqual(words, expected);
});

test('the program for this processor runs', (t) => {
  const processor = processors.find(({ architecture }) => architecture === { x64: 'amd64', arm64: 'arm64' }[process.arch as string]);
  if (!processor) return t.skip(`no program for ${process.arch}`);
  const folder = mkdtempSync(join(tmpdir(), 'postern-hello-'));
  const path = join(folder, 'hello');
  writeFileSync(path, programFor(processor));
  chmodSync(path, 0o755);
  const run = spawnSync(path, { encoding: 'utf8', timeout: 10_000 });
  rmSync(folder, { recursive: true });
  assert.deepEqual([run.status, run.stderr, run.stdout.split('\n')[1]], [0, '', 'Hello from Postern!']);
});
