/** `postern network vnet create`. */
import type { JsonObject } from '#base/json.ts';
import { command } from '../../../command.ts';
import { UsageError } from '../../../failure.ts';
import { flatten } from '../../../flatten.ts';
import { LOCATION, NO_WAIT, nameOption, RESOURCE_GROUP, TAGS } from '../../../options.ts';
import { groupPath, locationOf, resourcePath } from '../../../resources.ts';
import { apiVersionOf } from '../../../versions.ts';

const TYPE = 'Microsoft.Network/virtualNetworks';

export default command({
  path: 'network vnet create',
  summary: 'Create a virtual network.',
  options: [
    nameOption('virtual network'),
    RESOURCE_GROUP,
    LOCATION,
    TAGS,
    {
      name: 'address-prefixes',
      aliases: ['address-prefix'],
      kind: 'list',
      placeholder: 'CIDR',
      summary: 'Address prefixes, separated by blanks. Default: 10.0.0.0/16.',
    },
    { name: 'subnet-name', kind: 'text', placeholder: 'NAME', summary: 'Name of a subnet to make within.' },
    { name: 'subnet-prefixes', aliases: ['subnet-prefix'], kind: 'list', placeholder: 'CIDR', summary: "The subnet's prefix. Default: the first /24." },
    NO_WAIT,
  ],
  examples: ['postern network vnet create -n vnet-app -g rg --address-prefixes 10.0.0.0/16 --subnet-name machines --subnet-prefixes 10.0.0.0/24'],
  run: async (args, context) => {
    const group = args.need('resource-group');
    const prefixes = args.list('address-prefixes') ?? ['10.0.0.0/16'];
    const subnet = args.text('subnet-name');
    const subnetPrefix = args.list('subnet-prefixes')?.[0];
    if (subnet === undefined && subnetPrefix !== undefined) throw new UsageError('--subnet-prefixes needs --subnet-name');
    const tags = args.pairs('tags');
    const body: JsonObject = {
      location: await locationOf(args, context, group),
      ...(tags ? { tags } : {}),
      properties: {
        addressSpace: { addressPrefixes: [...prefixes] },
        enableDdosProtection: false,
        enableVmProtection: false,
        ...(subnet === undefined ? {} : { subnets: [{ name: subnet, properties: { addressPrefix: subnetPrefix ?? firstSubnet(prefixes[0] as string) } }] }),
      },
    };
    const path = resourcePath(await groupPath(context, group), TYPE, [args.need('name')]);
    return { newVNet: flatten(await (await context.management()).put(path, apiVersionOf(TYPE), body)) };
  },
});

/** The first /24 of a prefix, or the prefix itself when it is no larger. */
function firstSubnet(prefix: string): string {
  const [address = '', bits = '32'] = prefix.split('/');
  return Number(bits) >= 24 ? prefix : `${address}/24`;
}
