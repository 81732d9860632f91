/** The assembled image: the same every time, large enough, and tars that anybody can read. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { assemble, tarOf } from './image.ts';

test('four layers, one of 20 MB or more, and a manifest that names them by digest and size', () => {
  const image = assemble();
  assert.ok(image.layers.length >= 4);
  assert.ok(image.layers.some(({ bytes }) => bytes.length >= 20_000_000));
  const manifest = JSON.parse(image.manifest.bytes.toString()) as { config: { digest: string }; layers: { digest: string; size: number }[] };
  assert.equal(manifest.config.digest, image.config.digest);
  for (const [index, { digest, bytes }] of image.layers.entries()) {
    assert.equal(digest, `sha256:${createHash('sha256').update(bytes).digest('hex')}`);
    assert.deepEqual([manifest.layers[index]?.digest, manifest.layers[index]?.size], [digest, bytes.length]);
  }
  const { rootfs } = JSON.parse(image.config.bytes.toString()) as { rootfs: { diff_ids: string[] } };
  assert.deepEqual(
    rootfs.diff_ids,
    image.layers.map(({ digest }) => digest),
  );
  assert.equal(assemble().manifest.digest, image.manifest.digest);
});

test('a layer is a ustar archive: whole blocks, the right checksum, two empty blocks at its end', () => {
  const tar = tarOf('a/b', Buffer.from('hello'));
  assert.equal(tar.length, 512 + 512 + 1024);
  assert.equal(tar.toString('latin1', 0, 3), 'a/b');
  assert.equal(tar.toString('latin1', 257, 263), 'ustar\0');
  assert.equal(Number.parseInt(tar.toString('latin1', 124, 135), 8), 5);
  const header = Buffer.from(tar.subarray(0, 512));
  const stated = Number.parseInt(header.toString('latin1', 148, 154), 8);
  header.fill(' ', 148, 156);
  assert.equal(
    header.reduce((sum, byte) => sum + byte, 0),
    stated,
  );
});
