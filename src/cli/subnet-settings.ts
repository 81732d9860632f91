/** The settings that `subnet create` and `subnet update` share. */
import type { JsonObject } from '#base/json.ts';
import type { Arguments } from './arguments.ts';
import type { Option } from './options.ts';

export const SUBNET_TYPE = 'Microsoft.Network/virtualNetworks/subnets';

export const SUBNET_SETTINGS: readonly Option[] = [
  {
    name: 'disable-private-endpoint-network-policies',
    kind: 'boolean',
    summary: 'Whether network policies leave private endpoints in the subnet alone.',
  },
  { name: 'service-endpoints', kind: 'list', placeholder: 'NAME', summary: 'Services with service endpoints here, for example Microsoft.ContainerRegistry.' },
];

/** Only what was given. */
export function subnetSettings(args: Arguments): JsonObject {
  const policies = args.boolean('disable-private-endpoint-network-policies');
  const services = args.list('service-endpoints')?.filter((service) => service !== '');
  return {
    ...(policies === undefined ? {} : { privateEndpointNetworkPolicies: policies ? 'Disabled' : 'Enabled' }),
    ...(services === undefined ? {} : { serviceEndpoints: services.map((service) => ({ service })) }),
  };
}
