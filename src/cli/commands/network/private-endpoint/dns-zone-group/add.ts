/** `postern network private-endpoint dns-zone-group add`: one more zone in a group, which is read and written back. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { command } from '../../../../command.ts';
import { flatten } from '../../../../flatten.ts';
import { nameOption, RESOURCE_GROUP } from '../../../../options.ts';
import { groupPath, resourcePath } from '../../../../resources.ts';
import { apiVersionOf } from '../../../../versions.ts';
import { ZONE_GROUP_OPTIONS, ZONE_GROUP_TYPE, zoneConfiguration } from '../../../../zone-group.ts';

export default command({
  path: 'network private-endpoint dns-zone-group add',
  summary: 'Add a private DNS zone to a zone group.',
  options: [nameOption('private DNS zone group'), ...ZONE_GROUP_OPTIONS, RESOURCE_GROUP],
  run: async (args, context) => {
    const path = resourcePath(await groupPath(context, args.need('resource-group')), ZONE_GROUP_TYPE, [args.need('endpoint-name'), args.need('name')]);
    const server = await context.management();
    const version = apiVersionOf(ZONE_GROUP_TYPE);
    const read = await server.get(path, version);
    const configs =
      isJsonObject(read.properties) && Array.isArray(read.properties.privateDnsZoneConfigs) ? (read.properties.privateDnsZoneConfigs as JsonObject[]) : [];
    const added = await zoneConfiguration(args, context);
    const kept = configs.filter((config) => config.name !== added.name).map(writable);
    return flatten(await server.put(path, version, { name: args.need('name'), properties: { privateDnsZoneConfigs: [...kept, added] } }));
  },
});

/** Without the record sets that the service reports. */
function writable(config: JsonObject): JsonObject {
  const { recordSets: _, ...properties } = isJsonObject(config.properties) ? config.properties : {};
  return { name: config.name, properties };
}
