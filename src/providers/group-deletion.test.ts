/** A resource group's end: all of it in one go, or nothing with the names of what is in the way. docs/sources.md#group-deletion */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '#base/clock.ts';
import { ControlPlane, NETWORK, REGISTRY, ZONE } from './control-plane.fixture.ts';

test('what depends on a group from outside is named with the command that removes it, and nothing is deleted', async () => {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(ZONE, { location: 'global' });
  const other = `${plane.subscription}/resourceGroups/other`;
  await plane.put(other, { location: 'westeurope' });
  const endpoint = `${other}/providers/Microsoft.Network/privateEndpoints/pe`;
  await plane.put(endpoint, plane.endpointBody());
  // A link from elsewhere goes with its network: it is not in the way.
  const zone = `${other}/providers/Microsoft.Network/privateDnsZones/b.example`;
  await plane.put(zone, { location: 'global' });
  await plane.put(`${zone}/virtualNetworkLinks/l`, { location: 'global', properties: { virtualNetwork: { id: plane.id(NETWORK) } } });
  const group = `${plane.subscription}/resourceGroups/rg`;
  const before = await plane.store.resources.list();
  const answer = await plane.ask('DELETE', group);
  assert.equal(answer.status, 409);
  const { code, message, details } = answer.body.error;
  assert.equal(code, 'ResourceGroupDeletionBlocked');
  const blocked = `${REGISTRY},${NETWORK}`;
  assert.equal(
    message,
    `Deletion of resource group 'rg' failed as resources with identifiers '${blocked}' could not be deleted. The provisioning state of the resource group will be rolled back. Delete first what depends on them from outside the group: az resource delete --ids ${endpoint}`,
  );
  assert.deepEqual(details.map(({ code: each }: { code: string }) => each).sort(), ['InUseSubnetCannotBeDeleted', 'RegistryHasPrivateEndpointConnections']);
  assert.deepEqual(await plane.store.resources.list(), before);
  assert.equal((await plane.ask('DELETE', endpoint)).status, 200);
  assert.equal((await plane.ask('DELETE', group)).status, 200);
  assert.equal((await plane.get(`${zone}/virtualNetworkLinks/l`)).status, 404);
});

test('a group of 300 resources goes at once', async () => {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(ZONE, { location: 'global' });
  for (let n = 0; n < 75; n++) {
    const endpoint = `Microsoft.Network/privateEndpoints/pe${n}`;
    await plane.put(endpoint, plane.endpointBody());
    await plane.put(`${endpoint}/privateDnsZoneGroups/default`, {
      properties: { privateDnsZoneConfigs: [{ name: 'acr', properties: { privateDnsZoneId: plane.id(ZONE) } }] },
    });
  }
  const under = `${plane.subscription}/resourcegroups/rg`;
  const members = (await plane.store.resources.list({ under })).length;
  assert.ok(members >= 300, String(members));
  const start = monotonicMs();
  assert.equal((await plane.ask('DELETE', `${plane.subscription}/resourceGroups/rg`)).status, 200);
  const took = monotonicMs() - start;
  assert.equal((await plane.store.resources.list({ under })).length, 0);
  // Many times what it takes, and far less than where each member would be asked about all others.
  assert.ok(took < 10_000, `${members} took ${took} ms`);
  console.log(`# ${members} resources in ${Math.round(took)} ms`);
});
