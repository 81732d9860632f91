/** Microsoft.ManagedIdentity/userAssignedIdentities: a principal that machines borrow; its tokens come from 169.254.169.254. */
import { resourceType } from '#arm/resource-type.ts';
import { choice, propertiesSchema } from '../schema-parts.ts';

export const userAssignedIdentities = resourceType({
  type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
  scope: 'resourceGroup',
  apiVersions: ['2024-11-30', '2023-01-31', '2022-01-31-preview'],
  location: 'required',
  tags: true,
  name: {
    pattern: /^[A-Za-z0-9][\w-]{2,127}$/,
    message: "a user-assigned identity's name has 3-128 letters, digits, '-' and '_', and starts with a letter or digit",
  },
  properties: propertiesSchema({ isolationScope: choice('None', 'Regional').optional() }),

  async prepare(draft, previous, { newGuid, tenantId }) {
    const { principalId, clientId } = previous?.body.properties ?? { principalId: newGuid(), clientId: newGuid() };
    return { body: { ...draft.body, properties: { ...draft.body.properties, tenantId, principalId, clientId } } };
  },

  facts: (resource) => [
    {
      kind: 'identity',
      identity: resource.key,
      id: resource.id,
      principalId: resource.body.properties.principalId as string,
      clientId: resource.body.properties.clientId as string,
      tenantId: resource.body.properties.tenantId as string,
    },
  ],

  unenforced: (resource) => (resource.body.properties.isolationScope === 'Regional' ? ['isolationScope'] : []),

  table: { Name: 'name', ResourceGroup: 'resourceGroup', Location: 'location', PrincipalId: 'principalId', ClientId: 'clientId' },
});
