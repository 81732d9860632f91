/** `postern network vnet subnet update`: a subnet PUT replaces it whole, so the subnet is read, changed and written back, as az does it. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { command } from '../../../../command.ts';
import { flatten } from '../../../../flatten.ts';
import { VNET_NAME } from '../../../../nouns.ts';
import { nameOption, RESOURCE_GROUP } from '../../../../options.ts';
import { groupPath, resourcePath } from '../../../../resources.ts';
import { SUBNET_SETTINGS, SUBNET_TYPE, subnetSettings } from '../../../../subnet-settings.ts';
import { apiVersionOf } from '../../../../versions.ts';

export default command({
  path: 'network vnet subnet update',
  summary: 'Update a subnet.',
  options: [
    nameOption('subnet'),
    VNET_NAME,
    RESOURCE_GROUP,
    { name: 'address-prefixes', aliases: ['address-prefix'], kind: 'list', placeholder: 'CIDR', summary: "The subnet's prefix." },
    ...SUBNET_SETTINGS,
  ],
  run: async (args, context) => {
    const path = resourcePath(await groupPath(context, args.need('resource-group')), SUBNET_TYPE, [args.need('vnet-name'), args.need('name')]);
    const server = await context.management();
    const version = apiVersionOf(SUBNET_TYPE);
    const prefixes = args.list('address-prefixes');
    const body = subnetUpdate(await server.get(path, version), {
      ...(prefixes === undefined ? {} : prefixes.length === 1 ? { addressPrefix: prefixes[0] as string } : { addressPrefixes: [...prefixes] }),
      ...subnetSettings(args),
    });
    return flatten(await server.put(path, version, body));
  },
});

/** The full subnet to PUT: what was read without its read-only state, with the changes. */
export function subnetUpdate(read: JsonObject, changes: JsonObject): JsonObject {
  const { provisioningState: _, ...properties } = isJsonObject(read.properties) ? read.properties : {};
  return { id: read.id, name: read.name, type: read.type, properties: { ...properties, ...changes } };
}
