/** Every resource type, in one explicit list. A new type is its file, its test and a line here. */
import type { ResourceType } from '#arm/resource-type.ts';
import { roleAssignments } from './authorization/role-assignments.ts';
import { roleDefinitions } from './authorization/role-definitions.ts';
import { virtualMachines } from './compute/virtual-machines.ts';
import { privateEndpointConnections } from './container-registry/private-endpoint-connections.ts';
import { privateLinkResources } from './container-registry/private-link-resources.ts';
import { registries } from './container-registry/registries.ts';
import { userAssignedIdentities } from './managed-identity/user-assigned-identities.ts';
import { aRecordSets } from './network/a-record-sets.ts';
import { networkInterfaces } from './network/network-interfaces.ts';
import { privateDnsZoneGroups } from './network/private-dns-zone-groups.ts';
import { privateDnsZones } from './network/private-dns-zones.ts';
import { privateEndpoints } from './network/private-endpoints.ts';
import { soaRecordSets } from './network/soa-record-sets.ts';
import { subnets } from './network/subnets.ts';
import { unservedRecordSets } from './network/unserved-record-sets.ts';
import { virtualNetworkLinks } from './network/virtual-network-links.ts';
import { virtualNetworks } from './network/virtual-networks.ts';
import { resourceGroups } from './resources/resource-groups.ts';
import { subscriptions } from './resources/subscriptions.ts';

export const resourceTypes: readonly ResourceType[] = [
  subscriptions,
  resourceGroups,
  registries,
  privateEndpointConnections,
  privateLinkResources,
  virtualNetworks,
  subnets,
  networkInterfaces,
  privateEndpoints,
  privateDnsZoneGroups,
  privateDnsZones,
  virtualNetworkLinks,
  aRecordSets,
  soaRecordSets,
  ...unservedRecordSets,
  virtualMachines,
  userAssignedIdentities,
  roleDefinitions,
  roleAssignments,
];
