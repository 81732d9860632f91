/**
 * Microsoft.ContainerRegistry/registries/replications: a registry serves from a region. The home region is one of them, made with the registry.
 * A new one gives every private endpoint of the registry one more member, in the same transaction or not at all; what would stand in the way is told before.
 */
import { type Draft, type HookContext, type Resource, resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { normalizeRegion } from '#base/regions.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { subnetRoom } from '../network/address-plan.ts';
import { keyOf, missingLinkedRight } from '../references.ts';
import { choice, propertiesSchema } from '../schema-parts.ts';
import { connectionsOf, dataMember, endpointIdOf, endpointsAndGroups, GROUP_ID, homeRegionOf, REPLICATION_TYPE } from './private-link.ts';
import { registryPropertiesOf } from './registry-properties.ts';
import { featureNotSupported, skuOf } from './tiers.ts';

/** What a new region needs at every private endpoint of the registry (docs/sources.md#replica-endpoints). */
const PROXY_RIGHT = 'Microsoft.Network/privateEndpoints/privateLinkServiceProxies/write';
/** How many names a refusal lists of what there may be hundreds. */
const NAMED = 10;

interface EndpointProperties {
  readonly subnet: { readonly id: string };
  readonly ipConfigurations: readonly { readonly name: string; readonly properties: { readonly memberName: string } }[];
}

/** Everything that keeps the registry's endpoints from a new region's member. */
async function endpointFaults(draft: Draft, registry: Resource, { reader, caller }: HookContext): Promise<Fault[]> {
  const member = dataMember(draft.body.location ?? '');
  const endpoints: Resource[] = [];
  for (const connection of await connectionsOf(registry, reader)) {
    const endpoint = await reader.get(keyOf(endpointIdOf(connection)));
    if (endpoint) endpoints.push(endpoint);
  }
  const forbidden = endpoints.filter(({ key }) => !caller.may(PROXY_RIGHT, key));
  if (forbidden.length > 0) {
    const write = { action: `${REPLICATION_TYPE}/write`, scope: draft.resourceId.id };
    // The connections name these endpoints; what else could be said of them or of their subnets is not for the caller's eyes, who may be of another tenant.
    return [missingLinkedRight(caller, write, listed(forbidden.map(({ id }) => id)), 'properties', PROXY_RIGHT)];
  }
  const faults: Fault[] = [];
  const perSubnet = new Map<ResourceKey, Resource[]>();
  for (const endpoint of endpoints) {
    const { subnet, ipConfigurations } = endpoint.body.properties as unknown as EndpointProperties;
    if (ipConfigurations.length === 0) perSubnet.set(keyOf(subnet.id), [...(perSubnet.get(keyOf(subnet.id)) ?? []), endpoint]);
    else if (!ipConfigurations.some(({ properties }) => properties.memberName.toLowerCase() === member)) {
      // docs/sources.md#static-addresses
      faults.push(
        new Fault(
          'invalid',
          'PrivateEndpointIpConfigurationMissingMemberNamesRequiredByFps',
          `Failed to replicate private endpoint. Private Endpoint ${endpoint.id} contains static ipconfigurations: [${ipConfigurations.map(({ name }) => name).join(', ')}] and it's missing these membernames/groupids requested by Private Link service [GroupId: ${GROUP_ID}, MemberName: ${member}, IpVersion: IPv4]. Private Endpoint needs to be reconfigured with missing memberNames.`,
        ),
      );
    }
  }
  for (const [key, wanting] of perSubnet) {
    const subnet = await reader.get(key);
    const room = subnet && (await subnetRoom(subnet, reader));
    if (!room || room.free >= wanting.length) continue;
    // docs/sources.md#replica-endpoints: Azure does not name the subnet.
    faults.push(
      new Fault(
        'invalid',
        'SubnetIsFull',
        `Subnet ${subnet.id} with address prefix ${room.prefix} does not have enough capacity for ${wanting.length} IP addresses: ${room.free} of its ${room.capacity} are free, and each of these private endpoints needs one more for member ${member}: ${listed(wanting.map(({ name }) => name))}.`,
        { target: subnet.id },
      ),
    );
  }
  return faults;
}

function listed(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}

export const replications = resourceType({
  type: REPLICATION_TYPE,
  scope: 'resourceGroup',
  apiVersions: ['2026-11-01', '2025-11-01', '2023-07-01', '2022-12-01', '2021-09-01', '2019-05-01'],
  location: 'required',
  tags: true,
  asyncOperationPath: 'resource',
  name: { pattern: /^[a-zA-Z0-9]{4,50}$/, message: 'a replication is named after its region, as in westeurope' },
  properties: propertiesSchema({ regionEndpointEnabled: z.boolean().default(true), zoneRedundancy: choice('Enabled', 'Disabled').default('Disabled') }),

  // docs/sources.md#replications
  immutable: ['zoneRedundancy'],

  async admit(draft, previous, context) {
    const faults: Fault[] = [];
    const { name, parent } = draft.resourceId;
    const registry = await context.reader.get(parent as ResourceKey);
    if (previous || !registry) return faults;
    const sku = skuOf(registry);
    if (sku !== 'Premium') faults.push(featureNotSupported('geo-replication', sku, 'sku.name'));
    if (normalizeRegion(name) !== draft.body.location) {
      faults.push(
        new Fault('invalid', 'InvalidReplicationName', `Replication '${name}' is in '${draft.body.location}': a replication has the name of its region.`, {
          target: 'name',
        }),
      );
    }
    // docs/sources.md#soft-delete
    if (registryPropertiesOf(registry).policies.softDeletePolicy.status === 'enabled') {
      faults.push(
        new Fault(
          'invalid',
          'BadRequest',
          `Geo-replication is not supported while registry '${registry.name}' has its soft delete policy enabled. Turn it off first: az acr config soft-delete update -r ${registry.name} --status disabled`,
        ),
      );
    }
    return faults.length > 0 ? faults : endpointFaults(draft, registry, context);
  },

  facts: (resource) => [
    {
      kind: 'replica',
      registry: resource.parent as ResourceKey,
      region: resource.body.location ?? '',
      globalEndpoint: resource.body.properties.regionEndpointEnabled === true,
      zoneRedundancy: resource.body.properties.zoneRedundancy === 'Enabled',
    },
  ],

  /** Every endpoint has an address for the region, and its zone groups a record: they follow when it comes and when it goes. */
  async affects(resource, reader, other) {
    return other ? [] : endpointsAndGroups(resource.parent as ResourceKey, reader);
  },

  /** docs/sources.md#replications; it is there as soon as it is asked for. */
  async present(resource) {
    const { regionEndpointEnabled, zoneRedundancy } = resource.body.properties;
    const timestamp = resource.body.systemData?.createdAt ?? null;
    return {
      status: { displayStatus: 'Ready', message: 'The replication is ready.', timestamp },
      regionEndpointEnabled,
      zoneRedundancy,
    };
  },

  /** docs/sources.md#replications */
  async mayDelete(resource, { reader }) {
    const registry = await reader.get(resource.parent as ResourceKey);
    if (!registry || homeRegionOf(registry) !== resource.body.location) return [];
    return [
      new Fault(
        'invalid',
        'HomeReplicationCannotBeDeleted',
        `The replication '${resource.name}' is the home replication of registry '${registry.name}' and cannot be deleted; it goes with the registry.`,
      ),
    ];
  },

  unenforced(resource) {
    return resource.body.properties.zoneRedundancy === 'Enabled' ? ['zoneRedundancy'] : [];
  },
});
