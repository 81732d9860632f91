import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FakeClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { type ResourceKey, subscriptionKeyOf } from '#base/resource-id.ts';
import type { Plane, Reply } from '#http/message.ts';
import { requestOf } from '#http/request.fixture.ts';
import { SigningKeys } from '#identity/keys.ts';
import { Tokens } from '#identity/tokens.ts';
import type { Arrival } from '#topology/arrival.ts';
import type { RoleAssignmentFact, RoleDefinitionFact } from '#topology/facts.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import { AccessLog } from './access-log.ts';
import { operatorPlane } from './operator.ts';
import { machineKey, otherRegistryKey, registryKey, worldOf } from './world.fixture.ts';

const clock = new FakeClock();
const arrival: Arrival = { via: 'management', listener: 'host', peer: '127.0.0.1' };
let folder: string;
let plane: Plane;
let tokens: Tokens;
let accessLog: AccessLog;

const role = (name: string, actions: string[]): RoleDefinitionFact => ({
  kind: 'role-definition',
  role: `/roles/${name}` as ResourceKey,
  name,
  roleName: name,
  permissions: [{ actions, notActions: [], dataActions: [], notDataActions: [] }],
});
const zoneKey = registryKey.replace('microsoft.containerregistry/registries', 'microsoft.network/privatednszones') as ResourceKey;
const subscription = subscriptionKeyOf(registryKey) as ResourceKey;
const assigned = (principalId: string, roleName: string, scope: string, tenantId = 'tenant'): [string, RoleAssignmentFact[]] => [
  principalId,
  [{ kind: 'role-assignment', assignment: `/assignments/${principalId}` as ResourceKey, scope, role: roleName, principalId, tenantId }],
];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-operator-'));
  tokens = new Tokens({ keys: await SigningKeys.open(folder, clock), clock, tenantId: 'tenant' });
  const world: Snapshot = {
    ...worldOf(1, { machines: [machineKey] }),
    access: {
      roles: new Map([role('owner', ['*']), role('reader', ['*/read'])].map((fact) => [fact.name, fact])),
      assignments: new Map([
        assigned('owner', 'owner', '/'),
        assigned('reader', 'reader', '/'),
        assigned('one', 'reader', registryKey),
        assigned('elsewhere', 'owner', '/', 'other'),
      ]),
      identities: new Map(),
      subscriptions: new Map([[subscription, { kind: 'subscription', subscription, tenantId: 'tenant' }]]),
    },
  };
  accessLog = new AccessLog({ log: silentLog, clock, size: 3 });
  plane = operatorPlane({
    tokens,
    snapshot: () => world,
    accessLog,
    caPem: 'PEM',
    status: async () => ({ health: 'Healthy' }),
    tenants: { list: async () => [{ tenantId: 'tenant' }], create: async (asked) => ({ ...asked, tenantId: 'new' }) },
    namesOf: (_registry, mayRead) => ({ networks: [{ zones: [zoneKey].filter(mayRead) }] }),
    machine: () => ({ networkNamespace: '/run/netns/x', mountNamespace: '/run/mntns/x' }),
  });
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function ask(
  path: string,
  who?: string,
  method = 'GET',
  options: { tenantId?: string; body?: object } = {},
): Promise<{ status: number; body: string; reply: Reply }> {
  const audience = 'https://management.azure.com/';
  const token =
    who &&
    (
      await tokens.issueAccess({
        audience,
        principal: { objectId: who, appId: who, kind: 'ServicePrincipal', ...(options.tenantId === undefined ? {} : { tenantId: options.tenantId }) },
      })
    ).token;
  const reply = await plane(
    requestOf(method, `https://127.0.0.1:8443/postern${path}`, {
      headers: token ? { authorization: `Bearer ${token}` } : {},
      ...(options.body ? { body: JSON.stringify(options.body) } : {}),
    }),
    arrival,
  );
  return { status: reply.status, body: reply.body?.kind === 'bytes' ? Buffer.from(reply.body.bytes).toString() : '', reply };
}

