/** Endpoint address -> connection -> registry. */
import { isDeepStrictEqual } from 'node:util';
import type { IpAddress } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { memberState } from '../member-state.ts';
import { SharedMap } from '../shared-map.ts';
import type { EndpointAddress, NetworkPart } from '../snapshot.ts';
import { Relation } from './claims.ts';
import type { ConnectionJoin } from './connections.ts';
import { type Filed, WORLD } from './filed.ts';
import { addressPlace, type Touched } from './touched.ts';

export class EndpointJoin {
  readonly #at = new Map<string, EndpointAddress>();
  readonly #placesOf = new Relation<ResourceKey, string>();

  join(filed: Filed, connections: ConnectionJoin, touched: Touched): void {
    for (const endpoint of touched.endpoints)
      for (const place of this.#placesOf.of(endpoint)) {
        const [network = '', address = ''] = place.split(' ');
        touched.addresses.set(place, { network: network as ResourceKey, address: address as IpAddress });
      }
    for (const [place, { network, address }] of touched.addresses) {
      const before = this.#at.get(place);
      const after = endpointAt(network, address, filed, connections);
      if (isDeepStrictEqual(before, after)) continue;
      if (before) {
        this.#placesOf.delete(before.endpoint, place);
        this.#at.delete(place);
      }
      if (after) {
        this.#placesOf.add(after.endpoint, place);
        this.#at.set(place, after);
      }
      touched.network(network).endpoints.add(address);
    }
  }

  /** The endpoint addresses of one network: the old ones with the changed ones replaced, or without old ones all. */
  in(filed: Filed, network: ResourceKey, old: NetworkPart['endpoints'] | undefined, changed: ReadonlySet<IpAddress>): NetworkPart['endpoints'] {
    const addresses = old ? changed : (filed.addresses.places(network) as Iterable<IpAddress>);
    return SharedMap.from(old ?? SharedMap.empty<IpAddress, EndpointAddress>()).with(
      [...addresses].map((address) => [address, this.#at.get(addressPlace({ network, address }))]),
    );
  }
}

function endpointAt(network: ResourceKey, address: IpAddress, filed: Filed, connections: ConnectionJoin): EndpointAddress | undefined {
  const fact = filed.addresses.get(network, address);
  if (!fact?.endpoint) return undefined;
  const { endpoint, member, fqdns } = fact.endpoint;
  const connection = connections.of(endpoint);
  const reached = connection !== undefined && filed.registries.get(WORLD, connection.registry) !== undefined;
  if (!reached) return { address, endpoint, member, fqdns, registry: undefined, state: 'Disconnected' };
  return { address, endpoint, member, fqdns, registry: connection.registry, state: memberState(connection.state, connection.approvedMembers, member) };
}
