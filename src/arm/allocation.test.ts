import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IpAddress } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Fact } from '#topology/facts.ts';
import { Allocation } from './allocation.ts';
import type { Resource, ResourceLookup } from './resource-type.ts';

const SUBNET = '/s' as ResourceKey;

test('what was written since is read again, what was handed out stays taken', async () => {
  const held = new Map<string, string>([['/a', '10.0.0.4']]);
  let reads = 0;
  let writes = 0;
  let bodies = 0;
  const reader = {
    get: async (key: ResourceKey) => {
      if (key !== SUBNET) bodies++;
      return { key, id: key, name: 's' } as unknown as Resource;
    },
    referrerTags: async () => {
      reads++;
      return [...held.keys()].map((key) => ({ key, id: key, etag: 'e' }));
    },
  } as unknown as ResourceLookup;
  const factsOf = ({ key }: Resource): readonly Fact[] =>
    key === SUBNET
      ? [{ kind: 'subnet', network: '/n' as ResourceKey, subnet: SUBNET, name: 's', prefix: { base: 0x0a000000, bits: 28 } }]
      : [{ kind: 'address', network: '/n' as ResourceKey, subnet: SUBNET, nic: key, address: held.get(key) as IpAddress }];
  const factsKnown = ({ key }: { key: ResourceKey }) => (key === '/b' ? undefined : factsOf({ key } as Resource));
  const allocation = new Allocation(reader, { factsOf, factsKnown }, () => writes);
  assert.equal(await allocation.take(SUBNET), '10.0.0.5');
  assert.equal(await allocation.take(SUBNET), '10.0.0.6');
  assert.equal(reads, 1);
  held.delete('/a');
  writes++;
  assert.equal(await allocation.take(SUBNET), '10.0.0.4', 'an interface that went in this transaction gave its address back');
  assert.equal(bodies, 0, 'no body is read whose facts are known');
  held.set('/b', '10.0.0.7');
  writes++;
  assert.equal(await allocation.take(SUBNET), '10.0.0.8');
  assert.equal(bodies, 1);
});
