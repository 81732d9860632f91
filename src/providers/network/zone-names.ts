/** Private DNS zones by name: reading names from keys, and the limits of a zone. */
import { type DomainName, parseDomainName } from '#base/domain-name.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { RecordType } from '#topology/facts.ts';

export const ZONE_TYPE = 'Microsoft.Network/privateDnsZones';
export const LINK_TYPE = 'Microsoft.Network/privateDnsZones/virtualNetworkLinks';

/** The types of record sets that a zone may have; there are no NS records (docs/sources.md#private-dns-zones). */
export const RECORD_TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'PTR', 'SOA', 'SRV', 'TXT'] as const satisfies readonly RecordType[];

/** The resource type of record sets of a type. */
export function recordSetType(kind: RecordType): string {
  return `${ZONE_TYPE}/${kind}`;
}

/** docs/sources.md#private-dns-zones */
export const MAX_RECORD_SETS = 25_000;
export const MAX_LINKS = 1_000;
export const MAX_REGISTRATION_LINKS = 100;

/** The name of the zone with this key. */
export function zoneName(zone: ResourceKey): DomainName {
  return zone.slice(zone.lastIndexOf('/') + 1) as DomainName;
}

/** The absolute name of a record set: `@` is the zone itself. Undefined when it is no DNS name. */
export function absoluteName(relative: string, zone: ResourceKey): DomainName | undefined {
  return relative === '@' ? zoneName(zone) : parseDomainName(`${relative}.${zoneName(zone)}`);
}
