/** `postern network vnet subnet update`: a subnet PUT replaces it whole, so the subnet is read, changed and written back, as az does it. */

import { parseResourceId } from '#base/resource-id.ts';
import { updateOf } from '../../../../noun-commands.ts';
import { SUBNET_SETTINGS, subnetSettings } from '../../../../subnet-settings.ts';

export default updateOf('network vnet subnet', {
  summary: 'Update a subnet.',
  options: [{ name: 'address-prefixes', aliases: ['address-prefix'], kind: 'list', placeholder: 'CIDR', summary: "The subnet's prefix." }, ...SUBNET_SETTINGS],
  examples: ['postern network vnet subnet update -n endpoints -g rg --vnet-name vnet-app --disable-private-endpoint-network-policies'],
  change: async (properties, args, context, path) => {
    const prefixes = args.list('address-prefixes');
    return {
      ...properties,
      ...(prefixes === undefined ? {} : prefixes.length === 1 ? { addressPrefix: prefixes[0] as string } : { addressPrefixes: [...prefixes] }),
      ...(await subnetSettings(args, context, parseResourceId(path).resourceGroup ?? '')),
    };
  },
});
