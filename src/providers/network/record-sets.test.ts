/** Rules of record sets of every type, and what they make true of names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainName } from '#base/domain-name.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { ControlPlane, ZONE } from '../control-plane.fixture.ts';

async function furnished(): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(ZONE, { location: 'global' });
  return plane;
}

/** What DNS will tell of a name of the zone: `TYPE data`. */
function told(plane: ControlPlane, label: string): string[] {
  const name = (label === '@' ? 'privatelink.azurecr.io' : `${label}.privatelink.azurecr.io`) as DomainName;
  const sets = plane.snapshot.names.zones.get(plane.id(ZONE).toLowerCase() as ResourceKey)?.records.get(name) ?? [];
  return sets.flatMap(({ type, data }) => data.map((item) => `${type} ${typeof item === 'string' ? item : JSON.stringify(item)}`));
}

const samples: readonly [string, JsonObject, string][] = [
  ['A', { aRecords: [{ ipv4Address: '10.0.1.9' }] }, 'A 10.0.1.9'],
  ['AAAA', { aaaaRecords: [{ ipv6Address: 'FD00::1' }] }, 'AAAA FD00::1'],
  ['CNAME', { cnameRecord: { cname: 'Target.example.com.' } }, 'CNAME target.example.com'],
  ['MX', { mxRecords: [{ preference: 10, exchange: 'mail.example.com' }] }, 'MX {"preference":10,"exchange":"mail.example.com"}'],
  ['PTR', { ptrRecords: [{ ptrdname: 'host.example.com' }] }, 'PTR host.example.com'],
  [
    'SRV',
    { srvRecords: [{ priority: 1, weight: 2, port: 443, target: 'host.example.com' }] },
    'SRV {"priority":1,"weight":2,"port":443,"target":"host.example.com"}',
  ],
  ['TXT', { txtRecords: [{ value: ['a', 'b'] }] }, 'TXT ["a","b"]'],
];

for (const [kind, properties, answer] of samples)
  test(`a record set of type ${kind} is stored, shown with its whole name, and told by DNS (docs/sources.md#record-sets)`, async () => {
    const plane = await furnished();
    const path = `${ZONE}/${kind.toLowerCase()}/x`;
    const created = await plane.ask('PUT', path, { properties: { ...properties, ttl: 60, metadata: { by: 'hand' } } });
    assert.equal(created.status, 201, created.message);
    assert.equal(created.body.type, `Microsoft.Network/privateDnsZones/${kind}`);
    assert.deepEqual(created.body.properties, {
      metadata: { by: 'hand' },
      ttl: 60,
      ...properties,
      fqdn: 'x.privatelink.azurecr.io.',
      isAutoRegistered: false,
      provisioningState: 'Succeeded',
    });
    assert.deepEqual(told(plane, 'x'), [answer]);
    // Without records it stays, and answers nothing.
    const emptied = await plane.ask('PUT', path, { properties: { ttl: 60 } });
    assert.equal(emptied.status, 200);
    assert.deepEqual(emptied.body.properties.metadata, {});
    assert.deepEqual(told(plane, 'x'), []);
    assert.equal((await plane.ask('DELETE', path)).status, 200);
    assert.equal((await plane.get(path)).status, 404);
  });

test('values that no record can have are refused, each with its target', async () => {
  const plane = await furnished();
  const bad: readonly [string, JsonObject, string][] = [
    ['A', { aRecords: [{ ipv4Address: '10.0.0.256' }] }, 'properties.aRecords[0].ipv4Address'],
    ['AAAA', { aaaaRecords: [{ ipv6Address: '10.0.0.1' }] }, 'properties.aaaaRecords[0].ipv6Address'],
    ['AAAA', { aaaaRecords: [{ ipv6Address: 'fe80::1%eth0' }] }, 'properties.aaaaRecords[0].ipv6Address'],
    ['CNAME', { cnameRecord: { cname: 'not a name' } }, 'properties.cnameRecord.cname'],
    ['MX', { mxRecords: [{ preference: 65536, exchange: 'm.example.com' }] }, 'properties.mxRecords[0].preference'],
    ['SRV', { srvRecords: [{ priority: 1, weight: 1, port: -1, target: 'h.example.com' }] }, 'properties.srvRecords[0].port'],
    ['TXT', { txtRecords: [{ value: [] }] }, 'properties.txtRecords[0].value'],
    ['TXT', { txtRecords: [{ value: ['x'.repeat(256)] }] }, 'properties.txtRecords[0].value[0]'],
    ['TXT', { txtRecords: [{ value: Array(5).fill('x'.repeat(255)) }] }, 'properties.txtRecords[0].value'],
    ['PTR', { ttl: 0 }, 'properties.ttl'],
    ['PTR', { ttl: 2 ** 31 }, 'properties.ttl'],
    ['PTR', { ptrRecords: Array.from({ length: 21 }, (_, n) => ({ ptrdname: `n${n}.example.com` })) }, 'properties.ptrRecords'],
  ];
  for (const [kind, properties, target] of bad) {
    const answer = await plane.ask('PUT', `${ZONE}/${kind}/x`, { properties: { ttl: 60, ...properties } });
    assert.equal(answer.status, 400, `${kind} ${JSON.stringify(properties).slice(0, 80)}`);
    assert.equal(answer.body.error.target, target);
  }
  const twice = { properties: { ttl: 60, mxRecords: [10, 10].map((preference) => ({ preference, exchange: 'm.example.com' })) } };
  assert.deepEqual((await plane.ask('PUT', `${ZONE}/MX/x`, twice)).codes, ['DuplicateRecord']);
  for (const name of ['-x', 'x-', 'a..b', 'x'.repeat(64), 'a*b', '*x'])
    assert.equal((await plane.ask('PUT', `${ZONE}/TXT/${name}`, { properties: { ttl: 60 } })).status, 400, name);
});

