/** The whole set of types through the engine: the flows that people run, and what must hold of every type. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainName } from '#base/domain-name.ts';
import type { IpAddress } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { type ControlPlane, ENDPOINT, NETWORK, REGISTRY, SUBNET, ZONE } from './control-plane.fixture.ts';
import { furnishEveryType, wholeWorld } from './every-type.fixture.ts';
import { resourceTypes } from './index.ts';

const key = (plane: ControlPlane, path: string): ResourceKey => plane.id(path).toLowerCase() as ResourceKey;

test('the main job: an endpoint gets two addresses and its connection, and the zone its records from the first approval on', async () => {
  const plane = await wholeWorld();
  const endpoint = () => plane.snapshot.networks.get(key(plane, NETWORK))?.endpoints.get('10.0.1.4' as IpAddress);
  const records = () => plane.snapshot.names.zones.get(key(plane, ZONE))?.records;
  const record = (name: string) =>
    records()
      ?.get(name as DomainName)
      ?.find(({ type }) => type === 'A');
  assert.equal(endpoint()?.member, 'registry');
  assert.equal(endpoint()?.state, 'Approved');
  assert.deepEqual(record('myregistry.privatelink.azurecr.io'), { type: 'A', ttlSeconds: 10, data: ['10.0.1.4'] });
  assert.deepEqual(record('myregistry.westeurope.data.privatelink.azurecr.io')?.data, ['10.0.1.5']);
  assert.deepEqual(plane.snapshot.networks.get(key(plane, NETWORK))?.zones, [key(plane, ZONE)]);

  const connection = await plane.connection();
  const set = (status: string) => plane.ask('PUT', connection, { properties: { privateLinkServiceConnectionState: { status, description: `now ${status}` } } });
  assert.equal((await set('Rejected')).status, 200);
  assert.equal(endpoint()?.state, 'Rejected');
  // In the linked network the name still leads to the endpoint, which refuses, and not to the public side.
  assert.deepEqual(record('myregistry.privatelink.azurecr.io')?.data, ['10.0.1.4']);
  assert.equal(plane.snapshot.registries.get(key(plane, REGISTRY))?.approvedOnce, true);
  const shown = (await plane.properties(ENDPOINT)).privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState;
  assert.deepEqual(shown, { status: 'Rejected', description: 'now Rejected', actionsRequired: 'None' });

  assert.equal((await set('Approved')).status, 200);
  assert.equal(endpoint()?.state, 'Approved');
  assert.deepEqual(record('myregistry.privatelink.azurecr.io')?.data, ['10.0.1.4']);

  assert.equal((await plane.ask('DELETE', ENDPOINT)).status, 200);
  assert.equal(endpoint(), undefined);
  assert.equal(record('myregistry.privatelink.azurecr.io'), undefined);
  assert.equal(plane.snapshot.registries.get(key(plane, REGISTRY))?.connections.size, 0);
  assert.equal((await plane.ask('DELETE', SUBNET)).status, 200);
});

test('PUT of what GET showed changes nothing, for every type that clients may write', async () => {
  const plane = await wholeWorld();
  await furnishEveryType(plane);
  await plane.put(`${REGISTRY}/providers/Microsoft.Authorization/locks/keep`, { properties: { level: 'CanNotDelete', notes: 'for the test' } });
  await plane.put('/providers/Microsoft.Subscription/aliases/more', { properties: { displayName: 'More' } });

  const skipped = new Set(['Microsoft.Resources/subscriptions', 'Microsoft.ContainerRegistry/registries/privateLinkResources']);
  // Not served: nobody can make one.
  skipped.add('Microsoft.Network/publicIPAddresses');
  for (const collection of ['connectedRegistries', 'tasks', 'runs', 'taskRuns']) skipped.add(`Microsoft.ContainerRegistry/registries/${collection}`);
  const seen = new Set<string>();
  for (const record of await plane.store.resources.list()) {
    if (skipped.has(record.type) || record.id.startsWith('/providers/Microsoft.Authorization/')) continue;
    const before = await plane.get(record.id);
    const answer = await plane.ask('PUT', record.id, before.body);
    // The system's scope maps are fixed.
    if (answer.codes.includes('SystemScopeMapIsFixed')) continue;
    // The interface of a private endpoint is not for clients to write; that changes nothing either.
    if (!answer.codes.includes('CannotModifyNicAttachedToPrivateEndpoint')) {
      const { writeStatus = 200 } = resourceTypes.find(({ type }) => type === record.type) ?? {};
      assert.equal(answer.status, writeStatus, `${record.id}: ${answer.message}`);
    }
    const after = await plane.get(record.id);
    assert.deepEqual(after.body.properties, before.body.properties, record.id);
    if (record.type !== 'Microsoft.ContainerRegistry/registries') assert.equal(after.body.etag, before.body.etag, record.id);
    seen.add(record.type);
  }
  const written = resourceTypes.filter(({ type, verbs }) => !skipped.has(type) && verbs?.includes('PUT') !== false);
  assert.deepEqual(
    written.map(({ type }) => type).filter((type) => !seen.has(type)),
    [],
  );
});

test('a resource group goes with all that is in it, in whatever order it must', async () => {
  const plane = await wholeWorld();
  const answer = await plane.ask('DELETE', `${plane.subscription}/resourceGroups/rg`);
  assert.ok(answer.status === 200 || answer.status === 202, answer.message);
  const left = (await plane.store.resources.list({ under: plane.subscription.toLowerCase() })).map(({ id }) => id);
  assert.deepEqual(left, []);
  assert.equal(plane.snapshot.networks.size + plane.snapshot.registries.size + plane.snapshot.names.zones.size, 0);
});

test('two endpoints of one registry and one zone: the last one written has the name, and deleting either takes it (docs/sources.md#zone-group-records)', async () => {
  const plane = await wholeWorld();
  const group = { properties: { privateDnsZoneConfigs: [{ name: 'acr', properties: { privateDnsZoneId: plane.id(ZONE) } }] } };
  await plane.put(`${ENDPOINT}2`, plane.endpointBody());
  await plane.put(`${ENDPOINT}2/privateDnsZoneGroups/zg`, group);
  const address = async () => (await plane.properties(`${ZONE}/A/myregistry`)).aRecords[0].ipv4Address;
  assert.equal(await address(), '10.0.1.6');
  // A change at the first endpoint does not take the name back.
  const connections = (await plane.get(`${REGISTRY}/privateEndpointConnections`)).body.value;
  const first = connections.find(({ name }: { name: string }) => name.startsWith('pe.'));
  await plane.put(first.id, { properties: { privateLinkServiceConnectionState: { status: 'Approved', description: 'again' } } });
  assert.equal(await address(), '10.0.1.6');
  await plane.ask('DELETE', ENDPOINT);
  assert.equal((await plane.get(`${ZONE}/A/myregistry`)).status, 404);
});

test('each type is told once; its schema can be told as JSON Schema', () => {
  assert.equal(new Set(resourceTypes.map(({ type }) => type.toLowerCase())).size, resourceTypes.length);
  for (const type of resourceTypes) {
    assert.ok(type.apiVersions.length > 0, type.type);
    assert.equal(z.toJSONSchema(type.properties, { io: 'output' }).type, 'object', type.type);
  }
});
