/** Rules of private DNS zones, their links and record sets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainName } from '#base/domain-name.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { ControlPlane, NETWORK, ZONE } from '../control-plane.fixture.ts';

async function furnished(): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(ZONE, { location: 'global' });
  return plane;
}

const zone = (name: string): string => `Microsoft.Network/privateDnsZones/${name}`;
const link = (plane: ControlPlane, more: object = {}, network = NETWORK) => ({
  location: 'global',
  properties: { virtualNetwork: { id: plane.id(network) }, ...more },
});

test('zone names have 2 to 34 labels (docs/sources.md#private-dns-zones)', async () => {
  const plane = await furnished();
  const labels = (count: number): string => Array.from({ length: count }, () => 'a').join('.');
  assert.equal((await plane.ask('PUT', zone('single'), { location: 'global' })).status, 400);
  assert.equal((await plane.ask('PUT', zone(labels(35)), { location: 'global' })).status, 400);
  assert.equal((await plane.ask('PUT', zone(labels(34)), { location: 'global' })).status, 201);
  assert.equal((await plane.ask('PUT', zone(labels(2)), { location: 'global' })).status, 201);
  assert.equal((await plane.ask('PUT', zone('-bad.example'), { location: 'global' })).status, 400);
});

test('a fresh zone has one record set, its start of authority (docs/sources.md#zone-soa)', async () => {
  const plane = await furnished();
  const shown = await plane.properties(ZONE);
  assert.equal(shown.numberOfRecordSets, 1);
  assert.equal(shown.numberOfVirtualNetworkLinks, 0);
  assert.equal(shown.maxNumberOfRecordSets, 25_000);
  const soa = await plane.get(`${ZONE}/SOA/@`);
  assert.equal(soa.body.properties.fqdn, 'privatelink.azurecr.io.');
  assert.equal(soa.body.properties.ttl, 3600);
  assert.deepEqual(soa.body.properties.soaRecord, {
    host: 'azureprivatedns.net',
    email: 'azureprivatedns-host.microsoft.com',
    serialNumber: 1,
    refreshTime: 3600,
    retryTime: 300,
    expireTime: 2419200,
    minimumTtl: 10,
  });
  const part = plane.snapshot.names.zones.get(plane.id(ZONE).toLowerCase() as ResourceKey);
  const [start] = part?.records.get('privatelink.azurecr.io' as DomainName) ?? [];
  assert.deepEqual(start?.data, [
    { mname: 'azureprivatedns.net', rname: 'azureprivatedns-host.microsoft.com', serial: 1, refresh: 3600, retry: 300, expire: 2419200, minimum: 10 },
  ]);
});

test('If-None-Match: * refuses a second creation, as az sends it (docs/sources.md#record-sets)', async () => {
  const plane = await furnished();
  const answer = await plane.ask('PUT', ZONE, { location: 'global' }, { headers: { 'if-none-match': '*' } });
  assert.equal(answer.status, 412);
  assert.deepEqual(answer.codes, ['PreconditionFailed']);
});

test('one link for a zone and a network, and one zone of a name for a network (docs/sources.md#zone-links)', async () => {
  const plane = await furnished();
  const first = await plane.put(`${ZONE}/virtualNetworkLinks/l`, link(plane));
  assert.equal(first.properties.virtualNetworkLinkState, 'Completed');
  const again = await plane.ask('PUT', `${ZONE}/virtualNetworkLinks/m`, link(plane));
  assert.equal(again.status, 409);
  assert.equal(again.message, `Private zone 'privatelink.azurecr.io' is already linked to the virtual network '${plane.id(NETWORK)}'.`);

  await plane.put(`${plane.subscription}/resourceGroups/other`, { location: 'westeurope' });
  const twin = `${plane.subscription}/resourceGroups/other/providers/${ZONE}`;
  await plane.put(twin, { location: 'global' });
  const overlapping = await plane.ask('PUT', `${twin}/virtualNetworkLinks/l`, link(plane));
  assert.equal(overlapping.status, 400);
  assert.equal(
    overlapping.message,
    "A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link virtual network with 'privatelink.azurecr.io' and 'privatelink.azurecr.io' zones.",
  );
  // A child zone is another zone.
  await plane.put(zone('west.privatelink.azurecr.io'), { location: 'global' });
  await plane.put(`${zone('west.privatelink.azurecr.io')}/virtualNetworkLinks/l`, link(plane));
});

test('a link names a network that exists, for good; what does not act says so', async () => {
  const plane = await furnished();
  assert.deepEqual((await plane.ask('PUT', `${ZONE}/virtualNetworkLinks/l`, link(plane, {}, `${NETWORK}x`))).codes, ['InvalidResourceReference']);
  await plane.put(`${ZONE}/virtualNetworkLinks/l`, link(plane));
  await plane.put(`${NETWORK}2`, { location: 'westeurope', properties: { addressSpace: { addressPrefixes: ['10.2.0.0/16'] } } });
  const moved = await plane.ask('PUT', `${ZONE}/virtualNetworkLinks/l`, link(plane, {}, `${NETWORK}2`));
  assert.ok(moved.status === 400 || moved.status === 409);
  const fallback = await plane.ask('PUT', `${ZONE}/virtualNetworkLinks/l`, link(plane, { registrationEnabled: true, resolutionPolicy: 'nxdomainredirect' }));
  assert.equal(fallback.body.properties.resolutionPolicy, 'NxDomainRedirect');
  assert.match(String(fallback.headers.warning), /registrationEnabled.*resolutionPolicy/);
  assert.equal((await plane.properties(ZONE)).numberOfVirtualNetworkLinksWithRegistration, 1);
  await plane.put(zone('plain.example'), { location: 'global' });
  assert.equal((await plane.ask('PUT', `${zone('plain.example')}/virtualNetworkLinks/l`, link(plane, { resolutionPolicy: 'NxDomainRedirect' }))).status, 400);
});

test('a zone with links is not deleted (docs/sources.md#private-dns-zones)', async () => {
  const plane = await furnished();
  await plane.put(`${ZONE}/virtualNetworkLinks/l`, link(plane));
  const answer = await plane.ask('DELETE', ZONE);
  assert.equal(answer.status, 409);
  assert.deepEqual(answer.codes, ['CannotDeleteResource']);
  assert.equal(
    answer.message,
    "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: 'Microsoft.Network/privateDnsZones/privatelink.azurecr.io/virtualNetworkLinks/l'. Please delete all nested resources before deleting this resource.",
  );
  await plane.ask('DELETE', `${ZONE}/virtualNetworkLinks/l`);
  await plane.put(`${ZONE}/A/x`, { properties: { ttl: 60, aRecords: [{ ipv4Address: '10.0.0.9' }] } });
  assert.equal((await plane.ask('DELETE', ZONE)).status, 200);
  assert.equal(plane.snapshot.names.zones.size, 0);
});

test('A record sets: paths in any casing, full names with a trailing dot, listed alone and with all (docs/sources.md#record-sets)', async () => {
  const plane = await furnished();
  const shown = await plane.put(`${ZONE}/a/reg.eastus.data`, { properties: { ttl: 300, aRecords: [{ ipv4Address: '10.0.0.9' }] } });
  assert.equal(shown.type, 'Microsoft.Network/privateDnsZones/A');
  assert.equal(shown.id, plane.id(`${ZONE}/A/reg.eastus.data`));
  assert.equal(shown.properties.fqdn, 'reg.eastus.data.privatelink.azurecr.io.');
  assert.equal(shown.properties.isAutoRegistered, false);
  await plane.put(`${ZONE}/A/@`, { properties: { ttl: 5, aRecords: [{ ipv4Address: '10.0.0.1' }] } });
  const names = async (list: string) =>
    (await plane.get(`${ZONE}/${list}`)).body.value.map(({ type, name }: { type: string; name: string }) => `${type.split('/')[2]} ${name}`);
  assert.deepEqual((await names('a')).sort(), ['A @', 'A reg.eastus.data']);
  assert.deepEqual((await names('ALL')).sort(), ['A @', 'A reg.eastus.data', 'SOA @']);
  const part = plane.snapshot.names.zones.get(plane.id(ZONE).toLowerCase() as ResourceKey);
  assert.deepEqual(
    part?.records.get('privatelink.azurecr.io' as DomainName)?.map(({ type }) => type),
    ['A', 'SOA'],
  );
});

test('limits of A record sets: ttl, 20 records, addresses, no address twice (docs/sources.md#private-dns-zones)', async () => {
  const plane = await furnished();
  const records = (count: number) => Array.from({ length: count }, (_, index) => ({ ipv4Address: `10.0.3.${index}` }));
  const codes = async (properties: object) => (await plane.ask('PUT', `${ZONE}/A/x`, { properties })).codes;
  assert.deepEqual(await codes({ ttl: 0, aRecords: records(1) }), ['InvalidParameter']);
  assert.deepEqual(await codes({ ttl: 2 ** 31, aRecords: records(1) }), ['InvalidParameter']);
  assert.deepEqual(await codes({ ttl: 1, aRecords: records(21) }), ['InvalidParameter']);
  assert.deepEqual(await codes({ ttl: 1, aRecords: [{ ipv4Address: '10.0.0.256' }] }), ['InvalidParameter']);
  assert.deepEqual(await codes({ ttl: 1, aRecords: [...records(1), ...records(1)] }), ['DuplicateRecord']);
  assert.deepEqual(await codes({ ttl: 2 ** 31 - 1, aRecords: records(20) }), []);
  assert.equal((await plane.ask('PUT', `${ZONE}/A/${'x'.repeat(64)}`, { properties: { ttl: 1 } })).status, 400);
  // Kept by `--keep-empty-record-set`: stored, and no answer.
  assert.deepEqual(await codes({ ttl: 1 }), []);
  assert.equal(plane.snapshot.names.zones.get(plane.id(ZONE).toLowerCase() as ResourceKey)?.records.has('x.privatelink.azurecr.io' as DomainName), false);
});

test("a record set's etag in the body is a condition (docs/sources.md#record-sets)", async () => {
  const plane = await furnished();
  const { etag } = await plane.put(`${ZONE}/A/x`, { properties: { ttl: 60 } });
  assert.equal((await plane.ask('PUT', `${ZONE}/A/x`, { etag, properties: { ttl: 61 } })).status, 200);
  assert.equal((await plane.ask('PUT', `${ZONE}/A/x`, { etag, properties: { ttl: 62 } })).status, 412);
});
