/** What locks forbid, to whom, and what they let pass. docs/sources.md#locks */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, ControlPlane, ENDPOINT, REGISTRY, ZONE } from '../control-plane.fixture.ts';

const lockOf = (scope: string, name = 'keep'): string => `${scope}/providers/Microsoft.Authorization/locks/${name}`;
const told = (answer: Answer): [number, string[]] => [answer.status, [...answer.codes]];
const LOCKED: [number, string[]] = [409, ['ScopeLocked']];

async function furnished(): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  return plane;
}

test('CanNotDelete keeps what it is on, and what lies below, from deletion and from nothing else', async () => {
  const plane = await furnished();
  const group = `${plane.subscription}/resourceGroups/rg`;
  const lock = await plane.put(lockOf(group), { properties: { level: 'cannotdelete', notes: 'production' } });
  assert.equal(lock.type, 'Microsoft.Authorization/locks');
  assert.deepEqual([lock.properties.level, lock.properties.notes], ['CanNotDelete', 'production']);
  const answer = await plane.ask('DELETE', REGISTRY);
  assert.deepEqual(told(answer), LOCKED);
  assert.equal(
    answer.message,
    `The scope '${plane.id(REGISTRY)}' cannot perform delete operation because following scope(s) are locked: '${group}'. Please remove the lock and try again.`,
  );
  assert.deepEqual(told(await plane.ask('DELETE', group)), LOCKED);
  assert.equal((await plane.ask('PATCH', REGISTRY, { tags: { a: 'b' } })).status, 200);
  assert.equal((await plane.ask('POST', `${REGISTRY}/listUsages`)).status, 405, 'a GET in Azure');
  assert.equal((await plane.ask('DELETE', lockOf(group))).status, 200);
  assert.equal((await plane.ask('DELETE', REGISTRY)).status, 200);
});

test('ReadOnly lets nothing pass but reading', async () => {
  const plane = await furnished();
  const scope = plane.id(REGISTRY);
  await plane.put(lockOf(scope), { properties: { level: 'ReadOnly' } });
  assert.equal((await plane.get(REGISTRY)).status, 200);
  assert.equal((await plane.get(`${REGISTRY}/listUsages`)).status, 200);
  for (const [method, path, body] of [
    ['PUT', REGISTRY, { location: 'westeurope', sku: { name: 'Premium' } }],
    ['PATCH', REGISTRY, { tags: {} }],
    ['DELETE', REGISTRY, undefined],
    ['POST', `${REGISTRY}/listCredentials`, undefined],
    ['PATCH', `${REGISTRY}/providers/Microsoft.Resources/tags/default`, { operation: 'Merge', properties: { tags: { a: 'b' } } }],
    ['PUT', `${REGISTRY}/replications/northeurope`, { location: 'northeurope' }],
    ['PUT', `${REGISTRY}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-0000000000a1`, { properties: {} }],
  ] as const)
    assert.deepEqual(told(await plane.ask(method, path, body)), LOCKED, `${method} ${path}`);
  assert.match((await plane.ask('PATCH', REGISTRY, {})).message, /cannot perform write operation/);
  // The lock itself is not locked.
  assert.equal((await plane.ask('PUT', lockOf(scope), { properties: { level: 'CanNotDelete' } })).status, 200);
  assert.equal((await plane.ask('PATCH', REGISTRY, { tags: {} })).status, 200);
});

test('a group with a locked resource is refused before anything of it is gone', async () => {
  const plane = await furnished();
  const group = `${plane.subscription}/resourceGroups/rg`;
  await plane.put(ZONE, { location: 'global' });
  await plane.put(lockOf(plane.id(ZONE)), { properties: { level: 'CanNotDelete' } });
  const before = plane.store.revision;
  const answer = await plane.ask('DELETE', group);
  assert.deepEqual(told(answer), LOCKED);
  const refused = `The scope '${group}' cannot perform delete operation because following scope(s) are locked: '${plane.id(ZONE)}'.`;
  assert.ok(answer.message.startsWith(refused), answer.message);
  assert.equal(plane.store.revision, before);
  assert.equal((await plane.get(REGISTRY)).status, 200);
});

test("what a write entails elsewhere is refused by the locks there: an endpoint's connection by those of its registry", async () => {
  const plane = await furnished();
  await plane.put(ENDPOINT, plane.endpointBody());
  await plane.put(lockOf(plane.id(REGISTRY)), { properties: { level: 'CanNotDelete' } });
  const answer = await plane.ask('DELETE', ENDPOINT);
  assert.deepEqual(told(answer), LOCKED);
  assert.match(
    answer.message,
    /^Call to Microsoft\.ContainerRegistry\/registries failed\. Error message: The scope '.*\/privateEndpointConnections\/.*' cannot perform delete operation/,
  );
  assert.equal((await plane.get(ENDPOINT)).status, 200);
  await plane.put(lockOf(plane.id(REGISTRY)), { properties: { level: 'ReadOnly' } });
  const second = await plane.ask('PUT', `${ENDPOINT}2`, plane.endpointBody());
  assert.deepEqual(told(second), LOCKED);
  assert.equal((await plane.get(`${ENDPOINT}2`)).status, 404);
});

test('locks are listed at their scope with what is inherited and what lies below, and go with what they lock', async () => {
  const plane = await furnished();
  const group = `${plane.subscription}/resourceGroups/rg`;
  await plane.put(lockOf(plane.subscription, 'top'), { properties: { level: 'CanNotDelete' } });
  await plane.put(lockOf(group, 'middle'), { properties: { level: 'CanNotDelete' } });
  await plane.put(lockOf(plane.id(REGISTRY), 'low'), { properties: { level: 'CanNotDelete' } });
  const names = async (scope: string, query = ''): Promise<string[]> =>
    (await plane.get(`${scope}/providers/Microsoft.Authorization/locks${query}`)).body.value.map(({ name }: { name: string }) => name).sort();
  assert.deepEqual(await names(group), ['low', 'middle', 'top']);
  assert.deepEqual(await names(group, '?$filter=atScope()'), ['middle', 'top']);
  assert.deepEqual(await names(plane.id(REGISTRY)), ['low', 'middle', 'top']);
  assert.deepEqual(await names(plane.subscription), ['low', 'middle', 'top']);
  const provider = await plane.ask('POST', `${plane.subscription}/providers/Microsoft.Network/unregister`);
  assert.notEqual(provider.codes[0], 'ScopeLocked', 'CanNotDelete does not keep from registering');
  await plane.put(lockOf(plane.subscription, 'top'), { properties: { level: 'ReadOnly' } });
  assert.deepEqual(told(await plane.ask('POST', `${plane.subscription}/providers/Microsoft.Network/register`)), LOCKED);
  assert.equal(
    (
      await plane.ask('POST', `${plane.subscription}/providers/Microsoft.ContainerRegistry/checkNameAvailability`, {
        name: 'freename',
        type: 'Microsoft.ContainerRegistry/registries',
      })
    ).status,
    200,
  );
  const bad = await plane.ask('PUT', lockOf(group, 'none'), { properties: { level: 'NotSpecified' } });
  assert.equal(bad.status, 400);
});
