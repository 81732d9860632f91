/** Rules of replications, and what a new region does to the private endpoints of its registry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceKey } from '#base/resource-id.ts';
import { ControlPlane, ENDPOINT, NETWORK, REGISTRY, SUBNET, ZONE } from '../control-plane.fixture.ts';

const replica = (region: string): string => `${REGISTRY}/replications/${region}`;
const at = (location: string, properties: object = {}) => ({ location, properties });

async function furnished(options: { sku?: string; subnet?: string } = {}): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish(options);
  return plane;
}

const part = (plane: ControlPlane) => plane.snapshot.registries.get(plane.id(REGISTRY).toLowerCase() as ResourceKey);
/** Member -> address, as the endpoint's interface has them. */
async function members(plane: ControlPlane, endpoint = ENDPOINT): Promise<Record<string, string>> {
  const [nic] = (await plane.properties(endpoint)).networkInterfaces;
  const { ipConfigurations } = await plane.properties(nic.id);
  return Object.fromEntries(
    ipConfigurations.map((item: { properties: { privateIPAddress: string; privateLinkConnectionProperties: { requiredMemberName: string } } }) => [
      item.properties.privateLinkConnectionProperties.requiredMemberName,
      item.properties.privateIPAddress,
    ]),
  );
}
/** Address -> state, as listeners see them. */
const states = (plane: ControlPlane): Record<string, string> =>
  Object.fromEntries([...(plane.snapshot.networks.get(plane.id(NETWORK).toLowerCase() as ResourceKey)?.endpoints ?? [])].map(([a, { state }]) => [a, state]));
const zoneGroup = (plane: ControlPlane) => ({ properties: { privateDnsZoneConfigs: [{ name: 'acr', properties: { privateDnsZoneId: plane.id(ZONE) } }] } });

test('the home region is a replication, shown with its status, and is not deleted (docs/sources.md#replications)', async () => {
  const plane = await furnished();
  const { value } = (await plane.get(`${REGISTRY}/replications`)).body;
  assert.equal(value.length, 1);
  assert.equal(value[0].name, 'westeurope');
  assert.equal(value[0].location, 'westeurope');
  assert.equal(value[0].type, 'Microsoft.ContainerRegistry/registries/replications');
  assert.deepEqual(value[0].properties, {
    provisioningState: 'Succeeded',
    status: { displayStatus: 'Ready', message: 'The replication is ready.', timestamp: '2026-01-01T00:00:00.000Z' },
    regionEndpointEnabled: true,
    zoneRedundancy: 'Disabled',
  });
  const deletion = await plane.ask('DELETE', replica('westeurope'));
  assert.deepEqual([deletion.status, deletion.codes], [400, ['HomeReplicationCannotBeDeleted']]);
  // A PUT of it is taken as any other, and what was set survives a rewrite of the registry.
  await plane.put(replica('westeurope'), at('westeurope', { regionEndpointEnabled: false }));
  await plane.ask('PATCH', REGISTRY, { tags: { a: 'b' } });
  assert.equal((await plane.properties(replica('westeurope'))).regionEndpointEnabled, false);
});

test('a replication is named after its region, in whatever way the region is written (docs/sources.md#replications)', async () => {
  const plane = await furnished();
  const answer = await plane.ask('PUT', replica('eastus'), at('East US'));
  assert.equal(answer.status, 201, answer.message);
  assert.equal(answer.body.location, 'eastus');
  assert.deepEqual((await plane.ask('PUT', replica('other'), at('westus'))).codes, ['InvalidReplicationName']);
  assert.deepEqual((await plane.ask('PUT', replica('atlantis'), at('atlantis'))).codes, ['LocationNotAvailableForResourceType']);
  assert.deepEqual(part(plane)?.regions, ['westeurope', 'eastus']);
  assert.deepEqual((await plane.properties(REGISTRY)).dataEndpointHostNames, []);
  await plane.ask('PATCH', REGISTRY, { properties: { dataEndpointEnabled: true } });
  assert.deepEqual((await plane.properties(REGISTRY)).dataEndpointHostNames, ['myregistry.westeurope.data.azurecr.io', 'myregistry.eastus.data.azurecr.io']);
  // The home region counts (docs/sources.md#registry-usages).
  const usages = (await plane.get(`${REGISTRY}/listUsages`)).body.value;
  assert.equal(usages.find(({ name }: { name: string }) => name === 'Geo-replications').currentValue, 2);
});

