/** Facts for tests: whole ones from what a test cares about, so that a new member of a fact has one place here. */
import type { DomainName } from '#base/domain-name.ts';
import type { IpAddress } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { NetworkFact, RegistryFact } from './facts.ts';

/** An open Premium registry in westeurope, but for what `over` says. */
export function registryFact(registry: ResourceKey, name: string, over: Partial<RegistryFact> = {}): RegistryFact {
  return {
    kind: 'registry',
    registry,
    id: registry,
    name,
    loginServer: `${name}.azurecr.io` as DomainName,
    regions: ['westeurope'],
    sku: 'Premium',
    publicNetworkAccess: true,
    defaultAction: 'Allow',
    ipRules: [],
    dataEndpointEnabled: false,
    adminUserEnabled: false,
    anonymousPullEnabled: false,
    armAudienceAccepted: true,
    ...over,
  };
}

/** A network without prefixes, seen as 203.0.113.1, but for what `over` says. */
export function networkFact(network: ResourceKey, name: string, over: Partial<NetworkFact> = {}): NetworkFact {
  return { kind: 'network', network, id: network, name, location: 'westeurope', prefixes: [], egressAddress: '203.0.113.1' as IpAddress, ...over };
}
