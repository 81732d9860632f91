/** Which known word was meant. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { distance, nearest } from './suggestion.ts';

test('distance counts inserts, deletes, replacements and swaps of neighbours', () => {
  assert.equal(distance('show', 'show'), 0);
  assert.equal(distance('shwo', 'show'), 1);
  assert.equal(distance('sow', 'show'), 1);
  assert.equal(distance('', 'abc'), 3);
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      assert.equal(distance(a, b), distance(b, a));
      assert.ok(distance(a, b) <= Math.max(a.length, b.length));
    }),
  );
});

test('the nearest word is named only when it is near', () => {
  assert.equal(nearest('shwo', ['show', 'list', 'delete']), 'show');
  assert.equal(nearest('--resource', ['--resource-group', '--registry']), '--resource-group');
  assert.equal(nearest('zzz', ['show', 'list']), undefined);
});
