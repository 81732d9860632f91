/** Microsoft.Network/networkSecurityGroups: rules for the packets of subnets and interfaces. Kept and checked; packets are not filtered yet. */
import { resourceType } from '#arm/resource-type.ts';
import type { Json, JsonObject } from '#base/json.ts';
import { z } from '#base/schema.ts';
import { propertiesSchema } from '../schema-parts.ts';
import { associationsOf, inUse } from './associations.ts';
import { DEFAULT_RULES, SECURITY_RULE_TYPE } from './security-rules.ts';

export const networkSecurityGroups = resourceType({
  type: 'Microsoft.Network/networkSecurityGroups',
  scope: 'resourceGroup',
  apiVersions: ['2026-01-01', '2025-05-01', '2024-05-01', '2022-01-01'],
  location: 'required',
  tags: true,
  asyncOperationPath: 'location',
  name: {
    pattern: /^[A-Za-z0-9]$|^[A-Za-z0-9][\w.-]{0,78}\w$/,
    message: "a network security group's name has 1-80 letters, digits, '_', '.' and '-', starts with a letter or digit and ends with one of these or '_'",
  },
  properties: propertiesSchema({ flushConnection: z.boolean().optional() }),
  embeds: { securityRules: SECURITY_RULE_TYPE },

  async prepare(draft, previous, { newGuid }) {
    return { body: draft.body, hidden: previous ? draft.hidden : { ...draft.hidden, resourceGuid: newGuid() } };
  },

  async present(resource, context): Promise<JsonObject> {
    const defaults = DEFAULT_RULES.map(([name, properties]): Json => {
      const type = 'Microsoft.Network/networkSecurityGroups/defaultSecurityRules';
      return { name, id: `${resource.id}/defaultSecurityRules/${name}`, etag: `W/"${resource.etag}"`, type, properties };
    });
    return {
      ...resource.body.properties,
      resourceGuid: resource.hidden.resourceGuid,
      defaultSecurityRules: defaults,
      ...(await associationsOf(resource.key, context.reader)),
    };
  },

  async mayDelete(resource, { reader }) {
    return inUse('Network security group', 'InUseNetworkSecurityGroupCannotBeDeleted', resource, reader);
  },

  unenforced: () => ['network security group: packets are not filtered'],
});
