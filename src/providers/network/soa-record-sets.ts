/** Microsoft.Network/privateDnsZones/SOA: the start of authority at `@`. The zone makes it; clients read it. */
import { type OwnedResource, type Resource, resourceType } from '#arm/resource-type.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { propertiesSchema } from '../schema-parts.ts';
import { SOA_TYPE, zoneName } from './zone-names.ts';

interface SoaRecord {
  readonly host: string;
  readonly email: string;
  readonly serialNumber: number;
  readonly refreshTime: number;
  readonly retryTime: number;
  readonly expireTime: number;
  readonly minimumTtl: number;
}

/** The SOA record set of a zone, with Azure's values (docs/sources.md#zone-soa). */
export function startOfAuthority(zone: Pick<Resource, 'id'>): OwnedResource {
  return {
    id: `${zone.id}/SOA/@`,
    body: {
      properties: {
        ttl: 3600,
        soaRecord: {
          host: 'azureprivatedns.net',
          email: 'azureprivatedns-host.microsoft.com',
          serialNumber: 1,
          refreshTime: 3600,
          retryTime: 300,
          expireTime: 2419200,
          minimumTtl: 10,
        },
      },
    },
  };
}

export const soaRecordSets = resourceType({
  type: SOA_TYPE,
  scope: 'resourceGroup',
  apiVersions: ['2024-06-01', '2020-06-01', '2018-09-01'],
  location: 'none',
  name: { pattern: /^@$/, message: "the SOA record set is '@'" },
  verbs: ['GET'],
  ownerMade: true,
  properties: propertiesSchema({}),

  facts(resource) {
    const zone = resource.parent as ResourceKey;
    const { ttl, soaRecord } = resource.body.properties as unknown as { ttl: number; soaRecord: SoaRecord };
    return [
      {
        kind: 'record-set',
        recordSet: resource.key,
        zone,
        name: zoneName(zone),
        type: 'SOA',
        ttlSeconds: ttl,
        data: [
          {
            mname: soaRecord.host,
            rname: soaRecord.email,
            serial: soaRecord.serialNumber,
            refresh: soaRecord.refreshTime,
            retry: soaRecord.retryTime,
            expire: soaRecord.expireTime,
            minimum: soaRecord.minimumTtl,
          },
        ],
      },
    ];
  },

  async present(resource): Promise<JsonObject> {
    return { ...resource.body.properties, fqdn: `${zoneName(resource.parent as ResourceKey)}.`, isAutoRegistered: false };
  },
});
