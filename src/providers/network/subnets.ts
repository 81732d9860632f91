/** Microsoft.Network/virtualNetworks/subnets: a range of a network from which interfaces and private endpoints take addresses. */
import { resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { prefixCovers, prefixesOverlap } from '#base/ip.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { type Schema, z } from '#base/schema.ts';
import { choice, prefixText, propertiesSchema, reference } from '../schema-parts.ts';
import { prefixOf, subnetInUse, subnetUsers } from './address-plan.ts';
import { associationFaults } from './associations.ts';

const written = propertiesSchema({
  addressPrefix: prefixText,
  serviceEndpoints: z.array(z.object({ service: z.string().min(1), locations: z.array(z.string()).optional() })).optional(),
  networkSecurityGroup: reference('Microsoft.Network/networkSecurityGroups').optional(),
  routeTable: reference('Microsoft.Network/routeTables').optional(),
  natGateway: reference().optional(),
  delegations: z.array(z.object({ name: z.string(), properties: z.object({ serviceName: z.string() }) })).default([]),
  privateEndpointNetworkPolicies: choice('Disabled', 'Enabled', 'NetworkSecurityGroupEnabled', 'RouteTableEnabled').default('Disabled'),
  privateLinkServiceNetworkPolicies: choice('Enabled', 'Disabled').default('Enabled'),
  defaultOutboundAccess: z.boolean().optional(),
});

/** Newer clients send `addressPrefixes` instead of `addressPrefix`; a subnet has one either way. */
const properties = z.preprocess((value) => {
  if (!isJsonObject(value) || typeof value.addressPrefix === 'string' || !Array.isArray(value.addressPrefixes)) return value;
  return value.addressPrefixes.length === 1 ? { ...value, addressPrefix: value.addressPrefixes[0] } : value;
}, written) as unknown as Schema<JsonObject>;

export const subnets = resourceType({
  type: 'Microsoft.Network/virtualNetworks/subnets',
  scope: 'resourceGroup',
  apiVersions: ['2026-01-01', '2025-05-01', '2024-05-01', '2022-01-01'],
  location: 'none',
  asyncOperationPath: 'location',
  name: {
    pattern: /^[A-Za-z0-9]$|^[A-Za-z0-9][\w.-]{0,78}\w$/,
    message: "a subnet's name has 1-80 letters, digits, '_', '.' and '-', starts with a letter or digit and ends with one of these or '_'",
  },
  properties,

  async admit(draft, previous, { reader, known, caller }) {
    const faults: Fault[] = [];
    const { name } = draft.resourceId;
    const target = 'properties.addressPrefix';
    const text = draft.body.properties.addressPrefix as string;
    const prefix = prefixOf(text);
    const network = draft.resourceId.parent && (await reader.get(draft.resourceId.parent));
    // The engine has refused a subnet without its network.
    if (!network) return faults;
    const bad = (why: string): Fault =>
      new Fault('invalid', 'NetcfgInvalidSubnet', `Subnet '${name}' is not valid in virtual network '${network.name}'.${why}`, { target });
    if (prefix.bits > 29) faults.push(bad(` Its address prefix ${text} is smaller than /29: five addresses of every subnet are reserved.`));
    const space = (network.body.properties.addressSpace as unknown as { addressPrefixes: string[] }).addressPrefixes;
    if (!space.some((outer) => prefixCovers(prefixOf(outer), prefix)))
      faults.push(bad(` Its address prefix ${text} is outside the address space ${space.join(', ')}.`));
    for (const other of await reader.children(network.key)) {
      if (other.type !== subnets.type || other.key === draft.resourceId.key) continue;
      const taken = other.body.properties.addressPrefix as string;
      if (prefixesOverlap(prefixOf(taken), prefix)) {
        faults.push(
          new Fault(
            'invalid',
            'NetcfgSubnetRangesOverlap',
            `Subnet '${name}' is not valid because its IP address range ${text} overlaps with that of an existing subnet '${other.name}' (${taken}) in virtual network '${network.name}'.`,
            { target },
          ),
        );
      }
    }
    faults.push(...(await associationFaults(draft, previous, network.body.location, { known, caller })));
    const before = previous?.body.properties.addressPrefix as string | undefined;
    if (before !== undefined && before !== text && (await subnetUsers(draft.resourceId.key, reader)).length > 0) {
      faults.push(
        new Fault('invalid', 'InUsePrefixCannotBeDeleted', `IpPrefix ${before} on Subnet ${name} has active allocations and cannot be deleted.`, { target }),
      );
    }
    return faults;
  },

  facts: (resource) => [
    {
      kind: 'subnet',
      network: resource.parent as ResourceKey,
      subnet: resource.key,
      name: resource.name,
      prefix: prefixOf(resource.body.properties.addressPrefix as string),
    },
  ],

  async present(resource, { reader }): Promise<JsonObject> {
    const endpoints = await reader.referrers(resource.key, 'Microsoft.Network/privateEndpoints');
    const users = await subnetUsers(resource.key, reader);
    const { serviceEndpoints } = resource.body.properties as unknown as { serviceEndpoints?: readonly { service: string; locations?: readonly string[] }[] };
    return {
      ...resource.body.properties,
      // Of these services every region (docs/sources.md#service-endpoints).
      ...(serviceEndpoints
        ? {
            serviceEndpoints: serviceEndpoints.map(({ service, locations = ['*'] }) => ({
              service,
              locations: [...locations],
              provisioningState: 'Succeeded',
            })),
          }
        : {}),
      ...(endpoints.length > 0 ? { privateEndpoints: endpoints.map(({ id }) => ({ id })) } : {}),
      ...(users.length > 0 ? { ipConfigurations: users.map((id) => ({ id })) } : {}),
    };
  },

  async mayDelete(resource, { reader }) {
    const fault = await subnetInUse(resource, reader);
    return fault ? [fault] : [];
  },

  unenforced(resource) {
    const { serviceEndpoints, networkSecurityGroup, routeTable, natGateway, privateEndpointNetworkPolicies } = resource.body.properties;
    return [
      ...(Array.isArray(serviceEndpoints) && serviceEndpoints.length > 0 ? ['serviceEndpoints'] : []),
      ...(networkSecurityGroup ? ['networkSecurityGroup'] : []),
      ...(routeTable ? ['routeTable'] : []),
      ...(natGateway ? ['natGateway'] : []),
      ...(privateEndpointNetworkPolicies !== 'Disabled' ? ['privateEndpointNetworkPolicies: there are no network policies to apply yet'] : []),
    ];
  },
});
