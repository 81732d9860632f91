/** Microsoft.Network/privateEndpoints/privateDnsZoneGroups: keeps an endpoint's A records in private zones, from the first approval of its connection on. */
import { type HookContext, type Resource, type ResourceLookup, resourceType } from '#arm/resource-type.ts';
import { isWithinDomain, relativeName } from '#base/domain-name.ts';
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { invalidReference, keyOf, linkedRight } from '../references.ts';
import { propertiesSchema, resourceIdText } from '../schema-parts.ts';
import { endpointRecordSet } from './a-record-sets.ts';
import { configurationsOf } from './address-plan.ts';
import { endpointNic, showsNames } from './private-endpoints.ts';
import { ZONE_TYPE, zoneName } from './zone-names.ts';

interface ZoneConfig {
  readonly name: string;
  readonly properties: { readonly privateDnsZoneId: string };
}

const configsOf = (resource: { body: { properties: JsonObject } }): readonly ZoneConfig[] =>
  resource.body.properties.privateDnsZoneConfigs as unknown as readonly ZoneConfig[];

/** Relative name -> addresses of the endpoint's host names; none before its connection was Approved for the first time. */
async function recordsOf(
  group: Resource,
  reader: ResourceLookup,
  domain: string,
): Promise<{ endpoint: Resource; records: ReadonlyMap<string, readonly string[]> } | undefined> {
  const endpoint = await reader.get(group.parent as ResourceKey);
  if (!endpoint || !(await showsNames(endpoint, reader))) return undefined;
  const nic = await endpointNic(endpoint, reader);
  const records = new Map<string, string[]>();
  for (const { properties } of nic ? configurationsOf(nic) : []) {
    for (const fqdn of properties.privateLinkConnectionProperties?.fqdns ?? []) {
      if (!isWithinDomain(fqdn, domain)) continue;
      // `reg.azurecr.io` -> `reg`, `reg.region.data.azurecr.io` -> `reg.region.data`, in whichever zone (docs/sources.md#public-chain).
      const name = relativeName(fqdn, domain);
      records.set(name, [...(records.get(name) ?? []), properties.privateIPAddress]);
    }
  }
  return { endpoint, records };
}

async function zoneOf(config: ZoneConfig, reader: ResourceLookup): Promise<Resource | undefined> {
  return reader.get(keyOf(config.properties.privateDnsZoneId));
}

export const privateDnsZoneGroups = resourceType({
  type: 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups',
  scope: 'resourceGroup',
  apiVersions: ['2026-01-01', '2025-05-01', '2024-05-01', '2022-01-01'],
  location: 'none',
  asyncOperationPath: 'location',
  name: {
    pattern: /^[A-Za-z0-9]$|^[A-Za-z0-9][\w.-]{0,78}\w$/,
    message: "a zone group's name has 1-80 letters, digits, '_', '.' and '-', starts with a letter or digit and ends with one of these or '_'",
  },
  // docs/sources.md#zone-groups: up to 5 zones.
  properties: propertiesSchema({
    privateDnsZoneConfigs: z
      .array(z.object({ name: z.string().min(1).max(80), properties: z.object({ privateDnsZoneId: resourceIdText(ZONE_TYPE) }) }))
      .max(5)
      .default([]),
  }),

  /** docs/sources.md#zone-groups: one group an endpoint. */
  async limit(draft, { reader }) {
    const others = (await reader.children(draft.resourceId.parent as ResourceKey)).filter((child) => child.key !== draft.resourceId.key);
    if (others.length === 0) return undefined;
    return new Fault(
      'invalid',
      'MoreThanOnePrivateDnsZoneGroupPerPrivateEndpointNotAllowed',
      `Cannot create more than one private dns zone groups in the private endpoint. It has '${others[0]?.name}'.`,
    );
  },

  async admit(draft, previous, { known, caller }: HookContext) {
    const faults: Fault[] = [];
    const before = new Set((previous ? configsOf(previous) : []).map(({ properties }) => keyOf(properties.privateDnsZoneId)));
    const names = new Map<string, string>();
    const zones = new Set<string>();
    for (const [index, config] of configsOf(draft).entries()) {
      const id = config.properties.privateDnsZoneId;
      const target = `properties.privateDnsZoneConfigs[${index}]`;
      const duplicate = (what: string): Fault =>
        new Fault('invalid', 'InvalidRequestFormat', `Cannot parse the request: two zone configurations have ${what}.`, {
          target,
          details: [new Fault('invalid', 'DuplicateResourceName', `Resource ${draft.resourceId.id} has two child resources with ${what}.`, { target })],
        });
      if (names.has(config.name.toLowerCase())) faults.push(duplicate(`the name '${config.name}'`));
      names.set(config.name.toLowerCase(), id);
      const name = zoneName(keyOf(id));
      if (zones.has(name)) faults.push(duplicate(`zones of the name '${name}'`));
      zones.add(name);
      // A zone deleted after the group was written does not make the group unwritable.
      if (before.has(keyOf(id))) continue;
      const refused = linkedRight(
        caller,
        { action: 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups/write', scope: draft.resourceId.id },
        { action: 'Microsoft.Network/privateDnsZones/join/action', id },
        `${target}.properties.privateDnsZoneId`,
      );
      if (refused) faults.push(refused);
      else if (!(await zoneOf(config, known))) faults.push(invalidReference(id, draft.resourceId.id, `${target}.properties.privateDnsZoneId`));
    }
    return faults;
  },

  async owns(resource, { reader, domain }) {
    const found = await recordsOf(resource, reader, domain);
    if (!found) return [];
    const zones = (await Promise.all(configsOf(resource).map((config) => zoneOf(config, reader)))).filter((zone) => zone !== undefined);
    return zones.flatMap((zone) => [...found.records].map(([name, addresses]) => endpointRecordSet(zone, name, addresses, found.endpoint)));
  },

  async present(resource, { reader, domain }) {
    const found = await recordsOf(resource, reader, domain);
    const shown: JsonObject[] = [];
    for (const config of configsOf(resource)) {
      const zone = await zoneOf(config, reader);
      const recordSets = [...(zone && found ? found.records : [])].map(([name, ipAddresses]) => ({
        recordType: 'A',
        recordSetName: name,
        fqdn: `${name}.${zone?.name.toLowerCase()}`,
        ttl: 10,
        ipAddresses: [...ipAddresses],
        provisioningState: 'Succeeded',
      }));
      shown.push({
        name: config.name,
        id: `${resource.id}/privateDnsZoneConfigs/${config.name}`,
        type: `${privateDnsZoneGroups.type}/privateDnsZoneConfigs`,
        properties: { provisioningState: 'Succeeded', ...config.properties, recordSets },
      });
    }
    return { privateDnsZoneConfigs: shown };
  },

  /** While there is no group, the endpoint shows its names itself. */
});
