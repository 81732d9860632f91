/** Users, groups, certificates and federated credentials at the directory's plane, asked as `az ad` asks. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FakeClock } from '#base/clock.ts';
import type { DomainName } from '#base/domain-name.ts';
import type { Plane } from '#http/message.ts';
import { requestOf } from '#http/request.fixture.ts';
import { Store } from '#store/store.ts';
import type { Arrival } from '#topology/arrival.ts';
import { emptySnapshot, type Snapshot } from '#topology/snapshot.ts';
import { Directory } from './directory.ts';
import { graphPlane } from './graph.ts';
import { SigningKeys } from './keys.ts';
import { principalTypeOf } from './principal-type.ts';
import { GRAPH_AUDIENCES, type Identity, Tokens } from './tokens.ts';
import { applicationCertificate } from './x509.fixture.ts';

const clock = new FakeClock();
const arrival = { via: 'management', listener: 'test', peer: '127.0.0.1' } as Arrival;
let folder: string;
let store: Store;
let tokens: Tokens;
let directory: Directory;
let plane: Plane;
let snapshot: Snapshot;
let home: string;
let away: string;
let admin: Identity;
let stranger: Identity;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-people-'));
  store = await Store.open(':memory:');
  directory = await Directory.open({ store, clock });
  home = (await directory.createTenant({ displayName: 'Home', domain: 'home.onmicrosoft.com' })).id;
  away = (await directory.createTenant({ displayName: 'Away', domain: 'away.onmicrosoft.com' })).id;
  tokens = new Tokens({ keys: await SigningKeys.open(folder, clock), clock, tenantId: home, groupsOf: (id) => directory.groupsOf(id) });
  const user = async (tenantId: string, domain: string): Promise<Identity> => {
    const { objectId, upn } = await directory.createUser({ tenantId, upn: `admin@${domain}`, displayName: 'Admin', password: 'correct horse' });
    return { objectId, tenantId, upn, kind: 'User' };
  };
  admin = await user(home, 'home.onmicrosoft.com');
  stranger = await user(away, 'away.onmicrosoft.com');
  const owner = ({ objectId, tenantId }: Identity) => [objectId, [{ scope: '/', principalId: objectId, role: 'owner', tenantId }]] as const;
  const permissions = [{ actions: ['*'], notActions: [], dataActions: [], notDataActions: [] }];
  const empty = emptySnapshot('azurecr.io' as DomainName);
  snapshot = {
    ...empty,
    access: { ...empty.access, roles: new Map([['owner', { roleName: 'Owner', permissions }]]), assignments: new Map([owner(admin), owner(stranger)]) },
  } as unknown as Snapshot;
  plane = graphPlane({ tokens, directory, snapshot: () => snapshot });
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

// biome-ignore lint/suspicious/noExplicitAny: answers are read freely here.
async function ask(method: string, path: string, body?: unknown, as = admin): Promise<{ status: number; body: any; code: string | undefined }> {
  const { token } = await tokens.issueAccess({ audience: GRAPH_AUDIENCES[0] as string, principal: as });
  const options = { headers: { authorization: `Bearer ${token}` }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const reply = await plane(requestOf(method, `https://graph.microsoft.com/v1.0${path}`, options), arrival);
  const told = reply.body?.kind === 'bytes' ? JSON.parse(Buffer.from(reply.body.bytes).toString()) : undefined;
  return { status: reply.status, body: told, code: told?.error?.code };
}
const newUser = (name: string, more: object = {}): object => ({
  accountEnabled: true,
  displayName: name,
  mailNickname: name,
  userPrincipalName: `${name}@home.onmicrosoft.com`,
  passwordProfile: { password: 'correct horse', forceChangePasswordNextSignIn: false },
  ...more,
});
const ids = (answer: { body: { value: { id: string }[] } }): string[] => answer.body.value.map(({ id }) => id).sort();

test('az ad user create, show, list, update, delete; and the sign-in follows (docs/sources.md#directory-people)', async () => {
  const made = await ask('POST', '/users', newUser('ann'));
  assert.deepEqual([made.status, made.body.userPrincipalName, made.body.passwordProfile], [201, 'ann@home.onmicrosoft.com', undefined]);
  assert.ok(await directory.verifyUserPassword('ann@home.onmicrosoft.com', 'correct horse'));
  for (const name of [made.body.id, made.body.id.toUpperCase(), 'ANN@home.onmicrosoft.com', encodeURIComponent('ann@home.onmicrosoft.com')])
    assert.equal((await ask('GET', `/users/${name}`)).body.id, made.body.id, name);
  assert.equal((await ask('GET', "/users('ann@home.onmicrosoft.com')")).body.id, made.body.id);
  assert.deepEqual(ids(await ask('GET', `/users?$filter=${encodeURIComponent("userPrincipalName eq 'Ann@home.onmicrosoft.com'")}`)), [made.body.id]);
  assert.deepEqual(ids(await ask('GET', `/users?$filter=${encodeURIComponent("startswith(displayName,'an')")}`)), [made.body.id]);
  assert.equal(
    (await ask('PATCH', `/users/${made.body.id}`, { passwordProfile: { password: 'battery staple', forceChangePasswordNextSignIn: null } })).status,
    204,
  );
  assert.equal(await directory.verifyUserPassword('ann@home.onmicrosoft.com', 'correct horse'), undefined);
  assert.equal((await ask('PATCH', '/users/ann@home.onmicrosoft.com', { accountEnabled: false, displayName: 'Ann' })).status, 204);
  assert.equal(await directory.verifyUserPassword('ann@home.onmicrosoft.com', 'battery staple'), undefined);
  assert.equal((await ask('DELETE', '/users/ann@home.onmicrosoft.com')).status, 204);
  assert.equal((await ask('GET', `/users/${made.body.id}`)).code, 'Request_ResourceNotFound');
});

test('users that cannot be: each is refused in Graph’s words', async () => {
  for (const [more, words] of [
    [{ userPrincipalName: 'ann@away.onmicrosoft.com' }, /domain portion of the userPrincipalName property is invalid/],
    [{ userPrincipalName: 'admin@home.onmicrosoft.com' }, /same value for property userPrincipalName already exists/],
    [{ userPrincipalName: 'ann' }, /userPrincipalName/],
    [{ passwordProfile: { password: 'short' } }, /password complexity requirements/],
    [{ passwordProfile: { password: 'correct horse', forceChangePasswordNextSignIn: true } }, /forceChangePasswordNextSignIn/],
    [{ jobTitle: 'x' }, /'jobTitle' cannot be set/],
    [{ displayName: undefined }, /displayName/],
  ] as const) {
    const refused = await ask('POST', '/users', newUser('bad', more));
    assert.deepEqual([refused.status, refused.code], [400, 'Request_BadRequest'], JSON.stringify(more));
    assert.match(refused.body.error.message, words);
  }
});

test('az ad signed-in-user show, and organization: who asks, and its tenant', async () => {
  assert.equal((await ask('GET', '/me')).body.userPrincipalName, 'admin@home.onmicrosoft.com');
  assert.deepEqual((await ask('GET', '/me/ownedObjects')).body.value, []);
  const application = await directory.createServicePrincipal({ tenantId: home, displayName: 'app' });
  const refused = await ask('GET', '/me', undefined, { ...application, tenantId: home, kind: 'ServicePrincipal' });
  assert.deepEqual([refused.status, refused.code], [400, 'BadRequest']);
  const organization = (await ask('GET', '/organization')).body.value[0];
  assert.deepEqual([organization.id, organization.verifiedDomains[0].name], [home, 'home.onmicrosoft.com']);
});

test('az ad group: members of every kind, once each, checked through groups of groups', async () => {
  const group = async (name: string): Promise<string> =>
    (await ask('POST', '/groups', { displayName: name, mailNickname: name, mailEnabled: false, securityEnabled: true, description: 'd' })).body.id;
  const [inner, outer] = [await group('inner'), await group('outer')];
  const app = await directory.createServicePrincipal({ tenantId: home, displayName: 'member' });
  const add = (to: string, member: string) =>
    ask('POST', `/groups/${to}/members/$ref`, { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${member}` });
  for (const member of [admin.objectId, app.objectId]) assert.equal((await add(inner, member)).status, 204);
  assert.equal((await add(outer, inner.toUpperCase())).status, 204);
  const again = await add(inner, admin.objectId);
  assert.deepEqual([again.status, again.code], [400, 'Request_BadRequest']);
  assert.match(again.body.error.message, /added object references already exist .*'members'/);
  for (const nobody of ['no', stranger.objectId]) assert.equal((await add(inner, nobody)).status, 404, 'of no tenant, or of another');
  assert.equal((await add(inner, inner)).status, 400);
  const { id: application } = (await ask('POST', '/applications', { displayName: 'no principal' })).body;
  assert.equal((await add(inner, application)).status, 404, 'an application is nobody; its service principal is');

  const members = (await ask('GET', `/groups/${inner}/members`)).body.value;
  assert.deepEqual(members.map((one: Record<string, string>) => one['@odata.type']).sort(), ['#microsoft.graph.servicePrincipal', '#microsoft.graph.user']);
  assert.deepEqual((await ask('POST', `/directoryObjects/${admin.objectId}/checkMemberGroups`, { groupIds: [outer, 'x'] })).body.value, [outer]);
  assert.deepEqual(
    (await ask('POST', '/users/admin@home.onmicrosoft.com/getMemberGroups', { securityEnabledOnly: false })).body.value.sort(),
    [inner, outer].sort(),
  );
  assert.deepEqual(directory.groupsOf(app.objectId).length, 2);
  assert.deepEqual(ids(await ask('GET', `/groups?$filter=${encodeURIComponent("displayName eq 'inner' and mailNickname eq 'inner'")}`)), [inner]);
  assert.equal(await principalTypeOf(directory, snapshot, inner.toUpperCase(), home), 'Group');
  assert.equal(await principalTypeOf(directory, snapshot, admin.objectId, home), 'User');
  assert.equal(await principalTypeOf(directory, snapshot, app.objectId, home), 'ServicePrincipal');
  assert.equal(await principalTypeOf(directory, snapshot, admin.objectId, away), undefined);

  assert.equal((await ask('DELETE', `/groups/${inner}/members/${app.objectId}/$ref`)).status, 204);
  assert.equal((await ask('DELETE', `/groups/${inner}/members/${app.objectId}/$ref`)).status, 404);
  assert.deepEqual(directory.groupsOf(app.objectId), []);
  assert.equal((await ask('DELETE', `/groups/${inner}`)).status, 204);
  assert.deepEqual(directory.groupsOf(admin.objectId), []);
});

test('another tenant’s users, groups, applications and service principals are as if they were not there, to be read or changed', async () => {
  const { body: application } = await ask('POST', '/applications', { displayName: 'ours' });
  const { body: principal } = await ask('POST', '/servicePrincipals', { appId: application.appId });
  const { body: group } = await ask('POST', '/groups', { displayName: 'ours', mailNickname: 'ours', mailEnabled: false, securityEnabled: true });
  for (const set of ['users', 'groups', 'applications', 'servicePrincipals'])
    for (const { id } of (await ask('GET', `/${set}`, undefined, stranger)).body.value)
      assert.ok(![admin.objectId, application.id, principal.id, group.id].includes(id));
  const objects: [string, string][] = [
    ['users', admin.objectId],
    ['users', 'admin@home.onmicrosoft.com'],
    ['groups', group.id],
    ['applications', application.id],
    ['servicePrincipals', principal.id],
    ['directoryObjects', group.id],
  ];
  for (const [set, id] of objects)
    for (const method of set === 'directoryObjects' ? ['GET'] : ['GET', 'DELETE']) {
      const [there, nowhere] = [
        await ask(method, `/${set}/${id}`, undefined, stranger),
        await ask(method, `/${set}/nobody@home.onmicrosoft.com`, undefined, stranger),
      ];
      assert.deepEqual([there.status, there.code], [404, 'Request_ResourceNotFound'], `${method} ${set}`);
      assert.equal(there.body.error.message.replace(id, ''), nowhere.body.error.message.replace('nobody@home.onmicrosoft.com', ''));
    }
  assert.equal((await ask('POST', '/servicePrincipals', { appId: application.appId }, stranger)).code, 'Request_BadRequest');
  assert.equal((await ask('POST', `/applications/${application.id}/addPassword`, {}, stranger)).status, 404);
  assert.equal((await ask('POST', `/groups/${group.id}/members/$ref`, { '@odata.id': `x/${stranger.objectId}` }, stranger)).status, 404);
  assert.deepEqual((await ask('POST', '/directoryObjects/getByIds', { ids: [admin.objectId, group.id, principal.id] }, stranger)).body.value, []);
  assert.equal((await ask('POST', `/users/${admin.objectId}/getMemberGroups`, {}, stranger)).status, 404);
  assert.equal((await ask('GET', `/applications/${application.id}`)).status, 200, 'all of it is still there');
});

test('certificates: made with the application, kept by their ids, replaced and removed by PATCH (docs/sources.md#directory-credentials)', async () => {
  const { der, thumbprint } = applicationCertificate(clock);
  const key = { '@odata.type': '#microsoft.graph.keyCredential', key: der, type: 'AsymmetricX509Cert', usage: 'Verify', displayName: null };
  const { status, body: application } = await ask('POST', '/applications', { displayName: 'cert', keyCredentials: [key] });
  assert.equal(status, 201);
  const [shown] = application.keyCredentials;
  assert.deepEqual([shown.customKeyIdentifier, shown.key, shown.type, shown.usage], [thumbprint, null, 'AsymmetricX509Cert', 'Verify']);
  assert.match((await directory.keysOf(application.appId))[0]?.pem ?? '', /^-----BEGIN CERTIFICATE-----/);
  const { body: principal } = await ask('POST', '/servicePrincipals', { appId: application.appId });
  assert.deepEqual(principal.keyCredentials, application.keyCredentials);

  const second = applicationCertificate(clock);
  assert.equal((await ask('PATCH', `/servicePrincipals/${principal.id}`, { keyCredentials: [shown, { key: second.der, displayName: 'second' }] })).status, 204);
  const both = (await ask('GET', `/applications/${application.id}`)).body.keyCredentials;
  assert.deepEqual(both.map((one: { keyId: string }) => one.keyId).includes(shown.keyId), true);
  assert.equal(both.length, 2);
  const late = await ask('PATCH', `/applications/${application.id}`, { keyCredentials: [{ key: second.der, endDateTime: '2999-01-01T00:00:00Z' }] });
  assert.match(late.body.error.message, /end date is invalid/);
  assert.equal((await ask('PATCH', `/applications/${application.id}`, { keyCredentials: [] })).status, 204);
  assert.deepEqual(await directory.keysOf(application.appId), []);
});

test('az ad app federated-credential create, list, show, update, delete', async () => {
  const { body: application } = await ask('POST', '/applications', { displayName: 'federated' });
  const at = `/applications/${application.id}/federatedIdentityCredentials`;
  const wanted = { name: 'main', issuer: 'https://issuer.example', subject: 'repo:x', audiences: ['api://AzureADTokenExchange'], description: 'd' };
  const made = await ask('POST', at, { ...wanted, jwks: { keys: [{ kty: 'RSA', n: 'x', e: 'AQAB' }] } });
  assert.equal(made.status, 201);
  assert.deepEqual([made.body.name, made.body.subject, made.body.jwks.keys[0].kty], ['main', 'repo:x', 'RSA']);
  assert.equal((await ask('GET', at)).body.value.length, 1);
  for (const key of ['MAIN', made.body.id]) assert.equal((await ask('GET', `${at}/${key}`)).body.id, made.body.id);
  assert.equal((await ask('POST', at, wanted)).code, 'Request_MultipleObjectsWithSameKeyValue');
  assert.equal((await ask('PATCH', `${at}/main`, { subject: 'repo:y' })).status, 204);
  const [kept] = await directory.federatedCredentialsOf(application.appId);
  assert.deepEqual([kept?.subject, kept?.description, kept?.jwks !== undefined], ['repo:y', 'd', true], 'what is not given stays');
  for (const more of [{ issuer: 'http://x' }, { audiences: [] }, { name: '-' }, { subject: '' }])
    assert.equal((await ask('POST', at, { ...wanted, name: 'n', ...more })).status, 400);
  assert.equal((await ask('DELETE', `${at}/main`)).status, 204);
  assert.equal((await ask('DELETE', `${at}/main`)).status, 404);
});
