/** Microsoft.ContainerRegistry/registries/agentPools: machines for builds in a network of one's own. Kept, and never started: there are no builds yet. */
import { resourceType } from '#arm/resource-type.ts';
import type { Fault } from '#base/fault.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { invalidReference, keyOf } from '../references.ts';
import { choice, propertiesSchema, resourceIdText } from '../schema-parts.ts';
import { childType, featureNotSupported, skuOf } from './tiers.ts';

const TYPE = childType('agentPools');

export const agentPools = resourceType({
  type: TYPE,
  scope: 'resourceGroup',
  apiVersions: ['2025-03-01-preview', '2019-06-01-preview'],
  location: 'required',
  tags: true,
  asyncOperationPath: 'resource',
  deletionStatus: 204,
  name: { pattern: /^[a-zA-Z0-9-]{3,20}$/, message: "an agent pool's name has 3-20 letters, digits and '-'" },
  properties: propertiesSchema({
    count: z.int().min(0).max(1000).default(1),
    tier: choice('S1', 'S2', 'S3', 'I6').default('S1'),
    os: choice('Linux', 'Windows').default('Linux'),
    virtualNetworkSubnetResourceId: resourceIdText('Microsoft.Network/virtualNetworks/subnets').optional(),
  }),
  immutable: ['tier', 'os', 'virtualNetworkSubnetResourceId'],
  // az asks once after it has deleted one, and takes 404 for a failure (docs/sources.md#agent-pools).
  lingers: true,

  async admit(draft, previous, { reader, known }) {
    const faults: Fault[] = [];
    const registry = await reader.get(draft.resourceId.parent as ResourceKey);
    if (registry && skuOf(registry) !== 'Premium') faults.push(featureNotSupported('agent pool', skuOf(registry), 'sku.name'));
    const subnet = draft.body.properties.virtualNetworkSubnetResourceId as string | undefined;
    if (!previous && subnet !== undefined && !(await known.get(keyOf(subnet))))
      faults.push(invalidReference(subnet, draft.resourceId.id, 'properties.virtualNetworkSubnetResourceId'));
    return faults;
  },

  actions: {
    /** Nothing waits: there are no builds. */
    listQueueStatus: {
      permission: `${TYPE}/listQueueStatus/action`,
      run: async () => ({ body: { count: 0 } }),
    },
  },

  unenforced: () => ['agent pool: no machine is started, there are no builds'],
});
