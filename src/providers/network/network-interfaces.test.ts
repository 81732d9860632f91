/** Rules of network interfaces. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceKey } from '#base/resource-id.ts';
import { ControlPlane, ENDPOINT, SUBNET } from '../control-plane.fixture.ts';

const NIC = 'Microsoft.Network/networkInterfaces/nic';

async function furnished(subnet?: string): Promise<{ plane: ControlPlane; nic(configurations: object[], location?: string): object }> {
  const plane = await ControlPlane.open();
  await plane.furnish(subnet === undefined ? {} : { subnet });
  return {
    plane,
    nic: (configurations, location = 'westeurope') => ({
      location,
      properties: {
        ipConfigurations: configurations.map((more, index) => ({ name: `ip${index}`, properties: { subnet: { id: plane.id(SUBNET) }, ...more } })),
      },
    }),
  };
}

const addresses = (body: { properties: { ipConfigurations: { properties: { privateIPAddress: string } }[] } }): string[] =>
  body.properties.ipConfigurations.map(({ properties }) => properties.privateIPAddress);

test('addresses are the lowest free ones, or the given ones, and stay', async () => {
  const { plane, nic } = await furnished();
  assert.deepEqual(addresses(await plane.put(NIC, nic([{}, { privateIPAllocationMethod: 'static', privateIPAddress: '10.0.1.4' }]))), ['10.0.1.5', '10.0.1.4']);
  assert.deepEqual(addresses(await plane.put(NIC, nic([{}, {}, {}]))), ['10.0.1.5', '10.0.1.4', '10.0.1.6']);
  // What a client sends for a Dynamic configuration is what it once read.
  assert.deepEqual(addresses(await plane.put(NIC, nic([{ privateIPAddress: '10.0.1.77' }]))), ['10.0.1.5']);
  const [first] = (await plane.properties(NIC)).ipConfigurations;
  assert.equal(first.properties.privateIPAllocationMethod, 'Dynamic');
  assert.equal(first.properties.primary, true);
});

test('an address that is taken, reserved or outside the subnet is refused', async () => {
  const { plane, nic } = await furnished();
  await plane.put(NIC, nic([{}]));
  const other = 'Microsoft.Network/networkInterfaces/other';
  for (const [privateIPAddress, code] of [
    ['10.0.1.4', 'PrivateIPAddressInUse'],
    ['10.0.1.3', 'PrivateIPAddressInReservedRange'],
    ['10.0.2.9', 'PrivateIPAddressNotInSubnet'],
  ] as const)
    assert.deepEqual((await plane.ask('PUT', other, nic([{ privateIPAllocationMethod: 'Static', privateIPAddress }]))).codes, [code]);
  assert.deepEqual((await plane.ask('PUT', other, nic([{ privateIPAllocationMethod: 'Static' }]))).codes, ['PrivateIPAddressMissing']);
  assert.equal((await plane.get(other)).status, 404);
});

test('a subnet keeps five addresses and tells when it is full (docs/sources.md#network-interface-faults)', async () => {
  const { plane, nic } = await furnished('10.0.1.0/29');
  await plane.put(NIC, nic([{}, {}, {}]));
  const answer = await plane.ask('PUT', 'Microsoft.Network/networkInterfaces/other', nic([{}]));
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.codes, ['SubnetIsFull']);
  assert.equal(answer.message, 'Subnet s with address prefix 10.0.1.0/29 does not have enough capacity for 1 IP addresses.');
});

test('the subnet exists, in the region of the interface (InvalidResourceReference)', async () => {
  const { plane, nic } = await furnished();
  const missing = { subnet: { id: `${plane.id(SUBNET)}x` } };
  for (const body of [nic([missing]), nic([{}], 'eastus')]) {
    const answer = await plane.ask('PUT', NIC, body);
    assert.deepEqual(answer.codes, ['InvalidResourceReference']);
    assert.match(answer.message, /was not found\. Please make sure that the referenced resource exists, and that both resources are in the same region\./);
  }
});

test('joining a subnet needs the right to it (LinkedAuthorizationFailed)', async () => {
  const { plane, nic } = await furnished();
  const principal = '22222222-2222-4222-8222-222222222222';
  await plane.put('Microsoft.Network/networkInterfaces/nic', nic([{}]));
  // Rights on the interface alone.
  const role = `${plane.subscription}/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7`;
  await plane.put(`${plane.id(NIC)}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111111`, {
    properties: { roleDefinitionId: role, principalId: principal },
  });
  const answer = await plane.ask('PUT', NIC, nic([{}, {}]), { as: principal });
  assert.equal(answer.status, 403);
  assert.match(
    answer.message,
    /does not have permission to perform action 'Microsoft\.Network\/virtualNetworks\/subnets\/join\/action' on the linked scope\(s\)/,
  );
});

test("a private endpoint's interface is not for clients (docs/sources.md#network-interface-faults)", async () => {
  const { plane } = await furnished();
  await plane.put(ENDPOINT, plane.endpointBody());
  const id = (await plane.properties(ENDPOINT)).networkInterfaces[0].id;
  const shown = (await plane.get(id)).body;
  for (const answer of [await plane.ask('PUT', id, { ...shown, tags: { a: 'b' } }), await plane.ask('DELETE', id)]) {
    assert.equal(answer.status, 409);
    assert.deepEqual(answer.codes, ['CannotModifyNicAttachedToPrivateEndpoint']);
  }
  const [configuration] = shown.properties.ipConfigurations;
  assert.deepEqual(configuration.properties.privateLinkConnectionProperties, {
    groupId: 'registry',
    requiredMemberName: 'registry',
    fqdns: ['myregistry.azurecr.io'],
  });
  assert.equal(shown.properties.privateEndpoint.id, plane.id(ENDPOINT));
});

test('facts name network, subnet and, for endpoints, the member', async () => {
  const { plane, nic } = await furnished();
  await plane.put(NIC, nic([{}]));
  await plane.put(ENDPOINT, plane.endpointBody());
  const network = plane.snapshot.networks.get(plane.id('Microsoft.Network/virtualNetworks/vnet-app').toLowerCase() as ResourceKey);
  assert.deepEqual(
    [...(network?.endpoints.values() ?? [])].map(({ address, member, fqdns }) => [address, member, fqdns]),
    [
      ['10.0.1.5', 'registry', ['myregistry.azurecr.io']],
      ['10.0.1.6', 'registry_data_westeurope', ['myregistry.westeurope.data.azurecr.io']],
    ],
  );
});
