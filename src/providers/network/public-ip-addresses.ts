/** Microsoft.Network/publicIPAddresses: not served. A network has one public address, made with it; lists are empty, since az reads them for machines. */
import { resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { propertiesSchema } from '../schema-parts.ts';

export const publicIPAddresses = resourceType({
  type: 'Microsoft.Network/publicIPAddresses',
  scope: 'resourceGroup',
  apiVersions: ['2026-01-01', '2025-05-01', '2024-05-01', '2022-01-01'],
  location: 'required',
  tags: true,
  verbs: ['GET', 'PUT'],
  name: { pattern: /./, message: 'it has a name' },
  properties: propertiesSchema({}),
  async admit() {
    return [
      new Fault(
        'notImplemented',
        'NotServed',
        'Public addresses are not served yet. Machines of a network are seen from outside by the one address that it has.',
      ),
    ];
  },
});
