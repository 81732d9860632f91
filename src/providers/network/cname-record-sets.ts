/** Microsoft.Network/privateDnsZones/CNAME: another name for a name. It stands alone at its name and never at the zone's own. */
import { Fault } from '#base/fault.ts';
import { z } from '#base/schema.ts';
import { canonicalName, recordSets, targetName } from './record-set.ts';

export const cnameRecordSets = recordSets({
  kind: 'CNAME',
  property: 'cnameRecord',
  single: true,
  item: z.object({ cname: targetName }),
  data: ({ cname }) => canonicalName(cname),
  text: ({ cname }) => canonicalName(cname),

  /** RFC 1034 section 3.6.2: the zone's name has its SOA. */
  async admit(draft) {
    if (draft.resourceId.name !== '@') return [];
    return [
      new Fault('invalid', 'BadRequest', "A CNAME record set cannot be at '@', the zone's own name, which has the start of authority.", { target: 'name' }),
    ];
  },
});
