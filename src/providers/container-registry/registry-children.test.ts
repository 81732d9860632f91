/** What hangs below registries and does not act: webhooks, agent pools, cache rules, credential sets, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPlane, REGISTRY, SUBNET } from '../control-plane.fixture.ts';

async function furnished(sku = 'Premium'): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish({ sku });
  return plane;
}

const HOOK = `${REGISTRY}/webhooks/tellme`;
const hook = (more: object = {}) => ({ location: 'westeurope', properties: { serviceUri: 'https://hooks.example.com/x', actions: ['push'], ...more } });

test('a webhook shows neither its address nor its headers but by getCallbackConfig, and keeps them (docs/sources.md#webhooks)', async () => {
  const plane = await furnished();
  const created = await plane.ask('PUT', HOOK, hook({ customHeaders: { authorization: 'Basic secret' }, scope: 'app:*' }));
  assert.equal(created.status, 201, created.message);
  assert.deepEqual(created.body.properties, { status: 'enabled', scope: 'app:*', actions: ['push'], provisioningState: 'Succeeded' });
  assert.match(String(created.headers.warning), /nobody is called/);
  const config = async () => (await plane.ask('POST', `${HOOK}/getCallbackConfig`)).body;
  assert.deepEqual(await config(), { serviceUri: 'https://hooks.example.com/x', customHeaders: { authorization: 'Basic secret' } });
  const patched = await plane.ask('PATCH', HOOK, { properties: { actions: ['push', 'delete'], status: 'disabled' } });
  assert.deepEqual([patched.status, patched.body.properties.actions, patched.body.properties.status], [200, ['push', 'delete'], 'disabled']);
  assert.equal((await config()).serviceUri, 'https://hooks.example.com/x');
  assert.deepEqual((await plane.ask('POST', `${HOOK}/listEvents`)).body, { value: [] });
  const ping = await plane.ask('POST', `${HOOK}/ping`);
  assert.deepEqual([ping.status, ping.codes], [501, ['WebhookNotCalled']]);
  assert.equal((await plane.ask('DELETE', HOOK)).status, 200);
});

test('webhooks: what is asked of one, and how many there may be (docs/sources.md#tiers)', async () => {
  const plane = await furnished('Basic');
  const bad = async (body: object, path = HOOK) => (await plane.ask('PUT', path, body)).status;
  assert.equal(await bad(hook({ serviceUri: 'ftp://x' })), 400);
  assert.equal(await bad(hook({ serviceUri: undefined })), 400);
  assert.equal(await bad(hook({ actions: ['pull'] })), 400);
  assert.equal(await bad(hook({ actions: [] })), 400);
  assert.equal(await bad(hook(), `${REGISTRY}/webhooks/no-dash`), 400);
  for (const name of ['first', 'second']) assert.equal(await bad(hook(), `${REGISTRY}/webhooks/${name}`), 201);
  const third = await plane.ask('PUT', `${REGISTRY}/webhooks/third`, hook());
  assert.deepEqual(third.codes, ['QuotaExceeded']);
});

const POOL = `${REGISTRY}/agentPools/mine`;

test('an agent pool is kept, and after its deletion shown once more (docs/sources.md#agent-pools)', async () => {
  const plane = await furnished();
  const body = { location: 'westeurope', properties: { count: 1, tier: 's2', virtualNetworkSubnetResourceId: plane.id(SUBNET) } };
  const created = await plane.ask('PUT', POOL, body);
  assert.deepEqual([created.status, created.body.properties.tier, created.body.properties.os], [201, 'S2', 'Linux']);
  assert.match(String(created.headers.warning), /no machine is started/);
  assert.equal((await plane.ask('PATCH', POOL, { properties: { count: 3 } })).body.properties.count, 3);
  assert.equal((await plane.ask('PATCH', POOL, { properties: { tier: 'S1' } })).status, 409);
  assert.deepEqual((await plane.ask('POST', `${POOL}/listQueueStatus`)).body, { count: 0 });
  assert.equal((await plane.ask('DELETE', POOL)).status, 204);
  const last = await plane.get(POOL);
  assert.deepEqual([last.status, last.body.properties.provisioningState], [200, 'Succeeded']);
  assert.equal((await plane.get(POOL)).status, 404);
  assert.deepEqual((await plane.get(`${REGISTRY}/agentPools`)).body.value, []);
});

test('agent pools are for Premium, and in subnets that exist', async () => {
  const plane = await furnished('Standard');
  const refused = await plane.ask('PUT', POOL, { location: 'westeurope', properties: { virtualNetworkSubnetResourceId: `${plane.id(SUBNET)}x` } });
  assert.deepEqual(refused.codes, ['BadRequest', 'InvalidResourceReference']);
  assert.match(refused.message, /agent pool is not supported for the SKU Standard/);
});

test('cache rules and credential sets are kept (docs/sources.md#cache-rules)', async () => {
  const plane = await furnished();
  const rule = `${REGISTRY}/cacheRules/hub-rule`;
  const set = `${REGISTRY}/credentialSets/hub-set`;
  const secret = (name: string): string => `https://vault.example.net/secrets/${name}`;
  const properties = { sourceRepository: 'docker.io/library/nginx', targetRepository: 'nginx' };
  assert.deepEqual((await plane.ask('PUT', rule, { properties })).codes, ['EnforceDockerAuthentication']);
  assert.deepEqual((await plane.ask('PUT', rule, { properties: { ...properties, credentialSetResourceId: plane.id(set) } })).codes, [
    'InvalidResourceReference',
  ]);
  const made = await plane.ask('PUT', set, {
    identity: { type: 'SystemAssigned' },
    properties: {
      loginServer: 'docker.io',
      authCredentials: [{ name: 'Credential1', usernameSecretIdentifier: secret('u'), passwordSecretIdentifier: secret('p') }],
    },
  });
  assert.equal(made.status, 201, made.message);
  assert.equal(made.body.properties.authCredentials[0].credentialHealth.status, 'Unhealthy');
  assert.ok(made.body.identity.principalId);
  const created = await plane.ask('PUT', rule, { properties: { ...properties, credentialSetResourceId: plane.id(set) } });
  assert.equal(created.status, 201, created.message);
  assert.match(String(created.headers.warning), /nothing is fetched/);
  assert.equal((await plane.ask('PATCH', rule, { properties: { credentialSetResourceId: null, sourceRepository: 'ghcr.io/x/y' } })).status, 409);
  // Newer clients take nothing else for done.
  for (const path of [rule, set]) assert.equal((await plane.ask('DELETE', path)).status, 204);
});

test('what is not served says so, and lists are empty', async () => {
  const plane = await furnished();
  for (const collection of ['connectedRegistries', 'tasks', 'runs', 'taskRuns']) {
    assert.deepEqual((await plane.get(`${REGISTRY}/${collection}?$top=15`)).body, { value: [] });
    const refused = await plane.ask('PUT', `${REGISTRY}/${collection}/mine`, { location: 'westeurope', properties: {} });
    assert.deepEqual([refused.status, refused.codes], [501, ['NotServed']]);
  }
  for (const action of ['scheduleRun', 'listBuildSourceUploadUrl'])
    assert.deepEqual((await plane.ask('POST', `${REGISTRY}/${action}`, {})).codes, ['NotServed']);
});
