import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contentRange, parseRange, unsatisfiedRange } from './range.ts';

test('ranges of RFC 9110 section 14.1.2', () => {
  assert.deepEqual(parseRange('bytes=0-499', 10_000), { start: 0, end: 500 });
  assert.deepEqual(parseRange('bytes=500-999', 10_000), { start: 500, end: 1000 });
  assert.deepEqual(parseRange('bytes=-500', 10_000), { start: 9500, end: 10_000 });
  assert.deepEqual(parseRange('bytes=9500-', 10_000), { start: 9500, end: 10_000 });
  assert.deepEqual(parseRange('Bytes=0-0', 10_000), { start: 0, end: 1 });
  assert.deepEqual(parseRange('bytes=-99999', 100), { start: 0, end: 100 });
  assert.deepEqual(parseRange('bytes=90-99999999999999999999', 100), { start: 90, end: 100 });
  assert.equal(contentRange({ start: 0, end: 500 }, 1234), 'bytes 0-499/1234');
  assert.equal(unsatisfiedRange(1234), 'bytes */1234');
});

test('what cannot be satisfied, and what is ignored', () => {
  for (const header of ['bytes=100-', 'bytes=100-200', 'bytes=-0']) assert.equal(parseRange(header, 100), 'unsatisfiable', header);
  assert.equal(parseRange('bytes=0-', 0), 'unsatisfiable');
  assert.equal(parseRange('bytes=-5', 0), 'unsatisfiable');
  for (const header of [undefined, '', 'bytes', 'bytes=', 'bytes=-', 'bytes=5-4', 'items=0-5', 'bytes=0-1,5-6', 'bytes=a-b', 'bytes=0x0-5', 'bytes=-1-2'])
    assert.equal(parseRange(header, 100), undefined, String(header));
});

test('every range lies within the bytes and is not empty', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^bytes=\d{0,20}-\d{0,20}$/), fc.nat(), (header, size) => {
      const range = parseRange(header, size);
      if (typeof range !== 'object') return;
      assert.ok(range.start >= 0 && range.start < range.end && range.end <= size && Number.isSafeInteger(range.start) && Number.isSafeInteger(range.end));
    }),
  );
});
