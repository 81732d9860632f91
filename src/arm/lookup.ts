/** Reads as hooks see them: records with their parsed ids, types in any casing. */
import { parseResourceId, type ResourceKey } from '#base/resource-id.ts';
import type { ResourceReader, ResourceRecord } from '#store/resources.ts';
import type { Resource, ResourceLookup } from './resource-type.ts';

export function parseResource(record: ResourceRecord): Resource {
  return { ...record, resourceId: parseResourceId(record.id) };
}

/** A lookup over the store's reader: the transaction's own inside a write, the committed state outside. */
export function lookupOver(reader: ResourceReader, canonicalType: (name: string) => string): ResourceLookup {
  const parsed = async (records: Promise<ResourceRecord[]>): Promise<Resource[]> => (await records).map(parseResource);
  return {
    async get(key: ResourceKey) {
      const record = await reader.get(key);
      return record && parseResource(record);
    },
    list: (type, under) => parsed(reader.list({ type: canonicalType(type), under })),
    children: (key) => parsed(reader.children(key)),
    owned: (key) => parsed(reader.owned(key)),
    referrers: (key, type) => parsed(reader.referrers(key, type === undefined ? undefined : canonicalType(type))),
    referrerTags: (key) => reader.referrerTags(key),
    countChildren: (key, type) => reader.countChildren(key, canonicalType(type)),
  };
}
