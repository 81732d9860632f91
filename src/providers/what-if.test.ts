/** What a change would do, told without doing it, with the real types: to a connection, an endpoint, a link, a group. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, ControlPlane, ENDPOINT, NETWORK, REGISTRY, ZONE } from './control-plane.fixture.ts';

const VM = 'Microsoft.Compute/virtualMachines/vm';

/** A machine whose network reaches the registry by an endpoint with its names. */
async function reachable(): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(ZONE, { location: 'global' });
  await plane.put(`${ZONE}/virtualNetworkLinks/link`, {
    location: 'global',
    properties: { virtualNetwork: { id: plane.id(NETWORK) }, registrationEnabled: false },
  });
  await plane.put(ENDPOINT, plane.endpointBody());
  await plane.put(`${ENDPOINT}/privateDnsZoneGroups/default`, {
    properties: { privateDnsZoneConfigs: [{ name: 'acr', properties: { privateDnsZoneId: plane.id(ZONE) } }] },
  });
  await plane.put('Microsoft.Network/networkInterfaces/nic', {
    location: 'westeurope',
    properties: { ipConfigurations: [{ name: 'ip', properties: { subnet: { id: `${plane.id(NETWORK)}/subnets/s` } } }] },
  });
  await plane.put(VM, {
    location: 'westeurope',
    properties: { networkProfile: { networkInterfaces: [{ id: plane.id('Microsoft.Network/networkInterfaces/nic') }] } },
  });
  return plane;
}

const foresee = (plane: ControlPlane, path: string, method: string, body?: unknown, as?: string): Promise<Answer> =>
  plane.ask('POST', `${path}/whatIf`, { method, ...(body === undefined ? {} : { body }) }, as === undefined ? {} : { as });

/** Everything that is stored, byte for byte. */
const stored = async (plane: ControlPlane): Promise<string> => JSON.stringify([plane.store.revision, await plane.store.resources.list()]);

/** Asks what a change would do, and holds the answer against doing it. */
async function foreseen(plane: ControlPlane, path: string, method: string, body?: unknown): Promise<Answer['body']> {
  const before = await stored(plane);
  const answer = await foresee(plane, path, method, body);
  assert.equal(answer.status, 200, answer.message);
  assert.equal(await stored(plane), before, 'nothing is written');
  const left = new Map((await plane.store.resources.list()).map(({ id, etag }) => [id, etag]));
  const done = await plane.ask(method, path, body);
  assert.ok(done.status < 300, done.message);
  const changed = new Map<string, string>();
  for (const { id, etag } of await plane.store.resources.list()) {
    if (left.get(id) !== etag) changed.set(id, left.has(id) ? 'Modify' : 'Create');
    left.delete(id);
  }
  for (const id of left.keys()) changed.set(id, 'Delete');
  const told = answer.body.changes.map(({ resourceId, changeType }: { resourceId: string; changeType: string }) => [resourceId, changeType]);
  // GUIDs that the service chooses are other ones each time.
  const plain = (changes: unknown[]): string[] => changes.map((change) => JSON.stringify(change).replace(/(pe2\.(?:nic\.)?)[0-9a-f-]{36}/, '$1GUID')).sort();
  assert.deepEqual(plain(told), plain([...changed]), 'what was told is what happened');
  return answer.body;
}

test('the rejection of a connection takes the way of every machine in its network, and is undone by its approval', async () => {
  const plane = await reachable();
  const connection = await plane.connection();
  const { properties } = (await plane.get(connection)).body;
  const { changes, impact, undo } = await foreseen(plane, connection, 'PUT', {
    properties: { ...properties, privateLinkServiceConnectionState: { status: 'Rejected', description: 'no' } },
  });
  assert.equal(
    changes.find(({ resourceId }: { resourceId: string }) => resourceId === connection).after.properties.privateLinkServiceConnectionState.status,
    'Rejected',
  );
  assert.deepEqual(
    impact.paths.map(({ verdict, network, machines }: { verdict: string; network: string; machines: string[] }) => [verdict, network, machines])[0],
    ['lost', plane.id(NETWORK), [plane.id(VM)]],
  );
  assert.equal(undo.length, 1);
  await run(plane, undo);
  assert.equal((await plane.properties(connection)).privateLinkServiceConnectionState.status, 'Approved');
});

test("an endpoint's deletion takes its names from every linked network; the commands make it again with them", async () => {
  const plane = await reachable();
  const { impact, undo } = await foreseen(plane, ENDPOINT, 'DELETE');
  assert.ok(impact.names.length > 0);
  assert.ok(impact.names.every(({ network, after }: { network: string; after?: unknown }) => network === plane.id(NETWORK) && after === undefined));
  assert.ok(impact.connections.length === 1);
  await run(plane, undo);
  assert.equal((await plane.get(`${ZONE}/A/myregistry`)).status, 200);
  assert.equal((await plane.properties(await plane.connection())).privateLinkServiceConnectionState.status, 'Approved');
});