test('the status is for who may read at the top, the authority for anybody', async () => {
  assert.deepEqual(JSON.parse((await ask('/status', 'owner')).body), { health: 'Healthy' });
  assert.equal((await ask('/status', 'reader')).status, 200);
  assert.equal((await ask('/status', 'one')).status, 403);
  assert.equal((await ask('/status', 'nobody')).status, 403);
  const anonymous = await ask('/status');
  assert.equal(anonymous.status, 401);
  assert.match(String(anonymous.reply.headers['www-authenticate']), /^Bearer /);
  assert.equal((await ask('/ca.pem')).body, 'PEM');
  assert.equal((await ask('/nothing', 'owner')).status, 404);
  assert.equal((await ask('/status/more', 'owner')).status, 404);
  assert.equal((await ask('/status', 'owner', 'POST')).status, 405);
});

test('what concerns the whole server is for the first tenant, whatever others are in their own', async () => {
  assert.deepEqual(JSON.parse((await ask('/tenants', 'owner')).body), { value: [{ tenantId: 'tenant' }] });
  const made = await ask('/tenants', 'owner', 'POST', { body: { displayName: 'Contoso' } });
  assert.deepEqual([made.status, JSON.parse(made.body).tenantId, made.reply.headers['cache-control']], [201, 'new', 'no-store']);
  assert.equal((await ask('/tenants', 'reader')).status, 200);
  assert.equal((await ask('/tenants', 'reader', 'POST', { body: {} })).status, 403, 'who may only read makes none');
  for (const [path, method] of [
    ['/tenants', 'GET'],
    ['/tenants', 'POST'],
    ['/status', 'GET'],
  ] as const)
    assert.equal((await ask(path, 'elsewhere', method, { tenantId: 'other', body: {} })).status, 403, `${method} ${path}`);
  assert.deepEqual(JSON.parse((await ask('/requests', 'elsewhere', 'GET', { tenantId: 'other' })).body), { value: [] });
});

test('a token for another audience opens nothing here', async () => {
  const { token } = await tokens.issueAccess({
    audience: 'https://containerregistry.azure.net',
    principal: { objectId: 'owner', appId: 'owner', kind: 'ServicePrincipal' },
  });
  const reply = await plane(requestOf('GET', 'https://127.0.0.1/postern/status', { headers: { authorization: `Bearer ${token}` } }), arrival);
  assert.equal(reply.status, 401);
});

test('a request is told to who may read its registry, and is unknown to others', async () => {
  const request = requestOf('GET', 'https://myregistry.azurecr.io/v2/app/manifests/latest?sig=secret');
  request.trace.push({ check: 'listener', ok: true, detail: 'there' }, { check: 'rule', ok: false, detail: 'publicNetworkAccess is Disabled' });
  accessLog.record(request, arrival, { status: 403, durationMs: 1.234, registry: registryKey });
  const entry = JSON.parse((await ask(`/requests/${request.id}`, 'one')).body);
  assert.deepEqual(
    [entry.status, entry.rule, entry.failure.check, entry.durationMs, entry.time],
    [403, 'publicNetworkAccess is Disabled', 'rule', 1.2, '2026-01-01T00:00:00.000Z'],
  );
  assert.doesNotMatch(JSON.stringify(entry), /secret/);
  assert.equal((await ask(`/requests/${request.id}`, 'owner')).status, 200);
  const [hidden, absent] = [await ask(`/requests/${request.id}`, 'nobody'), await ask('/requests/other', 'nobody')];
  assert.deepEqual([hidden.status, absent.status], [404, 404]);
  assert.equal(hidden.body.replace(request.id, 'other'), absent.body);

  const second = { ...request, id: 'ID-2'.toLowerCase() };
  accessLog.record(second, arrival, { status: 200, durationMs: 1, registry: otherRegistryKey });
  assert.equal((await ask('/requests/ID-2', 'one')).status, 404);
  const third = { ...request, id: 'id-3' };
  accessLog.record(third, arrival, { status: 200, durationMs: 1 });
  assert.equal((await ask('/requests/id-3', 'reader')).status, 404, 'of no registry: for owners');
  assert.equal((await ask('/requests/id-3', 'owner')).status, 200);
});

