/** A small world for tests of the edge: two registries, a network with an endpoint at a loopback address, one machine. */
import type { DomainName } from '#base/domain-name.ts';
import type { IpAddress } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { ConnectionState } from '#topology/facts.ts';
import type { EndpointAddress, Machine, NetworkPart, RegistryHost, RegistryPart, Snapshot } from '#topology/snapshot.ts';

const group = '/subscriptions/s/resourcegroups/g/providers';
export const networkKey = `${group}/microsoft.network/virtualnetworks/vnet-app` as ResourceKey;
export const otherNetworkKey = `${group}/microsoft.network/virtualnetworks/vnet-other` as ResourceKey;
export const endpointKey = `${group}/microsoft.network/privateendpoints/pe` as ResourceKey;
export const registryKey = `${group}/microsoft.containerregistry/registries/myregistry` as ResourceKey;
export const otherRegistryKey = `${group}/microsoft.containerregistry/registries/other` as ResourceKey;
export const machineKey = `${group}/microsoft.compute/virtualmachines/vm-app` as ResourceKey;
export const endpointAddress = '127.0.0.1' as IpAddress;
export const egressAddress = '203.0.113.1' as IpAddress;

export interface WorldOptions {
  /** The state of the endpoint's connection; undefined: there is no endpoint. */
  readonly state?: ConnectionState | undefined;
  readonly member?: string;
  readonly networks?: readonly ResourceKey[];
  readonly machines?: readonly ResourceKey[];
  readonly regions?: readonly string[];
  readonly domain?: string;
}

/** Only what the edge reads. */
export function worldOf(revision: number, options: WorldOptions = {}): Snapshot {
  const { domain = 'azurecr.io', regions = ['westeurope'] } = options;
  const state = 'state' in options ? options.state : 'Approved';
  const hosts = new Map<DomainName, RegistryHost>();
  const registries = new Map<ResourceKey, RegistryPart>();
  for (const [registry, name] of [
    [registryKey, 'myregistry'],
    [otherRegistryKey, 'other'],
  ] as const) {
    hosts.set(`${name}.${domain}` as DomainName, { registry, role: 'login', region: regions[0] as string });
    for (const region of regions) hosts.set(`${name}.${region}.data.${domain}` as DomainName, { registry, role: 'data', region });
    registries.set(registry, { registry, regions } as unknown as RegistryPart);
  }
  const networks = new Map<ResourceKey, NetworkPart>();
  for (const key of options.networks ?? [networkKey]) {
    const endpoints = new Map<IpAddress, EndpointAddress>();
    if (state && key === networkKey)
      endpoints.set(endpointAddress, {
        address: endpointAddress,
        endpoint: endpointKey,
        member: options.member ?? 'registry',
        fqdns: [],
        registry: registryKey,
        state,
      });
    networks.set(key, { key, egressAddress, endpoints } as unknown as NetworkPart);
  }
  const machines = new Map<ResourceKey, Machine>(
    (options.machines ?? []).map((key) => [key, { key, id: key, name: 'vm-app', network: networkKey, addresses: ['10.0.0.4' as IpAddress], identities: [] }]),
  );
  return {
    revision,
    networks,
    registries,
    machines,
    names: { domain: domain as DomainName, hosts, zones: new Map() },
    access: { roles: new Map(), assignments: new Map(), identities: new Map(), subscriptions: new Map() },
  };
}
