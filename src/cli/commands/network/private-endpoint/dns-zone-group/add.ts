/** `postern network private-endpoint dns-zone-group add`: one more zone in a group, which is read and written back. */
import { command } from '../../../../command.ts';
import { flatten } from '../../../../flatten.ts';
import { NO_WAIT, nameOption, RESOURCE_GROUP } from '../../../../options.ts';
import { groupPath, resourcePath } from '../../../../resources.ts';
import { apiVersionOf } from '../../../../versions.ts';
import { configurationsOf, ZONE_GROUP_OPTIONS, ZONE_GROUP_TYPE, zoneConfiguration } from '../../../../zone-group.ts';

export default command({
  path: 'network private-endpoint dns-zone-group add',
  summary: 'Add a private DNS zone to a zone group.',
  options: [nameOption('private DNS zone group'), ...ZONE_GROUP_OPTIONS, RESOURCE_GROUP, NO_WAIT],
  run: async (args, context) => {
    const path = resourcePath(await groupPath(context, args.need('resource-group')), ZONE_GROUP_TYPE, [args.need('endpoint-name'), args.need('name')]);
    const server = await context.management();
    const version = apiVersionOf(ZONE_GROUP_TYPE);
    const read = await server.get(path, version);
    const added = await zoneConfiguration(args, context);
    const kept = configurationsOf(read).filter((config) => config.name !== added.name);
    return flatten(await server.put(path, version, { name: args.need('name'), properties: { privateDnsZoneConfigs: [...kept, added] } }));
  },
});
