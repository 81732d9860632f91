import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tarOf } from './tar.ts';

test('an archive is whole blocks, the right checksum, two empty blocks at its end', () => {
  const tar = tarOf('a/b', Buffer.from('hello'));
  assert.equal(tar.length, 512 + 512 + 1024);
  assert.equal(tar.toString('latin1', 0, 3), 'a/b');
  assert.equal(tar.toString('latin1', 257, 263), 'ustar\0');
  assert.equal(Number.parseInt(tar.toString('latin1', 124, 135), 8), 5);
  assert.equal(tar.toString('latin1', 100, 107), '0000644');
  assert.equal(tarOf('run', Buffer.from('x'), 0o755).toString('latin1', 100, 107), '0000755');
  const header = Buffer.from(tar.subarray(0, 512));
  const stated = Number.parseInt(header.toString('latin1', 148, 154), 8);
  header.fill(' ', 148, 156);
  assert.equal(
    header.reduce((sum, byte) => sum + byte, 0),
    stated,
  );
});
