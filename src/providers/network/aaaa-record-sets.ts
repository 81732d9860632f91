/** Microsoft.Network/privateDnsZones/AAAA: IPv6 addresses of a name. The world has none; DNS tells them as they stand. */
import { z } from '#base/schema.ts';
import { recordSets } from './record-set.ts';

export const aaaaRecordSets = recordSets({
  kind: 'AAAA',
  property: 'aaaaRecords',
  item: z.object({ ipv6Address: z.ipv6({ error: (issue) => `'${issue.input}' is not an IPv6 address` }) }),
  data: ({ ipv6Address }) => ipv6Address,
  text: ({ ipv6Address }) => ipv6Address.toLowerCase(),
});
