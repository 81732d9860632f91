/** Tests of the region list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalizeRegion, regionIndex, regions } from './regions.ts';

test('regions are known by name and by display name, without regard to case', () => {
  assert.equal(normalizeRegion('West Europe'), 'westeurope');
  assert.equal(normalizeRegion('WESTEUROPE'), 'westeurope');
  assert.equal(normalizeRegion('atlantis'), undefined);
  assert.equal(normalizeRegion(''), undefined);
});

test('numbers are distinct, and fit the last octet of the front addresses', () => {
  assert.equal(new Set(regions.map((region) => region.name)).size, regions.length);
  for (const region of regions) assert.ok(regionIndex(region.name) < 254);
  // The first ones are in use by data folders that exist: they keep their numbers.
  assert.deepEqual(
    regions.slice(0, 4).map((region) => region.name),
    ['westeurope', 'northeurope', 'eastus', 'eastus2'],
  );
  assert.throws(() => regionIndex('atlantis'), RangeError);
});
