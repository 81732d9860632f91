/** `postern network private-dns link vnet create`. */
import type { JsonObject } from '#base/json.ts';
import { command } from '../../../../../command.ts';
import { flatten } from '../../../../../flatten.ts';
import { ZONE_NAME } from '../../../../../nouns.ts';
import { NO_WAIT, nameOption, RESOURCE_GROUP, TAGS } from '../../../../../options.ts';
import { groupPath, idOf, resourcePath } from '../../../../../resources.ts';
import { apiVersionOf } from '../../../../../versions.ts';

const TYPE = 'Microsoft.Network/privateDnsZones/virtualNetworkLinks';

export default command({
  path: 'network private-dns link vnet create',
  summary: 'Link a private DNS zone to a virtual network: its machines see the zone.',
  options: [
    nameOption('link'),
    ZONE_NAME,
    RESOURCE_GROUP,
    { name: 'virtual-network', short: 'v', kind: 'text', placeholder: 'NAME_OR_ID', required: true, summary: 'Name or id of the virtual network.' },
    { name: 'registration-enabled', short: 'e', kind: 'boolean', required: true, summary: "Whether the network's machines are registered in the zone." },
    TAGS,
    NO_WAIT,
  ],
  run: async (args, context) => {
    const group = args.need('resource-group');
    const tags = args.pairs('tags');
    const body: JsonObject = {
      location: 'global',
      ...(tags ? { tags } : {}),
      properties: {
        virtualNetwork: { id: await idOf(context, args.need('virtual-network'), group, 'Microsoft.Network/virtualNetworks') },
        registrationEnabled: args.boolean('registration-enabled') as boolean,
      },
    };
    const path = resourcePath(await groupPath(context, group), TYPE, [args.need('zone-name'), args.need('name')]);
    return flatten(await (await context.management()).put(path, apiVersionOf(TYPE), body, { 'if-none-match': '*' }));
  },
});
