import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cloud, faultOf, openCloud } from './fixture.ts';

const shop = (cloud: Cloud, name = 'one'): string => `${cloud.group}/providers/Contoso.Shop/shops/${name}`;
const good = (cloud: Cloud, name: string): string => `${cloud.group}/providers/Contoso.Shop/goods/${name}`;
const door = (cloud: Cloud, name: string): string => `${cloud.group}/providers/Contoso.Net/doors/${name}`;
const range = (cloud: Cloud): string => `${cloud.group}/providers/Contoso.Net/networks/n/ranges/r`;

async function town(): Promise<Cloud> {
  const cloud = await openCloud();
  await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope' } });
  await cloud.ask('PUT', range(cloud).slice(0, -'/ranges/r'.length), {
    body: { location: 'westeurope', properties: { prefix: '10.0.0.0/16', ranges: [{ name: 'r', properties: { prefix: '10.0.0.0/29' } }] } },
  });
  return cloud;
}
const openDoor = (cloud: Cloud, name: string, more: object = {}) =>
  cloud.ask('PUT', door(cloud, name), { body: { location: 'westeurope', properties: { shop: shop(cloud), range: { id: range(cloud) }, ...more } } });
const names = async (cloud: Cloud, type: string): Promise<string[]> => (await cloud.store.resources.list({ type })).map(({ name }) => name);
const address = (answer: { body: Record<string, unknown> }): unknown => (answer.body.properties as { address: unknown }).address;
const state = (answer: { body: Record<string, unknown> }): unknown => (answer.body.properties as { state: unknown }).state;

test('owned resources come, change and go with their owner', async () => {
  const cloud = await openCloud();
  const put = (goods: string[]) => cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope', properties: { goods } } });
  await put(['a', 'b']);
  assert.deepEqual(await names(cloud, 'Contoso.Shop/goods'), ['a', 'b']);
  assert.equal((await cloud.ask('GET', good(cloud, 'a'))).status, 200);
  await put(['b', 'c']);
  assert.deepEqual(await names(cloud, 'Contoso.Shop/goods'), ['b', 'c']);
  assert.equal((await cloud.ask('DELETE', shop(cloud))).status, 200);
  assert.deepEqual(await names(cloud, 'Contoso.Shop/goods'), []);
});

test('of two owners the last writer has a resource, and either takes it along', async () => {
  const cloud = await openCloud();
  const put = (name: string, goods: string[]) => cloud.ask('PUT', shop(cloud, name), { body: { location: 'westeurope', properties: { goods } } });
  const by = async (): Promise<unknown> => ((await cloud.ask('GET', good(cloud, 'bun'))).body.properties as { by: string } | undefined)?.by;
  await put('first', ['bun']);
  await put('second', ['bun']);
  assert.equal(await by(), 'second');
  await put('first', []);
  assert.equal(await by(), 'second', 'who lost it cannot drop it');
  await put('first', ['bun']);
  assert.equal(await by(), 'first');
  await cloud.ask('DELETE', shop(cloud, 'second'));
  assert.equal(await by(), undefined, 'whoever listed it takes it along');
});

test('addresses: lowest first, kept on rewrite, free again after deletion, full with the name of the range', async () => {
  const cloud = await town();
  // A /29 has three.
  assert.equal(address(await openDoor(cloud, 'd1')), '10.0.0.4');
  assert.equal(address(await openDoor(cloud, 'd2')), '10.0.0.5');
  assert.equal(address(await openDoor(cloud, 'd3')), '10.0.0.6');
  const full = await openDoor(cloud, 'd4');
  assert.deepEqual([full.status, faultOf(full).code], [400, 'SubnetIsFull']);
  assert.equal(faultOf(full).message, 'Subnet r with address prefix 10.0.0.0/29 does not have enough capacity for 1 IP addresses.');
  assert.equal((await cloud.ask('GET', door(cloud, 'd4'))).status, 404);
  assert.equal(address(await openDoor(cloud, 'd2')), '10.0.0.5');
  await cloud.ask('DELETE', door(cloud, 'd1'));
  assert.equal(address(await openDoor(cloud, 'd4')), '10.0.0.4');
});

test('a wanted address is taken when it is free, and refused by reason', async () => {
  const cloud = await town();
  assert.equal(address(await openDoor(cloud, 'd1', { wanted: '10.0.0.6' })), '10.0.0.6');
  assert.equal(address(await openDoor(cloud, 'd1', { wanted: '10.0.0.6' })), '10.0.0.6', 'its own card does not stand in the way');
  const codes = [];
  for (const wanted of ['10.0.0.6', '10.0.1.4', '10.0.0.1', 'x']) codes.push(faultOf(await openDoor(cloud, 'd2', { wanted })).code);
  assert.deepEqual(codes, ['PrivateIPAddressInUse', 'PrivateIPAddressNotInSubnet', 'PrivateIPAddressInReservedRange', 'PrivateIPAddressNotInSubnet']);
});

test('parallel allocations share nothing out twice', async () => {
  const cloud = await town();
  const answers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => openDoor(cloud, name)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 201, 400, 400]);
  assert.equal(new Set(answers.filter(({ status }) => status === 201).map(address)).size, 3);
});

