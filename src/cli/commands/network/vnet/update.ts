/** `postern network vnet update`. */
import { isJsonObject } from '#base/json.ts';
import { updateOf } from '../../../noun-commands.ts';
import { TAGS } from '../../../options.ts';

export default updateOf('network vnet', {
  summary: 'Update a virtual network.',
  options: [
    { name: 'address-prefixes', aliases: ['address-prefix'], kind: 'list', placeholder: 'CIDR', summary: 'Its address prefixes: all of them.' },
    { name: 'dns-servers', kind: 'list', placeholder: 'ADDRESS', summary: "Name servers of its machines; '' for the network's own." },
    TAGS,
  ],
  examples: ['postern network vnet update -n vnet-app -g rg --address-prefixes 10.0.0.0/16 10.1.0.0/16'],
  change: (properties, args) => {
    const prefixes = args.list('address-prefixes');
    const servers = args.list('dns-servers')?.filter((address) => address !== '');
    return {
      // Its subnets and peerings are written by commands of their own.
      ...Object.fromEntries(Object.entries(properties).filter(([key]) => !['subnets', 'virtualNetworkPeerings'].includes(key))),
      ...(prefixes ? { addressSpace: { ...(isJsonObject(properties.addressSpace) ? properties.addressSpace : {}), addressPrefixes: [...prefixes] } } : {}),
      ...(servers ? { dhcpOptions: { dnsServers: servers } } : {}),
    };
  },
});
