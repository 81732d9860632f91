/** What a resource refers to: without the right to it nobody is told whether it is there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPlane, NETWORK, REGISTRY, ZONE } from './control-plane.fixture.ts';

const CONTRIBUTOR = '/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c';
const SOMEBODY = '00000000-0000-4000-8000-00000000cccc';
const GROUP = 'Microsoft.Network/networkSecurityGroups/guard';
const ROUTES = 'Microsoft.Network/routeTables/ways';
const NIC = 'Microsoft.Network/networkInterfaces/nic';
const IDENTITY = 'Microsoft.ManagedIdentity/userAssignedIdentities/who';

// docs/sources.md#linked-authorization
test('who has no right to what a body names is answered the same whether it is there or not, and makes nothing of it', async () => {
  const plane = await ControlPlane.open();
  await plane.furnish();
  const west = { location: 'westeurope' };
  const interfaceIn = (subnet: string, more: object = {}): object => ({
    ...west,
    properties: { ipConfigurations: [{ name: 'ip', properties: { subnet: { id: subnet } } }], ...more },
  });
  for (const [path, body] of [
    [GROUP, { ...west, properties: {} }],
    [ROUTES, { ...west, properties: {} }],
    [NIC, interfaceIn(plane.id(`${NETWORK}/subnets/s`))],
    [IDENTITY, west],
    [ZONE, { location: 'global' }],
  ] as const)
    await plane.put(path, body);

  // Contributor of another group, with a network, a registry and an endpoint there.
  const mine = `${plane.subscription}/resourceGroups/mine`;
  const own = (path: string): string => `${mine}/providers/${path}`;
  await plane.put(mine, west);
  await plane.put(`${mine}/providers/Microsoft.Authorization/roleAssignments/${SOMEBODY}`, {
    properties: { roleDefinitionId: CONTRIBUTOR, principalId: SOMEBODY, principalType: 'ServicePrincipal' },
  });
  const subnet = own('Microsoft.Network/virtualNetworks/own/subnets/s');
  await plane.put(own('Microsoft.Network/virtualNetworks/own'), {
    ...west,
    properties: { addressSpace: { addressPrefixes: ['10.7.0.0/16'] }, subnets: [{ name: 's', properties: { addressPrefix: '10.7.1.0/24' } }] },
  });
  await plane.put(own(REGISTRY.replace('MyRegistry', 'mine1')), { ...west, sku: { name: 'Premium' } });
  await plane.put(own(ZONE), { location: 'global' });
  await plane.put(own('Microsoft.Network/networkInterfaces/nic'), interfaceIn(subnet));
  const endpoint = (place: string, registry: string): object => ({
    ...west,
    properties: {
      subnet: { id: place },
      privateLinkServiceConnections: [{ name: 'c', properties: { privateLinkServiceId: registry, groupIds: ['registry'] } }],
    },
  });
  const ownRegistry = own(REGISTRY.replace('MyRegistry', 'mine1'));
  await plane.put(own('Microsoft.Network/privateEndpoints/pe'), endpoint(subnet, ownRegistry));
  const machine = (nic: string, identity?: string): object => ({
    ...west,
    ...(identity === undefined ? {} : { identity: { type: 'UserAssigned', userAssignedIdentities: { [identity]: {} } } }),
    properties: { networkProfile: { networkInterfaces: [{ id: nic }] } },
  });

  const cases: readonly [path: string, named: string, body: (id: string) => object][] = [
    [`${own(ZONE)}/virtualNetworkLinks/link`, NETWORK, (id) => ({ location: 'global', properties: { virtualNetwork: { id } } })],
    [own('Microsoft.Network/networkInterfaces/new'), `${NETWORK}/subnets/s`, (id) => interfaceIn(id)],
    [own('Microsoft.Network/networkInterfaces/new'), GROUP, (id) => interfaceIn(subnet, { networkSecurityGroup: { id } })],
    [subnet, GROUP, (id) => ({ properties: { addressPrefix: '10.7.1.0/24', networkSecurityGroup: { id } } })],
    [subnet, ROUTES, (id) => ({ properties: { addressPrefix: '10.7.1.0/24', routeTable: { id } } })],
    [own('Microsoft.Compute/virtualMachines/vm'), NIC, (id) => machine(id)],
    [own('Microsoft.Compute/virtualMachines/vm'), IDENTITY, (id) => machine(own(NIC), id)],
    [own('Microsoft.Network/virtualNetworks/own/virtualNetworkPeerings/p'), NETWORK, (id) => ({ properties: { remoteVirtualNetwork: { id } } })],
    [own('Microsoft.Network/privateEndpoints/new'), `${NETWORK}/subnets/s`, (id) => endpoint(id, ownRegistry)],
    [own('Microsoft.Network/privateEndpoints/new'), REGISTRY, (id) => endpoint(subnet, id)],
    [
      own('Microsoft.Network/privateEndpoints/pe/privateDnsZoneGroups/default'),
      ZONE,
      (id) => ({ properties: { privateDnsZoneConfigs: [{ name: 'acr', properties: { privateDnsZoneId: id } }] } }),
    ],
  ];
  const before = plane.store.revision;
  for (const [path, named, body] of cases) {
    // A zone's name is its own: the absent one is of another group.
    const absent = named === ZONE ? plane.id(ZONE).replace('/rg/', '/none/') : plane.id(named.replace(/[^/]$/, '$&x'));
    const answers: string[] = [];
    for (const id of [plane.id(named), absent]) {
      const { status, codes, message } = await plane.ask('PUT', path, body(id), { as: SOMEBODY });
      assert.deepEqual([status, codes], [403, ['LinkedAuthorizationFailed']], `${path} naming ${id}: ${message}`);
      answers.push(message.replaceAll(id, 'ID'));
    }
    assert.equal(answers[0], answers[1], path);
  }
  assert.equal(plane.store.revision, before, 'nothing is written');
});
