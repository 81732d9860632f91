/** What generic clients ask of every type alike: lists, tags, operations, existence, and clear words for what is not served. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, ControlPlane, NETWORK, REGISTRY } from './control-plane.fixture.ts';

async function furnished(): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  return plane;
}
const names = ({ body }: Answer): string[] => body.value.map(({ name }: { name: string }) => name);

test('the list of everything filters by type, name, group and tag, and pages', async () => {
  const plane = await furnished();
  const list = `${plane.subscription}/resources`;
  await plane.ask('PATCH', REGISTRY, { tags: { env: 'prod', team: 'a' } });
  await plane.ask('PATCH', NETWORK, { tags: { env: 'a', team: 'prod' } });
  await plane.put(`${REGISTRY}/replications/northeurope`, { location: 'northeurope' });
  assert.deepEqual(names(await plane.get(`${list}?$filter=resourceType eq 'microsoft.network/virtualnetworks'`)), ['vnet-app']);
  assert.deepEqual(names(await plane.get(`${list}?$filter=name eq 'myregistry'`)), ['MyRegistry']);
  assert.deepEqual(names(await plane.get(`${list}?$filter=tagName eq 'env' and tagValue eq 'prod'`)), ['MyRegistry'], 'one tag that is both');
  assert.deepEqual(names(await plane.get(`${list}?$filter=resourceGroup eq 'none'`)), []);
  assert.ok(names(await plane.get(list)).includes('MyRegistry/northeurope'), "a child's name has its parent's before it");
  assert.equal((await plane.get(`${list}?$filter=name in ('a')`)).codes[0], 'InvalidFilterInQueryString');
  const seen: string[] = [];
  let next: string | undefined = `${list}?$top=1&$expand=provisioningState,createdTime`;
  while (next !== undefined) {
    const answer: Answer = await plane.get(next);
    assert.equal(answer.body.value.length, 1);
    assert.equal(answer.body.value[0].provisioningState, 'Succeeded');
    seen.push(answer.body.value[0].id);
    next = answer.body.nextLink && decodeURIComponent(new URL(answer.body.nextLink).pathname) + new URL(answer.body.nextLink).search;
  }
  assert.deepEqual(
    seen,
    (await plane.get(list)).body.value.map(({ id }: { id: string }) => id),
  );
});

test('tags are read and written by themselves, at a resource, a group and a subscription', async () => {
  const plane = await furnished();
  for (const scope of [plane.id(REGISTRY), `${plane.subscription}/resourceGroups/rg`, plane.subscription]) {
    const tags = `${scope}/providers/Microsoft.Resources/tags/default`;
    const put = await plane.put(tags, { properties: { tags: { Env: 'prod', team: 'a' } } });
    assert.deepEqual([put.id, put.type, put.properties.tags], [tags, 'Microsoft.Resources/tags', { Env: 'prod', team: 'a' }]);
    const patch = async (operation: string, given: object): Promise<object> =>
      (await plane.ask('PATCH', tags, { operation, properties: { tags: given } })).body.properties.tags;
    assert.deepEqual(await patch('Merge', { env: 'test', cost: '1' }), { Env: 'test', team: 'a', cost: '1' });
    assert.deepEqual(await patch('Delete', { team: 'b', cost: '' }), { Env: 'test', team: 'a' }, 'only with its value');
    assert.deepEqual(await patch('Replace', { x: 'y' }), { x: 'y' });
    assert.deepEqual((await plane.get(tags)).body.properties.tags, { x: 'y' });
    assert.equal((await plane.ask('PATCH', tags, { operation: 'Turn', properties: { tags: {} } })).status, 400);
    assert.equal((await plane.ask('PUT', tags, { properties: { tags: { 'a<b': '1' } } })).codes[0], 'InvalidTags');
    assert.equal((await plane.ask('DELETE', tags)).status, 200);
    assert.deepEqual((await plane.get(tags)).body.properties.tags, {});
  }
  assert.equal(
    (await plane.ask('PUT', `${NETWORK}/subnets/s/providers/Microsoft.Resources/tags/default`, { properties: { tags: {} } })).codes[0],
    'ResourceTypeDoesNotSupportTags',
  );
  const stranger = { as: '00000000-0000-4000-8000-00000000bbbb' };
  assert.equal(
    (await plane.ask('PUT', `${plane.id(REGISTRY)}/providers/Microsoft.Resources/tags/default`, { properties: { tags: {} } }, stranger)).status,
    403,
  );
});

test('a subscription lists the names of tags with their use', async () => {
  const plane = await furnished();
  await plane.ask('PATCH', REGISTRY, { tags: { env: 'prod' } });
  const path = `${plane.subscription}/tagNames`;
  assert.equal((await plane.ask('PUT', `${path}/constructor`)).status, 201);
  assert.equal((await plane.ask('PUT', `${path}/constructor/tagValues/x`)).body.tagValue, 'x');
  const shown = (await plane.get(path)).body.value.map(({ tagName, count, values }: { tagName: string; count: { value: number }; values: object[] }) => [
    tagName,
    count.value,
    values.length,
  ]);
  assert.deepEqual(shown, [
    ['constructor', 0, 1],
    ['env', 1, 1],
  ]);
  assert.equal((await plane.ask('DELETE', `${path}/constructor`)).status, 200);
  assert.equal((await plane.ask('DELETE', `${path}/constructor`)).status, 204);
});

test('providers tell their operations, those that roles name among them', async () => {
  const plane = await furnished();
  const { body } = await plane.get('/providers/Microsoft.Authorization/providerOperations/microsoft.containerregistry?$expand=resourceTypes');
  const registries = body.resourceTypes.find(({ name }: { name: string }) => name === 'registries').operations;
  const actions = new Map(registries.map(({ name, isDataAction }: { name: string; isDataAction: boolean }) => [name, isDataAction]));
  for (const action of ['read', 'write', 'delete', 'pull/read']) assert.equal(actions.get(`Microsoft.ContainerRegistry/registries/${action}`), false, action);
  assert.ok(names(await plane.get('/providers/Microsoft.Authorization/providerOperations')).includes('Microsoft.Network'));
  assert.equal((await plane.get('/providers/Microsoft.Authorization/providerOperations/Microsoft.Nothing')).codes[0], 'InvalidResourceNamespace');
});

test('what is not served says so by its name', async () => {
  const plane = await furnished();
  const group = `${plane.subscription}/resourceGroups/rg`;
  for (const [method, path, word] of [
    ['POST', `${group}/exportTemplate`, /Exports of templates/],
    ['POST', `${group}/moveResources`, /Moves of resources/],
    ['POST', `${group}/providers/Microsoft.Resources/deployments/d/validate`, /Template deployments/],
    ['PUT', `${plane.subscription}/providers/Microsoft.Resources/deployments/d`, /Template deployments/],
    ['GET', `${plane.subscription}/providers/Microsoft.Compute/locations/westeurope/publishers/p/artifacttypes/vmimage/offers/o`, /postern vm create/],
  ] as const) {
    const answer = await plane.ask(method, path, {});
    assert.deepEqual([answer.status, answer.codes], [501, ['NotServed']], path);
    assert.match(answer.message, word);
  }
});

test('names that every object has by birth are names like others', async () => {
  const plane = await furnished();
  for (const name of ['constructor', '__proto__', 'toString']) {
    assert.equal((await plane.ask('POST', `${plane.subscription}/resourceGroups/rg/${name}`)).codes[0], 'InvalidRequestUri', name);
    assert.equal((await plane.ask('PUT', `${plane.subscription}/providers/Microsoft.Resources/${name}/x`)).codes[0], 'InvalidResourceType', name);
  }
});

test('deleting what is not there is told in a header', async () => {
  const plane = await furnished();
  const answer = await plane.ask('DELETE', `${REGISTRY}/privateEndpointConnections/none`);
  assert.equal(answer.status, 204);
  assert.match(String(answer.headers['x-ms-warning']), /privateEndpointConnections\/none' was not found; nothing was deleted\.$/);
});

test('HEAD tells whether a resource is there', async () => {
  const plane = await furnished();
  assert.deepEqual([(await plane.ask('HEAD', REGISTRY)).status, (await plane.ask('HEAD', `${REGISTRY}x`)).status], [204, 404]);
  assert.deepEqual(
    [
      (await plane.ask('HEAD', `${plane.subscription}/resourcegroups/RG`)).status,
      (await plane.ask('HEAD', `${plane.subscription}/resourcegroups/none`)).status,
    ],
    [204, 404],
  );
});
