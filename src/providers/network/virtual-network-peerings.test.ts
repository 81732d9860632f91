/** Peerings: two sides, their states, and the address spaces that may not meet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPlane } from '../control-plane.fixture.ts';

const network = (name: string): string => `Microsoft.Network/virtualNetworks/${name}`;
const peering = (from: string, to: string): string => `${network(from)}/virtualNetworkPeerings/to-${to}`;

/** Networks a, b and c, each with one prefix. */
async function furnished(spaces: Record<string, string> = { a: '10.1.0.0/16', b: '10.2.0.0/16', c: '10.3.0.0/16' }): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.put(`${plane.subscription}/resourceGroups/rg`, { location: 'westeurope' });
  for (const [name, prefix] of Object.entries(spaces)) await resize(plane, name, prefix);
  return plane;
}

const resize = (plane: ControlPlane, name: string, ...prefixes: string[]) =>
  plane.put(network(name), { location: 'westeurope', properties: { addressSpace: { addressPrefixes: prefixes } } });
const connect = (plane: ControlPlane, from: string, to: string, more: object = {}) =>
  plane.ask('PUT', peering(from, to), { properties: { remoteVirtualNetwork: { id: plane.id(network(to)) }, ...more } });
async function state(plane: ControlPlane, from: string, to: string): Promise<string> {
  return (await plane.properties(peering(from, to))).peeringState;
}

test('a peering is Initiated alone and Connected by both sides; the network shows it (docs/sources.md#peerings)', async () => {
  const plane = await furnished();
  const one = await connect(plane, 'a', 'b');
  assert.deepEqual([one.status, one.body.properties.peeringState], [201, 'Initiated']);
  assert.match(String(one.headers.warning), /packets do not cross/);
  const two = await connect(plane, 'b', 'a', { allowForwardedTraffic: true });
  assert.equal(two.body.properties.peeringState, 'Connected');
  assert.equal(await state(plane, 'a', 'b'), 'Connected');
  const [shown] = (await plane.properties(network('a'))).virtualNetworkPeerings;
  assert.deepEqual([shown.name, shown.properties.peeringState, shown.properties.peeringSyncLevel], ['to-b', 'Connected', 'FullyInSync']);
  assert.deepEqual(shown.properties.remoteAddressSpace, { addressPrefixes: ['10.2.0.0/16'] });
  // What was read is written back, with the peerings in it.
  const before = (await plane.get(network('a'))).body;
  assert.equal((await plane.ask('PUT', network('a'), before)).status, 200);
  assert.deepEqual((await plane.properties(network('a'))).virtualNetworkPeerings, before.properties.virtualNetworkPeerings);
});

test('the side that is left is Disconnected, keeps the other from coming back, and starts anew when it is written (docs/sources.md#peerings)', async () => {
  const plane = await furnished();
  await connect(plane, 'a', 'b');
  await connect(plane, 'b', 'a');
  assert.equal((await plane.ask('DELETE', peering('b', 'a'))).status, 200);
  assert.equal(await state(plane, 'a', 'b'), 'Disconnected');
  const refused = await connect(plane, 'b', 'a');
  assert.deepEqual([refused.status, refused.codes], [400, ['RemotePeeringIsDisconnected']]);
  assert.equal((await connect(plane, 'a', 'b')).body.properties.peeringState, 'Initiated');
  assert.equal((await connect(plane, 'b', 'a')).body.properties.peeringState, 'Connected');
  assert.equal(await state(plane, 'a', 'b'), 'Connected');
  // A network takes its side along.
  assert.equal((await plane.ask('DELETE', network('b'))).status, 200);
  assert.equal(await state(plane, 'a', 'b'), 'Disconnected');
  assert.equal((await plane.ask('DELETE', peering('a', 'b'))).status, 200);
});

test('address spaces of peered networks do not overlap, nor those of two that a third is peered with (docs/sources.md#peerings)', async () => {
  const plane = await furnished({ a: '10.1.0.0/16', b: '10.1.4.0/24', hub: '10.0.0.0/16', c: '10.1.0.0/20' });
  const direct = await connect(plane, 'a', 'b');
  assert.deepEqual([direct.status, direct.codes], [400, ['VnetAddressSpacesOverlap']]);
  assert.match(direct.message, /Overlapping address prefixes: 10\.1\.0\.0\/16\./);
  assert.equal((await connect(plane, 'hub', 'a')).status, 201);
  const third = await connect(plane, 'hub', 'c');
  assert.deepEqual(third.codes, ['VnetAddressSpaceOverlapsWithAlreadyPeeredVnet']);
  assert.match(third.message, /virtualNetworks\/a already peered with the second virtual network\. Overlapping address prefixes: 10\.1\.0\.0\/20\./);
  assert.deepEqual((await connect(plane, 'c', 'hub')).codes, ['VnetAddressSpaceOverlapsWithAlreadyPeeredVnet']);
  const grown = await plane.ask('PUT', network('hub'), { location: 'westeurope', properties: { addressSpace: { addressPrefixes: ['10.0.0.0/15'] } } });
  assert.deepEqual(grown.codes, ['VnetAddressSpacesOverlap']);
});

test('a change of address space is out of sync until the other side is written', async () => {
  const plane = await furnished();
  await connect(plane, 'a', 'b');
  await connect(plane, 'b', 'a');
  await resize(plane, 'b', '10.2.0.0/16', '10.22.0.0/16');
  const level = async (from: string, to: string): Promise<string> => (await plane.properties(peering(from, to))).peeringSyncLevel;
  assert.deepEqual([await level('a', 'b'), await level('b', 'a')], ['RemoteNotInSync', 'LocalNotInSync']);
  await connect(plane, 'a', 'b');
  assert.deepEqual([await level('a', 'b'), await level('b', 'a')], ['FullyInSync', 'FullyInSync']);
});

test('a peering names another network that exists, once, and for good', async () => {
  const plane = await furnished();
  assert.deepEqual((await connect(plane, 'a', 'nowhere')).codes, ['InvalidResourceReference']);
  assert.deepEqual((await connect(plane, 'a', 'a')).codes, ['InvalidResourceReference']);
  assert.equal((await connect(plane, 'a', 'b')).status, 201);
  const twice = await plane.ask('PUT', `${network('a')}/virtualNetworkPeerings/again`, {
    properties: { remoteVirtualNetwork: { id: plane.id(network('b')) } },
  });
  assert.deepEqual(twice.codes, ['AnotherPeeringAlreadyReferencesRemoteVnet']);
  const moved = await plane.ask('PUT', peering('a', 'b'), { properties: { remoteVirtualNetwork: { id: plane.id(network('c')) } } });
  assert.equal(moved.status, 409);
});
