/** Rules of virtual machines and of the identities that they borrow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceKey } from '#base/resource-id.ts';
import { ControlPlane, ENDPOINT, NETWORK, SUBNET } from '../control-plane.fixture.ts';

const VM = 'Microsoft.Compute/virtualMachines/vm';
const NIC = 'Microsoft.Network/networkInterfaces/nic';
const IDENTITY = 'Microsoft.ManagedIdentity/userAssignedIdentities/build';

const nic = (plane: ControlPlane, subnet = SUBNET, location = 'westeurope') => ({
  location,
  properties: { ipConfigurations: [{ name: 'ip', properties: { subnet: { id: plane.id(subnet) } } }] },
});
const machine = (plane: ControlPlane, nics: string[], more: object = {}, nicProperties?: object) => ({
  location: 'westeurope',
  properties: { networkProfile: { networkInterfaces: nics.map((path) => ({ id: plane.id(path), ...(nicProperties ? { properties: nicProperties } : {}) })) } },
  ...more,
});

async function furnished(): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(NIC, nic(plane));
  return plane;
}

test('a machine stands in its network with its addresses and identities', async () => {
  const plane = await furnished();
  const identity = await plane.put(IDENTITY, { location: 'westeurope' });
  const shown = await plane.put(
    VM,
    machine(plane, [NIC], { identity: { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [plane.id(IDENTITY)]: {} } } }),
  );
  const part = plane.snapshot.machines.get(plane.id(VM).toLowerCase() as ResourceKey);
  assert.equal(part?.network, plane.id(NETWORK).toLowerCase());
  assert.deepEqual(part?.addresses, ['10.0.1.4']);
  assert.deepEqual(
    part?.identities.map(({ system, resourceId, principalId }) => [system, resourceId, principalId]),
    [
      [true, plane.id(VM), shown.identity.principalId],
      [false, plane.id(IDENTITY), identity.properties.principalId],
    ],
  );
  assert.equal(shown.identity.userAssignedIdentities[plane.id(IDENTITY)].clientId, identity.properties.clientId);
  assert.equal((await plane.properties(NIC)).virtualMachine.id, plane.id(VM));
  assert.match(shown.properties.vmId, /^[0-9a-f-]{36}$/);
});

test('image and size are kept and say that they do nothing; passwords are not kept', async () => {
  const plane = await furnished();
  const body = machine(plane, [NIC]);
  Object.assign(body.properties, {
    hardwareProfile: { vmSize: 'Standard_B2s' },
    storageProfile: { imageReference: { publisher: 'Debian', offer: 'debian-12', sku: '12', version: 'latest' } },
    osProfile: { computerName: 'vm', adminUsername: 'me', adminPassword: 'Secret-1', customData: 'eA==' },
  });
  const answer = await plane.ask('PUT', VM, body);
  assert.equal(answer.body.properties.hardwareProfile.vmSize, 'Standard_B2s');
  assert.equal(answer.body.properties.storageProfile.imageReference.offer, 'debian-12');
  assert.deepEqual(answer.body.properties.osProfile, { computerName: 'vm', adminUsername: 'me' });
  assert.match(String(answer.headers.warning), /hardwareProfile.*storageProfile.*osProfile/);
  assert.ok(!JSON.stringify(await plane.store.resources.list()).includes('Secret-1'));
});

test('interfaces exist, in the same region, in one network, and belong to one machine', async () => {
  const plane = await furnished();
  assert.deepEqual((await plane.ask('PUT', VM, machine(plane, [`${NIC}x`]))).codes, ['InvalidResourceReference']);
  assert.deepEqual((await plane.ask('PUT', VM, { ...machine(plane, [NIC]), location: 'eastus' })).codes, ['InvalidResourceReference']);
  assert.deepEqual((await plane.ask('PUT', VM, machine(plane, []))).codes, ['InvalidParameter']);
  await plane.put(`${NETWORK}2`, {
    location: 'westeurope',
    properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets: [{ name: 's', properties: { addressPrefix: '10.0.1.0/24' } }] },
  });
  await plane.put(`${NIC}2`, nic(plane, `${NETWORK}2/subnets/s`));
  assert.deepEqual((await plane.ask('PUT', VM, machine(plane, [NIC, `${NIC}2`]))).codes, ['SubnetsNotInSameVnet']);
  await plane.put(VM, machine(plane, [NIC]));
  assert.deepEqual((await plane.ask('PUT', `${VM}2`, machine(plane, [NIC]))).codes, ['NicInUse']);
  await plane.put(ENDPOINT, plane.endpointBody());
  const [own] = (await plane.properties(ENDPOINT)).networkInterfaces;
  assert.deepEqual((await plane.ask('PUT', `${VM}2`, machine(plane, [own.id]))).codes, ['NicInUse']);
});

test('attaching an interface needs the right to join it', async () => {
  const plane = await furnished();
  const group = `${plane.subscription}/resourceGroups/rg2`;
  await plane.put(group, { location: 'westeurope' });
  const as = '33333333-3333-4333-8333-333333333333';
  const assign = (scope: string, digit: string, role: string) =>
    plane.put(`${scope}/providers/Microsoft.Authorization/roleAssignments/${'########-####-4###-8###-############'.replaceAll('#', digit)}`, {
      properties: { roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${role}`, principalId: as },
    });
  await assign(group, '1', '8e3af657-a8ff-443c-a75c-2fe8c4bcb635');
  const path = `${group}/providers/${VM}`;
  const refused = await plane.ask('PUT', path, machine(plane, [NIC], {}, { deleteOption: 'Delete' }), { as });
  assert.deepEqual([refused.status, refused.codes], [403, ['LinkedAuthorizationFailed']]);
  assert.match(refused.message, /'Microsoft.Network\/networkInterfaces\/join\/action' on the linked scope/);
  await assign(plane.id(NIC), '2', '4d97b98b-1d4f-4787-a291-c67834d212e7');
  assert.equal((await plane.ask('PUT', path, machine(plane, [NIC]), { as })).status, 201);
});

test('an interface stays while a machine has it (NicInUse), and goes with it when the machine says Delete', async () => {
  const plane = await furnished();
  await plane.put(VM, machine(plane, [NIC]));
  const answer = await plane.ask('DELETE', NIC);
  assert.equal(answer.status, 400);
  assert.equal(
    answer.message,
    `Network Interface ${plane.id(NIC)} is used by existing resource ${plane.id(VM)}. In order to delete the network interface, it must be dissociated from the resource. To learn more, see aka.ms/deletenic.`,
  );
  await plane.ask('DELETE', VM);
  assert.equal((await plane.get(NIC)).status, 200);
  await plane.put(VM, machine(plane, [NIC], {}, { deleteOption: 'delete' }));
  await plane.ask('DELETE', VM);
  assert.equal((await plane.get(NIC)).status, 404);
  assert.equal(plane.snapshot.machines.size, 0);
});

test('an identity keeps its principal and client over rewrites', async () => {
  const plane = await furnished();
  const first = await plane.put(IDENTITY, { location: 'westeurope' });
  const again = await plane.put(IDENTITY, { location: 'westeurope', tags: { a: 'b' }, properties: { principalId: 'forged' } });
  assert.deepEqual(again.properties, first.properties);
  assert.match(first.properties.tenantId, /^[0-9a-f-]{36}$/);
  assert.notEqual(first.properties.principalId, first.properties.clientId);
  assert.equal(plane.snapshot.access.identities.get(plane.id(IDENTITY).toLowerCase() as ResourceKey)?.principalId, first.properties.principalId);
});
