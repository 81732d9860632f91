/** Record set types of Microsoft.Network/privateDnsZones that are not served yet: lists of them are empty and a write says so. */
import { resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { propertiesSchema } from '../schema-parts.ts';

function unserved(kind: string) {
  return resourceType({
    type: `Microsoft.Network/privateDnsZones/${kind}`,
    scope: 'resourceGroup',
    apiVersions: ['2024-06-01', '2020-06-01', '2018-09-01'],
    location: 'none',
    verbs: ['GET', 'PUT'],
    name: { pattern: /./, message: 'a record set has a name' },
    properties: propertiesSchema({}),
    async admit(draft) {
      return [
        new Fault(
          'notImplemented',
          'RecordTypeNotSupported',
          `Record sets of type ${kind} are not served yet; '${draft.resourceId.name}' was not written. A record sets are.`,
        ),
      ];
    },
  });
}

export const unservedRecordSets = ['AAAA', 'CNAME', 'MX', 'PTR', 'SRV', 'TXT'].map(unserved);
