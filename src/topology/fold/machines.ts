/** Machine -> addresses of its interfaces -> network; and the machines of the snapshot. */
import { isDeepStrictEqual } from 'node:util';
import { type IpAddress, ipNumber } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { AddressFact, MachineFact } from '../facts.ts';
import { SharedMap } from '../shared-map.ts';
import type { Machine, MachineIdentity, Snapshot } from '../snapshot.ts';
import { compare, Relation } from './claims.ts';
import { type Filed, WORLD } from './filed.ts';
import type { Touched } from './touched.ts';

export class MachineJoin {
  readonly #of = new Map<ResourceKey, Machine>();
  readonly #ofNic = new Relation<ResourceKey, ResourceKey>();
  readonly #ofIdentity = new Relation<ResourceKey, ResourceKey>();
  readonly #ofNetwork = new Relation<ResourceKey, ResourceKey>();
  readonly #watched = new Map<ResourceKey, MachineFact>();

  join(filed: Filed, touched: Touched): void {
    // Who lost or won an address is touched as well as who said so.
    for (const { network, address } of touched.addresses.values()) for (const claim of filed.addresses.all(network, address)) touched.nics.add(claim.nic);
    for (const nic of touched.nics) for (const machine of this.#ofNic.of(nic)) touched.machines.add(machine);
    for (const identity of touched.identities) for (const machine of this.#ofIdentity.of(identity)) touched.machines.add(machine);
    for (const key of touched.machines) {
      const fact = filed.machines.get(WORLD, key);
      this.#watch(key, fact);
      const before = this.#of.get(key);
      const after = fact && machineOf(fact, filed);
      if (isDeepStrictEqual(before, after)) continue;
      if (before) {
        this.#ofNetwork.delete(before.network, key);
        touched.network(before.network).machines.add(key);
        this.#of.delete(key);
      }
      if (after) {
        this.#ofNetwork.add(after.network, key);
        touched.network(after.network).machines.add(key);
        this.#of.set(key, after);
      }
    }
  }

  /** The machines of one network: the old list with the changed ones replaced, or without a list all of them. */
  in(network: ResourceKey, old: readonly Machine[] | undefined, changed: ReadonlySet<ResourceKey>): readonly Machine[] {
    const kept = old?.filter((machine) => !changed.has(machine.key)) ?? [];
    for (const key of old ? changed : this.#ofNetwork.of(network)) {
      const machine = this.#of.get(key);
      if (machine?.network === network) kept.push(machine);
    }
    return kept.sort((a, b) => compare(a.key, b.key));
  }

  /** Machines of networks that exist. */
  fold(old: Snapshot['machines'], networks: Snapshot['networks'], touched: Touched): Snapshot['machines'] {
    for (const network of touched.networks) for (const key of this.#ofNetwork.of(network)) touched.machines.add(key);
    return SharedMap.from(old).with(
      [...touched.machines].map((key) => {
        const machine = this.#of.get(key);
        return [key, machine && networks.has(machine.network) ? machine : undefined];
      }),
    );
  }

  /** Keeps the relations from interfaces and identities to the machine in step with its standing fact. */
  #watch(key: ResourceKey, fact: MachineFact | undefined): void {
    const before = this.#watched.get(key);
    for (const nic of before?.nics ?? []) this.#ofNic.delete(nic, key);
    for (const identity of before?.identities ?? []) this.#ofIdentity.delete(identity, key);
    for (const nic of fact?.nics ?? []) this.#ofNic.add(nic, key);
    for (const identity of fact?.identities ?? []) this.#ofIdentity.add(identity, key);
    if (fact) this.#watched.set(key, fact);
    else this.#watched.delete(key);
  }
}

/** The machine in the network of its first interface that has an address; undefined while none has. Interfaces in other networks do not count (Azure refuses them). */
function machineOf(fact: MachineFact, filed: Filed): Machine | undefined {
  const addresses: IpAddress[] = [];
  let network: ResourceKey | undefined;
  for (const nic of fact.nics) {
    const held = [...filed.nics.places(nic)]
      .map((place) => filed.nics.get(nic, place) as AddressFact)
      .filter((address) => filed.addresses.get(address.network, address.address) === address)
      .sort((a, b) => compare(a.network, b.network) || (ipNumber(a.address) ?? 0) - (ipNumber(b.address) ?? 0));
    network ??= held[0]?.network;
    for (const address of held) if (address.network === network) addresses.push(address.address);
  }
  if (network === undefined) return undefined;
  const identities: MachineIdentity[] = [];
  if (fact.systemIdentity) identities.push({ resourceId: fact.id, system: true, ...fact.systemIdentity });
  for (const key of fact.identities) {
    const identity = filed.identities.get(WORLD, key);
    if (identity) identities.push({ resourceId: identity.id, system: false, principalId: identity.principalId, clientId: identity.clientId });
  }
  return { key: fact.machine, id: fact.id, name: fact.name, network, addresses, identities };
}
