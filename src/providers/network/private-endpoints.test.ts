/** Rules of private endpoints and their zone groups. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceKey } from '#base/resource-id.ts';
import { ControlPlane, ENDPOINT, REGISTRY, SUBNET, ZONE } from '../control-plane.fixture.ts';

async function furnished(options: { sku?: string; subnet?: string } = {}): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish(options);
  return plane;
}

const GUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';

test('the shape of an approved endpoint: interface, connection on both sides, custom DNS (docs/sources.md#endpoint-shape)', async () => {
  const plane = await furnished();
  const shown = await plane.put(ENDPOINT, plane.endpointBody());
  const { properties } = shown;
  assert.match(properties.networkInterfaces[0].id, new RegExp(`/Microsoft.Network/networkInterfaces/pe\\.nic\\.${GUID}$`));
  const state = { status: 'Approved', description: 'Auto-Approved', actionsRequired: 'None' };
  const [connection] = properties.privateLinkServiceConnections;
  assert.equal(connection.id, `${shown.id}/privateLinkServiceConnections/c`);
  assert.deepEqual(connection.properties.privateLinkServiceConnectionState, state);
  assert.deepEqual(connection.properties.groupIds, ['registry']);
  assert.deepEqual(properties.manualPrivateLinkServiceConnections, []);
  assert.deepEqual(properties.customDnsConfigs, [
    { fqdn: 'myregistry.azurecr.io', ipAddresses: ['10.0.1.4'] },
    { fqdn: 'myregistry.westeurope.data.azurecr.io', ipAddresses: ['10.0.1.5'] },
  ]);
  const [theirs] = (await plane.get(`${REGISTRY}/privateEndpointConnections`)).body.value;
  assert.match(theirs.name, new RegExp(`^pe\\.${GUID}$`));
  assert.deepEqual(theirs.properties.privateLinkServiceConnectionState, state);
  assert.equal(theirs.properties.privateEndpoint.id, shown.id);
  assert.deepEqual((await plane.properties(REGISTRY)).privateEndpointConnections[0].id, theirs.id);
});

test('a manual request is Pending with its message and shows no names until it is approved (docs/sources.md#connection-states)', async () => {
  const plane = await furnished();
  const { properties } = await plane.put(ENDPOINT, plane.endpointBody({ manual: true, message: 'please' }));
  assert.deepEqual(properties.privateLinkServiceConnections, []);
  assert.deepEqual(properties.manualPrivateLinkServiceConnections[0].properties.privateLinkServiceConnectionState, {
    status: 'Pending',
    description: 'please',
    actionsRequired: 'None',
  });
  assert.deepEqual(properties.customDnsConfigs, []);
  assert.equal(properties.networkInterfaces.length, 1);
  await plane.put(await plane.connection(), { properties: { privateLinkServiceConnectionState: { status: 'approved', description: 'ok' } } });
  assert.equal((await plane.properties(ENDPOINT)).customDnsConfigs.length, 2);
  const long = await plane.ask('PUT', `${ENDPOINT}2`, plane.endpointBody({ manual: true, message: 'x'.repeat(141) }));
  assert.deepEqual(long.codes, ['InvalidParameter']);
});

test('an automatic request needs the right to approve at the registry; a manual one does not (docs/sources.md#linked-authorization)', async () => {
  const plane = await furnished();
  const principal = '22222222-2222-4222-8222-222222222222';
  const group = `${plane.subscription}/resourceGroups/rg`;
  await plane.put(`${group}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111111`, {
    properties: { roleDefinitionId: '/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7', principalId: principal },
  });
  const answer = await plane.ask('PUT', ENDPOINT, plane.endpointBody(), { as: principal });
  assert.equal(answer.status, 403);
  assert.deepEqual(answer.codes, ['LinkedAuthorizationFailed']);
  assert.equal(
    answer.message,
    `The client '${principal}' with object id '${principal}' has permission to perform action 'Microsoft.Network/privateEndpoints/write' on scope '${plane.id(ENDPOINT)}'; however, it does not have permission to perform action 'PrivateEndpointConnectionsApproval/action' on the linked scope(s) '${plane.id(REGISTRY)}' or the linked scope(s) are invalid.`,
  );
  const manual = await plane.ask('PUT', ENDPOINT, plane.endpointBody({ manual: true }), { as: principal });
  assert.equal(manual.status, 201, manual.message);
});

test('only Premium registries, which exist, are reached, in the group registry (docs/sources.md#tier-faults)', async () => {
  const plane = await furnished({ sku: 'Standard' });
  const answer = await plane.ask('PUT', ENDPOINT, plane.endpointBody());
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.codes, ['PrivateEndpointNotSupported']);
  assert.equal(answer.message, 'The requested feature private endpoint connection is not supported for the SKU Standard.');

  const target = (privateLinkServiceId: string, groupIds: string[]) => ({
    location: 'westeurope',
    properties: { subnet: { id: plane.id(SUBNET) }, privateLinkServiceConnections: [{ name: 'c', properties: { privateLinkServiceId, groupIds } }] },
  });
  assert.deepEqual((await plane.ask('PUT', ENDPOINT, target(`${plane.id(REGISTRY)}x`, ['registry']))).codes, ['InvalidPrivateLinkServiceId']);
  assert.deepEqual((await plane.ask('PUT', ENDPOINT, target(plane.id(SUBNET), ['registry']))).codes, ['InvalidPrivateLinkServiceId']);
  await plane.put(REGISTRY, { location: 'westeurope', sku: { name: 'Premium' } });
  assert.deepEqual((await plane.ask('PUT', ENDPOINT, target(plane.id(REGISTRY), []))).codes, ['InvalidGroupId']);
  assert.deepEqual((await plane.ask('PUT', ENDPOINT, target(plane.id(REGISTRY), ['blob']))).codes, ['InvalidGroupId']);
  const none = await plane.ask('PUT', ENDPOINT, { location: 'westeurope', properties: { subnet: { id: plane.id(SUBNET) } } });
  assert.deepEqual(none.codes, ['PrivateEndpointMustHaveOneConnection']);
  // All objections at once.
  const both = await plane.ask('PUT', ENDPOINT, {
    ...plane.endpointBody({ subnet: `${SUBNET}x` }),
    properties: { ...target(plane.id(REGISTRY), ['blob']).properties, subnet: { id: `${plane.id(SUBNET)}x` } },
  });
  assert.deepEqual(both.codes, ['InvalidGroupId', 'InvalidResourceReference']);
  assert.equal((await plane.get(ENDPOINT)).status, 404);
});

test('an endpoint lies in the region of its network; the registry may be elsewhere (docs/sources.md#endpoint-placement)', async () => {
  const plane = await furnished();
  const elsewhere = await plane.ask('PUT', ENDPOINT, { ...plane.endpointBody(), location: 'eastus' });
  assert.deepEqual(elsewhere.codes, ['InvalidResourceReference']);
  assert.match(elsewhere.message, /Private endpoint 'pe' is in region eastus, the network in westeurope: both must be in the same\./);
  await plane.put('Microsoft.ContainerRegistry/registries/farregistry', { location: 'Japan East', sku: { name: 'Premium' } });
  await plane.put(ENDPOINT, {
    location: 'westeurope',
    properties: {
      subnet: { id: plane.id(SUBNET) },
      privateLinkServiceConnections: [
        { name: 'c', properties: { privateLinkServiceId: plane.id('Microsoft.ContainerRegistry/registries/farregistry'), groupIds: ['registry'] } },
      ],
    },
  });
  assert.equal((await plane.properties(ENDPOINT)).customDnsConfigs[1].fqdn, 'farregistry.japaneast.data.azurecr.io');
});

test('a registry has 200 endpoints, or as many as its operator says (docs/sources.md#endpoint-limit)', async () => {
  const plane = await furnished();
  const set = await plane.ask('POST', `${REGISTRY}/setPrivateEndpointLimit`, { limit: 2 });
  assert.equal(set.status, 200, set.message);
  await plane.put(ENDPOINT, plane.endpointBody());
  await plane.put(`${ENDPOINT}2`, plane.endpointBody());
  const third = await plane.ask('PUT', `${ENDPOINT}3`, plane.endpointBody());
  assert.deepEqual(third.codes, ['QuotaExceeded']);
  assert.match(third.message, /^Quota exceeded for resource type privateEndpointConnections for the registry SKU Premium/);
  // Not a limit on rewriting what stands.
  assert.equal((await plane.ask('PUT', ENDPOINT, plane.endpointBody())).status, 200);
  await plane.ask('DELETE', `${ENDPOINT}2`);
  await plane.put(`${ENDPOINT}3`, plane.endpointBody());
  const usages = (await plane.get(`${REGISTRY}/listUsages`)).body.value;
  assert.deepEqual(
    usages.find(({ name }: { name: string }) => name === 'PrivateEndpointConnections'),
    { name: 'PrivateEndpointConnections', limit: 2, currentValue: 2, unit: 'Count' },
  );
  assert.equal((await plane.ask('POST', `${REGISTRY}/setPrivateEndpointLimit`, { limit: -1 })).status, 400);
});

test('without room for every member nothing is made, and the subnet is named (SubnetIsFull)', async () => {
  const plane = await furnished({ subnet: '10.0.1.0/29' });
  await plane.put(ENDPOINT, plane.endpointBody());
  const answer = await plane.ask('PUT', `${ENDPOINT}2`, plane.endpointBody());
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.codes, ['SubnetIsFull']);
  assert.equal(answer.message, 'Subnet s with address prefix 10.0.1.0/29 does not have enough capacity for 2 IP addresses.');
  assert.equal((await plane.get(`${ENDPOINT}2`)).status, 404);
  assert.equal((await plane.get(`${REGISTRY}/privateEndpointConnections`)).body.value.length, 1);
});

test('static addresses: one for each member, and kept (docs/sources.md#static-addresses)', async () => {
  const plane = await furnished();
  const configuration = (memberName: string, privateIPAddress: string) => ({
    name: `for-${memberName}`,
    properties: { groupId: 'registry', memberName, privateIPAddress },
  });
  const some = await plane.ask('PUT', ENDPOINT, plane.endpointBody({ more: { ipConfigurations: [configuration('registry', '10.0.1.50')] } }));
  assert.deepEqual(some.codes, ['PrivateEndpointIpConfigurationMissingMemberNamesRequiredByFps']);
  assert.match(some.message, /\[GroupId: registry, MemberName: registry_data_westeurope, IpVersion: IPv4\]/);
  const all = [configuration('registry', '10.0.1.50'), configuration('registry_data_westeurope', '10.0.1.40')];
  const odd = await plane.ask('PUT', ENDPOINT, plane.endpointBody({ more: { ipConfigurations: [...all, configuration('blob', '10.0.1.40')] } }));
  assert.deepEqual(odd.codes, ['PrivateIPAddressInUse', 'InvalidMemberName']);
  await plane.put(ENDPOINT, plane.endpointBody({ more: { ipConfigurations: all, customNetworkInterfaceName: 'own-nic' } }));
  const nic = await plane.properties('Microsoft.Network/networkInterfaces/own-nic');
  const read = (shown: typeof nic) =>
    shown.ipConfigurations.map((item: { name: string; properties: { privateIPAddress: string; privateIPAllocationMethod: string } }) => [
      item.name,
      item.properties.privateIPAddress,
      item.properties.privateIPAllocationMethod,
    ]);
  assert.deepEqual(read(nic), [
    ['for-registry', '10.0.1.50', 'Static'],
    ['for-registry_data_westeurope', '10.0.1.40', 'Static'],
  ]);
  // They may be exchanged: what the endpoint holds is its own.
  const swapped = [configuration('registry', '10.0.1.40'), configuration('registry_data_westeurope', '10.0.1.50')];
  await plane.put(ENDPOINT, plane.endpointBody({ more: { ipConfigurations: swapped, customNetworkInterfaceName: 'own-nic' } }));
  assert.equal((await plane.properties(ENDPOINT)).customDnsConfigs[0].ipAddresses[0], '10.0.1.40');
  const taken = await plane.ask('PUT', `${ENDPOINT}2`, plane.endpointBody({ more: { customNetworkInterfaceName: 'own-nic' } }));
  assert.deepEqual(taken.codes, ['CustomNetworkInterfaceNameInUse']);
});

test('what an endpoint is bound to does not change; names and addresses stay over rewrites', async () => {
  const plane = await furnished();
  await plane.put(`${SUBNET}2`, { properties: { addressPrefix: '10.0.2.0/24' } });
  await plane.put('Microsoft.ContainerRegistry/registries/another', { location: 'westeurope', sku: { name: 'Premium' } });
  await plane.put(ENDPOINT, plane.endpointBody());
  const before = await plane.properties(ENDPOINT);
  const nic = (await plane.get(before.networkInterfaces[0].id)).body;
  const connection = await plane.connection();

  const moved = await plane.ask('PUT', ENDPOINT, plane.endpointBody({ subnet: `${SUBNET}2` }));
  assert.ok(moved.status === 409 || moved.status === 400, String(moved.status));
  const other = plane.endpointBody() as { properties: { privateLinkServiceConnections: { properties: { privateLinkServiceId: string } }[] } };
  other.properties.privateLinkServiceConnections[0]!.properties.privateLinkServiceId = plane.id('Microsoft.ContainerRegistry/registries/another');
  assert.deepEqual((await plane.ask('PUT', ENDPOINT, other)).codes, ['PropertyChangeNotAllowed']);
  assert.deepEqual((await plane.ask('PUT', ENDPOINT, plane.endpointBody({ manual: true }))).codes, ['PropertyChangeNotAllowed']);

  await plane.put(connection, { properties: { privateLinkServiceConnectionState: { status: 'Rejected', description: 'no' } } });
  await plane.put(ENDPOINT, { ...plane.endpointBody(), tags: { team: 'a' } });
  assert.equal(await plane.connection(), connection);
  assert.deepEqual((await plane.get(nic.id)).body.properties, nic.properties);
  // The registry's word survives the endpoint's rewrite.
  assert.equal((await plane.properties(connection)).privateLinkServiceConnectionState.description, 'no');
});

test('a connection that the registry removed leaves its endpoint Disconnected for good (docs/sources.md#connection-states)', async () => {
  const plane = await furnished();
  await plane.put(ENDPOINT, plane.endpointBody());
  const connection = await plane.connection();
  assert.equal((await plane.ask('DELETE', connection)).status, 200);
  assert.equal((await plane.ask('DELETE', connection)).status, 204);
  const state = async () => (await plane.properties(ENDPOINT)).privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status;
  assert.equal(await state(), 'Disconnected');
  assert.equal((await plane.ask('PUT', ENDPOINT, { ...plane.endpointBody(), tags: { again: 'yes' } })).status, 200);
  assert.equal(await state(), 'Disconnected');
  assert.deepEqual((await plane.get(`${REGISTRY}/privateEndpointConnections`)).body.value, []);
  assert.equal((await plane.properties(ENDPOINT)).customDnsConfigs.length, 2);
  const back = await plane.ask('PUT', connection, { properties: { privateLinkServiceConnectionState: { status: 'Approved' } } });
  assert.ok(back.status >= 400);
  // The registry is free to go; the endpoint stays writable and deletable.
  assert.equal((await plane.ask('DELETE', REGISTRY)).status, 200);
  assert.equal((await plane.ask('PUT', ENDPOINT, plane.endpointBody())).status, 200);
  // A new registry of the old name is another registry: nothing of the endpoint follows it.
  const [nic] = (await plane.properties(ENDPOINT)).networkInterfaces;
  const before = (await plane.get(nic.id)).body.properties;
  await plane.put(REGISTRY, { location: 'eastus', sku: { name: 'Premium' } });
  assert.equal((await plane.ask('PUT', ENDPOINT, { ...plane.endpointBody(), tags: { once: 'more' } })).status, 200);
  assert.deepEqual((await plane.get(nic.id)).body.properties, before);
  assert.equal(await state(), 'Disconnected');
  assert.equal((await plane.ask('DELETE', ENDPOINT)).status, 200);
  assert.equal((await plane.get(nic.id)).status, 404);
});

test('deleting an endpoint takes its interface, its connection and its zone group along', async () => {
  const plane = await furnished();
  await plane.put(ZONE, { location: 'global' });
  await plane.put(ENDPOINT, plane.endpointBody());
  const group = `${ENDPOINT}/privateDnsZoneGroups/zg`;
  await plane.put(group, { properties: { privateDnsZoneConfigs: [{ name: 'acr', properties: { privateDnsZoneId: plane.id(ZONE) } }] } });
  const [nic] = (await plane.properties(ENDPOINT)).networkInterfaces;
  const connection = await plane.connection();
  assert.equal((await plane.get(`${ZONE}/A/myregistry`)).status, 200);
  assert.equal((await plane.ask('DELETE', ENDPOINT)).status, 200);
  for (const path of [nic.id, connection, group, `${ZONE}/A/myregistry`, `${ZONE}/A/myregistry.westeurope.data`])
    assert.equal((await plane.get(path)).status, 404, path);
});

const zones = (plane: ControlPlane, ...names: string[]) => ({
  properties: {
    privateDnsZoneConfigs: names.map((name, index) => ({
      name: `z${index}`,
      properties: { privateDnsZoneId: plane.id(`Microsoft.Network/privateDnsZones/${name}`) },
    })),
  },
});

test('a zone group writes records of TTL 10 with their creator, and takes the names over from the endpoint (docs/sources.md#zone-group-records)', async () => {
  const plane = await furnished();
  await plane.put(ZONE, { location: 'global' });
  await plane.put(ENDPOINT, plane.endpointBody());
  const group = `${ENDPOINT}/privateDnsZoneGroups/zg`;
  const shown = await plane.put(group, zones(plane, 'privatelink.azurecr.io'));
  assert.deepEqual(shown.properties.privateDnsZoneConfigs[0].properties.recordSets, [
    {
      recordType: 'A',
      recordSetName: 'myregistry',
      fqdn: 'myregistry.privatelink.azurecr.io',
      ttl: 10,
      ipAddresses: ['10.0.1.4'],
      provisioningState: 'Succeeded',
    },
    {
      recordType: 'A',
      recordSetName: 'myregistry.westeurope.data',
      fqdn: 'myregistry.westeurope.data.privatelink.azurecr.io',
      ttl: 10,
      ipAddresses: ['10.0.1.5'],
      provisioningState: 'Succeeded',
    },
  ]);
  const { resourceGuid, customDnsConfigs } = await plane.properties(ENDPOINT);
  assert.deepEqual(customDnsConfigs, []);
  const record = await plane.properties(`${ZONE}/a/myregistry`);
  assert.equal(record.ttl, 10);
  assert.deepEqual(record.metadata, { creator: `created by private endpoint pe with resource guid ${resourceGuid}` });
  await plane.ask('DELETE', group);
  assert.equal((await plane.get(`${ZONE}/A/myregistry`)).status, 404);
  assert.equal((await plane.properties(ENDPOINT)).customDnsConfigs.length, 2);
});

test('names and records come with the first approval and stay through Rejected and Disconnected (docs/sources.md#names-after-rejection)', async () => {
  const plane = await furnished();
  await plane.put(ZONE, { location: 'global' });
  await plane.put(ENDPOINT, plane.endpointBody({ manual: true }));
  const group = `${ENDPOINT}/privateDnsZoneGroups/zg`;
  await plane.put(group, zones(plane, 'privatelink.azurecr.io'));
  const connection = await plane.connection();
  const set = (status: string) => plane.put(connection, { properties: { privateLinkServiceConnectionState: { status } } });
  const seen = async () => [
    (await plane.get(`${ZONE}/A/myregistry`)).status,
    (await plane.get(`${ZONE}/A/myregistry.westeurope.data`)).status,
    (await plane.properties(group)).privateDnsZoneConfigs[0].properties.recordSets.length,
    plane.snapshot.registries.get(plane.id(REGISTRY).toLowerCase() as ResourceKey)?.approvedOnce,
  ];
  const [none, all] = [
    [404, 404, 0, false],
    [200, 200, 2, true],
  ];
  assert.deepEqual(await seen(), none, 'Pending');
  await set('Rejected');
  assert.deepEqual(await seen(), none, 'never Approved');
  await set('Approved');
  assert.deepEqual(await seen(), all, 'Approved');
  await set('Rejected');
  assert.deepEqual(await seen(), all, 'Rejected');
  // The memory survives rewrites of all three, and serves a group that is made anew.
  await plane.put(ENDPOINT, { ...plane.endpointBody({ manual: true }), tags: { a: 'b' } });
  await plane.put(connection, { properties: { privateLinkServiceConnectionState: { status: 'Rejected', description: 'still' } } });
  await plane.ask('DELETE', group);
  assert.equal((await plane.get(`${ZONE}/A/myregistry`)).status, 404);
  assert.equal((await plane.properties(ENDPOINT)).customDnsConfigs.length, 2);
  await plane.put(group, zones(plane, 'privatelink.azurecr.io'));
  assert.deepEqual(await seen(), all, 'a new group');
  await plane.ask('DELETE', connection);
  // The zone keeps its records; on the public side nothing is left of the connection.
  assert.deepEqual(await seen(), [200, 200, 2, false], 'Disconnected');
  await plane.put(ENDPOINT, { ...plane.endpointBody({ manual: true }), tags: { c: 'd' } });
  assert.deepEqual(await seen(), [200, 200, 2, false], 'rewritten');
  await plane.ask('DELETE', ENDPOINT);
  assert.equal((await plane.get(`${ZONE}/A/myregistry`)).status, 404);
});

test('a connection that was removed before it was ever Approved leaves no names', async () => {
  const plane = await furnished();
  await plane.put(ENDPOINT, plane.endpointBody({ manual: true }));
  await plane.ask('DELETE', await plane.connection());
  assert.deepEqual((await plane.properties(ENDPOINT)).customDnsConfigs, []);
});

test('one group an endpoint, five zones a group, no two of a name, all existing (docs/sources.md#zone-groups)', async () => {
  const plane = await furnished();
  await plane.put(ENDPOINT, plane.endpointBody());
  const group = `${ENDPOINT}/privateDnsZoneGroups/zg`;
  for (const name of ['a.x', 'b.x', 'c.x', 'd.x', 'e.x', 'f.x']) await plane.put(`Microsoft.Network/privateDnsZones/${name}`, { location: 'global' });
  assert.deepEqual((await plane.ask('PUT', group, zones(plane, 'missing.x'))).codes, ['InvalidResourceReference']);
  assert.deepEqual((await plane.ask('PUT', group, zones(plane, 'a.x', 'A.x'))).codes, ['DuplicateResourceName']);
  assert.deepEqual((await plane.ask('PUT', group, zones(plane, 'a.x', 'b.x', 'c.x', 'd.x', 'e.x', 'f.x'))).codes, ['InvalidParameter']);
  await plane.put(group, zones(plane, 'a.x', 'b.x', 'c.x', 'd.x', 'e.x'));
  const second = await plane.ask('PUT', `${ENDPOINT}/privateDnsZoneGroups/second`, zones(plane, 'a.x'));
  assert.deepEqual(second.codes, ['MoreThanOnePrivateDnsZoneGroupPerPrivateEndpointNotAllowed']);
  assert.match(second.message, /Cannot create more than one private dns zone groups in the private endpoint/);
  // Zones that leave the group lose their records.
  assert.equal((await plane.get('Microsoft.Network/privateDnsZones/b.x/A/myregistry')).status, 200);
  await plane.put(group, zones(plane, 'a.x'));
  assert.equal((await plane.get('Microsoft.Network/privateDnsZones/b.x/A/myregistry')).status, 404);
});

test('a zone that is deleted and made again gets its records back', async () => {
  const plane = await furnished();
  await plane.put(ZONE, { location: 'global' });
  await plane.put(ENDPOINT, plane.endpointBody());
  const group = `${ENDPOINT}/privateDnsZoneGroups/zg`;
  await plane.put(group, zones(plane, 'privatelink.azurecr.io'));
  assert.equal((await plane.ask('DELETE', ZONE)).status, 200);
  assert.deepEqual((await plane.properties(group)).privateDnsZoneConfigs[0].properties.recordSets, []);
  assert.equal((await plane.ask('PUT', group, zones(plane, 'privatelink.azurecr.io'))).status, 200);
  await plane.put(ZONE, { location: 'global' });
  assert.equal((await plane.get(`${ZONE}/A/myregistry`)).status, 200);
});

test('a zone that only changes brings no record back: those who write to it are not asked', async () => {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(ZONE, { location: 'global' });
  await plane.put(ENDPOINT, plane.endpointBody());
  await plane.put(`${ENDPOINT}/privateDnsZoneGroups/zg`, {
    properties: { privateDnsZoneConfigs: [{ name: 'acr', properties: { privateDnsZoneId: plane.id(ZONE) } }] },
  });
  const record = `${ZONE}/A/myregistry`;
  assert.equal((await plane.ask('DELETE', record)).status, 200);
  await plane.ask('PATCH', ZONE, { tags: { a: 'b' } });
  assert.equal((await plane.get(record)).status, 404);
  assert.deepEqual([(await plane.properties(ZONE)).numberOfRecordSets, (await plane.properties(ZONE)).numberOfVirtualNetworkLinks], [2, 0]);
});
