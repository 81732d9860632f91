/** Microsoft.Network/privateDnsZones/A: IPv4 addresses of a name, written by clients or by a private endpoint's zone group. */
import type { OwnedResource, Resource } from '#arm/resource-type.ts';
import { z } from '#base/schema.ts';
import { ipAddressText } from '../schema-parts.ts';
import { recordSets } from './record-set.ts';

export const aRecordSets = recordSets({
  kind: 'A',
  property: 'aRecords',
  item: z.object({ ipv4Address: ipAddressText }),
  data: ({ ipv4Address }) => ipv4Address,
  text: ({ ipv4Address }) => ipv4Address,
});

/** The record set that a zone group keeps for one name of its endpoint (docs/sources.md#zone-group-records). */
export function endpointRecordSet(
  zone: Pick<Resource, 'id'>,
  name: string,
  addresses: readonly string[],
  endpoint: Pick<Resource, 'name' | 'hidden'>,
): OwnedResource {
  return {
    id: `${zone.id}/A/${name}`,
    body: {
      properties: {
        metadata: { creator: `created by private endpoint ${endpoint.name} with resource guid ${endpoint.hidden.resourceGuid}` },
        ttl: 10,
        aRecords: addresses.map((ipv4Address) => ({ ipv4Address })),
      },
    },
  };
}
