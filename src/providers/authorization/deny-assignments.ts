/** Microsoft.Authorization/denyAssignments: only Azure itself makes them (managed applications, deployment stacks), so that there are none here. */
import { resourceType } from '#arm/resource-type.ts';
import { propertiesSchema } from '../schema-parts.ts';

export const denyAssignments = resourceType({
  type: 'Microsoft.Authorization/denyAssignments',
  scope: 'extension',
  apiVersions: ['2022-04-01', '2018-07-01-preview'],
  location: 'none',
  name: { pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, message: 'the name of a deny assignment is a GUID' },
  verbs: ['GET'],
  properties: propertiesSchema({}),
  // Clients filter by atScope() and principals, which cannot change an empty list.
  list: async () => [],
});
