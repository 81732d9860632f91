/** The pool never hands out a reserved or taken address, and hands out every other one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIp, ipNumber, parsePrefix, prefixContains, prefixSize } from '#base/ip.ts';
import { capacity, firstFree, isReserved } from './address-pool.ts';

const prefix = (text: string) => parsePrefix(text) ?? assert.fail(text);

test('first four and last addresses are reserved', () => {
  const subnet = prefix('10.0.1.0/24');
  assert.deepEqual(
    ['10.0.1.0', '10.0.1.1', '10.0.1.2', '10.0.1.3', '10.0.1.4', '10.0.1.254', '10.0.1.255', '10.0.2.0', '10.0.0.255', 'x'].map((a) => isReserved(subnet, a)),
    [true, true, true, true, false, false, true, false, false, false],
  );
});

test('capacity is the size less five and never negative', () => {
  assert.deepEqual(
    ['10.0.0.0/24', '10.0.0.0/29', '10.0.0.0/30', '10.0.0.0/32', '10.0.0.0/8'].map((p) => capacity(prefix(p))),
    [251, 3, 0, 0, 2 ** 24 - 5],
  );
});

test('the lowest free address is given, gaps first', () => {
  const subnet = prefix('10.0.1.0/29');
  assert.equal(firstFree(subnet, new Set()), '10.0.1.4');
  assert.equal(firstFree(subnet, new Set(['10.0.1.4', '10.0.1.6'])), '10.0.1.5');
  assert.equal(firstFree(subnet, new Set(['10.0.1.4', '10.0.1.5', '10.0.1.6'])), undefined);
  assert.equal(firstFree(prefix('10.0.1.0/31'), new Set()), undefined);
  assert.equal(firstFree(prefix('255.255.255.248/29'), new Set(['255.255.255.252', '255.255.255.253'])), '255.255.255.254');
});

test('filling a subnet gives exactly its capacity of distinct, unreserved addresses inside it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 24, max: 32 }), fc.nat({ max: 2 ** 32 - 1 }), (bits, number) => {
      const size = 2 ** (32 - bits);
      const subnet = { base: number - (number % size), bits };
      const taken = new Set<string>();
      for (let next = firstFree(subnet, taken); next !== undefined; next = firstFree(subnet, taken)) {
        assert.ok(prefixContains(subnet, next) && !isReserved(subnet, next) && !taken.has(next));
        taken.add(next);
      }
      assert.equal(taken.size, capacity(subnet));
      let reserved = 0;
      for (let i = 0; i < prefixSize(subnet); i++) if (isReserved(subnet, formatIp(subnet.base + i))) reserved++;
      assert.equal(reserved, Math.min(5, size));
    }),
    { numRuns: 60 },
  );
  assert.equal(ipNumber('255.255.255.255'), 2 ** 32 - 1);
});
