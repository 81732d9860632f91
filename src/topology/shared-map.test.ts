/** A shared map is a map: checked against one, over sizes at which its buckets change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { differences, SharedMap } from './shared-map.ts';

const sorted = <V>(entries: Iterable<readonly [string, V]>): (readonly [string, V])[] => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
const numbered = (from: number, to: number): [string, number][] => Array.from({ length: to - from }, (_, index) => [`key ${from + index}`, from + index]);

const changes = fc.array(fc.tuple(fc.integer({ min: 0, max: 99 }).map(String), fc.option(fc.integer(), { nil: undefined })), { maxLength: 150 });

test('it holds what a Map would, and equals every other one that holds the same', () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 6 }), fc.constantFrom(0, 50, 8150), (batches, size) => {
      const model = new Map<string, number>(numbered(1000, 1000 + size));
      let map = SharedMap.of<string, number>(model);
      for (const batch of batches) {
        const before = [...map];
        const old = map;
        map = map.with(batch);
        for (const [key, value] of batch)
          if (value === undefined) model.delete(key);
          else model.set(key, value);
        assert.deepEqual([...old], before);
        assert.equal(map.size, model.size);
        assert.deepEqual(sorted(map), sorted(model));
        assert.deepEqual(sorted([...map.keys()].map((key) => [key, map.get(key)])), sorted(model));
        assert.deepEqual(map, SharedMap.of(model));
        const told = new Map([...differences(old, map)].map(({ key, before: was, after }) => [key, [was, after]]));
        for (const key of new Set([...old.keys(), ...map.keys()]))
          assert.deepEqual(told.get(key), old.get(key) === map.get(key) ? undefined : [old.get(key), map.get(key)]);
      }
    }),
    { numRuns: 60 },
  );
});

test('a change that changes nothing gives the same object; one that empties it gives the empty one', () => {
  const map = SharedMap.of(numbered(0, 100));
  assert.equal(
    map.with([
      ['key 5', 5],
      ['none', undefined],
    ]),
    map,
  );
  assert.equal(map.with(numbered(0, 100).map(([key]) => [key, undefined])), SharedMap.empty());
  assert.equal(SharedMap.from(map), map);
});

test('a change copies one bucket', () => {
  const map = SharedMap.of(numbered(0, 20_000));
  const next = map.with([['key 5', -5]]);
  assert.equal(next.buckets.filter((bucket, index) => bucket !== map.buckets[index]).length, 1);
  assert.ok(Math.max(...map.buckets.map((bucket) => bucket.size)) < 60, 'keys are spread');
});
