/** Microsoft.Authorization/locks: nobody deletes (CanNotDelete), or changes at all (ReadOnly), what a lock is put on and what lies below. docs/sources.md#locks */
import { type LockLevel, resourceType } from '#arm/resource-type.ts';
import { isWithin, type ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { choice, propertiesSchema } from '../schema-parts.ts';
import { parseRoleFilter } from './role-filter.ts';

const LOCK_TYPE = 'Microsoft.Authorization/locks';

export const locks = resourceType({
  type: LOCK_TYPE,
  scope: 'extension',
  apiVersions: ['2020-05-01', '2017-04-01', '2016-09-01', '2015-01-01'],
  location: 'none',
  name: { pattern: /^[^<>%&:\\?/]{1,260}$/, message: 'the name of a lock has 1-260 characters, none of <>%&:\\?/' },
  verbs: ['GET', 'PUT', 'DELETE'],
  properties: propertiesSchema({
    level: choice('CanNotDelete', 'ReadOnly'),
    notes: z.string().max(512).optional(),
    owners: z.array(z.object({ applicationId: z.string().optional() })).optional(),
  }),

  lockLevel: ({ body }) => body.properties.level as LockLevel,

  /** At the scope, inherited from above, and below; with `atScope()` not below. */
  async list(scope: ResourceKey | '/', filter, reader) {
    const { atScope } = parseRoleFilter(filter, []);
    return (await reader.list(LOCK_TYPE, '/')).filter(({ parent = '/' }) => isWithin(scope, parent) || (!atScope && isWithin(parent, scope)));
  },
});
