/** Microsoft.ContainerRegistry/registries/privateLinkResources: the groups a private endpoint may ask for. The registry makes the only one; clients read it. */
import { resourceType } from '#arm/resource-type.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { propertiesSchema } from '../schema-parts.ts';
import { GROUP_ID, membersOf } from './private-link.ts';

export const privateLinkResources = resourceType({
  type: 'Microsoft.ContainerRegistry/registries/privateLinkResources',
  scope: 'resourceGroup',
  apiVersions: ['2026-11-01', '2025-11-01', '2023-07-01', '2022-02-01-preview'],
  location: 'none',
  name: { pattern: /^registry$/i, message: "the only group is 'registry'" },
  verbs: ['GET'],
  ownerMade: true,
  properties: propertiesSchema({}),

  /** docs/sources.md#private-link-resources */
  async present(resource, { reader, domain }): Promise<JsonObject> {
    const registry = await reader.get(resource.parent as ResourceKey);
    return {
      groupId: GROUP_ID,
      requiredMembers: registry ? (await membersOf(registry, reader, domain)).map(({ member }) => member) : [],
      requiredZoneNames: [`privatelink.${domain}`],
    };
  },
});
