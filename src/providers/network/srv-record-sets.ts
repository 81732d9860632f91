/** Microsoft.Network/privateDnsZones/SRV: the servers of a service (RFC 2782). */
import { z } from '#base/schema.ts';
import { canonicalName, recordSets, targetName, uint16 } from './record-set.ts';

export const srvRecordSets = recordSets({
  kind: 'SRV',
  property: 'srvRecords',
  item: z.object({ priority: uint16, weight: uint16, port: uint16, target: targetName }),
  data: ({ target, ...numbers }) => ({ ...numbers, target: canonicalName(target) }),
  text: ({ priority, weight, port, target }) => `${priority} ${weight} ${port} ${canonicalName(target)}`,
});