test('a connection that is removed comes back only with a new endpoint', async () => {
  const plane = await reachable();
  const { undo } = await foreseen(plane, await plane.connection(), 'DELETE');
  assert.match(undo[0], /^az resource delete --ids '.*\/privateEndpoints\/pe'$/);
  await run(plane, undo);
  assert.equal((await plane.properties(await plane.connection())).privateLinkServiceConnectionState.status, 'Approved');
  assert.equal((await plane.get(`${ZONE}/A/myregistry`)).status, 200);
});

test('a link and a new endpoint are foreseen as they happen', async () => {
  const plane = await reachable();
  const unlinked = await foreseen(plane, `${ZONE}/virtualNetworkLinks/link`, 'DELETE');
  assert.ok(unlinked.impact.paths.some(({ verdict }: { verdict: string }) => verdict !== 'gained'));
  await run(plane, unlinked.undo);
  const made = await foreseen(plane, `${ENDPOINT}2`, 'PUT', plane.endpointBody());
  assert.match(made.undo[0], /^az resource delete --ids '.*\/privateEndpoints\/pe2'$/);
  assert.equal(made.changes.find(({ resourceId }: { resourceId: string }) => resourceId.endsWith('/privateEndpoints/pe2')).before, null);
  await run(plane, made.undo);
  assert.equal((await plane.get(`${ENDPOINT}2`)).status, 404);
});

test('a resource group is foreseen whole, and comes back in an order that works', async () => {
  const plane = await reachable();
  const group = `${plane.subscription}/resourceGroups/rg`;
  const { impact, undo } = await foreseen(plane, group, 'DELETE');
  assert.deepEqual(impact.machines, [{ id: plane.id(VM), network: plane.id(NETWORK), verdict: 'lost' }]);
  await run(plane, undo);
  assert.equal((await plane.properties(await plane.connection())).privateLinkServiceConnectionState.status, 'Approved');
  assert.equal((await plane.get(VM)).status, 200);
  assert.equal((await plane.get(`${ZONE}/A/myregistry`)).status, 200);
});

test('what would be refused is refused, and who may not do it may not ask', async () => {
  const plane = await reachable();
  const registry = await foresee(plane, REGISTRY, 'DELETE');
  const real = await plane.ask('DELETE', REGISTRY);
  assert.deepEqual([registry.status, registry.body], [real.status, real.body]);
  const stranger = await foresee(plane, ENDPOINT, 'DELETE', undefined, '00000000-0000-4000-8000-00000000bbbb');
  assert.deepEqual([stranger.status, stranger.codes], [403, ['AuthorizationFailed']]);
  assert.equal((await foresee(plane, `${ENDPOINT}9`, 'DELETE')).status, 404);
  assert.equal((await foresee(plane, ENDPOINT, 'POST')).status, 405);
  assert.equal((await foresee(plane, ENDPOINT, 'PUT', 'text')).codes[0], 'InvalidRequestContent');
  assert.equal((await plane.ask('GET', `${ENDPOINT}/whatIf`)).status, 405);
});

/** Runs commands as az would. */
async function run(plane: ControlPlane, commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    const [, remove] = /^az resource delete --ids '([^']*)'$/.exec(command) ?? [];
    const [, url = '', body = ''] = /^az rest --method put --url '([^']*)' --body '(.*)'$/.exec(command) ?? [];
    const answer = remove === undefined ? await plane.ask('PUT', url, JSON.parse(body.replaceAll("'\\''", "'"))) : await plane.ask('DELETE', remove);
    assert.ok(answer.status < 300, `${command}: ${answer.message}`);
  }
}

test('nobody sees by what-if what others have, in another tenant least of all: neither as a change nor in what would undo it', async () => {
  const plane = await ControlPlane.open();
  await plane.furnish();
  const { admin, subscription } = await plane.addTenant();
  const there = `${subscription}/resourceGroups/rg/providers`;
  const other = async (path: string, body: object): Promise<void> =>
    assert.equal((await plane.ask('PUT', `${subscription}/resourceGroups/rg${path}`, body, { as: admin })).status, 201);
  await other('', { location: 'westeurope' });
  const subnets = [{ name: 'secret', properties: { addressPrefix: '10.9.1.0/24' } }];
  await other(`/providers/${NETWORK}`, { location: 'westeurope', properties: { addressSpace: { addressPrefixes: ['10.9.0.0/16'] }, subnets } });
  const subnet = { id: `${there}/${NETWORK}/subnets/secret` };
  await other(`/providers/${ENDPOINT}`, { ...plane.endpointBody({ manual: true, more: { subnet } }), tags: { secret: 'yes' } });
  const connection = await plane.connection();
  const approval = { properties: { privateLinkServiceConnectionState: { status: 'Approved' } } };
  for (const [method, body] of [['PUT', approval], ['DELETE']] as const) {
    const { body: told, status } = await foresee(plane, connection, method, body);
    assert.equal(status, 200);
    assert.deepEqual(
      told.changes.map(({ resourceId }: { resourceId: string }) => resourceId),
      [connection],
    );
    assert.doesNotMatch(JSON.stringify(told), /secret|10\.9\./);
    assert.ok(told.impact.notShown > 0, 'it is said that there is more');
    if (body) await plane.put(connection, body);
  }
});
