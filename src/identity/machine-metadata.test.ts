import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FakeClock } from '#base/clock.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Plane, Reply } from '#http/message.ts';
import { requestOf } from '#http/request.fixture.ts';
import type { Arrival } from '#topology/arrival.ts';
import type { MachineIdentity, Snapshot } from '#topology/snapshot.ts';
import { SigningKeys } from './keys.ts';
import { machineMetadataPlane } from './machine-metadata.ts';
import { MANAGEMENT_AUDIENCES, Tokens } from './tokens.ts';

const tenantId = '11111111-1111-1111-1111-111111111111';
const machineId = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm-app';
const key = machineId.toLowerCase() as ResourceKey;
const arrival: Arrival = { via: 'machine', machine: key, listener: 'machine', peer: '10.0.0.4' };
const base = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities';
const identityOf = (name: string, system = false): MachineIdentity => ({
  resourceId: `${base}/${name}`,
  system,
  principalId: `principal-${name}`,
  clientId: `client-${name}`,
});
const clock = new FakeClock();
let identities: MachineIdentity[] = [];
const subscriptions = new Map<string, { tenantId: string }>();
let folder: string;
let tokens: Tokens;
let plane: Plane;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-metadata-'));
  tokens = new Tokens({ keys: await SigningKeys.open(folder, clock), clock, tenantId });
  const snapshot = (): Snapshot =>
    ({
      machines: new Map([[key, { key, id: machineId, name: 'vm-app', network: '/n', addresses: ['10.0.0.4'], identities }]]),
      access: { subscriptions },
    }) as unknown as Snapshot;
  plane = machineMetadataPlane({ tokens, snapshot, tenantId, clock });
});
after(() => rmSync(folder, { recursive: true, force: true }));

const tokenPath = '/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/';
const get = (path: string, headers: Record<string, string> = { metadata: 'true' }, by: Arrival = arrival, method = 'GET'): Promise<Reply> =>
  plane(requestOf(method, `http://169.254.169.254${path}`, { headers }), by);
// biome-ignore lint/suspicious/noExplicitAny: answers are read freely here.
const json = (reply: Reply): any => (reply.body?.kind === 'bytes' ? JSON.parse(Buffer.from(reply.body.bytes).toString()) : undefined);

test('the only identity of a machine needs no name, and proves itself', async () => {
  identities = [identityOf('a')];
  const reply = await get(tokenPath);
  const body = json(reply);
  assert.equal(reply.status, 200);
  assert.deepEqual([body.client_id, body.expires_in, body.token_type, typeof body.expires_on], ['client-a', '86400', 'Bearer', 'string']);
  assert.deepEqual(await tokens.verifyAccess(body.access_token, MANAGEMENT_AUDIENCES), {
    objectId: 'principal-a',
    appId: 'client-a',
    tenantId,
    kind: 'ManagedIdentity',
    resourceId: `${base}/a`,
  });
});

test('among several, one must be named; the machine own goes first', async () => {
  identities = [identityOf('a'), identityOf('b')];
  assert.match(json(await get(tokenPath)).error_description, /^Multiple user assigned identities exist/);
  assert.equal(json(await get(`${tokenPath}&client_id=CLIENT-B`)).client_id, 'client-b');
  assert.equal(json(await get(`${tokenPath}&object_id=principal-a`)).client_id, 'client-a');
  assert.equal(json(await get(`${tokenPath}&msi_res_id=${base.toUpperCase()}/B`)).client_id, 'client-b');
  assert.equal((await get(`${tokenPath}&client_id=client-b&object_id=principal-a`)).status, 400);
  identities = [identityOf('a'), identityOf('own', true)];
  assert.equal(json(await get(tokenPath)).client_id, 'client-own');
});

test('an identity of another machine is none of this one', async () => {
  identities = [identityOf('a')];
  for (const query of ['client_id=client-b', 'object_id=principal-b', `msi_res_id=${base}/b`]) {
    const reply = await get(`${tokenPath}&${query}`);
    assert.deepEqual([reply.status, json(reply).error_description], [400, 'Identity not found']);
  }
  identities = [];
  assert.equal(json(await get(tokenPath)).error_description, 'Identity not found');
});

test('requests without the header, forwarded ones and ones from elsewhere are refused', async () => {
  identities = [identityOf('a')];
  assert.equal((await get(tokenPath, {})).status, 400);
  assert.equal((await get(tokenPath, { metadata: 'false' })).status, 400);
  assert.equal((await get(tokenPath, { metadata: 'True' })).status, 200);
  assert.equal((await get(tokenPath, { metadata: 'true', 'x-forwarded-for': '1.2.3.4' })).status, 400);
  assert.equal((await get(tokenPath, { metadata: 'true', forwarded: 'for=1.2.3.4' })).status, 400);
  const outside: Arrival = { via: 'public', listener: 'host', peer: '127.0.0.1', source: '127.0.0.1' };
  assert.equal((await get(tokenPath, { metadata: 'true' }, outside)).status, 403);
});

