/** Microsoft.Network/routeTables: routes for the packets of subnets. Kept and checked; packets do not follow them yet. */
import { resourceType } from '#arm/resource-type.ts';
import type { JsonObject } from '#base/json.ts';
import { z } from '#base/schema.ts';
import { propertiesSchema } from '../schema-parts.ts';
import { associationsOf, inUse } from './associations.ts';
import { ROUTE_TYPE } from './routes.ts';

export const routeTables = resourceType({
  type: 'Microsoft.Network/routeTables',
  scope: 'resourceGroup',
  apiVersions: ['2026-01-01', '2025-05-01', '2024-05-01', '2022-01-01'],
  location: 'required',
  tags: true,
  asyncOperationPath: 'location',
  name: {
    pattern: /^[A-Za-z0-9]$|^[A-Za-z0-9][\w.-]{0,78}\w$/,
    message: "a route table's name has 1-80 letters, digits, '_', '.' and '-', starts with a letter or digit and ends with one of these or '_'",
  },
  properties: propertiesSchema({ disableBgpRoutePropagation: z.boolean().default(false) }),
  embeds: { routes: ROUTE_TYPE },

  async prepare(draft, previous, { newGuid }) {
    return { body: draft.body, hidden: previous ? draft.hidden : { ...draft.hidden, resourceGuid: newGuid() } };
  },

  async present(resource, { reader }): Promise<JsonObject> {
    return { ...resource.body.properties, resourceGuid: resource.hidden.resourceGuid, ...(await associationsOf(resource.key, reader)) };
  },

  async mayDelete(resource, { reader }) {
    return inUse('Route table', 'InUseRouteTableCannotBeDeleted', resource, reader);
  },

  unenforced: () => ['route table: packets go the short way'],
});
