import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#base/fault.ts';
import { resourceKey } from '#base/resource-id.ts';
import type { Machine, NetworkPart, Snapshot } from '#topology/snapshot.ts';
import { noneFabric } from './none.ts';

const network = resourceKey('/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n');
const machine = resourceKey('/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/m');
const part = {} as NetworkPart;
const snapshot = (revision: number, networks: [typeof network, NetworkPart][], machines: [typeof machine, Machine][]): Snapshot =>
  ({ revision, networks: new Map(networks), machines: new Map(machines) }) as unknown as Snapshot;

test('every wish is granted once, without a fault', async () => {
  const fabric = noneFabric();
  const first = snapshot(1, [[network, part]], [[machine, {} as Machine]]);
  assert.deepEqual(await fabric.extend(first), [
    { revision: 1, owner: network },
    { revision: 1, owner: machine },
  ]);
  assert.deepEqual(await fabric.retire(first), []);
  assert.deepEqual(await fabric.extend(snapshot(2, [...first.networks], [...first.machines])), []);
  const second = snapshot(3, [[network, part]], []);
  assert.deepEqual(await fabric.extend(second), []);
  assert.deepEqual(await fabric.retire(second), [{ revision: 3, owner: machine }]);
  assert.deepEqual(fabric.faults(), []);
  assert.equal(fabric.machine(machine), undefined);
});

test('a socket in a network is refused, saying why', () => {
  const { sockets } = noneFabric();
  for (const open of [sockets.tcp, sockets.udp])
    assert.throws(
      () => open(network, '0.0.0.0', 443),
      (thrown: unknown) => thrown instanceof Fault && thrown.code === 'NetworksAreNotReal' && /--fabric world/.test(thrown.message),
    );
});
