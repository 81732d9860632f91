import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#base/fault.ts';
import { type Cloud, faultOf, openCloud, testTypes } from './fixture.ts';

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
  assert.deepEqual([refused.status, faultOf(refused).code], [409, 'ResourceGroupDeletionBlocked']);
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

const beacon = (cloud: Cloud, name: string, properties: object) =>
  cloud.ask('PUT', `${cloud.group}/providers/Contoso.Net/beacons/${name}`, { body: { properties } });
const stock = (cloud: Cloud, name: string, goods: string[]) => cloud.ask('PUT', shop(cloud, name), { body: { location: 'westeurope', properties: { goods } } });

test('an owner is asked again when what affects it comes, moves and goes', async () => {
  const cloud = await town();
  await stock(cloud, 'two', []);
  await beacon(cloud, 'b', { shop: shop(cloud) });
  const by = async (): Promise<unknown> => ((await cloud.ask('GET', good(cloud, 'of-b'))).body.properties as { by: string } | undefined)?.by;
  assert.equal(await by(), 'one');
  await beacon(cloud, 'b', { shop: shop(cloud, 'two') });
  assert.equal(await by(), 'two', 'both the shop before and the shop after were asked');
  await cloud.ask('DELETE', `${cloud.group}/providers/Contoso.Net/beacons/b`);
  assert.equal(await by(), undefined);
});

test('being asked again takes nothing from another owner', async () => {
  const cloud = await town();
  await stock(cloud, 'one', ['bun']);
  await stock(cloud, 'two', ['bun']);
  await beacon(cloud, 'b', { shop: shop(cloud, 'one') });
  assert.equal(((await cloud.ask('GET', good(cloud, 'bun'))).body.properties as { by: string }).by, 'two');
});

test('what a client wrote before or since belongs to the owner that lists it', async () => {
  const cloud = await town();
  await cloud.ask('PUT', good(cloud, 'bun'), { body: { properties: { by: 'one' } } });
  await stock(cloud, 'one', ['bun']);
  await stock(cloud, 'one', []);
  assert.deepEqual(await names(cloud, 'Contoso.Shop/goods'), [], 'the same content, yet owned');
  await stock(cloud, 'one', ['bun']);
  await cloud.ask('PUT', good(cloud, 'bun'), { body: { properties: { by: 'me' } } });
  await stock(cloud, 'one', []);
  assert.deepEqual(await names(cloud, 'Contoso.Shop/goods'), []);
});

test('an owned child needs its parent when it is asked for, and is left out when the parent has gone', async () => {
  const cloud = await town();
  const network = range(cloud).slice(0, -'/ranges/r'.length);
  const refused = await beacon(cloud, 'b', { network: `${network}x` });
  assert.deepEqual([refused.status, faultOf(refused).code], [404, 'ParentResourceNotFound']);
  assert.equal((await beacon(cloud, 'b', { network })).status, 201);
  assert.deepEqual(await names(cloud, 'Contoso.Net/networks/ranges'), ['b', 'r']);
  assert.equal((await cloud.ask('DELETE', network)).status, 200);
  assert.deepEqual(await names(cloud, 'Contoso.Net/networks/ranges'), []);
});

test('a deletion takes along what the type says', async () => {
  const cloud = await town();
  await cloud.ask('PUT', good(cloud, 'far'), { body: {} });
  await beacon(cloud, 'b', { takes: good(cloud, 'far') });
  await cloud.ask('DELETE', `${cloud.group}/providers/Contoso.Net/beacons/b`);
  assert.deepEqual(await names(cloud, 'Contoso.Shop/goods'), []);
});

test('two addresses of one request differ, and a full range says how many were asked', async () => {
  const cloud = await town();
  const pair = await openDoor(cloud, 'd', { pair: true });
  assert.deepEqual([address(pair), (pair.body.properties as { second: unknown }).second], ['10.0.0.4', '10.0.0.5']);
  await openDoor(cloud, 'e');
  await openDoor(cloud, 'f');
  await cloud.ask('DELETE', door(cloud, 'e'));
  assert.match(faultOf(await openDoor(cloud, 'g', { pair: true })).message, /does not have enough capacity for [12] IP addresses\.$/);
});

test('a network that cannot be made fails the door in it', async () => {
  const cloud = await town();
  cloud.outcomes.set(range(cloud).slice(0, -'/ranges/r'.length).toLowerCase(), new Fault('unavailable', 'NetworkNotMade', 'The kernel refused.'));
  assert.equal(faultOf(await openDoor(cloud, 'd')).code, 'NetworkNotMade');
  assert.equal((await cloud.ask('PUT', good(cloud, 'elsewhere'), { body: {} })).status, 201);
});

test('a child that is in use cannot be left out of its parent', async () => {
  const cloud = await town();
  await openDoor(cloud, 'd');
  const refused = await cloud.ask('PATCH', range(cloud).slice(0, -'/ranges/r'.length), { body: { properties: { ranges: [] } } });
  assert.equal(faultOf(refused).code, 'InUse');
  assert.deepEqual(await names(cloud, 'Contoso.Net/networks/ranges'), ['r']);
});

test('a group asks each member once when its references make no circle', async () => {
  const asked: string[] = [];
  const types = testTypes.map((type) =>
    type.mayDelete
      ? {
          ...type,
          mayDelete: (...[resource, context]: Parameters<NonNullable<typeof type.mayDelete>>) => {
            asked.push(resource.name);
            return type.mayDelete?.(resource, context) ?? Promise.resolve([]);
          },
        }
      : type,
  );
  const cloud = await openCloud({ types });
  const network = `${cloud.group}/providers/Contoso.Net/networks/n`;
  await cloud.ask('PUT', network, {
    body: { location: 'westeurope', properties: { prefix: '10.0.0.0/16', ranges: [{ name: 'r', properties: { prefix: '10.0.0.0/29' } }] } },
  });
  await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope' } });
  // By its key it comes after the network it refers to.
  await cloud.ask('PUT', `${cloud.group}/providers/Contoso.Shop/goods/z`, { body: { properties: {} } });
  await openDoor(cloud, 'd');
  assert.equal((await cloud.ask('DELETE', cloud.group)).status, 200);
  assert.deepEqual(asked.sort(), ['n', 'one']);
});

test('who made a resource stays, who changed it last follows', async () => {
  const cloud = await town();
  const before = (await cloud.ask('GET', shop(cloud))).body.systemData as Record<string, string>;
  const owner = '/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
  await cloud.ask('PUT', `${cloud.group}/providers/Microsoft.Authorization/roleAssignments/a`, {
    body: { properties: { roleDefinitionId: owner, principalId: 'bob' } },
  });
  cloud.clock.advance(60_000);
  const after = (await cloud.ask('PATCH', shop(cloud), { as: 'bob', body: { tags: { a: 'b' } } })).body.systemData as Record<string, string>;
  assert.deepEqual([after.createdBy, after.createdAt], [before.createdBy, before.createdAt]);
  assert.deepEqual([after.lastModifiedBy, after.lastModifiedAt], ['bob', '2026-01-01T00:01:00.000Z']);
});
