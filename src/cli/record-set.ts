/** A record sets, as az reads and writes them: every change of a record is a PUT of the full set. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Arguments } from './arguments.ts';
import type { Context } from './context.ts';
import { ZONE_NAME } from './nouns.ts';
import { type Option, RESOURCE_GROUP } from './options.ts';
import { groupPath, resourcePath } from './resources.ts';

/** Lower case in paths, as az writes it. */
export const A_TYPE = 'Microsoft.Network/privateDnsZones/a';
export const DEFAULT_TTL_SECONDS = 3600;

export const RECORD_OPTIONS: readonly Option[] = [
  {
    name: 'record-set-name',
    aliases: ['name'],
    short: 'n',
    kind: 'text',
    placeholder: 'NAME',
    required: true,
    summary: 'Name of the record set, relative to the zone; @ is the zone itself.',
  },
  ZONE_NAME,
  RESOURCE_GROUP,
  { name: 'ipv4-address', short: 'a', kind: 'text', placeholder: 'ADDRESS', required: true, summary: 'IPv4 address of the record.' },
];

export async function recordSetPath(args: Arguments, context: Context, name: string): Promise<string> {
  return resourcePath(await groupPath(context, args.need('resource-group')), A_TYPE, [args.need('zone-name'), name]);
}

/** The addresses of a set as it was read. */
export function addressesOf(set: JsonObject | undefined): string[] {
  const properties = isJsonObject(set?.properties) ? set.properties : {};
  return (Array.isArray(properties.aRecords) ? properties.aRecords : []).map((record) => String(isJsonObject(record) ? record.ipv4Address : record));
}

/** The set with these addresses: etag and ttl stay those that were read. */
export function recordSetBody(read: JsonObject | undefined, addresses: readonly string[]): JsonObject {
  const properties = isJsonObject(read?.properties) ? read.properties : {};
  return {
    ...(typeof read?.etag === 'string' ? { etag: read.etag } : {}),
    properties: {
      ...(isJsonObject(properties.metadata) ? { metadata: properties.metadata } : {}),
      ttl: typeof properties.ttl === 'number' ? properties.ttl : DEFAULT_TTL_SECONDS,
      aRecords: addresses.map((ipv4Address) => ({ ipv4Address })),
    },
  };
}
