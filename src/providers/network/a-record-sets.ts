/** Microsoft.Network/privateDnsZones/A: IPv4 addresses of a name, written by clients or by a private endpoint's zone group. */
import { type OwnedResource, type Resource, resourceType } from '#arm/resource-type.ts';
import type { DomainName } from '#base/domain-name.ts';
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { ipAddressText, propertiesSchema } from '../schema-parts.ts';
import { A_TYPE, absoluteName, MAX_RECORD_SETS } from './zone-names.ts';

interface Properties {
  readonly ttl: number;
  readonly aRecords: readonly { readonly ipv4Address: string }[];
}

const propertiesOf = (resource: { body: { properties: JsonObject } }): Properties => resource.body.properties as unknown as Properties;

export const aRecordSets = resourceType({
  type: A_TYPE,
  scope: 'resourceGroup',
  apiVersions: ['2024-06-01', '2020-06-01', '2018-09-01'],
  location: 'none',
  etagInBody: true,
  name: {
    pattern: /^(?=.{1,250}$)(?:@|\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*)$/i,
    message: "a record set's name is relative to its zone: '@', '*', or labels of letters, digits, '-' and '_'",
  },
  // docs/sources.md#private-dns-zones: 20 records a set; RFC 2181 section 8 for the TTL.
  properties: propertiesSchema({
    metadata: z.record(z.string(), z.string()).optional(),
    ttl: z
      .int()
      .min(1)
      .max(2 ** 31 - 1)
      .default(3600),
    aRecords: z
      .array(z.object({ ipv4Address: ipAddressText }))
      .max(20)
      .default([]),
  }),

  async limit(draft, { reader }) {
    const zone = draft.resourceId.parent as ResourceKey;
    if ((await reader.children(zone)).length < MAX_RECORD_SETS) return undefined;
    return new Fault('invalid', 'QuotaExceeded', `The zone has ${MAX_RECORD_SETS} record sets, as many as a zone may have.`);
  },

  async admit(draft) {
    const faults: Fault[] = [];
    const { name, parent } = draft.resourceId;
    if (absoluteName(name, parent as ResourceKey) === undefined) {
      faults.push(new Fault('invalid', 'InvalidRecordSetName', `'${name}' with its zone is longer than a DNS name may be.`));
    }
    const seen = new Set<string>();
    for (const [index, { ipv4Address }] of propertiesOf(draft).aRecords.entries()) {
      if (seen.has(ipv4Address)) {
        faults.push(
          new Fault('invalid', 'DuplicateRecord', `Record set '${name}' has ${ipv4Address} twice.`, { target: `properties.aRecords[${index}].ipv4Address` }),
        );
      }
      seen.add(ipv4Address);
    }
    return faults;
  },

  facts(resource) {
    const zone = resource.parent as ResourceKey;
    const { ttl, aRecords } = propertiesOf(resource);
    // A record set without records is kept by clients (`--keep-empty-record-set`), and answers nothing.
    if (aRecords.length === 0) return [];
    const name = absoluteName(resource.name, zone) as DomainName;
    return [{ kind: 'record-set', recordSet: resource.key, zone, name, type: 'A', ttlSeconds: ttl, data: aRecords.map(({ ipv4Address }) => ipv4Address) }];
  },

  async present(resource): Promise<JsonObject> {
    return { ...resource.body.properties, fqdn: `${absoluteName(resource.name, resource.parent as ResourceKey)}.`, isAutoRegistered: false };
  },

  table: { Name: 'name', Fqdn: 'fqdn', Ttl: 'ttl', Type: "'A'", Value: "join(', ', aRecords[].ipv4Address)" },
});

/** The record set that a zone group keeps for one name of its endpoint (docs/sources.md#zone-group-records). */
export function endpointRecordSet(
  zone: Pick<Resource, 'id'>,
  name: string,
  addresses: readonly string[],
  endpoint: Pick<Resource, 'name' | 'hidden'>,
): OwnedResource {
  return {
    id: `${zone.id}/A/${name}`,
    body: {
      properties: {
        metadata: { creator: `created by private endpoint ${endpoint.name} with resource guid ${endpoint.hidden.resourceGuid}` },
        ttl: 10,
        aRecords: addresses.map((ipv4Address) => ({ ipv4Address })),
      },
    },
  };
}
