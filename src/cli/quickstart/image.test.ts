/** The assembled image: the same every time, and large enough. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { assemble } from './image.ts';

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
