/** Every resource type, in one explicit list. A new type is its file, its test and a line here. */
import type { ResourceType } from '#arm/resource-type.ts';
import { denyAssignments } from './authorization/deny-assignments.ts';
import { locks } from './authorization/locks.ts';
import { roleAssignments } from './authorization/role-assignments.ts';
import { roleDefinitions } from './authorization/role-definitions.ts';
import { virtualMachines } from './compute/virtual-machines.ts';
import { agentPools } from './container-registry/agent-pools.ts';
import { cacheRules } from './container-registry/cache-rules.ts';
import { credentialSets } from './container-registry/credential-sets.ts';
import { privateEndpointConnections } from './container-registry/private-endpoint-connections.ts';
import { privateLinkResources } from './container-registry/private-link-resources.ts';
import { registries } from './container-registry/registries.ts';
import { replications } from './container-registry/replications.ts';
import { scopeMaps } from './container-registry/scope-maps.ts';
import { tokens } from './container-registry/tokens.ts';
import { unservedChildren } from './container-registry/unserved-children.ts';
import { webhooks } from './container-registry/webhooks.ts';
import { federatedIdentityCredentials } from './managed-identity/federated-identity-credentials.ts';
import { userAssignedIdentities } from './managed-identity/user-assigned-identities.ts';
import { aRecordSets } from './network/a-record-sets.ts';
import { aaaaRecordSets } from './network/aaaa-record-sets.ts';
import { cnameRecordSets } from './network/cname-record-sets.ts';
import { mxRecordSets } from './network/mx-record-sets.ts';
import { networkInterfaces } from './network/network-interfaces.ts';
import { networkSecurityGroups } from './network/network-security-groups.ts';
import { privateDnsZoneGroups } from './network/private-dns-zone-groups.ts';
import { privateDnsZones } from './network/private-dns-zones.ts';
import { privateEndpoints } from './network/private-endpoints.ts';
import { ptrRecordSets } from './network/ptr-record-sets.ts';
import { publicIPAddresses } from './network/public-ip-addresses.ts';
import { routeTables } from './network/route-tables.ts';
import { routes } from './network/routes.ts';
import { securityRules } from './network/security-rules.ts';
import { soaRecordSets } from './network/soa-record-sets.ts';
import { srvRecordSets } from './network/srv-record-sets.ts';
import { subnets } from './network/subnets.ts';
import { txtRecordSets } from './network/txt-record-sets.ts';
import { virtualNetworkLinks } from './network/virtual-network-links.ts';
import { virtualNetworkPeerings } from './network/virtual-network-peerings.ts';
import { virtualNetworks } from './network/virtual-networks.ts';
import { resourceGroups } from './resources/resource-groups.ts';
import { subscriptionAliases } from './resources/subscription-aliases.ts';
import { subscriptions } from './resources/subscriptions.ts';

export const resourceTypes: readonly ResourceType[] = [
  subscriptions,
  subscriptionAliases,
  resourceGroups,
  registries,
  privateEndpointConnections,
  privateLinkResources,
  replications,
  tokens,
  scopeMaps,
  webhooks,
  agentPools,
  cacheRules,
  credentialSets,
  ...unservedChildren,
  virtualNetworks,
  subnets,
  virtualNetworkPeerings,
  networkSecurityGroups,
  securityRules,
  routeTables,
  routes,
  publicIPAddresses,
  networkInterfaces,
  privateEndpoints,
  privateDnsZoneGroups,
  privateDnsZones,
  virtualNetworkLinks,
  aRecordSets,
  aaaaRecordSets,
  cnameRecordSets,
  mxRecordSets,
  ptrRecordSets,
  soaRecordSets,
  srvRecordSets,
  txtRecordSets,
  virtualMachines,
  userAssignedIdentities,
  federatedIdentityCredentials,
  roleDefinitions,
  roleAssignments,
  denyAssignments,
  locks,
];
