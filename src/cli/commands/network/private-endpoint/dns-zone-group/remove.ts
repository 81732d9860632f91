/** `postern network private-endpoint dns-zone-group remove`: one zone less in a group, which is read and written back. */
import { command } from '../../../../command.ts';
import { flatten } from '../../../../flatten.ts';
import { NO_WAIT, nameOption, RESOURCE_GROUP, WHAT_IF } from '../../../../options.ts';
import { groupPath, resourcePath } from '../../../../resources.ts';
import { apiVersionOf } from '../../../../versions.ts';
import { configurationsOf, ZONE_GROUP_OPTIONS, ZONE_GROUP_TYPE } from '../../../../zone-group.ts';

export default command({
  path: 'network private-endpoint dns-zone-group remove',
  summary: 'Remove a private DNS zone from a zone group: its records of the endpoint go.',
  options: [nameOption('private DNS zone group'), ...ZONE_GROUP_OPTIONS.filter(({ name }) => name !== 'private-dns-zone'), RESOURCE_GROUP, NO_WAIT, WHAT_IF],
  run: async (args, context) => {
    const path = resourcePath(await groupPath(context, args.need('resource-group')), ZONE_GROUP_TYPE, [args.need('endpoint-name'), args.need('name')]);
    const server = await context.management();
    const version = apiVersionOf(ZONE_GROUP_TYPE);
    const kept = configurationsOf(await server.get(path, version)).filter((config) => config.name !== args.need('zone-name'));
    return flatten(await server.put(path, version, { name: args.need('name'), properties: { privateDnsZoneConfigs: kept } }));
  },
});
