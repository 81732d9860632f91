/** Lookup in one zone, as a table from a zone file's lines to answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DomainName } from '#base/domain-name.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { ZonePart, ZoneRecordSet } from '#topology/snapshot.ts';
import { lookup } from './zone.ts';

const SOA = { mname: 'ns.example', rname: 'hostmaster.example', serial: 7, refresh: 1, retry: 1, expire: 1, minimum: 30 };

/** A zone from lines `NAME TTL TYPE DATA...`; names are absolute. */
function zone(name: string, lines: string, soa = false): ZonePart {
  const records = new Map<DomainName, ZoneRecordSet[]>();
  const add = (owner: string, set: ZoneRecordSet): void => void records.set(owner as DomainName, [...(records.get(owner as DomainName) ?? []), set]);
  for (const line of lines.trim().split('\n')) {
    const [owner = '', ttl, type, ...data] = line.trim().split(/\s+/);
    add(owner, { type: type as ZoneRecordSet['type'], ttlSeconds: Number(ttl), data });
  }
  if (soa) add(name, { type: 'SOA', ttlSeconds: 900, data: [SOA] });
  return { key: '/zone' as ResourceKey, name: name as DomainName, records };
}

const file = zone(
  'privatelink.azurecr.io',
  `myregistry.privatelink.azurecr.io                  10 A 10.0.1.4 10.0.1.6
   myregistry.westeurope.data.privatelink.azurecr.io  10 A 10.0.1.5
   www.privatelink.azurecr.io                         60 CNAME myregistry.privatelink.azurecr.io
   *.wild.privatelink.azurecr.io                      60 A 10.0.9.9
   host.wild.privatelink.azurecr.io                   60 A 10.0.9.1
   a.sub.wild.privatelink.azurecr.io                  60 A 10.0.9.2`,
);
const below = (label: string): DomainName => (label === '@' ? file.name : (`${label}.${file.name}` as DomainName));
/** `A 10.0.1.4,10.0.1.6 ttl 10`, `-> target`, `nodata`, `nxdomain`. */
function told(part: ZonePart, name: DomainName, type: string): string {
  const found = lookup(part, name, type);
  if (found.kind === 'answer')
    return `${found.records[0]?.type} ${found.records.map(({ data }) => (typeof data === 'string' ? data : (data as typeof SOA).mname)).join(',')} ttl ${found.records[0]?.ttlSeconds}`;
  return found.kind === 'alias' ? `-> ${found.record.data}` : found.kind;
}

for (const [name, type, expected] of [
  ['myregistry', 'A', 'A 10.0.1.4,10.0.1.6 ttl 10'],
  ['myregistry', 'AAAA', 'nodata'],
  ['myregistry.westeurope.data', 'A', 'A 10.0.1.5 ttl 10'],
  ['westeurope.data', 'A', 'nodata'],
  ['data', 'A', 'nodata'],
  ['other', 'A', 'nxdomain'],
  ['other', 'AAAA', 'nxdomain'],
  ['x.myregistry', 'A', 'nxdomain'],
  ['eastus.data', 'A', 'nxdomain'],
  ['@', 'A', 'nodata'],
  ['@', 'SOA', 'SOA azureprivatedns.net ttl 3600'],
  ['@', 'NS', 'nodata'],
  ['www', 'A', '-> myregistry.privatelink.azurecr.io'],
  ['www', 'AAAA', '-> myregistry.privatelink.azurecr.io'],
  ['www', 'CNAME', 'CNAME myregistry.privatelink.azurecr.io ttl 60'],
  ['any.wild', 'A', 'A 10.0.9.9 ttl 60'],
  ['any.wild', 'AAAA', 'nodata'],
  ['deep.any.wild', 'A', 'A 10.0.9.9 ttl 60'],
  ['host.wild', 'A', 'A 10.0.9.1 ttl 60'],
  ['x.host.wild', 'A', 'nxdomain'],
  ['sub.wild', 'A', 'nodata'],
  ['x.sub.wild', 'A', 'nxdomain'],
  ['wild', 'A', 'nodata'],
] as const)
  test(`${name} ${type}: ${expected}`, () => assert.equal(told(file, below(name), type), expected));

test('a synthesized record bears the name that was asked', () => {
  const found = lookup(file, below('any.wild'), 'A');
  assert.ok(found.kind === 'answer' && found.records[0]?.name === below('any.wild'));
});

test('a negative answer lives no longer than the minimum of the SOA, and the SOA record shows it', () => {
  const plain = lookup(file, below('other'), 'A');
  assert.ok(plain.kind === 'nxdomain');
  assert.deepEqual(
    [plain.soa.name, plain.soa.ttlSeconds, plain.soa.type === 'SOA' && plain.soa.data.mname],
    ['privatelink.azurecr.io', 10, 'azureprivatedns.net'],
  );
  const stated = lookup(zone('z.example', 'a.z.example 10 A 10.0.0.1', true), 'b.z.example' as DomainName, 'A');
  assert.ok(stated.kind === 'nxdomain' && stated.soa.ttlSeconds === 30 && stated.soa.type === 'SOA' && stated.soa.data.serial === 7);
  const asked = lookup(zone('z.example', 'a.z.example 10 A 10.0.0.1', true), 'z.example' as DomainName, 'SOA');
  assert.ok(asked.kind === 'answer' && asked.records[0]?.ttlSeconds === 900);
});

test('lookup ends for every name, also for one outside the zone', () => {
  const label = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 2 });
  const name = fc.array(label, { maxLength: 5 }).map((labels) => labels.join('.') as DomainName);
  fc.assert(
    fc.property(name, fc.array(name, { maxLength: 6 }), name, (apex, owners, asked) => {
      const records = new Map(
        owners.map((owner) => [
          (apex === '' ? owner : `${owner}.${apex}`) as DomainName,
          [{ type: 'A', ttlSeconds: 1, data: ['10.0.0.1'] }] as ZoneRecordSet[],
        ]),
      );
      const part = { key: '/z' as ResourceKey, name: apex, records };
      assert.ok(lookup(part, asked, 'A').kind);
      // Whatever lies above a name with records exists.
      for (const owner of records.keys())
        for (let above = owner as string; above !== '' && above !== apex && above.endsWith(apex); above = above.slice(above.indexOf('.') + 1)) {
          assert.notEqual(lookup(part, above as DomainName, 'A').kind, 'nxdomain');
          if (!above.includes('.')) break;
        }
    }),
    { numRuns: 500 },
  );
});