test('a CNAME stands alone at its name and never at the apex (docs/sources.md#record-set-rules)', async () => {
  const plane = await furnished();
  const cname = { properties: { ttl: 60, cnameRecord: { cname: 'y.example.com' } } };
  await plane.put(`${ZONE}/TXT/x`, { properties: { ttl: 60, txtRecords: [{ value: ['t'] }] } });
  const beside = await plane.ask('PUT', `${ZONE}/CNAME/X`, cname);
  assert.deepEqual([beside.status, beside.codes], [409, ['Conflict']]);
  assert.match(beside.message, /^The CNAME record could not be created because another record with the same name already exists in this zone\./);
  await plane.put(`${ZONE}/CNAME/free`, cname);
  const other = await plane.ask('PUT', `${ZONE}/A/free`, { properties: { ttl: 60 } });
  assert.deepEqual([other.status, other.codes], [409, ['Conflict']]);
  assert.equal((await plane.ask('PUT', `${ZONE}/CNAME/free`, cname)).status, 200);
  assert.deepEqual((await plane.ask('PUT', `${ZONE}/CNAME/@`, cname)).codes, ['Conflict', 'BadRequest']);
});

test('the start of authority: its times may change, its host and its being may not, and the zone keeps them (docs/sources.md#record-set-rules)', async () => {
  const plane = await furnished();
  const soa = `${ZONE}/SOA/@`;
  const before = (await plane.get(soa)).body;
  assert.equal((await plane.ask('PUT', soa, { etag: before.etag, properties: { ttl: 600, soaRecord: { refreshTime: 7200 } } })).status, 200);
  const { soaRecord, ttl } = await plane.properties(soa);
  assert.deepEqual([ttl, soaRecord.refreshTime, soaRecord.minimumTtl, soaRecord.host], [600, 7200, 10, 'azureprivatedns.net']);
  assert.equal((await plane.ask('PUT', ZONE, { location: 'global', tags: { a: 'b' } })).status, 200);
  assert.equal((await plane.properties(soa)).soaRecord.refreshTime, 7200);
  assert.match(told(plane, '@').join(), /"refresh":7200/);
  assert.deepEqual((await plane.ask('PATCH', soa, { properties: { soaRecord: { host: 'other.example.com' } } })).codes, ['BadRequest']);
  assert.equal((await plane.ask('DELETE', soa)).status, 400);
  assert.equal((await plane.ask('DELETE', ZONE)).status, 200);
});

test('ALL lists every type, page by page and by the end of the name (docs/sources.md#record-sets)', async () => {
  const plane = await furnished();
  for (const [kind, properties] of samples) await plane.put(`${ZONE}/${kind}/${kind.toLowerCase()}-end`, { properties: { ...properties, ttl: 60 } });
  const names = async (query: string): Promise<string[]> => (await plane.get(`${ZONE}/${query}`)).body.value.map(({ name }: { name: string }) => name).sort();
  assert.equal((await names('ALL')).length, samples.length + 1);
  assert.deepEqual(await names('ALL?$recordsetnamesuffix=X-END'), ['mx-end']);
  assert.deepEqual(await names('TXT?$recordsetnamesuffix=nothing'), []);
  const page = (await plane.get(`${ZONE}/ALL?$top=3`)).body;
  assert.equal(page.value.length, 3);
  assert.match(page.nextLink, /skiptoken/);
});
