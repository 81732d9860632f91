/** The resource nouns: one table from which every `show`, `list` and `delete` follows (`noun-commands.ts`). */
import { nameOption, type Option, REGISTRY } from './options.ts';
import type { Columns } from './output.ts';
import { REGISTRY_TYPE } from './resources.ts';

export type Verb = 'show' | 'list' | 'delete';

export interface Noun {
  /** The words before the verb. */
  readonly words: string;
  readonly singular: string;
  readonly plural: string;
  readonly type: string;
  /** What names the resource itself; absent where it can only be listed. */
  readonly name?: Option;
  /** What names its parents, outermost first. */
  readonly parents?: readonly Option[];
  /** `find`: a registry is found by name alone, so the group may be left out. `subscription`: not in a group at all. */
  readonly place: 'group' | 'find' | 'subscription';
  readonly verbs: readonly Verb[];
  /** az asks before it deletes these. */
  readonly confirm?: boolean;
  readonly columns?: Columns;
}

const ALL: readonly Verb[] = ['show', 'list', 'delete'];
export const ZONE_NAME: Option = { name: 'zone-name', short: 'z', kind: 'text', placeholder: 'ZONE', required: true, summary: 'Name of the private DNS zone.' };
export const VNET_NAME: Option = { name: 'vnet-name', kind: 'text', placeholder: 'NAME', required: true, summary: 'Name of the virtual network.' };
const ENDPOINT_NAME: Option = { name: 'endpoint-name', kind: 'text', placeholder: 'NAME', required: true, summary: 'Name of the private endpoint.' };

export const NSG_NAME: Option = { name: 'nsg-name', kind: 'text', placeholder: 'NAME', required: true, summary: 'Name of the network security group.' };

const RECORD_SET_COLUMNS: Columns = { Name: 'name', ResourceGroup: 'resourceGroup', Ttl: 'ttl', Type: 'type.name()', AutoRegistered: 'isAutoRegistered' };

/** az's columns for a registry. */
export const REGISTRY_COLUMNS: Columns = {
  NAME: 'name',
  'RESOURCE GROUP': 'resourceGroup',
  LOCATION: 'location',
  SKU: 'sku.name',
  'LOGIN SERVER': 'loginServer',
  'CREATION DATE': 'creationDate.seconds()',
  'ADMIN ENABLED': 'adminUserEnabled',
};

export const REPLICATION_COLUMNS: Columns = {
  NAME: 'name',
  LOCATION: 'location',
  'PROVISIONING STATE': 'provisioningState',
  STATUS: 'status.displayStatus',
  'REGION ENDPOINT ENABLED': 'regionEndpointEnabled',
};
export const AGENT_POOL_COLUMNS: Columns = {
  NAME: 'name',
  COUNT: 'count',
  TIER: 'tier',
  STATE: 'provisioningState',
  VNET: 'virtualNetworkSubnetResourceId',
  OS: 'os',
};
export const WEBHOOK_COLUMNS: Columns = { NAME: 'name', LOCATION: 'location', ACTIONS: 'actions', SCOPE: 'scope', STATUS: 'status' };
export const SCOPE_MAP_COLUMNS: Columns = { NAME: 'name', TYPE: 'typePropertiesType', 'CREATION DATE': 'creationDate.seconds()', DESCRIPTION: 'description' };
export const TOKEN_COLUMNS: Columns = {
  NAME: 'name',
  'SCOPE MAP': 'scopeMapId.name()',
  'PASSWORD1 EXPIRY': 'credentials.passwords.0.expiry',
  'PASSWORD2 EXPIRY': 'credentials.passwords.1.expiry',
  STATUS: 'status',
  'PROVISIONING STATE': 'provisioningState',
  'CREATION DATE': 'creationDate.seconds()',
};

/** What a registry has below itself, all shaped alike. */
function ofRegistry(words: string, segment: string, singular: string, plural: string, more: Partial<Noun> = {}): Noun {
  return {
    words,
    singular: `${singular} of a registry`,
    plural: `${plural} of a registry`,
    type: `${REGISTRY_TYPE}/${segment}`,
    name: nameOption(singular),
    parents: [REGISTRY],
    place: 'find',
    verbs: ALL,
    ...more,
  };
}

