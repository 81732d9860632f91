import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIp, type IpAddress, parseIp } from '#base/ip.ts';
import { type ResourceKey, resourceKey } from '#base/resource-id.ts';
import type { EndpointAddress, Machine, NetworkPart, Snapshot } from '#topology/snapshot.ts';
import {
  between,
  breakMachines,
  breakNetworks,
  everything,
  type FreshName,
  inverse,
  makeMachines,
  makeNetworks,
  nothingStanding,
  type OwnerPlan,
  perform,
  type Standing,
} from './plan.ts';

const key = (type: string, name: string): ResourceKey => resourceKey(`/subscriptions/s/resourceGroups/g/providers/${type}/${name}`);
const network = (name: string): ResourceKey => key('Microsoft.Network/virtualNetworks', name);
const address = (text: string): IpAddress => parseIp(text) as IpAddress;

interface World {
  readonly networks: Record<string, readonly IpAddress[]>;
  readonly machines: Record<string, { readonly network: string; readonly addresses: readonly IpAddress[] }>;
}

/** A snapshot of which the fabric's parts are told. */
function snapshotOf(world: World): Snapshot {
  const machines = new Map<ResourceKey, Machine>();
  for (const [name, { network: of, addresses }] of Object.entries(world.machines)) {
    const machine = key('Microsoft.Compute/virtualMachines', name);
    machines.set(machine, { key: machine, id: machine, name, network: network(of), addresses, identities: [] });
  }
  const networks = new Map<ResourceKey, NetworkPart>();
  for (const [name, addresses] of Object.entries(world.networks)) {
    const endpoints = new Map(addresses.map((each) => [each, { address: each } as EndpointAddress]));
    networks.set(network(name), { key: network(name), name, endpoints } as unknown as NetworkPart);
  }
  return { networks, machines } as unknown as Snapshot;
}

function freshNames(): FreshName {
  let serial = 0;
  return (kind) => `${kind}-${++serial}`;
}

const run = (standing: Standing, plans: readonly OwnerPlan[]): Standing => plans.flatMap((plan) => plan.steps).reduce(perform, standing);

/** All that the world does for one snapshot, on the model; also tells how many plans there were. */
function reconcile(standing: Standing, next: Snapshot, fresh: FreshName, before?: Snapshot): { standing: Standing; plans: number } {
  let plans = 0;
  const scope = before ? between(before, next, standing) : everything(standing, next);
  for (const phase of [makeNetworks, makeMachines, breakMachines, breakNetworks]) {
    const steps = phase(standing, next, scope, fresh);
    plans += steps.length;
    standing = run(standing, steps);
  }
  return { standing, plans };
}

/** What stands, without the names that were made up for it. */
function seen(standing: Standing): unknown {
  return {
    networks: Object.fromEntries([...standing.networks].map(([of, { endpoints }]) => [of, [...endpoints].sort()]).sort()),
    machines: Object.fromEntries([...standing.machines].map(([of, { name, attachment }]) => [of, [name, attachment?.network, attachment?.addresses]]).sort()),
  };
}

function wanted(next: Snapshot): unknown {
  const machines = [...next.machines.values()].map((machine) => {
    const attached = next.networks.has(machine.network);
    return [machine.key, [machine.name, attached ? machine.network : undefined, attached ? machine.addresses : undefined]] as const;
  });
  return {
    networks: Object.fromEntries([...next.networks.values()].map((part) => [part.key, [...part.endpoints.keys()].sort()] as const).sort()),
    machines: Object.fromEntries(machines.sort()),
  };
}

const addresses = fc.uniqueArray(
  fc.integer({ min: 4, max: 9 }).map((host) => formatIp(0x0a000000 + host)),
  { maxLength: 4 },
);
const names = fc.constantFrom('a', 'b', 'c');
const worlds: fc.Arbitrary<Snapshot> = fc
  .record({
    networks: fc.dictionary(names, addresses, { maxKeys: 3 }),
    machines: fc.dictionary(names, fc.record({ network: names, addresses }), { maxKeys: 3 }),
  })
  .map(snapshotOf);

