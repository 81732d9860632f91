/** User-assigned identities: their federated credentials, and who has them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPlane, REGISTRY } from '../control-plane.fixture.ts';

const IDENTITY = 'Microsoft.ManagedIdentity/userAssignedIdentities/build';
const credential = (name: string): string => `${IDENTITY}/federatedIdentityCredentials/${name}`;

async function furnished(): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(IDENTITY, { location: 'westeurope' });
  return plane;
}

test('federated credentials are kept, one for an issuer and subject, and act nowhere (docs/sources.md#federated-credentials)', async () => {
  const plane = await furnished();
  const properties = { issuer: 'https://issuer.example.com/x', subject: 'repo:a/b', audiences: ['api://AzureADTokenExchange'] };
  const created = await plane.ask('PUT', credential('one'), { properties });
  assert.equal(created.status, 201, created.message);
  assert.match(String(created.headers.warning), /no token of its issuer is taken/);
  assert.deepEqual((await plane.ask('PUT', credential('two'), { properties })).codes, ['Conflict']);
  assert.equal((await plane.ask('PUT', credential('two'), { properties: { ...properties, subject: 'repo:c/d' } })).status, 201);
  assert.equal((await plane.ask('PUT', credential('three'), { properties: { ...properties, issuer: 'nobody' } })).status, 400);
  assert.equal((await plane.ask('PUT', credential('three'), { properties: { ...properties, audiences: [] } })).status, 400);
  assert.equal((await plane.get(`${IDENTITY}/federatedIdentityCredentials`)).body.value.length, 2);
  assert.equal((await plane.ask('DELETE', IDENTITY)).status, 200);
});

test('an identity tells which resources have it', async () => {
  const plane = await furnished();
  const list = async () => (await plane.ask('POST', `${IDENTITY}/listAssociatedResources`)).body;
  assert.deepEqual(await list(), { totalCount: 0, value: [] });
  await plane.put(REGISTRY, {
    location: 'westeurope',
    sku: { name: 'Premium' },
    identity: { type: 'UserAssigned', userAssignedIdentities: { [plane.id(IDENTITY)]: {} } },
  });
  const { totalCount, value } = await list();
  assert.deepEqual([totalCount, value[0].name, value[0].type, value[0].resourceGroup], [1, 'MyRegistry', 'Microsoft.ContainerRegistry/registries', 'rg']);
});

test('a PATCH that takes the own identity of a resource away with a null list leaves the others, as az sends it', async () => {
  const plane = await furnished();
  const user = { [plane.id(IDENTITY)]: {} };
  await plane.ask('PATCH', REGISTRY, { identity: { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: user } });
  const left = await plane.ask('PATCH', REGISTRY, { identity: { type: 'UserAssigned', userAssignedIdentities: null } });
  assert.equal(left.status, 200, left.message);
  assert.deepEqual([left.body.identity.type, Object.keys(left.body.identity.userAssignedIdentities)], ['UserAssigned', Object.keys(user)]);
});