test('a change of an owned resource reaches its owner in the same transaction', async () => {
  const cloud = await town();
  assert.equal(state(await openDoor(cloud, 'd')), 'Open');
  const visit = `${shop(cloud)}/visits/d`;
  const shut = await cloud.ask('PUT', visit, { body: { properties: { state: 'Shut' } } });
  assert.equal(shut.status, 200, JSON.stringify(shut.body));
  assert.equal(state(await cloud.ask('GET', door(cloud, 'd'))), 'Shut');
  assert.equal(state(await openDoor(cloud, 'd')), 'Shut', 'writing the owner again keeps what was decided');
  assert.equal((await cloud.ask('DELETE', visit)).status, 200);
  assert.equal(state(await cloud.ask('GET', door(cloud, 'd'))), 'Gone');
  assert.equal(state(await openDoor(cloud, 'd')), 'Gone');
});

test('limit holds at creation only', async () => {
  const cloud = await town();
  await openDoor(cloud, 'd');
  await cloud.store.write(async ({ resources }) => {
    for (let index = 0; index < 50; index++)
      await resources.put({
        key: `${shop(cloud)}/visits/x${index}`.toLowerCase() as never,
        id: `${shop(cloud)}/visits/x${index}`,
        type: 'Contoso.Shop/shops/visits',
        name: `x${index}`,
        parent: shop(cloud).toLowerCase() as never,
        owner: undefined,
        body: { properties: { shop: shop(cloud), door: { id: door(cloud, 'd') } } },
        hidden: {},
        etag: 'e',
      });
  });
  assert.equal(faultOf(await openDoor(cloud, 'new')).code, 'TooMany');
  assert.equal((await openDoor(cloud, 'd')).status, 200);
});

test('a deletion asks the type, takes the children, and answers 204 the second time', async () => {
  const cloud = await town();
  await openDoor(cloud, 'd');
  const inUse = await cloud.ask('DELETE', range(cloud));
  assert.deepEqual([inUse.status, faultOf(inUse).code], [400, 'InUse']);
  const network = range(cloud).slice(0, -'/ranges/r'.length);
  assert.equal(faultOf(await cloud.ask('DELETE', network)).code, 'InUse');
  assert.equal((await cloud.ask('DELETE', door(cloud, 'd'))).status, 200);
  assert.equal((await cloud.ask('DELETE', network)).status, 200);
  assert.deepEqual(await names(cloud, 'Contoso.Net/networks/ranges'), []);
  const again = await cloud.ask('DELETE', network);
  assert.equal(again.status, 204);
});

test('role assignments go with what they are made on', async () => {
  const cloud = await town();
  const assignment = `${shop(cloud)}/providers/Microsoft.Authorization/roleAssignments/a`;
  await cloud.ask('PUT', assignment, { body: { properties: { roleDefinitionId: '/x/y', principalId: 'bob' } } });
  const key = assignment.toLowerCase() as never;
  assert.ok(await cloud.store.resources.get(key));
  await cloud.ask('DELETE', shop(cloud));
  assert.equal(await cloud.store.resources.get(key), undefined);
});

test('a group goes whole, whatever the order of its references', async () => {
  const cloud = await town();
  await openDoor(cloud, 'd1');
  await openDoor(cloud, 'd2');
  const left = await cloud.ask('DELETE', cloud.group);
  assert.equal(left.status, 200, JSON.stringify(left.body));
  const rest = await cloud.store.resources.list({ under: cloud.subscription });
  assert.deepEqual(rest, []);
  assert.equal((await cloud.ask('HEAD', cloud.group)).status, 404);
  assert.equal(faultOf(await cloud.ask('DELETE', cloud.group)).code, 'ResourceGroupNotFound');
});

test('a group on which something outside depends stays whole, and says on what', async () => {
  const cloud = await town();
  const other = `${cloud.subscription}/resourceGroups/other`;
  await cloud.ask('PUT', other, { body: { location: 'westeurope' } });
  const outside = `${other}/providers/Contoso.Net/doors/d`;
  await cloud.ask('PUT', outside, { body: { location: 'westeurope', properties: { shop: shop(cloud), range: { id: range(cloud) } } } });
  const before = await cloud.store.resources.list();
  const refused = await cloud.ask('DELETE', cloud.group);
  assert.deepEqual([refused.status, faultOf(refused).code], [400, 'InUse']);
  assert.deepEqual(faultOf(refused).details?.length, 2);
  assert.deepEqual(await cloud.store.resources.list(), before);
  assert.equal((await cloud.ask('DELETE', other)).status, 200);
  assert.equal((await cloud.ask('DELETE', cloud.group)).status, 200);
});

test('actions run at their right, check their request and may change the resource', async () => {
  const cloud = await town();
  assert.deepEqual((await cloud.ask('POST', `${shop(cloud)}/listcode`)).body, { code: null });
  assert.deepEqual((await cloud.ask('GET', `${shop(cloud)}/usages`)).body, { value: [] });
  const wrong = await cloud.ask('GET', `${shop(cloud)}/listCode`);
  assert.deepEqual([wrong.status, wrong.headers.allow], [405, 'POST']);
  assert.equal(faultOf(await cloud.ask('POST', `${shop(cloud)}/rename`, { body: { open: 'x' } })).target, 'open');
  assert.equal((await cloud.ask('POST', `${shop(cloud)}/rename`, { body: { open: false } })).status, 200);
  assert.equal(((await cloud.ask('GET', shop(cloud))).body.properties as { open: boolean }).open, false);
  assert.equal((await cloud.ask('POST', `${shop(cloud, 'absent')}/listCode`)).status, 404);
  assert.equal((await cloud.ask('POST', `${shop(cloud)}/listCode`, { as: 'bob' })).status, 403);
  assert.deepEqual((await cloud.ask('POST', `${cloud.subscription}/providers/Contoso.Shop/checkName`, { body: { name: 'one' } })).body, { free: false });
});
