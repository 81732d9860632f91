/** `postern network nic create`. */
import { command } from '../../../command.ts';
import { UsageError } from '../../../failure.ts';
import { flatten } from '../../../flatten.ts';
import { NIC_TYPE, nicBody } from '../../../network-interface.ts';
import { LOCATION, NO_WAIT, nameOption, RESOURCE_GROUP, TAGS } from '../../../options.ts';
import { groupPath, idOf, locationOf, resourcePath } from '../../../resources.ts';
import { SUBNET_TYPE } from '../../../subnet-settings.ts';
import { apiVersionOf } from '../../../versions.ts';

export default command({
  path: 'network nic create',
  summary: 'Create a network interface.',
  options: [
    nameOption('network interface'),
    RESOURCE_GROUP,
    { name: 'subnet', kind: 'text', placeholder: 'NAME_OR_ID', required: true, summary: 'Name (with --vnet-name) or id of the subnet.' },
    { name: 'vnet-name', kind: 'text', placeholder: 'NAME', summary: 'Name of the virtual network of the subnet.' },
    { name: 'private-ip-address', kind: 'text', placeholder: 'ADDRESS', summary: 'A static address of the subnet.' },
    LOCATION,
    TAGS,
    NO_WAIT,
  ],
  run: async (args, context) => {
    const group = args.need('resource-group');
    const network = args.text('vnet-name');
    const subnet = args.need('subnet');
    if (!subnet.startsWith('/') && network === undefined) throw new UsageError('incorrect usage: --subnet ID | --subnet NAME --vnet-name NAME');
    const body = nicBody({
      location: await locationOf(args, context, group),
      tags: args.pairs('tags'),
      configuration: 'ipconfig1',
      subnet: await idOf(context, subnet, group, SUBNET_TYPE, [network ?? '']),
      address: args.text('private-ip-address'),
    });
    const path = resourcePath(await groupPath(context, group), NIC_TYPE, [args.need('name')]);
    return { NewNIC: flatten(await (await context.management()).put(path, apiVersionOf(NIC_TYPE), body)) };
  },
});