test('from any world to any other, what stands is what the snapshot wants', () => {
  fc.assert(
    fc.property(fc.array(worlds, { minLength: 1, maxLength: 4 }), (snapshots) => {
      const fresh = freshNames();
      let [whole, changed] = [nothingStanding, nothingStanding];
      for (const [index, next] of snapshots.entries()) {
        whole = reconcile(whole, next, fresh).standing;
        assert.deepEqual(seen(whole), wanted(next));
        // The same when only what changed is looked at.
        changed = reconcile(changed, next, fresh, snapshots[index - 1]).standing;
        assert.deepEqual(seen(changed), wanted(next));
      }
    }),
  );
});

test('the same snapshot again needs no step', () => {
  fc.assert(
    fc.property(worlds, worlds, (first, next) => {
      const fresh = freshNames();
      const { standing } = reconcile(reconcile(nothingStanding, first, fresh).standing, next, fresh);
      assert.equal(reconcile(standing, next, fresh).plans, 0);
    }),
  );
});

test('steps taken back in reverse restore what stood', () => {
  fc.assert(
    fc.property(worlds, worlds, (first, next) => {
      const fresh = freshNames();
      let standing = reconcile(nothingStanding, first, fresh).standing;
      const scope = everything(standing, next);
      for (const phase of [makeNetworks, makeMachines, breakMachines, breakNetworks]) {
        for (const plan of phase(standing, next, scope, fresh)) {
          const after = plan.steps.reduce(perform, standing);
          const back = plan.steps.toReversed().map(inverse).reduce(perform, after);
          assert.deepEqual(seen(back), seen(standing));
          standing = after;
        }
      }
    }),
  );
});

test('an address in use is in use throughout a change of addresses, and the new ones are there before the old ones go', () => {
  const fresh = freshNames();
  const first = snapshotOf({ networks: { a: [] }, machines: { m: { network: 'a', addresses: [address('10.0.0.4'), address('10.0.0.5')] } } });
  const next = snapshotOf({ networks: { a: [] }, machines: { m: { network: 'a', addresses: [address('10.0.0.6'), address('10.0.0.5')] } } });
  const { standing } = reconcile(nothingStanding, first, fresh);
  const [make] = makeMachines(standing, next, everything(standing, next), fresh);
  assert.deepEqual(
    make?.steps.map((step) => step.do === 'readdress' && step.addresses),
    [['10.0.0.6', '10.0.0.5', '10.0.0.4']],
  );
  const [remove] = breakMachines(run(standing, [make as OwnerPlan]), next, everything(standing, next));
  assert.deepEqual(
    remove?.steps.map((step) => step.do === 'readdress' && step.addresses),
    [['10.0.0.6', '10.0.0.5']],
  );
});

test('a machine that did not change is looked at again when its network comes', () => {
  const fresh = freshNames();
  const first = snapshotOf({ networks: {}, machines: { m: { network: 'a', addresses: [address('10.0.0.4')] } } });
  const next = { ...snapshotOf({ networks: { a: [] }, machines: {} }), machines: first.machines };
  const { standing } = reconcile(nothingStanding, first, fresh);
  assert.equal([...standing.machines.values()][0]?.attachment, undefined);
  const attached = reconcile(standing, next, fresh, first).standing;
  assert.equal([...attached.machines.values()][0]?.attachment?.network, network('a'));
});

test('links go before namespaces, machines before networks', () => {
  const fresh = freshNames();
  const full = snapshotOf({ networks: { a: [address('10.0.0.9')] }, machines: { m: { network: 'a', addresses: [address('10.0.0.4')] } } });
  const { standing } = reconcile(nothingStanding, full, fresh);
  const empty = snapshotOf({ networks: {}, machines: {} });
  const scope = everything(standing, empty);
  const steps = [...breakMachines(standing, empty, scope), ...breakNetworks(standing, empty, scope)].flatMap((plan) => plan.steps.map((step) => step.do));
  assert.deepEqual(steps, ['detach', 'break-machine', 'remove-endpoints', 'break-network']);
});

test('no name is used twice', () => {
  const fresh = freshNames();
  const full = snapshotOf({ networks: { a: [] }, machines: { m: { network: 'a', addresses: [] } } });
  const before = reconcile(nothingStanding, full, fresh).standing;
  const gone = reconcile(before, snapshotOf({ networks: {}, machines: {} }), fresh).standing;
  const after = reconcile(gone, full, fresh).standing;
  assert.notEqual(before.networks.get(network('a'))?.namespace, after.networks.get(network('a'))?.namespace);
});
