/** Microsoft.ManagedIdentity/userAssignedIdentities: a principal that machines borrow; its tokens come from 169.254.169.254. */
import { resourceType } from '#arm/resource-type.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { choice, propertiesSchema } from '../schema-parts.ts';

/** Whether a resource's `identity` lists the user-assigned one. */
function holds(identity: JsonObject | undefined, key: ResourceKey): boolean {
  return Object.keys((identity?.userAssignedIdentities as JsonObject | undefined) ?? {}).some((id) => id.toLowerCase() === key);
}

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

  actions: {
    /** Whoever names the identity in its own (docs/sources.md#federated-credentials). */
    listAssociatedResources: {
      permission: 'Microsoft.ManagedIdentity/userAssignedIdentities/listAssociatedResources/action',
      async run(resource, _request, { known }) {
        const users = (await known.referrers(resource.key)).filter(({ body }) => holds(body.identity, resource.key));
        const value = users.map(({ id, name, type }) => {
          const [, , subscriptionId = '', , resourceGroup = ''] = id.split('/');
          return { id, name, type, resourceGroup, subscriptionId, subscriptionDisplayName: subscriptionId };
        });
        return { body: { totalCount: value.length, value } };
      },
    },
  },

  unenforced: (resource) => (resource.body.properties.isolationScope === 'Regional' ? ['isolationScope'] : []),
});
