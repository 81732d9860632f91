/** `postern network vnet subnet create`. */
import type { JsonObject } from '#base/json.ts';
import { command } from '../../../../command.ts';
import { flatten } from '../../../../flatten.ts';
import { VNET_NAME } from '../../../../nouns.ts';
import { NO_WAIT, nameOption, RESOURCE_GROUP } from '../../../../options.ts';
import { groupPath, resourcePath } from '../../../../resources.ts';
import { SUBNET_SETTINGS, SUBNET_TYPE, subnetSettings } from '../../../../subnet-settings.ts';
import { apiVersionOf } from '../../../../versions.ts';

export default command({
  path: 'network vnet subnet create',
  summary: 'Create a subnet.',
  options: [
    nameOption('subnet'),
    VNET_NAME,
    RESOURCE_GROUP,
    { name: 'address-prefixes', aliases: ['address-prefix'], kind: 'list', placeholder: 'CIDR', required: true, summary: "The subnet's prefix." },
    ...SUBNET_SETTINGS,
    NO_WAIT,
  ],
  examples: ['postern network vnet subnet create -n endpoints -g rg --vnet-name vnet-app --address-prefixes 10.0.1.0/24'],
  run: async (args, context) => {
    const prefixes = args.list('address-prefixes') as readonly string[];
    const body: JsonObject = {
      name: args.need('name'),
      properties: {
        ...(prefixes.length === 1 ? { addressPrefix: prefixes[0] as string } : { addressPrefixes: [...prefixes] }),
        ...(await subnetSettings(args, context, args.need('resource-group'))),
      },
    };
    const path = resourcePath(await groupPath(context, args.need('resource-group')), SUBNET_TYPE, [args.need('vnet-name'), args.need('name')]);
    return flatten(await (await context.management()).put(path, apiVersionOf(SUBNET_TYPE), body));
  },
});
