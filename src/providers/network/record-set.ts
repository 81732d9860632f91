/** What the record set types of private DNS zones share: the shape, the rules, the fact. Each type states its own records in a file of its own. */
import { type Draft, type Resource, type ResourceLookup, type ResourceType, resourceType } from '#arm/resource-type.ts';
import { type DomainName, parseDomainName } from '#base/domain-name.ts';
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { type Schema, z } from '#base/schema.ts';
import type { RecordType } from '#topology/facts.ts';
import { propertiesSchema } from '../schema-parts.ts';
import { absoluteName, MAX_RECORD_SETS, RECORD_TYPES, recordSetType } from './zone-names.ts';

/** docs/sources.md#private-dns-zones */
const MAX_RECORDS = 20;

/** RFC 2181 section 8. */
export const ttlSeconds = z
  .int()
  .min(1)
  .max(2 ** 31 - 1)
  .default(3600);

/** Shown also when it is empty: az's table of all record sets reads it (docs/sources.md#record-sets). */
export const metadata = z.record(z.string(), z.string()).default({});

/** A name that a record leads to; a trailing dot is kept as it was written. */
export const targetName = z
  .string()
  .refine((text) => text !== '' && parseDomainName(text) !== undefined, { error: (issue) => `'${issue.input}' is not a DNS name` });

/** 0 to 65535. */
export const uint16 = z.int().min(0).max(65535);

/** A DNS name as records carry it: canonical, without the trailing dot. The schema has checked it. */
export function canonicalName(text: string): DomainName {
  return parseDomainName(text) as DomainName;
}

/** The API's own names of a record type: where its records stand, and what one looks like on the wire of DNS. */
export interface Records<Item> {
  readonly kind: RecordType;
  /** `aRecords`, or `cnameRecord` for a type that has one only. */
  readonly property: string;
  readonly single?: true;
  readonly item: z.ZodType<Item>;
  /** What dns-packet takes. */
  data(item: Item): unknown;
  /** The same for two records that are one. */
  text(item: Item): string;
  readonly admit?: (draft: Draft, items: readonly Item[], reader: ResourceLookup) => Promise<readonly Fault[]>;
}

const NAME = /^(?=.{1,250}$)(?:@|\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*)$/i;

/** Whether another record set of the zone has the name, CNAME beside others or others beside CNAME (RFC 1034 section 3.6.2, docs/sources.md#record-set-rules). */
async function cnameConflict(draft: Draft, kind: RecordType, reader: ResourceLookup): Promise<Fault | undefined> {
  const { parent, name } = draft.resourceId;
  const others = kind === 'CNAME' ? RECORD_TYPES.filter((other) => other !== 'CNAME') : (['CNAME'] as const);
  for (const other of others) {
    if (!(await reader.get(`${parent}/${other.toLowerCase()}/${name.toLowerCase()}` as ResourceKey))) continue;
    return new Fault(
      'conflict',
      'Conflict',
      `The ${kind} record could not be created because another record with the same name already exists in this zone. '${name}' has a record set of type ${other}; a CNAME stands alone.`,
      { target: 'name' },
    );
  }
  return undefined;
}

/** How many record sets a zone has, of all types. */
export async function countRecordSets(zone: ResourceKey, reader: ResourceLookup): Promise<number> {
  let count = 0;
  for (const kind of RECORD_TYPES) count += await reader.countChildren(zone, recordSetType(kind));
  return count;
}

/** A record set type. Record sets are written by clients or by their owner, a zone group (docs/sources.md#record-sets). */
export function recordSets<Item>(records: Records<Item>): ResourceType {
  const { kind, property } = records;
  const itemsOf = (holder: { body: { properties: JsonObject } }): readonly Item[] => {
    const stored = holder.body.properties[property] as unknown;
    if (stored === undefined) return [];
    return records.single ? [stored as Item] : (stored as Item[]);
  };
  const shape = records.single ? records.item.optional() : z.array(records.item).max(MAX_RECORDS).default([]);
  return resourceType({
    type: recordSetType(kind),
    scope: 'resourceGroup',
    apiVersions: ['2024-06-01', '2020-06-01', '2018-09-01'],
    location: 'none',
    etagInBody: true,
    name: { pattern: NAME, message: "a record set's name is relative to its zone: '@', '*', or labels of letters, digits, '-' and '_'" },
    properties: propertiesSchema({ metadata, ttl: ttlSeconds, [property]: shape }) as Schema<JsonObject>,
    listParameters: NAME_SUFFIX,

    async limit(draft, { reader }) {
      if ((await countRecordSets(draft.resourceId.parent as ResourceKey, reader)) < MAX_RECORD_SETS) return undefined;
      return new Fault('invalid', 'QuotaExceeded', `The zone has ${MAX_RECORD_SETS} record sets, as many as a zone may have.`);
    },

    async admit(draft, previous, { reader }) {
      const faults: Fault[] = [];
      const { name, parent } = draft.resourceId;
      if (absoluteName(name, parent as ResourceKey) === undefined)
        faults.push(new Fault('invalid', 'InvalidRecordSetName', `'${name}' with its zone is longer than a DNS name may be.`));
      const conflict = previous ? undefined : await cnameConflict(draft, kind, reader);
      if (conflict) faults.push(conflict);
      const items = itemsOf(draft);
      const seen = new Set<string>();
      for (const [index, item] of items.entries()) {
        const text = records.text(item);
        if (seen.has(text))
          faults.push(new Fault('invalid', 'DuplicateRecord', `Record set '${name}' has ${text} twice.`, { target: `properties.${property}[${index}]` }));
        seen.add(text);
      }
      faults.push(...((await records.admit?.(draft, items, reader)) ?? []));
      return faults;
    },

    facts(resource) {
      const zone = resource.parent as ResourceKey;
      const items = itemsOf(resource);
      // A record set without records is kept by clients (`--keep-empty-record-set`), and answers nothing.
      if (items.length === 0) return [];
      const name = absoluteName(resource.name, zone) as DomainName;
      const ttl = resource.body.properties.ttl as number;
      return [{ kind: 'record-set', recordSet: resource.key, zone, name, type: kind, ttlSeconds: ttl, data: items.map((item) => records.data(item)) }];
    },

    async present(resource): Promise<JsonObject> {
      return shownRecordSet(resource);
    },
  });
}

/** The list parameter of record sets: az does not send it, the SDKs do (docs/sources.md#record-sets). */
export const NAME_SUFFIX: NonNullable<ResourceType['listParameters']> = {
  $recordsetnamesuffix: (resource, text) => resource.name.toLowerCase().endsWith(text.toLowerCase()),
};

/** What a GET of a record set adds: its whole name. No name is registered by a machine of its own accord. */
export function shownRecordSet(resource: Pick<Resource, 'name' | 'parent' | 'body'>): JsonObject {
  return { metadata: {}, ...resource.body.properties, fqdn: `${absoluteName(resource.name, resource.parent as ResourceKey)}.`, isAutoRegistered: false };
}
