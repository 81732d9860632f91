import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FakeClock, isoTime } from '#base/clock.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Plane, Reply } from '#http/message.ts';
import { requestOf } from '#http/request.fixture.ts';
import { Store } from '#store/store.ts';
import { insertTenant } from '#store/tenants.ts';
import type { Arrival } from '#topology/arrival.ts';
import { Directory, secretText } from './directory.ts';
import { SigningKeys } from './keys.ts';
import { isLoginPath, loginPlane } from './login.ts';
import { GRAPH_AUDIENCES, MANAGEMENT_AUDIENCES, Tokens } from './tokens.ts';

const tenantId = '11111111-1111-1111-1111-111111111111';
const management: Arrival = { via: 'management', listener: 'host', peer: '127.0.0.1' };
const machine: Arrival = { via: 'public', network: '/n' as ResourceKey, listener: 'network', peer: '10.0.0.4', source: '203.0.113.1' };
const clock = new FakeClock();
let folder: string;
let store: Store;
let tokens: Tokens;
let directory: Directory;
let plane: Plane;
let app: { objectId: string; appId: string; secret: string };

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-login-'));
  store = await Store.open(':memory:');
  await store.write(({ database }) =>
    insertTenant(database, { id: tenantId, displayName: 'Postern', domain: 'postern.onmicrosoft.com', createdAt: isoTime(clock) }),
  );
  tokens = new Tokens({ keys: await SigningKeys.open(folder, clock), clock, tenantId });
  directory = await Directory.open({ store, clock });
  app = await directory.createServicePrincipal({ tenantId, displayName: 'test' });
  plane = loginPlane({
    tokens,
    directory,
    store,
    tenantId,
    clock,
    sealKey: Buffer.alloc(32, 7),
    hostUrl: 'https://127.0.0.1:8443',
    domain: 'azurecr.io',
    hostDomain: 'localhost',
  });
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

// biome-ignore lint/suspicious/noExplicitAny: answers are read freely here.
const json = (reply: Reply): any => (reply.body?.kind === 'bytes' ? JSON.parse(Buffer.from(reply.body.bytes).toString()) : undefined);
const scope = 'https://management.azure.com//.default';
const ask = (path: string, form: Record<string, string>, headers = {}): Promise<Reply> =>
  plane(requestOf('POST', `https://login.microsoftonline.com${path}`, { form, headers }), machine);
const credentials = () => ({ grant_type: 'client_credentials', client_id: app.appId, client_secret: app.secret });

test('client credentials give a token, in the shapes of v2.0, v1.0 and ADFS', async () => {
  const two = json(await ask(`/${tenantId}/oauth2/v2.0/token`, { ...credentials(), scope }));
  assert.deepEqual([two.token_type, two.expires_in, two.ext_expires_in], ['Bearer', 3600, 3600]);
  const identity = await tokens.verifyAccess(two.access_token, MANAGEMENT_AUDIENCES);
  assert.deepEqual(identity, { objectId: app.objectId, appId: app.appId, tenantId, kind: 'ServicePrincipal' });

  const one = json(await ask(`/${tenantId}/oauth2/token`, { ...credentials(), resource: 'https://containerregistry.azure.net' }));
  assert.deepEqual([one.expires_in, one.resource], ['3600', 'https://containerregistry.azure.net']);
  await tokens.verifyAccess(one.access_token, ['https://containerregistry.azure.net']);

  const federated = json(await ask('/adfs/oauth2/token', { ...credentials(), scope, client_info: '1' }));
  assert.equal(federated.expires_in, 3600);
});

test('the scope loses exactly /.default', async () => {
  const answer = json(await ask(`/${tenantId}/oauth2/v2.0/token`, { ...credentials(), scope: 'https://containerregistry.azure.net/.default' }));
  await tokens.verifyAccess(answer.access_token, ['https://containerregistry.azure.net']);
});

test('credentials by HTTP Basic', async () => {
  const authorization = `Basic ${Buffer.from(`${app.appId}:${encodeURIComponent(app.secret)}`).toString('base64')}`;
  const reply = await ask(`/${tenantId}/oauth2/v2.0/token`, { grant_type: 'client_credentials', scope }, { authorization });
  assert.equal(reply.status, 200);
});

