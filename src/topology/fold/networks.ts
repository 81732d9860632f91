/** The networks of the snapshot, and which zones each of them sees. */
import type { ResourceKey } from '#base/resource-id.ts';
import type { SubnetFact } from '../facts.ts';
import { SharedMap } from '../shared-map.ts';
import type { NetworkPart, Snapshot } from '../snapshot.ts';
import { compare, Relation } from './claims.ts';
import type { EndpointJoin } from './endpoint-addresses.ts';
import { type Filed, WORLD } from './filed.ts';
import type { MachineJoin } from './machines.ts';
import type { Touched } from './touched.ts';

export class NetworkFold {
  readonly #ofZone = new Relation<ResourceKey, ResourceKey>();

  /** Networks see the zones that are linked and exist. */
  joinLinks(filed: Filed, touched: Touched): void {
    for (const [network, zones] of touched.links.entries())
      for (const zone of zones) {
        if (filed.links.get(network, zone)) this.#ofZone.add(zone, network);
        else this.#ofZone.delete(zone, network);
        touched.network(network).zones = true;
      }
    for (const zone of touched.zones) for (const network of this.#ofZone.of(zone)) touched.network(network).zones = true;
  }

  fold(old: Snapshot['networks'], filed: Filed, machines: MachineJoin, endpoints: EndpointJoin, touched: Touched): Snapshot['networks'] {
    const changes: [ResourceKey, NetworkPart | undefined][] = [];
    for (const [key, dirt] of touched.dirtyNetworks) {
      const fact = filed.networks.get(WORLD, key);
      const part = old.get(key);
      if (!fact) {
        changes.push([key, undefined]);
        continue;
      }
      if (part && !touched.networks.has(key) && !dirt.any()) continue;
      changes.push([
        key,
        {
          key,
          id: fact.id,
          name: fact.name,
          prefixes: fact.prefixes,
          egressAddress: fact.egressAddress,
          subnets: part && !dirt.subnets ? part.subnets : subnetsOf(key, filed),
          machines: part && dirt.machines.size === 0 ? part.machines : machines.in(key, part?.machines, dirt.machines),
          endpoints: part && dirt.endpoints.size === 0 ? part.endpoints : endpoints.in(filed, key, part?.endpoints, dirt.endpoints),
          zones: part && !dirt.zones ? part.zones : zonesOf(key, filed),
        },
      ]);
    }
    return SharedMap.from(old).with(changes);
  }
}

function subnetsOf(network: ResourceKey, filed: Filed): NetworkPart['subnets'] {
  return [...filed.subnets.places(network)]
    .map((place) => filed.subnets.get(network, place) as SubnetFact)
    .map(({ subnet, name, prefix }) => ({ key: subnet, name, prefix }))
    .sort((a, b) => compare(a.key, b.key));
}

function zonesOf(network: ResourceKey, filed: Filed): readonly ResourceKey[] {
  return ([...filed.links.places(network)] as ResourceKey[]).filter((zone) => filed.zones.get(WORLD, zone) !== undefined).sort(compare);
}
