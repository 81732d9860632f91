/** What the commands of `dns-zone-group` share. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Arguments } from './arguments.ts';
import type { Context } from './context.ts';
import type { Option } from './options.ts';
import { idOf } from './resources.ts';

export const ZONE_GROUP_TYPE = 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups';

export const ZONE_GROUP_OPTIONS: readonly Option[] = [
  { name: 'endpoint-name', kind: 'text', placeholder: 'NAME', required: true, summary: 'Name of the private endpoint.' },
  { name: 'private-dns-zone', kind: 'text', placeholder: 'NAME_OR_ID', required: true, summary: 'Name or id of the private DNS zone.' },
  { name: 'zone-name', kind: 'text', placeholder: 'NAME', required: true, summary: 'What the zone is called within the group.' },
];

export async function zoneConfiguration(args: Arguments, context: Context): Promise<JsonObject> {
  const zone = await idOf(context, args.need('private-dns-zone'), args.need('resource-group'), 'Microsoft.Network/privateDnsZones');
  return { name: args.need('zone-name'), properties: { privateDnsZoneId: zone } };
}

/** The zones of a group that was read, without the record sets that the service reports. */
export function configurationsOf(group: JsonObject): JsonObject[] {
  const configs = isJsonObject(group.properties) ? group.properties.privateDnsZoneConfigs : undefined;
  return (Array.isArray(configs) ? configs : []).filter(isJsonObject).map((config) => {
    const { recordSets: _, ...properties } = isJsonObject(config.properties) ? config.properties : {};
    return { name: config.name, properties };
  });
}