test('replications are for Premium (docs/sources.md#tier-faults)', async () => {
  const plane = await furnished({ sku: 'Standard' });
  const answer = await plane.ask('PUT', replica('eastus'), at('eastus'));
  assert.equal(answer.status, 400);
  assert.equal(answer.message, 'The requested feature geo-replication is not supported for the SKU Standard.');
  assert.deepEqual((await plane.get(`${REGISTRY}/replications`)).body.value, []);
  await plane.ask('PATCH', REGISTRY, { sku: { name: 'Premium' } });
  assert.equal((await plane.get(`${REGISTRY}/replications`)).body.value.length, 1);
  await plane.put(replica('eastus'), at('eastus'));
});

test('zone redundancy is stored for each replica and fixed; the global endpoint is switched by PATCH (docs/sources.md#replications)', async () => {
  const plane = await furnished();
  await plane.put(replica('eastus'), at('eastus', { zoneRedundancy: 'enabled' }));
  assert.equal((await plane.properties(replica('eastus'))).zoneRedundancy, 'Enabled');
  const fixed = await plane.ask('PATCH', replica('eastus'), { properties: { zoneRedundancy: 'Disabled' } });
  assert.deepEqual([fixed.status, fixed.codes], [409, ['PropertyChangeNotAllowed']]);
  const patched = await plane.ask('PATCH', replica('eastus'), { properties: { regionEndpointEnabled: false } });
  assert.equal(patched.status, 200, patched.message);
  assert.deepEqual([patched.body.properties.regionEndpointEnabled, patched.body.properties.zoneRedundancy], [false, 'Enabled']);
  // Global routing leads to a region whose endpoint is on.
  assert.equal(part(plane)?.loginRegion, 'westeurope');
  await plane.ask('PATCH', replica('westeurope'), { properties: { regionEndpointEnabled: false } });
  assert.equal(part(plane)?.loginRegion, 'westeurope');
  await plane.ask('PATCH', replica('eastus'), { properties: { regionEndpointEnabled: true } });
  assert.equal(part(plane)?.loginRegion, 'eastus');
});

test('a zone-redundant registry has a zone-redundant home replica', async () => {
  const plane = await furnished();
  await plane.put('Microsoft.ContainerRegistry/registries/other', {
    location: 'westeurope',
    sku: { name: 'Premium' },
    properties: { zoneRedundancy: 'Enabled' },
  });
  assert.equal((await plane.properties('Microsoft.ContainerRegistry/registries/other/replications/westeurope')).zoneRedundancy, 'Enabled');
});

test('a new region gives every endpoint an address, a member, a name and a record, and takes them along (docs/sources.md#replica-endpoints)', async () => {
  const plane = await furnished();
  await plane.put(ZONE, { location: 'global' });
  await plane.put(ENDPOINT, plane.endpointBody());
  await plane.put(`${ENDPOINT}2`, plane.endpointBody());
  await plane.put(`${ENDPOINT}/privateDnsZoneGroups/zg`, zoneGroup(plane));
  await plane.put(replica('eastus'), at('eastus'));
  assert.deepEqual(await members(plane), { registry: '10.0.1.4', registry_data_westeurope: '10.0.1.5', registry_data_eastus: '10.0.1.8' });
  assert.deepEqual(await members(plane, `${ENDPOINT}2`), { registry: '10.0.1.6', registry_data_westeurope: '10.0.1.7', registry_data_eastus: '10.0.1.9' });
  assert.deepEqual((await plane.properties(`${ENDPOINT}2`)).customDnsConfigs.at(-1), {
    fqdn: 'myregistry.eastus.data.azurecr.io',
    ipAddresses: ['10.0.1.9'],
  });
  assert.deepEqual((await plane.properties(`${ZONE}/A/myregistry.eastus.data`)).aRecords, [{ ipv4Address: '10.0.1.8' }]);
  const group = (await plane.get(`${REGISTRY}/privateLinkResources/registry`)).body;
  assert.deepEqual(group.properties.requiredMembers, ['registry', 'registry_data_westeurope', 'registry_data_eastus']);
  // Automatic requests stay Approved, the new member with them.
  assert.deepEqual(new Set(Object.values(states(plane))), new Set(['Approved']));
  assert.equal(part(plane)?.dataHosts.get('eastus'), 'myregistry.eastus.data.azurecr.io');

  assert.equal((await plane.ask('DELETE', replica('eastus'))).status, 200);
  assert.deepEqual(await members(plane), { registry: '10.0.1.4', registry_data_westeurope: '10.0.1.5' });
  assert.equal((await plane.get(`${ZONE}/A/myregistry.eastus.data`)).status, 404);
  assert.equal(states(plane)['10.0.1.8'], undefined);
  assert.equal(part(plane)?.dataHosts.get('eastus'), undefined);
  // At once again: in Azure that fails now and then, which nobody needs (Azure/azure-rest-api-specs#18934).
  await plane.put(replica('eastus'), at('eastus'));
  assert.equal((await members(plane)).registry_data_eastus, '10.0.1.8');
});

