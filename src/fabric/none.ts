/** The driver `none`: networks and machines are kept as resources but are not real on this host. Registry, control plane and names work. */
import { Fault } from '#base/fault.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import type { Fabric, Outcome } from './fabric.ts';

/** A fabric that makes nothing. Every wish is granted, for the control plane has to go on; a socket in a network is refused, saying why. */
export function noneFabric(): Fabric {
  let last: Pick<Snapshot, 'networks' | 'machines'> = { networks: new Map(), machines: new Map() };
  const refuse = (place: ResourceKey): never => {
    throw new Fault(
      'unavailable',
      'NetworksAreNotReal',
      `Postern runs with --fabric none, so '${place}' is not real on this host. Start it with --fabric world to have networks and machines.`,
    );
  };
  const changed = (next: Snapshot, from: Pick<Snapshot, 'networks' | 'machines'>, to: Pick<Snapshot, 'networks' | 'machines'>): Outcome[] => [
    ...[...to.networks].filter(([key, part]) => from.networks.get(key) !== part).map(([owner]) => ({ revision: next.revision, owner })),
    ...[...to.machines].filter(([key, machine]) => from.machines.get(key) !== machine).map(([owner]) => ({ revision: next.revision, owner })),
  ];
  return {
    driver: 'none',
    sockets: { tcp: refuse, udp: refuse },
    extend: async (next) => changed(next, last, next),
    async retire(next) {
      const gone = changed(next, next, last).filter(({ owner }) => !next.networks.has(owner) && !next.machines.has(owner));
      last = next;
      return gone;
    },
    machine: () => undefined,
    faults: () => [],
    close: async () => {},
  };
}