test('malformed requests say what is missing', async () => {
  identities = [identityOf('a')];
  const cases: [string, number][] = [
    ['/metadata/identity/oauth2/token?resource=https://management.azure.com/', 400],
    ['/metadata/identity/oauth2/token?api-version=x&resource=https://management.azure.com/', 400],
    ['/metadata/identity/oauth2/token?api-version=2018-02-01', 400],
    ['/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://elsewhere/', 400],
    ['/metadata/other?api-version=2018-02-01', 404],
  ];
  for (const [path, status] of cases) assert.equal((await get(path)).status, status, path);
  assert.equal((await get(tokenPath, { metadata: 'true' }, arrival, 'PUT')).status, 405);
});

test('the instance document is small and true', async () => {
  const body = json(await get('/metadata/instance?api-version=2021-02-01'));
  assert.deepEqual([body.compute.name, body.compute.resourceGroupName, body.compute.resourceId], ['vm-app', 'rg', machineId]);
  assert.equal(body.network.interface[0].ipv4.ipAddress[0].privateIpAddress, '10.0.0.4');
});

test('a machine that is gone gets nothing', async () => {
  const reply = await get(tokenPath, { metadata: 'true' }, { ...arrival, machine: '/gone' as ResourceKey });
  assert.equal(reply.status, 410);
});

const post = (path: string, form: Record<string, string> | string, headers: Record<string, string> = { metadata: 'true' }): Promise<Reply> =>
  plane(
    typeof form === 'string'
      ? requestOf('POST', `http://169.254.169.254${path}`, { body: form, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } })
      : requestOf('POST', `http://169.254.169.254${path}`, { form, headers }),
    arrival,
  );

// docs/sources.md#managed-identity-endpoints
test('MSI_ENDPOINT takes a form, without a version', async () => {
  identities = [identityOf('a'), identityOf('b')];
  const resource = 'https://management.azure.com/';
  assert.equal(json(await post('/metadata/identity/oauth2/token', { resource, msi_res_id: `${base}/b` })).client_id, 'client-b');
  assert.equal((await post('/metadata/identity/oauth2/token', { resource, client_id: 'client-a' }, {})).status, 400, 'without the header');
  assert.equal((await post('/metadata/identity/oauth2/token', 'resource=x&resource=y')).status, 400);
  assert.equal((await post('/metadata/identity/oauth2/token', '{}', { metadata: 'true', 'content-type': 'application/json' })).status, 415);
  assert.equal((await post('/metadata/identity/oauth2/token', `resource=${'x'.repeat(20_000)}`)).status, 413);
  assert.equal((await post('/metadata/instance', {})).status, 405);
});

test("App Service's dialects ask for a header of their own, and answer in their own words", async () => {
  identities = [identityOf('a'), identityOf('b')];
  const at = (version: string, more: string) => `/msi/token?api-version=${version}&resource=https://management.azure.com/${more}`;
  const newer = await get(at('2019-08-01', `&mi_res_id=${base}/a`), { 'x-identity-header': 'x' });
  assert.deepEqual([json(newer).client_id, typeof json(newer).expires_on, json(newer).expires_in], ['client-a', 'string', undefined]);
  assert.equal(json(await get(at('2017-09-01', '&clientid=client-b'), { secret: 'x' })).client_id, 'client-b');
  for (const headers of [{}, { secret: '' }, { secret: 'x' }] as Record<string, string>[])
    assert.equal((await get(at('2019-08-01', ''), headers)).status, 400, JSON.stringify(headers));
  const none = await get(at('2019-08-01', '&client_id=nobody'), { 'x-identity-header': 'x' });
  assert.deepEqual([none.status, json(none).statusCode, json(none).message], [400, 400, 'Identity not found']);
  assert.equal((await get('/metadata/instance?api-version=2019-08-01', { 'x-identity-header': 'x' })).status, 400, 'the header opens nothing else');
  assert.equal((await get(at('2019-08-01', `&mi_res_id=${base}/a`), { 'x-identity-header': 'x', 'x-forwarded-for': '10.0.0.9' })).status, 400);
});

test('a managed identity is of the tenant of its subscription', async () => {
  identities = [identityOf('a')];
  subscriptions.set('/subscriptions/s', { tenantId: '22222222-2222-2222-2222-222222222222' });
  const identity = await tokens.verifyAccess(json(await get(tokenPath)).access_token, MANAGEMENT_AUDIENCES);
  subscriptions.clear();
  assert.equal(identity.tenantId, '22222222-2222-2222-2222-222222222222');
});