test('every subnet that is too small is named, with what it has and needs, and nothing happens (docs/sources.md#replica-endpoints)', async () => {
  const plane = await furnished({ subnet: '10.0.1.0/29' });
  await plane.put(`${SUBNET}2`, { properties: { addressPrefix: '10.0.2.0/29' } });
  await plane.put(`${SUBNET}3`, { properties: { addressPrefix: '10.0.3.0/24' } });
  await plane.put(replica('northeurope'), at('northeurope'));
  for (const suffix of ['', '2', '3']) await plane.put(`${ENDPOINT}${suffix}`, plane.endpointBody({ subnet: `${SUBNET}${suffix}` }));
  const before = await members(plane, `${ENDPOINT}3`);
  const answer = await plane.ask('PUT', replica('eastus'), at('eastus'));
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.codes, ['SubnetIsFull', 'SubnetIsFull']);
  assert.match(answer.message, /subnets\/s with address prefix 10\.0\.1\.0\/29 does not have enough capacity for 1 IP addresses: 0 of its 3 are free.*: pe\./);
  assert.match(answer.message, /subnets\/s2 with .* pe2\./);
  assert.doesNotMatch(answer.message, /pe3/);
  assert.equal((await plane.get(replica('eastus'))).status, 404);
  assert.deepEqual(await members(plane, `${ENDPOINT}3`), before);
  assert.deepEqual(part(plane)?.regions, ['westeurope', 'northeurope']);
});

test('every endpoint with static addresses is named (docs/sources.md#static-addresses)', async () => {
  const plane = await furnished();
  const fixed = (memberName: string, privateIPAddress: string) => ({ name: memberName, properties: { groupId: 'registry', memberName, privateIPAddress } });
  const two = (last: number) => [fixed('registry', `10.0.1.${last}`), fixed('registry_data_westeurope', `10.0.1.${last + 1}`)];
  await plane.put(ENDPOINT, plane.endpointBody({ more: { ipConfigurations: two(50) } }));
  await plane.put(`${ENDPOINT}2`, plane.endpointBody({ more: { ipConfigurations: two(60) } }));
  await plane.put(`${ENDPOINT}3`, plane.endpointBody());
  const answer = await plane.ask('PUT', replica('eastus'), at('eastus'));
  const code = 'PrivateEndpointIpConfigurationMissingMemberNamesRequiredByFps';
  assert.deepEqual(answer.codes, [code, code]);
  assert.ok(
    answer.message.includes(
      `Failed to replicate private endpoint. Private Endpoint ${plane.id(ENDPOINT)} contains static ipconfigurations: [registry, registry_data_westeurope] and it's missing these membernames/groupids requested by Private Link service [GroupId: registry, MemberName: registry_data_eastus, IpVersion: IPv4]. Private Endpoint needs to be reconfigured with missing memberNames.`,
    ),
    answer.message,
  );
  // Reconfigured in advance, they make room for the region.
  for (const [suffix, last] of [
    ['', 50],
    ['2', 60],
  ] as const)
    await plane.put(
      `${ENDPOINT}${suffix}`,
      plane.endpointBody({ more: { ipConfigurations: [...two(last), fixed('registry_data_eastus', `10.0.1.${last + 2}`)] } }),
    );
  await plane.put(replica('eastus'), at('eastus'));
  assert.equal((await members(plane)).registry_data_eastus, '10.0.1.52');
});

test('a new region needs privateLinkServiceProxies/write at every endpoint, and says at which (docs/sources.md#replica-endpoints)', async () => {
  const plane = await furnished();
  const principal = '22222222-2222-4222-8222-222222222222';
  const group = `${plane.subscription}/resourceGroups/rg`;
  const assign = (guid: string, scope: string) =>
    plane.put(`${scope}/providers/Microsoft.Authorization/roleAssignments/${guid}`, {
      properties: { roleDefinitionId: '/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c', principalId: principal },
    });
  await assign('11111111-1111-4111-8111-111111111111', plane.id(REGISTRY));
  await plane.put(ENDPOINT, plane.endpointBody());
  await plane.put(`${ENDPOINT}2`, plane.endpointBody());
  await assign('11111111-1111-4111-8111-111111111112', plane.id(`${ENDPOINT}2`));
  // Of a subnet that is too small, as of all else about such an endpoint, the caller hears nothing.
  await plane.put(`${SUBNET}2`, { properties: { addressPrefix: '10.0.2.0/29' } });
  await plane.put(replica('northeurope'), at('northeurope'));
  await plane.put(`${ENDPOINT}3`, plane.endpointBody({ subnet: `${SUBNET}2` }));
  const answer = await plane.ask('PUT', replica('eastus'), at('eastus'), { as: principal });
  assert.equal(answer.status, 403);
  await plane.ask('DELETE', `${ENDPOINT}3`);
  assert.deepEqual(answer.codes, ['LinkedAuthorizationFailed']);
  assert.ok(
    answer.message.includes(
      `it does not have permission to perform action 'Microsoft.Network/privateEndpoints/privateLinkServiceProxies/write' on the linked scope(s) '${plane.id(ENDPOINT)}, ${plane.id(`${ENDPOINT}3`)}'`,
    ),
    answer.message,
  );
  await assign('11111111-1111-4111-8111-111111111113', `${group}/providers/${ENDPOINT}`);
  assert.equal((await plane.ask('PUT', replica('eastus'), at('eastus'), { as: principal })).status, 201);
});