test('the latest refusals are listed, resets before TLS too, each for who may know of it', async () => {
  const network = '/n' as ResourceKey;
  accessLog.recordReset('network:/n:443', '10.0.0.5', network, {
    refused: 'the connection of the private endpoint at 10.0.1.4 is Rejected',
    endpoint: '/pe' as ResourceKey,
    registry: registryKey,
  });
  accessLog.recordReset('network:/n:443', '10.0.0.5', network, { refused: 'nothing is served at 10.0.9.9' });
  accessLog.record(requestOf('GET', 'https://myregistry.azurecr.io/v2/'), arrival, { status: 200, durationMs: 1, registry: registryKey });
  const list = async (who: string) => JSON.parse((await ask('/requests', who)).body).value;
  assert.deepEqual(
    (await list('owner')).map(({ method, failure, endpoint }: { method: string; failure: { check: string }; endpoint?: string }) => [
      method,
      failure.check,
      endpoint,
    ]),
    [
      ['RESET', 'listener', undefined],
      ['RESET', 'state', '/pe'],
    ],
  );
  const [reset, ...more] = await list('one');
  assert.deepEqual(more, []);
  assert.match(reset.failure.detail, /is Rejected$/);
  assert.equal((await ask(`/requests/${reset.id}`, 'one')).status, 200);
  assert.deepEqual(await list('nobody'), []);
});

test('the oldest requests make room', () => {
  const log = new AccessLog({ log: silentLog, clock, size: 2 });
  const base = requestOf('GET', 'https://a/');
  for (const id of ['a', 'b', 'c']) log.record({ ...base, id }, arrival, { status: 200, durationMs: 0 });
  assert.deepEqual([log.why('a'), log.why('b')?.id, log.why('C')?.id], [undefined, 'b', 'c']);
});

test('control characters that a client sent do not reach the terminal of who asks why', () => {
  const log = new AccessLog({ log: silentLog, clock });
  log.record({ ...requestOf('GET', 'https://a/'), id: 'a', trace: [{ check: 'scope', ok: false, detail: 'asked \u001b[2J\u009b' }] }, arrival, {
    status: 401,
    durationMs: 0,
  });
  assert.equal(log.why('a')?.failure?.detail, 'asked \ufffd[2J\ufffd');
});

test('what a client sent is not kept whole, but the failed step always is', () => {
  const log = new AccessLog({ log: silentLog, clock, size: 2 });
  const steps = Array.from({ length: 500 }, (_, index) => ({ check: 'scope', ok: index !== 400, detail: 'x'.repeat(250_000) }));
  log.record({ ...requestOf('GET', `https://a/${'p'.repeat(30_000)}`), id: 'a', trace: steps }, arrival, { status: 401, durationMs: 0 });
  const entry = log.why('a');
  assert.ok(JSON.stringify(entry).length < 150_000, `${JSON.stringify(entry).length} characters`);
  assert.equal(entry?.trace.length, 101);
  assert.equal(entry?.trace.at(-1)?.ok, false);
  assert.equal(entry?.failure?.ok, false);
});

test('machines are listed for who may read them', async () => {
  const [machine] = JSON.parse((await ask('/machines?name=VM-APP', 'owner')).body).value;
  assert.deepEqual([machine.name, machine.networkNamespace], ['vm-app', '/run/netns/x']);
  assert.deepEqual(JSON.parse((await ask('/machines?name=other', 'owner')).body).value, []);
  assert.deepEqual(JSON.parse((await ask('/machines', 'one')).body).value, []);
});

test('evidence tells who may do what and where names lead, to each as far as it may read', async () => {
  const of = async (who: string, registry: string = registryKey) => {
    const { status, body } = await ask(`/evidence?registry=${encodeURIComponent(registry)}`, who);
    return {
      status,
      body: JSON.parse(body) as {
        networks?: { zones: string[] }[];
        roles?: { registry: Record<string, { principalId: string; role: string }[]>; zones: { zone: string }[] };
      },
    };
  };
  const owner = await of('owner');
  assert.equal(owner.status, 200);
  assert.deepEqual(
    owner.body.roles?.registry.openPublicAccess?.map(({ principalId, role: name }) => [principalId, name]),
    [['owner', 'owner']],
  );
  assert.deepEqual(
    owner.body.roles?.zones.map(({ zone }) => zone),
    [zoneKey],
  );
  const one = await of('one');
  assert.deepEqual(one.body.networks, [{ zones: [] }], 'a zone that it may not read');
  assert.deepEqual(one.body.roles?.zones, []);
  assert.equal((await of('elsewhere')).status, 404);
  assert.equal((await of('one', otherRegistryKey)).status, 404);
  assert.equal((await of('owner', 'nonsense')).status, 400);
});
