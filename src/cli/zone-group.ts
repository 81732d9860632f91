/** What `dns-zone-group create` and `add` share. */
import type { JsonObject } from '#base/json.ts';
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