test('a manual connection is Pending again for the new member only: what was approved serves on (docs/sources.md#replica-connections)', async () => {
  const plane = await furnished();
  await plane.put(ENDPOINT, plane.endpointBody({ manual: true }));
  const connection = await plane.connection();
  const say = (status: string, description: string) => plane.put(connection, { properties: { privateLinkServiceConnectionState: { status, description } } });
  const shown = async () => (await plane.properties(connection)).privateLinkServiceConnectionState;
  await say('Approved', 'by hand');
  await plane.put(replica('eastus'), at('eastus'));
  const { status, description } = await shown();
  assert.equal(status, 'Pending');
  assert.match(description, /eastus/);
  assert.deepEqual((await plane.properties(ENDPOINT)).manualPrivateLinkServiceConnections[0].properties.privateLinkServiceConnectionState, await shown());
  assert.deepEqual(states(plane), { '10.0.1.4': 'Approved', '10.0.1.5': 'Approved', '10.0.1.6': 'Pending' });
  // Neither a rewrite of the endpoint nor one more region loses what was approved.
  await plane.put(ENDPOINT, { ...plane.endpointBody({ manual: true }), tags: { a: 'b' } });
  await plane.put(replica('northeurope'), at('northeurope'));
  assert.match((await shown()).description, /eastus, northeurope/);
  assert.deepEqual(states(plane), { '10.0.1.4': 'Approved', '10.0.1.5': 'Approved', '10.0.1.6': 'Pending', '10.0.1.7': 'Pending' });
  await say('Approved', 'again');
  assert.deepEqual(new Set(Object.values(states(plane))), new Set(['Approved']));
  assert.deepEqual(await shown(), { status: 'Approved', description: 'again', actionsRequired: 'None' });
});

test('a region that goes before it was approved takes its question along; a rejection ends everything', async () => {
  const plane = await furnished();
  await plane.put(ENDPOINT, plane.endpointBody({ manual: true, message: 'please' }));
  const connection = await plane.connection();
  const say = (status: string) => plane.put(connection, { properties: { privateLinkServiceConnectionState: { status, description: 'by hand' } } });
  const shown = async () => (await plane.properties(connection)).privateLinkServiceConnectionState;
  // One that was never approved has nothing to keep.
  await plane.put(replica('eastus'), at('eastus'));
  assert.deepEqual(await shown(), { status: 'Pending', description: 'please', actionsRequired: 'None' });
  assert.deepEqual(new Set(Object.values(states(plane))), new Set(['Pending']));
  await say('Approved');
  await plane.put(replica('northeurope'), at('northeurope'));
  await plane.ask('DELETE', replica('northeurope'));
  assert.deepEqual(await shown(), { status: 'Approved', description: 'by hand', actionsRequired: 'None' });
  await plane.put(replica('northeurope'), at('northeurope'));
  // What was approved of a region goes with it, also while another one waits.
  await say('Approved');
  await plane.put(replica('westus2'), at('westus2'));
  await plane.ask('DELETE', replica('northeurope'));
  await plane.put(replica('northeurope'), at('northeurope'));
  assert.equal(Object.values(states(plane)).filter((state) => state === 'Pending').length, 2);
  await say('Rejected');
  assert.deepEqual(new Set(Object.values(states(plane))), new Set(['Rejected']));
  await plane.put(replica('westus'), at('westus'));
  assert.equal((await shown()).status, 'Rejected');
});

test('an endpoint whose connection the registry removed gets nothing of a new region', async () => {
  const plane = await furnished();
  await plane.put(ENDPOINT, plane.endpointBody());
  await plane.ask('DELETE', await plane.connection());
  await plane.put(replica('eastus'), at('eastus'));
  assert.deepEqual(Object.keys(await members(plane)), ['registry', 'registry_data_westeurope']);
});

test('a registry goes with its replications', async () => {
  const plane = await furnished();
  await plane.put(replica('eastus'), at('eastus'));
  assert.equal((await plane.ask('DELETE', REGISTRY)).status, 200);
  assert.equal((await plane.get(replica('eastus'))).status, 404);
  assert.equal(plane.snapshot.names.hosts.size, 0);
});
