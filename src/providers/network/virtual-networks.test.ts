/** Rules of virtual networks and their subnets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { ResourceKey } from '#base/resource-id.ts';
import { ControlPlane, ENDPOINT, NETWORK, SUBNET } from '../control-plane.fixture.ts';

const network = (prefixes: string[], more: object = {}) => ({ location: 'westeurope', properties: { addressSpace: { addressPrefixes: prefixes }, ...more } });
const subnet = (addressPrefix: string, more: object = {}) => ({ properties: { addressPrefix, ...more } });

async function furnished(): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  return plane;
}

test('subnets ride in the body of the network and are resources of their own (docs/sources.md#virtual-networks)', async () => {
  const plane = await furnished();
  assert.equal((await plane.properties(SUBNET)).addressPrefix, '10.0.1.0/24');
  await plane.put(`${NETWORK}/subnets/t`, subnet('10.0.2.0/24', { serviceEndpoints: [{ service: 'Microsoft.ContainerRegistry' }] }));
  const { subnets, virtualNetworkPeerings } = await plane.properties(NETWORK);
  assert.deepEqual(
    subnets.map((item: { name: string; id: string; properties: { addressPrefix: string; provisioningState: string } }) => [
      item.name,
      item.id,
      item.properties.addressPrefix,
      item.properties.provisioningState,
    ]),
    [
      ['s', plane.id(SUBNET), '10.0.1.0/24', 'Succeeded'],
      ['t', plane.id(`${NETWORK}/subnets/t`), '10.0.2.0/24', 'Succeeded'],
    ],
  );
  assert.deepEqual(virtualNetworkPeerings, []);
});

test('a network written without its subnets keeps them; written with a list, it has those', async () => {
  const plane = await furnished();
  await plane.put(NETWORK, network(['10.0.0.0/16', '10.1.0.0/16']));
  assert.equal((await plane.get(SUBNET)).status, 200);
  await plane.put(NETWORK, network(['10.0.0.0/16'], { subnets: [{ name: 'other', ...subnet('10.0.9.0/24') }] }));
  assert.equal((await plane.get(SUBNET)).status, 404);
  assert.equal((await plane.get(`${NETWORK}/subnets/other`)).status, 200);
});

test('the address space and the subnets inside it may move in one write', async () => {
  const plane = await furnished();
  await plane.put(NETWORK, network(['10.7.0.0/16'], { subnets: [{ name: 's', ...subnet('10.7.1.0/24') }] }));
  assert.equal((await plane.properties(SUBNET)).addressPrefix, '10.7.1.0/24');
});

test('a subnet in use is neither deleted nor dropped by its network (docs/sources.md#subnets)', async () => {
  const plane = await furnished();
  await plane.put(ENDPOINT, plane.endpointBody());
  const nic = (await plane.properties(ENDPOINT)).networkInterfaces[0].id;
  const configurations = (await plane.properties(nic)).ipConfigurations.map((item: { name: string }) => `${nic}/ipConfigurations/${item.name}`);
  assert.match(configurations[0], /\/networkInterfaces\/pe\.nic\.[0-9a-f-]{36}\/ipConfigurations\/privateEndpointIpConfig\.[0-9a-f-]{36}$/);
  const text = `Subnet s is in use by ${configurations.join(', ')} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.`;
  for (const answer of [
    await plane.ask('DELETE', SUBNET),
    await plane.ask('DELETE', NETWORK),
    await plane.ask('PUT', NETWORK, network(['10.0.0.0/16'], { subnets: [] })),
  ]) {
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.codes, ['InUseSubnetCannotBeDeleted']);
    assert.ok(answer.message.includes(text), answer.message);
  }
  assert.equal((await plane.get(SUBNET)).status, 200);
  const moved = await plane.ask('PUT', SUBNET, subnet('10.0.3.0/24'));
  assert.deepEqual(moved.codes, ['InUsePrefixCannotBeDeleted']);
});

test('subnets lie inside the address space, apart from each other, and are no smaller than /29 (docs/sources.md#subnets)', async () => {
  const plane = await furnished();
  const refusal = async (prefix: string): Promise<readonly string[]> => (await plane.ask('PUT', `${NETWORK}/subnets/t`, subnet(prefix))).codes;
  const outside = await plane.ask('PUT', `${NETWORK}/subnets/t`, subnet('10.9.0.0/24'));
  assert.match(outside.message, /^Subnet 't' is not valid in virtual network 'vnet-app'\./);
  assert.deepEqual(outside.codes, ['NetcfgInvalidSubnet']);
  assert.deepEqual(await refusal('10.0.1.128/25'), ['NetcfgSubnetRangesOverlap']);
  assert.deepEqual(await refusal('10.0.0.0/16'), ['NetcfgSubnetRangesOverlap']);
  assert.deepEqual(await refusal('10.0.2.0/30'), ['NetcfgInvalidSubnet']);
  assert.deepEqual(await refusal('10.0.2.1/24'), ['InvalidParameter']);
  assert.deepEqual(await refusal('10.0.2.0/29'), []);
  assert.equal((await plane.get(`${NETWORK}/subnets/t`)).status, 200);
  const shrunk = await plane.ask('PUT', NETWORK, network(['10.0.1.0/25']));
  assert.deepEqual(shrunk.codes, ['NetcfgInvalidSubnet', 'NetcfgInvalidSubnet']);
});

test('a newer client writes addressPrefixes for addressPrefix', async () => {
  const plane = await furnished();
  await plane.put(`${NETWORK}/subnets/t`, { properties: { addressPrefixes: ['10.0.2.0/24'] } });
  assert.equal((await plane.properties(`${NETWORK}/subnets/t`)).addressPrefix, '10.0.2.0/24');
});

test('all problems of an address space are told at once, each with its target', async () => {
  const plane = await furnished();
  const answer = await plane.ask('PUT', 'Microsoft.Network/virtualNetworks/v', network(['10.0.0.0/16', '10.0.128.0/17', '203.0.113.0/25', '10.2.0.0/30']));
  assert.deepEqual([...answer.codes].sort(), ['AddressPrefixNotAllowed', 'AddressPrefixesOverlap', 'InvalidAddressPrefix'].sort());
  const targets = answer.body.error.details.map((detail: { target: string }) => detail.target);
  assert.deepEqual(
    [1, 2, 3].map((index) => targets.includes(`properties.addressSpace.addressPrefixes[${index}]`)),
    [true, true, true],
  );
  assert.equal((await plane.get('Microsoft.Network/virtualNetworks/v')).status, 404);
  assert.equal((await plane.ask('PUT', 'Microsoft.Network/virtualNetworks/v', network(['168.63.0.0/16']))).status, 400);
});

test('problems of inline subnets carry the target seen from the network', async () => {
  const plane = await furnished();
  const answer = await plane.ask(
    'PUT',
    'Microsoft.Network/virtualNetworks/v',
    network(['10.5.0.0/16'], { subnets: [{ name: 'a', ...subnet('10.6.0.0/24') }] }),
  );
  assert.match(JSON.stringify(answer.body.error), /properties\.subnets\[0\]\.properties\.addressPrefix/);
});

test('each network has a public egress address of its own, for good; a deleted one gives it back', async () => {
  const plane = await furnished();
  const egress = (name: string) =>
    plane.snapshot.networks.get(plane.id(`Microsoft.Network/virtualNetworks/${name}`).toLowerCase() as ResourceKey)?.egressAddress as string | undefined;
  await plane.put('Microsoft.Network/virtualNetworks/vnet-b', network(['10.0.0.0/16']));
  assert.equal(egress('vnet-app'), '203.0.113.1');
  assert.equal(egress('vnet-b'), '203.0.113.2');
  await plane.put(NETWORK, network(['10.0.0.0/16', '10.3.0.0/16']));
  assert.equal(egress('vnet-app'), '203.0.113.1');
  await plane.ask('DELETE', NETWORK);
  await plane.put('Microsoft.Network/virtualNetworks/vnet-c', network(['10.0.0.0/16']));
  assert.equal(egress('vnet-c'), '203.0.113.1');
});

test('settings that do not act yet say so', async () => {
  const plane = await furnished();
  const answer = await plane.ask(
    'PUT',
    SUBNET,
    subnet('10.0.1.0/24', { serviceEndpoints: [{ service: 'Microsoft.ContainerRegistry' }], privateEndpointNetworkPolicies: 'enabled' }),
  );
  assert.equal(answer.body.properties.privateEndpointNetworkPolicies, 'Enabled');
  assert.match(String(answer.headers.warning), /serviceEndpoints.*privateEndpointNetworkPolicies/);
  const dns = await plane.ask('PUT', NETWORK, network(['10.0.0.0/16'], { dhcpOptions: { dnsServers: ['10.0.1.4'] } }));
  assert.match(String(dns.headers.warning), /dhcpOptions\.dnsServers/);
});

test('a network takes its zone links along (docs/sources.md#zone-links)', async () => {
  const plane = await furnished();
  await plane.put('Microsoft.Network/privateDnsZones/a.example', { location: 'global' });
  const link = 'Microsoft.Network/privateDnsZones/a.example/virtualNetworkLinks/l';
  await plane.put(link, { location: 'global', properties: { virtualNetwork: { id: plane.id(NETWORK) } } });
  assert.equal((await plane.ask('DELETE', NETWORK)).status, 200);
  assert.equal((await plane.get(link)).status, 404);
});

test('whether an address is free, and which are (docs/sources.md#address-availability)', async () => {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(ENDPOINT, plane.endpointBody());
  const ask = async (ipAddress: string) => (await plane.get(`${NETWORK}/CheckIPAddressAvailability?ipAddress=${ipAddress}`)).body;
  const free = ['10.0.1.6', '10.0.1.7', '10.0.1.8', '10.0.1.9', '10.0.1.10'];
  assert.deepEqual(await ask('10.0.1.50'), { available: true, availableIPAddresses: [], isPlatformReserved: false });
  assert.deepEqual(await ask('10.0.1.4'), { available: false, availableIPAddresses: free, isPlatformReserved: false });
  assert.deepEqual(await ask('10.0.1.1'), { available: false, availableIPAddresses: free, isPlatformReserved: true });
  assert.deepEqual(await ask('10.0.0.0'), { available: false, availableIPAddresses: free, isPlatformReserved: false });
  assert.equal((await plane.get(`${NETWORK}/CheckIPAddressAvailability`)).status, 400);
});

test('service endpoints are shown with their regions and state (docs/sources.md#service-endpoints)', async () => {
  const plane = await ControlPlane.open();
  await plane.furnish();
  const written = await plane.put(SUBNET, { properties: { addressPrefix: '10.0.1.0/24', serviceEndpoints: [{ service: 'Microsoft.ContainerRegistry' }] } });
  const shown = [{ service: 'Microsoft.ContainerRegistry', locations: ['*'], provisioningState: 'Succeeded' }];
  assert.deepEqual(written.properties.serviceEndpoints, shown);
  // What was read is written back.
  assert.deepEqual((await plane.put(SUBNET, written)).properties.serviceEndpoints, shown);
});

test('longer lists than of subnets are refused at once, and long ones let others have their turns', async () => {
  const plane = await furnished();
  const subnets = (count: number): object => ({
    subnets: Array.from({ length: count }, (_, index) => ({ name: `s${index}`, ...subnet(`10.${index >> 8}.${index & 255}.0/24`) })),
  });
  const many = `${NETWORK}-many`;
  const prefixes = Array.from({ length: 60_000 }, (_, index) => `10.${index >> 8}.${index & 255}.0/29`);
  for (const body of [network(['10.0.0.0/8'], subnets(3001)), network(prefixes), network(['10.0.0.0/8'], { dhcpOptions: { dnsServers: prefixes } })]) {
    const answer = await plane.ask('PUT', many, body);
    assert.deepEqual([answer.status, answer.codes], [400, ['InvalidRequestContent']]);
    assert.match(answer.message, /3000 are taken at most/);
  }
  let written = false;
  const write = plane.ask('PUT', many, network(['10.0.0.0/8'], subnets(100))).then(({ status }) => {
    written = true;
    return status;
  });
  let turns = 0;
  for (; !written; turns++) await setImmediate();
  assert.equal(await write, 201);
  assert.ok(turns >= 100, `the event loop turned ${turns} times while it was written`);
});
