/** Microsoft.Network/privateDnsZones/SOA: the start of authority at `@`. The zone makes it; clients change its times. */
import { type OwnedResource, type Resource, type ResourceLookup, resourceType } from '#arm/resource-type.ts';
import { parseDomainName } from '#base/domain-name.ts';
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { type Schema, z } from '#base/schema.ts';
import { propertiesSchema } from '../schema-parts.ts';
import { canonicalName, metadata, NAME_SUFFIX, shownRecordSet, targetName, ttlSeconds } from './record-set.ts';
import { recordSetType, zoneName } from './zone-names.ts';

interface SoaRecord {
  readonly host: string;
  readonly email: string;
  readonly serialNumber: number;
  readonly refreshTime: number;
  readonly retryTime: number;
  readonly expireTime: number;
  readonly minimumTtl: number;
}

const SOA_TYPE = recordSetType('SOA');

/** Azure's values (docs/sources.md#zone-soa). */
const INITIAL: SoaRecord = {
  host: 'azureprivatedns.net',
  email: 'azureprivatedns-host.microsoft.com',
  serialNumber: 1,
  refreshTime: 3600,
  retryTime: 300,
  expireTime: 2419200,
  minimumTtl: 10,
};

const soaRecordOf = (resource: { body: { properties: JsonObject } }): SoaRecord => resource.body.properties.soaRecord as unknown as SoaRecord;

/** The SOA record set of a zone: as clients left it, else as it begins. */
export async function startOfAuthority(zone: Pick<Resource, 'id' | 'key'>, reader: ResourceLookup): Promise<OwnedResource> {
  const standing = await reader.get(`${zone.key}/soa/@` as ResourceKey);
  const properties = standing?.body.properties ?? { metadata: {}, ttl: 3600, soaRecord: { ...INITIAL } };
  return { id: `${zone.id}/SOA/@`, body: { properties } };
}

/** Whole seconds, or a serial number, of 32 bits (RFC 1035 section 3.3.13). */
const uint32 = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);

export const soaRecordSets = resourceType({
  type: SOA_TYPE,
  scope: 'resourceGroup',
  apiVersions: ['2024-06-01', '2020-06-01', '2018-09-01'],
  location: 'none',
  etagInBody: true,
  name: { pattern: /^@$/, message: "the SOA record set is '@'" },
  ownerMade: true,
  // What a PUT leaves out stays: az sends no minimumTtl unless it was told one.
  properties: propertiesSchema({
    metadata,
    ttl: ttlSeconds,
    soaRecord: z
      .object({
        host: targetName,
        email: targetName,
        serialNumber: uint32,
        refreshTime: uint32,
        retryTime: uint32,
        expireTime: uint32,
        minimumTtl: uint32,
      })
      .partial()
      .default({}),
  }) as Schema<JsonObject>,
  listParameters: NAME_SUFFIX,

  /** docs/sources.md#record-set-rules: the host is the service's. */
  async admit(draft, previous) {
    const host = soaRecordOf(draft).host as string | undefined;
    if (!previous || host === undefined || parseDomainName(host) === parseDomainName(soaRecordOf(previous).host)) return [];
    return [new Fault('invalid', 'BadRequest', 'The host of the start of authority cannot be changed.', { target: 'properties.soaRecord.host' })];
  },

  async prepare(draft, previous) {
    const soaRecord = { ...INITIAL, ...(previous && soaRecordOf(previous)), ...soaRecordOf(draft) };
    return { body: { ...draft.body, properties: { ...draft.body.properties, soaRecord } } };
  },

  facts(resource) {
    const zone = resource.parent as ResourceKey;
    const { host, email, serialNumber, refreshTime, retryTime, expireTime, minimumTtl } = soaRecordOf(resource);
    const data = {
      mname: canonicalName(host),
      rname: canonicalName(email),
      serial: serialNumber,
      refresh: refreshTime,
      retry: retryTime,
      expire: expireTime,
      minimum: minimumTtl,
    };
    const ttl = resource.body.properties.ttl as number;
    return [{ kind: 'record-set', recordSet: resource.key, zone, name: zoneName(zone), type: 'SOA', ttlSeconds: ttl, data: [data] }];
  },

  async present(resource): Promise<JsonObject> {
    return shownRecordSet(resource);
  },

  async mayDelete(resource) {
    return [
      new Fault(
        'invalid',
        'BadRequest',
        `The start of authority of zone '${zoneName(resource.parent as ResourceKey)}' cannot be deleted: it goes with the zone.`,
      ),
    ];
  },
});
