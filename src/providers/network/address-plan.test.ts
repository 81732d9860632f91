/** Tests of the address plan that need no control plane. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstFreeEgress, prefixOf, reservedRange } from './address-plan.ts';

test('egress addresses come from the three ranges in turn, without network and broadcast addresses', () => {
  const taken = new Set<string>();
  const take = (count: number): string => {
    let last = '';
    for (let index = 0; index < count; index++) {
      last = firstFreeEgress(taken);
      taken.add(last);
    }
    return last;
  };
  assert.equal(take(1), '203.0.113.1');
  assert.equal(take(253), '203.0.113.254');
  assert.equal(take(1), '198.51.100.1');
  assert.equal(take(253), '198.51.100.254');
  assert.equal(take(1), '198.19.0.1');
  taken.delete('203.0.113.7');
  assert.equal(take(1), '203.0.113.7');
});

test("ranges of the world's internet and of the platform are not for networks", () => {
  for (const text of ['198.18.0.0/24', '198.51.0.0/16', '169.254.169.0/24', '168.0.0.0/8', '127.0.0.0/8', '224.0.0.0/8'])
    assert.ok(reservedRange(prefixOf(text)), text);
  for (const text of ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10']) assert.equal(reservedRange(prefixOf(text)), undefined);
});
