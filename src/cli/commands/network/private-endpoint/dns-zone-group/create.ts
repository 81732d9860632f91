/** `postern network private-endpoint dns-zone-group create`. */
import { command } from '../../../../command.ts';
import { flatten } from '../../../../flatten.ts';
import { NO_WAIT, nameOption, type Option, RESOURCE_GROUP } from '../../../../options.ts';
import { groupPath, resourcePath } from '../../../../resources.ts';
import { apiVersionOf } from '../../../../versions.ts';
import { ZONE_GROUP_OPTIONS, ZONE_GROUP_TYPE, zoneConfiguration } from '../../../../zone-group.ts';

const NAME: Option = nameOption('private DNS zone group');

export default command({
  path: 'network private-endpoint dns-zone-group create',
  summary: 'Create a private DNS zone group: the records of an endpoint are kept in the zone by themselves.',
  options: [NAME, ...ZONE_GROUP_OPTIONS, RESOURCE_GROUP, NO_WAIT],
  examples: [
    'postern network private-endpoint dns-zone-group create -g rg --endpoint-name pe-registry -n default --private-dns-zone privatelink.azurecr.io --zone-name acr',
  ],
  run: async (args, context) => {
    const body = { name: args.need('name'), properties: { privateDnsZoneConfigs: [await zoneConfiguration(args, context)] } };
    const path = resourcePath(await groupPath(context, args.need('resource-group')), ZONE_GROUP_TYPE, [args.need('endpoint-name'), args.need('name')]);
    return flatten(await (await context.management()).put(path, apiVersionOf(ZONE_GROUP_TYPE), body));
  },
});
