/** The world's addresses lie in ranges that no real network routes, and never meet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix, prefixContains } from '#base/ip.ts';
import { dataFront, egressPool, GRAPH, LOGIN, loginFront, MANAGEMENT, PUBLIC_RANGES } from './addresses.ts';

const within = (prefix: string, address: string): boolean => prefixContains(parsePrefix(prefix) ?? assert.fail(prefix), address);

test('the egress pool runs through its three ranges without repeating', () => {
  const pool = [...egressPool()];
  assert.equal(pool.length, 254 + 254 + 65534);
  assert.equal(new Set(pool).size, pool.length);
  assert.deepEqual(
    [pool[0], pool[253], pool[254], pool[507], pool[508], pool.at(-1)],
    ['203.0.113.1', '203.0.113.254', '198.51.100.1', '198.51.100.254', '198.19.0.1', '198.19.255.254'],
  );
});

test('whatever stands for the internet lies in the ranges that no network may span', () => {
  for (const address of [...egressPool(), GRAPH, LOGIN, MANAGEMENT, loginFront('westeurope'), dataFront('westeurope')])
    assert.ok(
      PUBLIC_RANGES.some((range) => within(range, address)),
      address,
    );
});

test('fronts are one address per region and role, inside 198.18.0.0/16 and apart from the fixed ones', () => {
  const fronts = ['westeurope', 'eastus'].flatMap((region) => [loginFront(region), dataFront(region)]);
  assert.equal(new Set([...fronts, GRAPH, LOGIN, MANAGEMENT]).size, 7);
  for (const front of fronts) assert.ok(within('198.18.0.0/16', front));
  assert.ok(within('198.18.1.0/24', loginFront('westeurope')));
  assert.ok(within('198.18.2.0/24', dataFront('westeurope')));
});
