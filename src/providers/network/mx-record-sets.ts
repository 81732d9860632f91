/** Microsoft.Network/privateDnsZones/MX: where the mail of a name goes. */
import { z } from '#base/schema.ts';
import { canonicalName, recordSets, targetName, uint16 } from './record-set.ts';

export const mxRecordSets = recordSets({
  kind: 'MX',
  property: 'mxRecords',
  item: z.object({ preference: uint16, exchange: targetName }),
  data: ({ preference, exchange }) => ({ preference, exchange: canonicalName(exchange) }),
  text: ({ preference, exchange }) => `${preference} ${canonicalName(exchange)}`,
});
