/** Microsoft.Network/routeTables/routes: where packets for a prefix go next. docs/sources.md#route-tables */
import { resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { parsePrefix } from '#base/ip.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { choice, ipAddressText, propertiesSchema } from '../schema-parts.ts';

export const ROUTE_TYPE = 'Microsoft.Network/routeTables/routes';

/** A prefix, or a service tag such as AzureContainerRegistry. */
const destination = z
  .string()
  .refine((text) => (text.includes('/') ? parsePrefix(text) !== undefined : /^[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)?$/.test(text)), {
    error: (issue) => `'${issue.input}' is neither an IPv4 prefix such as 10.0.0.0/24 nor a service tag`,
  });

export const routes = resourceType({
  type: ROUTE_TYPE,
  scope: 'resourceGroup',
  apiVersions: ['2026-01-01', '2025-05-01', '2024-05-01', '2022-01-01'],
  location: 'none',
  asyncOperationPath: 'location',
  name: {
    pattern: /^[A-Za-z0-9]$|^[A-Za-z0-9][\w.-]{0,78}\w$/,
    message: "a route's name has 1-80 letters, digits, '_', '.' and '-', starts with a letter or digit and ends with one of these or '_'",
  },
  properties: propertiesSchema({
    addressPrefix: destination,
    nextHopType: choice('VirtualNetworkGateway', 'VnetLocal', 'Internet', 'VirtualAppliance', 'None'),
    nextHopIpAddress: z.union([z.literal(''), ipAddressText]).optional(),
  }),

  async admit(draft, _previous, { reader }) {
    const { addressPrefix, nextHopType, nextHopIpAddress } = draft.body.properties;
    const { name, key, parent } = draft.resourceId;
    const faults: Fault[] = [];
    const bad = (message: string, target: string): void => void faults.push(new Fault('invalid', 'InvalidRequestFormat', message, { target }));
    const appliance = nextHopType === 'VirtualAppliance';
    if (appliance !== (nextHopIpAddress !== undefined && nextHopIpAddress !== ''))
      bad(`Route '${name}' needs the address of its next hop if, and only if, that is a VirtualAppliance.`, 'properties.nextHopIpAddress');
    const other = (await reader.children(parent as ResourceKey)).find(
      (route) =>
        route.type === ROUTE_TYPE && route.key !== key && String(route.body.properties.addressPrefix).toLowerCase() === String(addressPrefix).toLowerCase(),
    );
    if (other)
      faults.push(
        new Fault('invalid', 'RouteConflict', `Route '${name}' has the address prefix ${addressPrefix} of route '${other.name}'.`, {
          target: 'properties.addressPrefix',
        }),
      );
    return faults;
  },

  async present(resource): Promise<JsonObject> {
    return { ...resource.body.properties, hasBgpOverride: false };
  },

  unenforced: () => ['route: packets go the short way'],
});
