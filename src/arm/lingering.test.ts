/** A type that lingers is shown once after its deletion; every other one is gone at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceKey } from '#base/resource-id.ts';
import { Lingering } from './lingering.ts';

const key = (n: number): ResourceKey => `/subscriptions/s/resourcegroups/g/providers/a/b/${n}` as ResourceKey;

test('what was deleted is told once', () => {
  const lingering = new Lingering();
  assert.equal(lingering.take(key(1)), undefined);
  lingering.keep(key(1), { name: 'one' });
  assert.deepEqual(lingering.take(key(1)), { name: 'one' });
  assert.equal(lingering.take(key(1)), undefined);
});

test('what nobody asks after is forgotten in the end', () => {
  const lingering = new Lingering();
  for (let n = 0; n <= 1000; n++) lingering.keep(key(n), { n });
  assert.equal(lingering.take(key(0)), undefined);
  assert.deepEqual(lingering.take(key(1)), { n: 1 });
  assert.deepEqual(lingering.take(key(1000)), { n: 1000 });
});