/** A record set of one type; az writes the type in lower case in paths. */
function recordSet(type: string): Noun {
  return {
    words: `network private-dns record-set ${type}`,
    singular: `${type.toUpperCase()} record set`,
    plural: `${type.toUpperCase()} record sets of a private DNS zone`,
    type: `Microsoft.Network/privateDnsZones/${type}`,
    name: nameOption('record set', { aliases: ['record-set-name'] }),
    columns: RECORD_SET_COLUMNS,
    parents: [ZONE_NAME],
    place: 'group',
    verbs: ALL,
    confirm: true,
  };
}

/** Types of record sets that have the same commands; the zone's SOA has its own. */
export const RECORD_TYPES = ['a', 'aaaa', 'cname', 'mx', 'ptr', 'srv', 'txt'] as const;

export const NOUNS: readonly Noun[] = [
  {
    words: 'group',
    singular: 'resource group',
    plural: 'resource groups',
    type: 'Microsoft.Resources/resourceGroups',
    name: nameOption('resource group', { aliases: ['resource-group', 'g'], short: 'n' }),
    place: 'subscription',
    verbs: ['show', 'delete'],
    confirm: true,
    columns: { Name: 'name', Location: 'location', Status: 'properties.provisioningState' },
  },
  {
    words: 'acr',
    singular: 'registry',
    plural: 'registries',
    type: REGISTRY_TYPE,
    name: nameOption('registry'),
    place: 'find',
    verbs: ALL,
    confirm: true,
    columns: REGISTRY_COLUMNS,
  },
  ofRegistry('acr private-endpoint-connection', 'privateEndpointConnections', 'private endpoint connection', 'private endpoint connections', {
    columns: {
      NAME: 'name',
      STATUS: 'privateLinkServiceConnectionState.status',
      DESCRIPTION: 'privateLinkServiceConnectionState.description',
      'PRIVATE ENDPOINT': 'privateEndpoint.id',
    },
  }),
  ofRegistry('acr replication', 'replications', 'replication', 'replications', { columns: REPLICATION_COLUMNS }),
  ofRegistry('acr token', 'tokens', 'token', 'tokens', { confirm: true, columns: TOKEN_COLUMNS }),
  ofRegistry('acr scope-map', 'scopeMaps', 'scope map', 'scope maps', { confirm: true, columns: SCOPE_MAP_COLUMNS }),
  ofRegistry('acr agentpool', 'agentPools', 'agent pool', 'agent pools', { confirm: true, columns: AGENT_POOL_COLUMNS }),
  ofRegistry('acr webhook', 'webhooks', 'webhook', 'webhooks', { columns: WEBHOOK_COLUMNS }),
  ofRegistry('acr connected-registry', 'connectedRegistries', 'connected registry', 'connected registries', { verbs: ['list', 'show'] }),
  ofRegistry('acr task', 'tasks', 'task', 'tasks', { verbs: ['list', 'show'] }),
  {
    words: 'acr private-link-resource',
    singular: 'private link resource of a registry',
    plural: 'private link resources of a registry',
    type: `${REGISTRY_TYPE}/privateLinkResources`,
    parents: [nameOption('registry')],
    place: 'find',
    verbs: ['list'],
  },
  {
    words: 'network vnet',
    singular: 'virtual network',
    plural: 'virtual networks',
    type: 'Microsoft.Network/virtualNetworks',
    name: nameOption('virtual network'),
    place: 'group',
    verbs: ALL,
    columns: {
      Name: 'name',
      ResourceGroup: 'resourceGroup',
      Location: 'location',
      NumSubnets: 'subnets.count()',
      Prefixes: 'addressSpace.addressPrefixes',
      DnsServers: 'dhcpOptions.dnsServers',
      DDOSProtection: 'enableDdosProtection',
      VMProtection: 'enableVmProtection',
    },
  },
  {
    words: 'network vnet subnet',
    singular: 'subnet',
    plural: 'subnets of a virtual network',
    type: 'Microsoft.Network/virtualNetworks/subnets',
    name: nameOption('subnet'),
    parents: [VNET_NAME],
    place: 'group',
    verbs: ALL,
  },
  {
    words: 'network vnet peering',
    singular: 'peering of a virtual network',
    plural: 'peerings of a virtual network',
    type: 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings',
    name: nameOption('peering'),
    parents: [VNET_NAME],
    place: 'group',
    verbs: ALL,
  },
  {
    words: 'network nsg',
    singular: 'network security group',
    plural: 'network security groups',
    type: 'Microsoft.Network/networkSecurityGroups',
    name: nameOption('network security group'),
    place: 'group',
    verbs: ALL,
  },
  {
    words: 'network nsg rule',
    singular: 'rule of a network security group',
    plural: 'rules of a network security group',
    type: 'Microsoft.Network/networkSecurityGroups/securityRules',
    name: nameOption('rule'),
    parents: [NSG_NAME],
    place: 'group',
    verbs: ALL,
  },
  {
    words: 'network private-endpoint',
    singular: 'private endpoint',
    plural: 'private endpoints',
    type: 'Microsoft.Network/privateEndpoints',
    name: nameOption('private endpoint'),
    place: 'group',
    verbs: ALL,
  },
  {
    words: 'network private-endpoint dns-zone-group',
    singular: 'private DNS zone group of a private endpoint',
    plural: 'private DNS zone groups of a private endpoint',
    type: 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups',
    name: nameOption('private DNS zone group'),
    parents: [ENDPOINT_NAME],
    place: 'group',
    verbs: ALL,
  },
  {
    words: 'network nic',
    singular: 'network interface',
    plural: 'network interfaces',
    type: 'Microsoft.Network/networkInterfaces',
    name: nameOption('network interface'),
    place: 'group',
    verbs: ALL,
  },
  {
    words: 'network private-dns zone',
    singular: 'private DNS zone',
    plural: 'private DNS zones',
    type: 'Microsoft.Network/privateDnsZones',
    name: nameOption('private DNS zone'),
    place: 'group',
    verbs: ALL,
    confirm: true,
    columns: {
      ZoneName: 'name',
      ResourceGroup: 'resourceGroup',
      RecordSets: 'numberOfRecordSets',
      MaxRecordSets: 'maxNumberOfRecordSets',
      VirtualNetworkLinks: 'numberOfVirtualNetworkLinks',
      MaxVirtualNetworkLinks: 'maxNumberOfVirtualNetworkLinks',
      VirtualNetworkLinksWithRegistration: 'numberOfVirtualNetworkLinksWithRegistration',
      MaxVirtualNetworkLinksWithRegistration: 'maxNumberOfVirtualNetworkLinksWithRegistration',
      ProvisioningState: 'provisioningState',
    },
  },
  {
    words: 'network private-dns link vnet',
    singular: 'link of a private DNS zone to a virtual network',
    plural: 'virtual network links of a private DNS zone',
    type: 'Microsoft.Network/privateDnsZones/virtualNetworkLinks',
    name: nameOption('virtual network link'),
    parents: [ZONE_NAME],
    place: 'group',
    verbs: ALL,
    confirm: true,
    columns: {
      LinkName: 'name',
      ResourceGroup: 'resourceGroup',
      RegistrationEnabled: 'registrationEnabled',
      VirtualNetwork: 'virtualNetwork.id',
      LinkState: 'virtualNetworkLinkState',
      ProvisioningState: 'provisioningState',
    },
  },
  ...RECORD_TYPES.map(recordSet),
  {
    words: 'network private-dns record-set',
    singular: 'record set',
    plural: 'record sets of every type in a private DNS zone',
    type: 'Microsoft.Network/privateDnsZones/ALL',
    parents: [ZONE_NAME],
    place: 'group',
    verbs: ['list'],
    columns: RECORD_SET_COLUMNS,
  },
  {
    words: 'identity',
    singular: 'user-assigned managed identity',
    plural: 'user-assigned managed identities',
    type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
    name: nameOption('identity'),
    place: 'group',
    verbs: ALL,
  },
  {
    words: 'vm',
    singular: 'virtual machine',
    plural: 'virtual machines',
    type: 'Microsoft.Compute/virtualMachines',
    name: nameOption('virtual machine'),
    place: 'group',
    verbs: ALL,
    confirm: true,
    columns: { Name: 'name', ResourceGroup: 'resourceGroup', Location: 'location' },
  },
];
