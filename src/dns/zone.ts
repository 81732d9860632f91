/** Lookup in one private zone. Pure. RFC 1034 section 4.3.2, RFC 4592 for wildcards; no delegation, since a private zone has no NS records of its own. */
import { type DomainName, isWithinDomain } from '#base/domain-name.ts';
import type { ZonePart, ZoneRecordSet } from '#topology/snapshot.ts';
import { type Lookup, negativeSoa, type ResourceRecord, type SoaData } from './record.ts';

/** The SOA that Azure gives a private zone (docs/sources.md#zone-soa), for a zone that states none. */
const DEFAULT_SOA: SoaData = {
  mname: 'azureprivatedns.net',
  rname: 'azureprivatedns-host.microsoft.com',
  serial: 1,
  refresh: 3600,
  retry: 300,
  expire: 2_419_200,
  minimum: 10,
};
const DEFAULT_SOA_TTL_SECONDS = 3600;

/** What the zone says of a name within it. */
export function lookup(zone: ZonePart, name: DomainName, type: string): Lookup {
  const sets = zone.records.get(name) ?? synthesized(zone, name);
  if (!sets) return name === zone.name || hasBelow(zone, name) ? atApexOrEmpty(zone, name, type) : { kind: 'nxdomain', soa: negative(zone) };
  const matching = sets.find((set) => set.type === type);
  if (matching) return { kind: 'answer', records: recordsOf(name, matching) };
  const alias = sets.find((set) => set.type === 'CNAME');
  const [record] = alias ? recordsOf(name, alias) : [];
  if (record?.type === 'CNAME') return { kind: 'alias', record };
  return atApexOrEmpty(zone, name, type);
}

/** The name exists without the type; a zone answers for its SOA even when none was stated. */
function atApexOrEmpty(zone: ZonePart, name: DomainName, type: string): Lookup {
  if (name === zone.name && type === 'SOA') return { kind: 'answer', records: [{ name, type, ttlSeconds: DEFAULT_SOA_TTL_SECONDS, data: DEFAULT_SOA }] };
  return { kind: 'nodata', soa: negative(zone) };
}

/** The record sets of `*` below the closest encloser, when the name itself does not exist (RFC 4592 section 3.3.1). */
function synthesized(zone: ZonePart, name: DomainName): readonly ZoneRecordSet[] | undefined {
  if (name === zone.name || hasBelow(zone, name)) return undefined;
  let encloser = parentOf(name);
  while (encloser !== zone.name && encloser !== '' && !zone.records.has(encloser) && !hasBelow(zone, encloser)) encloser = parentOf(encloser);
  return zone.records.get(`*.${encloser}` as DomainName);
}

function parentOf(name: DomainName): DomainName {
  const dot = name.indexOf('.');
  return (dot < 0 ? '' : name.slice(dot + 1)) as DomainName;
}

const inner = new WeakMap<ZonePart, ReadonlySet<string>>();

/** Whether a name with records lies below this one: then it exists, if only as an empty non-terminal (RFC 8020). */
function hasBelow(zone: ZonePart, name: DomainName): boolean {
  let names = inner.get(zone);
  if (!names) {
    const found = new Set<string>();
    for (const owner of zone.records.keys()) {
      if (owner === zone.name || !isWithinDomain(owner, zone.name)) continue;
      for (let above = parentOf(owner); above !== zone.name && !found.has(above); above = parentOf(above)) found.add(above);
    }
    names = found;
    inner.set(zone, found);
  }
  return names.has(name);
}

function negative(zone: ZonePart): ResourceRecord {
  const set = zone.records.get(zone.name)?.find(({ type }) => type === 'SOA');
  return negativeSoa(zone.name, set?.ttlSeconds ?? DEFAULT_SOA_TTL_SECONDS, (set?.data[0] as SoaData | undefined) ?? DEFAULT_SOA);
}

function recordsOf(name: DomainName, set: ZoneRecordSet): ResourceRecord[] {
  return set.data.map((data) => ({ name, type: set.type, ttlSeconds: set.ttlSeconds, data }) as ResourceRecord);
}
