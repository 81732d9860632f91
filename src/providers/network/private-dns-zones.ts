/** Microsoft.Network/privateDnsZones: a DNS zone that only linked virtual networks see. */
import { resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { propertiesSchema } from '../schema-parts.ts';
import { countRecordSets } from './record-set.ts';
import { startOfAuthority } from './soa-record-sets.ts';
import { LINK_TYPE, MAX_LINKS, MAX_RECORD_SETS, MAX_REGISTRATION_LINKS, RECORD_TYPES, recordSetType, ZONE_TYPE, zoneName } from './zone-names.ts';

export const privateDnsZones = resourceType({
  type: ZONE_TYPE,
  scope: 'resourceGroup',
  apiVersions: ['2024-06-01', '2020-06-01', '2018-09-01'],
  location: 'global',
  tags: true,
  asyncOperationPath: 'location',
  // docs/sources.md#private-dns-zones
  name: {
    pattern: /^(?=.{3,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.){1,33}[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i,
    message: "a private DNS zone's name is a DNS name of 2 to 34 labels",
  },
  properties: propertiesSchema({}),
  lists: { ALL: RECORD_TYPES.map(recordSetType) },

  async owns(resource, { reader }) {
    return [await startOfAuthority(resource, reader)];
  },

  /** A zone that comes back gets the records of the endpoints that write to it: there may be thousands, which no other change of it concerns. */
  async affects(resource, reader, other) {
    if (other) return [];
    return (await reader.referrers(resource.key, 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups')).map((group) => group.key);
  },

  facts: (resource) => [{ kind: 'zone', zone: resource.key, name: zoneName(resource.key) }],

  async present(resource, { reader }) {
    const links = await reader.list(LINK_TYPE, resource.key);
    return {
      maxNumberOfRecordSets: MAX_RECORD_SETS,
      numberOfRecordSets: await countRecordSets(resource.key, reader),
      maxNumberOfVirtualNetworkLinks: MAX_LINKS,
      numberOfVirtualNetworkLinks: links.length,
      maxNumberOfVirtualNetworkLinksWithRegistration: MAX_REGISTRATION_LINKS,
      numberOfVirtualNetworkLinksWithRegistration: links.filter((link) => link.body.properties.registrationEnabled === true).length,
    };
  },

  /** docs/sources.md#private-dns-zones: a zone with links is not deleted; its record sets go with it. */
  async mayDelete(resource, { reader }) {
    const links = await reader.list(LINK_TYPE, resource.key);
    if (links.length === 0) return [];
    const ids = links.slice(0, 5).map((link) => `'${ZONE_TYPE}/${resource.name}/virtualNetworkLinks/${link.name}'`);
    return [
      new Fault(
        'conflict',
        'CannotDeleteResource',
        `Cannot delete resource while nested resources exist. Some existing nested resource IDs include: ${ids.join(', ')}. Please delete all nested resources before deleting this resource.`,
      ),
    ];
  },
});
