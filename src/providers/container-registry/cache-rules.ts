/** Microsoft.ContainerRegistry/registries/cacheRules: which repositories would be fetched from another registry. Kept; nothing is fetched yet. */
import { resourceType } from '#arm/resource-type.ts';
import { isoTime } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import { z } from '#base/schema.ts';
import { invalidReference, keyOf } from '../references.ts';
import { propertiesSchema, resourceIdText } from '../schema-parts.ts';
import { childQuota, childType } from './tiers.ts';

const repository = z.string().min(1).max(512);

export const cacheRules = resourceType({
  type: childType('cacheRules'),
  scope: 'resourceGroup',
  apiVersions: ['2026-11-01', '2025-11-01', '2023-07-01'],
  location: 'none',
  identity: true,
  asyncOperationPath: 'resource',
  deletionStatus: 204,
  name: { pattern: /^[a-zA-Z0-9-]{5,50}$/, message: "a cache rule's name has 5-50 letters, digits and '-'" },
  properties: propertiesSchema({
    sourceRepository: repository,
    targetRepository: repository,
    credentialSetResourceId: resourceIdText(childType('credentialSets')).optional(),
  }),
  immutable: ['sourceRepository', 'targetRepository'],

  limit: (draft, { reader }) => childQuota(draft, 'cacheRules', reader),

  /** docs/sources.md#cache-rules */
  async admit(draft, _previous, { known }) {
    const faults: Fault[] = [];
    const { sourceRepository, credentialSetResourceId } = draft.body.properties as { sourceRepository: string; credentialSetResourceId?: string };
    if (credentialSetResourceId !== undefined && !(await known.get(keyOf(credentialSetResourceId))))
      faults.push(invalidReference(credentialSetResourceId, draft.resourceId.id, 'properties.credentialSetResourceId'));
    if (credentialSetResourceId === undefined && /^docker\.io\//i.test(sourceRepository))
      faults.push(
        new Fault(
          'invalid',
          'EnforceDockerAuthentication',
          'Cannot create cache rule pointing to Docker Hub without credentials. Make a credential set and name it in the rule.',
          { target: 'properties.credentialSetResourceId' },
        ),
      );
    return faults;
  },

  async prepare(draft, previous, { clock }) {
    const creationDate = previous?.body.properties.creationDate ?? isoTime(clock);
    return { body: { ...draft.body, properties: { ...draft.body.properties, creationDate } } };
  },

  unenforced: () => ['cache rule: nothing is fetched from the source'],
});
