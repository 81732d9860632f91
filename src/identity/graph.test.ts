/** The directory's plane, asked as `az ad` and `az role assignment` ask. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FakeClock } from '#base/clock.ts';
import type { DomainName } from '#base/domain-name.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Plane, Reply, Request } from '#http/message.ts';
import { requestOf } from '#http/request.fixture.ts';
import { Store } from '#store/store.ts';
import type { Arrival } from '#topology/arrival.ts';
import { emptySnapshot, type Snapshot } from '#topology/snapshot.ts';
import { Directory } from './directory.ts';
import { graphPlane, isGraphPath } from './graph.ts';
import { parseGraphFilter } from './graph-filter.ts';
import { SigningKeys } from './keys.ts';
import { GRAPH_AUDIENCES, MANAGEMENT_AUDIENCES, REGISTRY_AUDIENCE, Tokens } from './tokens.ts';

const tenantId = '11111111-1111-1111-1111-111111111111';
const arrival: Arrival = { via: 'management', listener: 'host', peer: '127.0.0.1' };
const clock = new FakeClock();
const identity = {
  objectId: 'aaaaaaaa-0000-4000-8000-000000000001',
  clientId: 'aaaaaaaa-0000-4000-8000-000000000002',
  id: '/subscriptions/s/resourceGroups/rg/x/y/Puller',
};
const system = {
  principalId: 'aaaaaaaa-0000-4000-8000-000000000003',
  clientId: 'aaaaaaaa-0000-4000-8000-000000000004',
  resourceId: '/subscriptions/s/x/vm-app',
  system: true,
};
let folder: string;
let store: Store;
let tokens: Tokens;
let directory: Directory;
let plane: Plane;
let owner: { objectId: string; appId: string };
let reader: { objectId: string; appId: string };

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-graph-'));
  store = await Store.open(':memory:');
  await store.write(({ database }) => database.insertInto('settings').values({ name: 'tenantId', value: tenantId }).execute());
  tokens = new Tokens({ keys: await SigningKeys.open(folder, clock), clock, tenantId });
  directory = await Directory.open({ store, clock });
  owner = await directory.createServicePrincipal({ tenantId, displayName: 'owner' });
  reader = await directory.createServicePrincipal({ tenantId, displayName: 'reader' });
  const assigned = (principalId: string, scope: string) => ({ assignment: `${scope}/a/${principalId}`, scope, principalId, role: 'owner', tenantId });
  const empty = emptySnapshot('azurecr.io' as DomainName);
  const snapshot = {
    ...empty,
    machines: new Map([['/vm' as ResourceKey, { key: '/vm', identities: [system, { ...system, principalId: 'user-assigned', system: false }] }]]),
    access: {
      roles: new Map([['owner', { roleName: 'Owner', permissions: [{ actions: ['*'], notActions: [], dataActions: [], notDataActions: [] }] }]]),
      assignments: new Map([
        [owner.objectId, [assigned(owner.objectId, '/')]],
        [reader.objectId, [assigned(reader.objectId, '/subscriptions/s')]],
      ]),
      identities: new Map([['/i' as ResourceKey, { identity: '/i', id: identity.id, principalId: identity.objectId, clientId: identity.clientId, tenantId }]]),
      subscriptions: new Map(),
    },
  } as unknown as Snapshot;
  plane = graphPlane({ tokens, directory, snapshot: () => snapshot });
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Told {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are read freely here.
  readonly body: any;
  readonly request: Request;
  readonly reply: Reply;
}

async function ask(
  method: string,
  path: string,
  body?: unknown,
  as: { objectId: string; appId: string } | undefined = owner,
  audience = GRAPH_AUDIENCES[0] as string,
): Promise<Told> {
  const { token } = await tokens.issueAccess({ audience, principal: { ...as, kind: 'ServicePrincipal' } });
  const request = requestOf(method, `https://graph.microsoft.com/v1.0${path}`, {
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const reply = await plane(request, arrival);
  return { status: reply.status, body: reply.body?.kind === 'bytes' ? JSON.parse(Buffer.from(reply.body.bytes).toString()) : undefined, request, reply };
}
const filtered = async (set: string, filter: string) => (await ask('GET', `/${set}?$filter=${encodeURIComponent(filter)}`)).body.value;

test('az ad sp create-for-rbac: application, password, service principal; then show, list, and the sign-in', async () => {
  assert.deepEqual(await filtered('servicePrincipals', "displayName eq 'ci'"), []);
  assert.deepEqual(await filtered('applications', "startswith(displayName,'ci')"), []);
  const app = await ask('POST', '/applications', { displayName: 'ci', keyCredentials: [] });
  assert.deepEqual([app.status, app.body.displayName, app.body.passwordCredentials], [201, 'ci', []]);
  assert.deepEqual(await filtered('servicePrincipals', `appId eq '${app.body.appId}'`), [], 'an application alone is nobody');

  const startDateTime = new Date(clock.now()).toISOString();
  const endDateTime = new Date(clock.now() + 1000).toISOString();
  const password = await ask('POST', `/applications/${app.body.id}/addPassword`, { passwordCredential: { displayName: 'rbac', startDateTime, endDateTime } });
  assert.equal(password.status, 200);
  const { secretText, keyId } = password.body;
  assert.deepEqual([password.body.displayName, password.body.startDateTime, password.body.endDateTime], ['rbac', startDateTime, endDateTime]);
  assert.equal(await directory.verifySecret(app.body.appId, secretText), undefined, 'no service principal, no sign-in');

  const made = await ask('POST', '/servicePrincipals', { appId: app.body.appId, accountEnabled: true });
  assert.equal(made.status, 201);
  assert.notEqual(made.body.id, app.body.id);
  assert.equal((await directory.verifySecret(app.body.appId, secretText))?.objectId, made.body.id);
  clock.advance(1000);
  assert.equal(await directory.verifySecret(app.body.appId, secretText), undefined, 'endDateTime holds');

  const shown = await ask('GET', `/servicePrincipals/${made.body.id}`);
  assert.deepEqual(
    [shown.body.appId, shown.body.displayName, shown.body.servicePrincipalNames, shown.body.servicePrincipalType, shown.body.appOwnerOrganizationId],
    [app.body.appId, 'ci', [app.body.appId], 'Application', tenantId],
  );
  assert.deepEqual(
    shown.body.passwordCredentials.map((one: { keyId: string; secretText: null }) => [one.keyId, one.secretText]),
    [[keyId, null]],
  );
  assert.equal((await ask('GET', `/servicePrincipals(appId='${app.body.appId}')`)).body.id, made.body.id);
  assert.equal((await ask('GET', `/servicePrincipals(appId%3D%27${app.body.appId}%27)`)).body.id, made.body.id);
  for (const filter of [
    `servicePrincipalNames/any(c:c eq '${app.body.appId}')`,
    `appId eq '${app.body.appId.toUpperCase()}'`,
    "displayName eq 'CI'",
    `startswith(displayName,'c') and appId eq '${app.body.appId}'`,
  ])
    assert.deepEqual(
      (await filtered('servicePrincipals', filter)).map(({ id }: { id: string }) => id),
      [made.body.id],
      filter,
    );
  assert.deepEqual(await filtered('servicePrincipals', `displayName eq 'other' and appId eq '${app.body.appId}'`), []);

  // The same command again: az patches the application it finds, and ends its passwords.
  assert.equal((await ask('PATCH', `/applications/${app.body.id}`, { displayName: 'ci2', keyCredentials: [] })).status, 204);
  assert.equal((await ask('POST', `/applications/${app.body.id}/removePassword`, { keyId })).status, 204);
  assert.equal((await ask('POST', `/applications/${app.body.id}/removePassword`, { keyId })).status, 400);
  assert.deepEqual(
    [(await ask('GET', `/applications/${app.body.id}`)).body].map((one) => [one.displayName, one.passwordCredentials]),
    [['ci2', []]],
  );
  assert.equal((await ask('POST', '/servicePrincipals', { appId: app.body.appId })).body.error.code, 'Request_MultipleObjectsWithSameKeyValue');
});

test('a service principal that is deleted cannot sign in, and a new one of its application is somebody else', async () => {
  const made = await directory.createServicePrincipal({ tenantId, displayName: 'gone' });
  assert.ok(await directory.verifySecret(made.appId, made.secret));
  assert.equal((await ask('DELETE', `/servicePrincipals/${made.objectId}`)).status, 204);
  assert.equal(await directory.verifySecret(made.appId, made.secret), undefined, 'though it was remembered');
  assert.equal((await ask('GET', `/servicePrincipals/${made.objectId}`)).status, 404);
  assert.equal((await ask('DELETE', `/servicePrincipals/${made.objectId}`)).body.error.code, 'Request_ResourceNotFound');
  const [app] = await filtered('applications', `appId eq '${made.appId}'`);
  const again = await ask('POST', '/servicePrincipals', { appId: made.appId });
  assert.notEqual(again.body.id, made.objectId, 'role assignments of the old one do not come back');
  assert.equal((await directory.verifySecret(made.appId, made.secret))?.objectId, again.body.id);

  assert.equal((await ask('DELETE', `/applications/${app.id}`)).status, 204);
  assert.equal((await ask('GET', `/servicePrincipals/${again.body.id}`)).status, 404);
  assert.equal(await directory.verifySecret(made.appId, made.secret), undefined);
  assert.equal((await ask('POST', '/servicePrincipals', { appId: made.appId })).status, 400);
});

test('az ad sp credential reset: passwords of the service principal are those of its application', async () => {
  const made = await directory.createServicePrincipal({ tenantId, displayName: 'reset' });
  const { body } = await ask('GET', `/servicePrincipals/${made.objectId}`);
  for (const { keyId } of body.passwordCredentials) await ask('POST', `/servicePrincipals/${made.objectId}/removePassword`, { keyId });
  const added = await ask('POST', `/servicePrincipals/${made.objectId}/addPassword`, { passwordCredential: null });
  assert.equal(await directory.verifySecret(made.appId, made.secret), undefined);
  assert.ok(await directory.verifySecret(made.appId, added.body.secretText));
  assert.equal(Date.parse(added.body.endDateTime) - clock.now(), 365 * 24 * 3600 * 1000);
});

test('a password begins when it says, but for clocks that are a little ahead, and does not end before', async () => {
  const made = await directory.createServicePrincipal({ tenantId, displayName: 'later' });
  const from = (ms: number) => new Date(clock.now() + ms).toISOString();
  const add = (passwordCredential: object) => ask('POST', `/servicePrincipals/${made.objectId}/addPassword`, { passwordCredential });
  const later = await add({ startDateTime: from(600_000) });
  assert.equal(await directory.verifySecret(made.appId, later.body.secretText), undefined);
  clock.advance(300_000);
  assert.ok(await directory.verifySecret(made.appId, later.body.secretText));
  for (const bad of [
    { startDateTime: from(1000), endDateTime: from(1000) },
    { startDateTime: from(-2000), endDateTime: from(-1000) },
    { endDateTime: 'tomorrow' },
    { startDateTime: '+275760-09-13T00:00:00Z' },
  ])
    assert.equal((await add(bad)).body.error?.code, 'Request_BadRequest', JSON.stringify(bad));
});

test('managed identities are service principals, and cannot be changed here', async () => {
  const [found] = await filtered('servicePrincipals', `servicePrincipalNames/any(c:c eq '${identity.clientId}')`);
  assert.deepEqual(
    [found.id, found.displayName, found.servicePrincipalType, found.alternativeNames],
    [identity.objectId, 'Puller', 'ManagedIdentity', ['isExplicit=True', identity.id]],
  );
  const managed = await filtered('servicePrincipals', "servicePrincipalType eq 'ManagedIdentity'");
  assert.deepEqual(
    managed.map(({ id }: { id: string }) => id),
    [identity.objectId, system.principalId],
    "a machine's own too, and each once",
  );
  for (const [method, path] of [
    ['DELETE', `/servicePrincipals/${identity.objectId}`],
    ['POST', `/servicePrincipals/${identity.objectId}/addPassword`],
    ['POST', `/servicePrincipals(appId='${identity.clientId}')/removePassword`],
  ] as const)
    assert.match((await ask(method, path, method === 'POST' ? { keyId: 'x' } : undefined)).body.error.message, /managed identity/);
});

test('az role assignment list: names of object ids', async () => {
  const types = ['user', 'group', 'servicePrincipal', 'directoryObjectPartnerReference'];
  const { status, body } = await ask('POST', '/directoryObjects/getByIds', { ids: [owner.objectId.toUpperCase(), identity.objectId, 'nobody'], types }, reader);
  assert.equal(status, 200, 'who may not change anything may ask');
  assert.deepEqual(
    body.value.map((one: Record<string, unknown>) => [one['@odata.type'], one.id, one.displayName]),
    [
      ['#microsoft.graph.servicePrincipal', owner.objectId, 'owner'],
      ['#microsoft.graph.servicePrincipal', identity.objectId, 'Puller'],
    ],
  );
  assert.deepEqual((await ask('POST', '/directoryObjects/getByIds', { ids: [owner.objectId], types: ['user'] })).body.value, []);
  assert.equal((await ask('POST', '/directoryObjects/getByIds', { ids: Array(1001).fill('x') })).status, 400);
  assert.deepEqual((await ask('GET', "/users?$filter=userPrincipalName%20eq%20'a@b'")).body.value, []);
});

test('reading is for every principal of the tenant, changing for who may give any role at /', async () => {
  assert.equal((await ask('GET', '/servicePrincipals', undefined, reader, MANAGEMENT_AUDIENCES[0])).status, 200);
  for (const [method, path, body] of [
    ['POST', '/applications', { displayName: 'x' }],
    ['POST', '/servicePrincipals', { appId: 'x' }],
    ['DELETE', `/servicePrincipals/${owner.objectId}`, undefined],
    ['POST', `/servicePrincipals/${owner.objectId}/addPassword`, {}],
    ['POST', `/servicePrincipals/${owner.objectId}/removePassword`, {}],
    ['PATCH', '/applications/x', {}],
    ['DELETE', '/applications/x', undefined],
    ['POST', '/applications/x/addPassword', {}],
    ['POST', '/applications/x/removePassword', {}],
  ] as const) {
    const refused = await ask(method, path, body, reader);
    assert.deepEqual([refused.status, refused.body.error.code], [403, 'Authorization_RequestDenied'], `${method} ${path}`);
    assert.deepEqual(refused.request.trace.at(-1), { check: 'role', ok: false, detail: 'no role gives Microsoft.Authorization/roleAssignments/write at /' });
  }
  const stranger = await ask('GET', '/servicePrincipals', undefined, owner, REGISTRY_AUDIENCE);
  assert.deepEqual([stranger.status, stranger.body.error.code, stranger.request.trace[0]?.ok], [401, 'InvalidAuthenticationToken', false]);
  const nobody = await plane(requestOf('GET', 'https://graph.microsoft.com/v1.0/servicePrincipals'), arrival);
  assert.equal(nobody.status, 401);
  assert.match(String(nobody.headers['www-authenticate']), /^Bearer authorization_uri=/);
});

test('what is not kept is not taken', async () => {
  for (const [body, words] of [
    [{ displayName: 'x', identifierUris: ['api://x'] }, /'identifierUris'/],
    [{ displayName: 'x', keyCredentials: [{ key: 'k' }] }, /no X\.509 certificate/],
    [{ displayName: 'x', keyCredentials: [{ keyId: 'k' }] }, /must have a value/],
    [{ displayName: '' }, /displayName/],
    [{ displayName: 'x'.repeat(257) }, /displayName/],
    [{}, /displayName/],
    [[], /body/],
  ] as const) {
    const { status, body: told } = await ask('POST', '/applications', body);
    assert.deepEqual([status, told.error.code], [400, 'Request_BadRequest'], JSON.stringify(body).slice(0, 80));
    assert.match(told.error.message, words);
  }
  assert.match((await ask('POST', '/servicePrincipals', { appId: owner.appId, accountEnabled: false })).body.error.message, /accountEnabled/);
  assert.equal((await ask('POST', '/applications', { displayName: 'y', signInAudience: 'AzureADMyOrg', identifierUris: [], web: null })).status, 201);
});

test('pages: $top, and a link that is the next one', async () => {
  const all = (await ask('GET', '/servicePrincipals')).body.value.map(({ id }: { id: string }) => id);
  const seen: string[] = [];
  let path: string | undefined = '/servicePrincipals?$top=2';
  for (let pages = 0; path !== undefined && pages < 20; pages++) {
    const { body }: Told = await ask('GET', path);
    assert.ok(body.value.length <= 2);
    seen.push(...body.value.map(({ id }: { id: string }) => id));
    path = body['@odata.nextLink']?.replace('https://graph.microsoft.com/v1.0', '');
  }
  assert.deepEqual(seen, all);
  for (const query of ['$top=0', '$top=1000', '$top=x', '$search=x', '$filter=x'])
    assert.equal((await ask('GET', `/servicePrincipals?${query}`)).body.error.code, 'Request_UnsupportedQuery', query);
});

test('paths and methods that are not there', async () => {
  for (const path of [
    '',
    '/',
    '/devices',
    '/applications/x/owners',
    '/groups/x/members/y',

    '/servicePrincipals/*',
    '/constructor',
    '/toString',
    '/%ff',
    "/servicePrincipals(appId='x'",
  ])
    assert.equal((await ask('GET', path)).status, 404, path);
  const { token } = await tokens.issueAccess({ audience: GRAPH_AUDIENCES[0] as string, principal: { ...owner, kind: 'ServicePrincipal' } });
  for (const path of ['/beta/users', '/users', '/x/v1.0/users']) {
    const request = requestOf('GET', `https://graph.microsoft.com${path}`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await plane(request, arrival)).status, 404, path);
  }
  const refused = await ask('PUT', '/applications');
  assert.deepEqual([refused.status, refused.reply.headers.allow], [405, 'GET, POST']);
  for (const path of ['/v1.0', '/v1.0/users', '/V1.0/Users']) assert.ok(isGraphPath(path), path);
  for (const path of ['/subscriptions', '/v1.0x', '/', '/v2/', '/x/v1.0/']) assert.ok(!isGraphPath(path), path);
});

test('filters: quotes, blanks, and what is refused', () => {
  const names = ['displayName', 'names'];
  const holds = (filter: string | null, item: Record<string, string | string[]>) => parseGraphFilter(filter, names)(item);
  assert.ok(holds(null, {}));
  assert.ok(holds('  ', {}));
  assert.ok(holds("displayname EQ 'O''Brien'", { displayName: "o'brien" }));
  assert.ok(holds("displayName eq 'a and b' and startswith( displayName , 'a' )", { displayName: 'a and b' }));
  assert.ok(holds("names/any(n:n eq 'B')", { names: ['a', 'b'] }));
  assert.ok(!holds("names/any(n:n eq 'c')", { names: ['a', 'b'] }));
  assert.ok(!holds("names eq 'a'", { names: ['a'] }));
  for (const filter of [
    "displayName ne 'x'",
    'displayName eq x',
    "other eq 'x'",
    "displayName eq 'x' or displayName eq 'y'",
    "displayName eq 'x' and",
    "displayName eq 'x' displayName eq 'x'",
    "names/any(n:m eq 'x')",
    "displayName eq 'x",
  ])
    assert.throws(() => parseGraphFilter(filter, names), { code: 'Request_UnsupportedQuery' }, filter);
});
