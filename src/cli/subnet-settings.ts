/** The settings that `subnet create` and `subnet update` share. */
import type { Json, JsonObject } from '#base/json.ts';
import type { Arguments } from './arguments.ts';
import type { Context } from './context.ts';
import type { Option } from './options.ts';
import { idOf } from './resources.ts';

export const SUBNET_TYPE = 'Microsoft.Network/virtualNetworks/subnets';

const NSG_TYPE = 'Microsoft.Network/networkSecurityGroups';

export const SUBNET_SETTINGS: readonly Option[] = [
  {
    name: 'disable-private-endpoint-network-policies',
    kind: 'boolean',
    summary: 'Whether network policies leave private endpoints in the subnet alone.',
  },
  {
    name: 'private-endpoint-network-policies',
    aliases: ['ple-network-policies'],
    kind: 'text',
    choices: ['Disabled', 'Enabled', 'NetworkSecurityGroupEnabled', 'RouteTableEnabled'],
    summary: 'Which network policies hold for private endpoints in the subnet.',
  },
  {
    name: 'disable-private-link-service-network-policies',
    kind: 'boolean',
    summary: 'Whether network policies leave private link services in the subnet alone.',
  },
  {
    name: 'private-link-service-network-policies',
    aliases: ['pls-network-policies'],
    kind: 'text',
    choices: ['Disabled', 'Enabled'],
    summary: 'Whether network policies hold for private link services in the subnet.',
  },
  { name: 'service-endpoints', kind: 'list', placeholder: 'NAME', summary: 'Services with service endpoints here, for example Microsoft.ContainerRegistry.' },
  { name: 'network-security-group', aliases: ['nsg'], kind: 'text', placeholder: 'NAME_OR_ID', summary: "Network security group; '' for none." },
  { name: 'delegations', kind: 'list', placeholder: 'SERVICE', summary: 'Services that the subnet is given to.' },
];

/** Only what was given. */
export async function subnetSettings(args: Arguments, context: Context, group: string): Promise<JsonObject> {
  const disabled = (name: string): string | undefined => {
    const value = args.boolean(name);
    return value === undefined ? undefined : value ? 'Disabled' : 'Enabled';
  };
  const services = args.list('service-endpoints')?.filter((service) => service !== '');
  const securityGroup = args.text('network-security-group');
  const delegations = args.list('delegations')?.filter((service) => service !== '');
  const entries: [string, Json | undefined][] = [
    ['privateEndpointNetworkPolicies', args.text('private-endpoint-network-policies') ?? disabled('disable-private-endpoint-network-policies')],
    ['privateLinkServiceNetworkPolicies', args.text('private-link-service-network-policies') ?? disabled('disable-private-link-service-network-policies')],
    ['serviceEndpoints', services?.map((service) => ({ service }))],
    [
      'delegations',
      delegations?.map((serviceName, index) => ({
        name: String(index),
        properties: { serviceName: serviceName.replace(/^(Microsoft\.\w+)\.(.+)$/, '$1/$2') },
      })),
    ],
  ];
  if (securityGroup !== undefined)
    entries.push(['networkSecurityGroup', securityGroup === '' ? null : { id: await idOf(context, securityGroup, group, NSG_TYPE) }]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as JsonObject;
}
