/** Microsoft.Network/privateDnsZones/virtualNetworkLinks: lets a virtual network see a zone. */
import { resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { invalidReference, keyOf, linkedRight } from '../references.ts';
import { choice, propertiesSchema, reference } from '../schema-parts.ts';
import { LINK_TYPE, MAX_LINKS, zoneName } from './zone-names.ts';

const networkIdOf = (resource: { body: { properties: JsonObject } }): string => (resource.body.properties.virtualNetwork as { id: string }).id;

export const virtualNetworkLinks = resourceType({
  type: LINK_TYPE,
  scope: 'resourceGroup',
  apiVersions: ['2024-06-01', '2020-06-01', '2018-09-01'],
  location: 'global',
  tags: true,
  asyncOperationPath: 'location',
  name: {
    pattern: /^[A-Za-z0-9]$|^[A-Za-z0-9][\w.-]{0,78}\w$/,
    message: "a link's name has 1-80 letters, digits, '_', '.' and '-', starts with a letter or digit and ends with one of these or '_'",
  },
  properties: propertiesSchema({
    virtualNetwork: reference('Microsoft.Network/virtualNetworks'),
    registrationEnabled: z.boolean().default(false),
    resolutionPolicy: choice('Default', 'NxDomainRedirect').default('Default'),
  }),

  immutable: ['virtualNetwork.id'],

  async limit(draft, { reader }) {
    const zone = draft.resourceId.parent as ResourceKey;
    if ((await reader.countChildren(zone, LINK_TYPE)) < MAX_LINKS) return undefined;
    return new Fault('invalid', 'QuotaExceeded', `Private zone '${zoneName(zone)}' has ${MAX_LINKS} virtual network links, as many as a zone may have.`);
  },

  /** docs/sources.md#zone-links: one link for a zone and network, and one zone of a name for a network. */
  async admit(draft, previous, { known, caller }) {
    const target = 'properties.virtualNetwork.id';
    const id = networkIdOf(draft);
    const zone = draft.resourceId.parent as ResourceKey;
    const faults: Fault[] = [];
    if (!previous) {
      const refused = linkedRight(
        caller,
        { action: `${LINK_TYPE}/write`, scope: draft.resourceId.id },
        { action: 'Microsoft.Network/virtualNetworks/join/action', id },
        target,
      );
      if (refused) return [refused];
      if (!(await known.get(keyOf(id)))) faults.push(invalidReference(id, draft.resourceId.id, target));
    }
    for (const link of await known.referrers(keyOf(id), LINK_TYPE)) {
      if (link.key === draft.resourceId.key) continue;
      const other = link.parent as ResourceKey;
      if (other === zone) {
        faults.push(new Fault('conflict', 'Conflict', `Private zone '${zoneName(zone)}' is already linked to the virtual network '${id}'.`, { target }));
      } else if (zoneName(other) === zoneName(zone)) {
        faults.push(
          new Fault(
            'invalid',
            'BadRequest',
            `A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link virtual network with '${zoneName(zone)}' and '${zoneName(other)}' zones.`,
            { target },
          ),
        );
      }
    }
    if (draft.body.properties.resolutionPolicy === 'NxDomainRedirect' && !/^privatelink\.|\.privatelink\./.test(zoneName(zone))) {
      faults.push(
        new Fault('invalid', 'BadRequest', `The resolution policy NxDomainRedirect is for privatelink zones only; '${zoneName(zone)}' is none.`, {
          target: 'properties.resolutionPolicy',
        }),
      );
    }
    return faults;
  },

  facts: (resource) => [{ kind: 'zone-link', link: resource.key, zone: resource.parent as ResourceKey, network: keyOf(networkIdOf(resource)) }],

  async present(resource): Promise<JsonObject> {
    return { ...resource.body.properties, virtualNetworkLinkState: 'Completed' };
  },

  unenforced(resource) {
    const { registrationEnabled, resolutionPolicy } = resource.body.properties;
    return [
      ...(registrationEnabled === true ? ["registrationEnabled: machines' names are not registered"] : []),
      ...(resolutionPolicy === 'NxDomainRedirect' ? ['resolutionPolicy: a name that the zone does not have stays NXDOMAIN'] : []),
    ];
  },
});
