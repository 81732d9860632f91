/** Microsoft.Network/privateDnsZones/PTR: the names of an address, in a zone below in-addr.arpa. */
import { z } from '#base/schema.ts';
import { canonicalName, recordSets, targetName } from './record-set.ts';

export const ptrRecordSets = recordSets({
  kind: 'PTR',
  property: 'ptrRecords',
  item: z.object({ ptrdname: targetName }),
  data: ({ ptrdname }) => canonicalName(ptrdname),
  text: ({ ptrdname }) => canonicalName(ptrdname),
});
