/** Paths: how a machine of a network comes to a registry, by the name it resolves there and the listener that this leads to. Pure; roles come after it. */
import type { DomainName } from '#base/domain-name.ts';
import type { IpAddress } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { dataFront, IMAGES, loginFront } from './addresses.ts';
import type { Arrival } from './arrival.ts';
import { admission } from './reachability.ts';
import type { NetworkPart, RegistryHost, RegistryPart, Snapshot } from './snapshot.ts';

/** What a name's A records are in a network: `[]` when the name exists without any, undefined when it does not exist there. The dns room answers it. */
export type ResolveAddresses = (snapshot: Snapshot, network: ResourceKey, name: DomainName) => readonly IpAddress[] | undefined;

export interface Path {
  /** What the name resolves to; undefined when it does not exist in the network. */
  readonly addresses: readonly IpAddress[] | undefined;
  /** Where that leads: to a private endpoint, to the public side, to an address where no registry listens, or nowhere. */
  readonly by: 'endpoint' | 'public' | 'elsewhere' | 'nowhere';
  readonly reached: boolean;
  /** The rule that decided, or the first thing that is missing. */
  readonly why: string;
}

/** The path from machines of `network` to one host name of `registry`. Of several addresses the first counts, as it does for clients. */
export function pathTo(
  snapshot: Snapshot,
  network: NetworkPart,
  registry: RegistryPart,
  name: DomainName,
  host: RegistryHost,
  resolve: ResolveAddresses,
): Path {
  const addresses = resolve(snapshot, network.key, name);
  const address = addresses?.[0];
  if (address === undefined)
    return { addresses, by: 'nowhere', reached: false, why: `${name} ${addresses ? 'has no address' : 'does not exist'} in '${network.name}'` };
  const endpoint = network.endpoints.get(address);
  const front = registry.platform ? IMAGES : host.role === 'login' ? loginFront(host.region) : dataFront(host.region);
  if (!endpoint && address !== front)
    return { addresses, by: 'elsewhere', reached: false, why: `${name} leads to ${address}, where no registry listens in '${network.name}'` };
  const arrival: Arrival = endpoint
    ? {
        via: 'endpoint',
        listener: '',
        peer: address,
        network: network.key,
        endpoint: endpoint.endpoint,
        registry: endpoint.registry ?? ('' as ResourceKey),
        member: endpoint.member,
        address,
      }
    : { via: 'public', listener: '', peer: address, network: network.key, source: network.egressAddress };
  const { admitted, rule } = admission(snapshot, registry, arrival, host);
  return { addresses, by: endpoint ? 'endpoint' : 'public', reached: admitted, why: rule };
}