test('refusals are those of Entra', async () => {
  const path = `/${tenantId}/oauth2/v2.0/token`;
  const cases: [Record<string, string>, number, string, number][] = [
    [{}, 400, 'invalid_request', 900144],
    [{ grant_type: 'saml' }, 400, 'unsupported_grant_type', 70003],
    [{ ...credentials(), client_id: '' }, 400, 'invalid_request', 900144],
    [{ ...credentials(), client_secret: '' }, 401, 'invalid_client', 7000216],
    [{ ...credentials() }, 400, 'invalid_request', 900144],
    [{ ...credentials(), scope: 'https://management.azure.com/' }, 400, 'invalid_scope', 1002012],
    [{ ...credentials(), scope: 'https://elsewhere/.default' }, 400, 'invalid_resource', 500011],
    [{ ...credentials(), scope: `${scope} https://x/.default` }, 400, 'invalid_scope', 70011],
    [{ ...credentials(), scope, client_id: '99999999-9999-9999-9999-999999999999' }, 400, 'unauthorized_client', 700016],
    [{ ...credentials(), scope, client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
  ];
  for (const [form, status, error, code] of cases) {
    const reply = await ask(path, form);
    const body = json(reply);
    assert.deepEqual([reply.status, body.error, body.error_codes], [status, error, [code]], JSON.stringify(form));
    assert.match(body.error_description, new RegExp(`^AADSTS${code}: `));
    assert.ok(!body.error_description.includes(app.secret));
    assert.equal(body.trace_id, '00000000-0000-0000-0000-000000000001');
  }
  assert.deepEqual(json(await ask('/44444444-4444-4444-4444-444444444444/oauth2/v2.0/token', credentials())).error_codes, [90002]);
  assert.equal((await plane(requestOf('GET', `https://login.microsoftonline.com${path}`), machine)).status, 405);
  assert.equal((await plane(requestOf('GET', 'https://login.microsoftonline.com/nothing'), machine)).status, 404);
  const unreadable = await plane(
    requestOf('POST', `https://login.microsoftonline.com${path}`, { body: '{}', headers: { 'content-type': 'application/json' } }),
    machine,
  );
  assert.equal(unreadable.status, 415);
});

test('OpenID metadata names the host it was asked at, and keys verify tokens', async () => {
  const at = async (path: string) => json(await plane(requestOf('GET', `https://127.0.0.1:8443${path}`), management));
  const two = await at(`/${tenantId}/v2.0/.well-known/openid-configuration`);
  assert.equal(two.token_endpoint, `https://127.0.0.1:8443/${tenantId}/oauth2/v2.0/token`);
  const federated = await at('/adfs/.well-known/openid-configuration');
  assert.equal(federated.token_endpoint, 'https://127.0.0.1:8443/adfs/oauth2/token');
  assert.ok(federated.authorization_endpoint);
  // A tenant by name: the CLI reads the id from the issuer's first segment.
  assert.equal(new URL((await at('/adfs/postern.onmicrosoft.com/.well-known/openid-configuration')).issuer).pathname.split('/')[1], tenantId);
  assert.equal((await at('/common/discovery/v2.0/keys')).keys.length, 1);
  const instance = await at('/common/discovery/instance?api-version=1.1');
  assert.ok(instance.metadata[0].aliases.includes('127.0.0.1:8443'));
  for (const { token_endpoint, jwks_uri } of [two, federated]) for (const url of [token_endpoint, jwks_uri]) assert.ok(isLoginPath(new URL(url).pathname), url);
});

test('cloud metadata on the host never names an Azure registry suffix', async () => {
  const at = async (url: string, arrival: Arrival) => json(await plane(requestOf('GET', url), arrival));
  const host = await at('https://127.0.0.1:8443/metadata/endpoints?api-version=2019-05-01', management);
  assert.equal(host[0].suffixes.acrLoginServer, 'localhost');
  assert.equal(host[0].authentication.loginEndpoint, 'https://127.0.0.1:8443/adfs');
  const inside = await at('https://management.azure.com/metadata/endpoints?api-version=2019-05-01', machine);
  assert.equal(inside[0].name, 'AzureCloud');
  const one = await at('https://management.azure.com/metadata/endpoints?api-version=2022-09-01', machine);
  assert.deepEqual([one.resourceManager, one.suffixes], ['https://management.azure.com', inside[0].suffixes]);
  assert.equal(inside[0].suffixes.acrLoginServer, 'azurecr.io');
  assert.equal(inside[0].authentication.loginEndpoint, 'https://login.microsoftonline.com');
  const old = await at('https://127.0.0.1:8443/metadata/endpoints?api-version=2015-01-01', management);
  assert.deepEqual(Object.keys(old).sort(), ['authentication', 'galleryEndpoint', 'graphEndpoint', 'portalEndpoint']);
});

test('paths of the control plane are not sign-in paths', () => {
  for (const path of [
    '/subscriptions',
    '/subscriptions/s/resourceGroups/g',
    '/tenants',
    '/providers/Microsoft.Network',
    '/postern/status',
    '/',
    '/metadata/identity/oauth2/token/x',
  ])
    assert.equal(isLoginPath(path), false, path);
  for (const path of ['/common/oauth2/token', '/adfs/oauth2/token/', '/ADFS/oauth2/token', '/t/discovery/v2.0/keys', '/metadata/endpoints'])
    assert.equal(isLoginPath(path), true, path);
});

test('a secret proves its principal until it ends or is removed', async () => {
  const other = await directory.createServicePrincipal({ tenantId, displayName: 'other', secretLifetimeMs: 60_000 });
  assert.match(other.secret, /^[A-Za-z0-9_-]{40}$/);
  assert.equal((await directory.verifySecret(other.appId.toUpperCase(), other.secret))?.objectId, other.objectId);
  assert.equal(await directory.verifySecret(other.appId, `${other.secret}x`), undefined);
  assert.equal(await directory.verifySecret(app.appId, other.secret), undefined);
  const second = await directory.addSecret(other.appId, { displayName: 'second' });
  assert.ok(await directory.verifySecret(other.appId, second.secret));
  clock.advance(60_000);
  assert.equal(await directory.verifySecret(other.appId, other.secret), undefined, 'expired, though it was remembered');
  assert.ok(await directory.verifySecret(other.appId, second.secret));
  assert.equal(await directory.removeSecret(other.appId, second.keyId), true);
  assert.equal(await directory.verifySecret(other.appId, second.secret), undefined, 'removed, though it was remembered');
  assert.equal(await directory.removeApplication(other.appId), true);
  assert.equal(await directory.findByAppId(other.appId), undefined);
  await assert.rejects(directory.addSecret(other.appId), { code: 'Request_ResourceNotFound' });
});

test('an application without a service principal is told so', async () => {
  const other = await directory.createServicePrincipal({ tenantId, displayName: 'other' });
  await directory.removePrincipal(other.appId);
  const form = { ...credentials(), scope, client_id: other.appId, client_secret: other.secret };
  assert.deepEqual(json(await ask(`/${tenantId}/oauth2/v2.0/token`, form)).error_codes, [7000229]);
});

test('on the host the directory goes by the address of the listener, as audience and as metadata tell it', async () => {
  const at = (url: string, form: Record<string, string>, arrival: Arrival) => plane(requestOf('POST', url, { form }), arrival);
  for (const own of ['https://127.0.0.1:8443', 'https://127.0.0.1:8443/']) {
    const reply = await at('https://127.0.0.1:8443/adfs/oauth2/token', { ...credentials(), scope: `${own}/.default` }, management);
    await tokens.verifyAccess(json(reply).access_token, GRAPH_AUDIENCES);
  }
  const named = await at('https://management.azure.com/adfs/oauth2/token', { ...credentials(), scope }, management);
  await tokens.verifyAccess(json(named).access_token, MANAGEMENT_AUDIENCES);
  const elsewhere = await at('https://127.0.0.1:8443/adfs/oauth2/token', { ...credentials(), scope: 'https://127.0.0.1:9999/.default' }, management);
  assert.deepEqual(json(elsewhere).error_codes, [500011]);
  const inside = await at(
    `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`,
    { ...credentials(), scope: 'https://login.microsoftonline.com/.default' },
    machine,
  );
  assert.deepEqual(json(inside).error_codes, [500011]);
  const told = async (arrival: Arrival) => json(await plane(requestOf('GET', 'https://127.0.0.1:8443/metadata/endpoints?api-version=2019-05-01'), arrival))[0];
  assert.equal((await told(management)).microsoftGraphResourceId, 'https://127.0.0.1:8443/');
  assert.equal((await told(machine)).microsoftGraphResourceId, 'https://graph.microsoft.com/');
});

test('no secret looks like a flag', () => {
  const bytes = Buffer.alloc(30, 0xfb);
  assert.match(bytes.toString('base64url'), /^-/);
  assert.match(secretText(bytes), /^[A-Za-z0-9_][A-Za-z0-9_-]{39}$/);
});

test('the database holds no secret', async () => {
  const rows = await store.database.selectFrom('application_secrets').selectAll().execute();
  assert.ok(rows.length > 0 && !JSON.stringify(rows).includes(app.secret));
});
