/** Users, groups and what is kept of them. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '#base/clock.ts';
import { Store } from '#store/store.ts';
import { Directory } from './directory.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';
const clock = new FakeClock();
let store: Store;
let directory: Directory;

before(async () => {
  store = await Store.open(':memory:');
  directory = await Directory.open({ store, clock });
});

const group = async (displayName: string): Promise<string> =>
  (await directory.people.createGroup({ tenantId, displayName, mailNickname: displayName, description: undefined })).objectId;

test('a user signs in by the password only, under any casing of the name, while enabled', async () => {
  const { objectId } = await directory.createUser({ tenantId, upn: 'Ann@postern.onmicrosoft.com', displayName: 'Ann', password: 'right horse' });
  assert.deepEqual(await directory.verifyUserPassword('ann@POSTERN.onmicrosoft.com', 'right horse'), {
    objectId,
    tenantId,
    upn: 'Ann@postern.onmicrosoft.com',
    kind: 'User',
  });
  assert.equal(await directory.verifyUserPassword('ann@postern.onmicrosoft.com', 'wrong'), undefined);
  assert.equal(await directory.verifyUserPassword('nobody@postern.onmicrosoft.com', 'right horse'), undefined);
  assert.equal((await directory.findUser('ANN@postern.onmicrosoft.com'))?.upn, 'Ann@postern.onmicrosoft.com');
  assert.ok(!('hash' in ((await directory.findUser('ann@postern.onmicrosoft.com')) ?? {})));

  await directory.people.updateUser(objectId, { password: 'battery' });
  assert.equal(await directory.verifyUserPassword('ann@postern.onmicrosoft.com', 'right horse'), undefined);
  assert.ok(await directory.verifyUserPassword('ann@postern.onmicrosoft.com', 'battery'));
  await directory.people.updateUser(objectId, { enabled: false });
  assert.equal(await directory.verifyUserPassword('ann@postern.onmicrosoft.com', 'battery'), undefined, 'disabled');
  await directory.people.updateUser(objectId, { enabled: true });
  assert.ok(await directory.people.removeUser(objectId));
  assert.equal(await directory.verifyUserPassword('ann@postern.onmicrosoft.com', 'battery'), undefined, 'gone');
});

test('a user principal name is one user’s only, whatever the tenant and the casing', async () => {
  await directory.createUser({ tenantId, upn: 'bob@x.example', displayName: 'Bob', password: 'p' });
  const other = await directory.createUser({ tenantId, upn: 'carol@x.example', displayName: 'Carol', password: 'p' });
  await assert.rejects(directory.createUser({ tenantId: 'other', upn: 'BOB@x.example', displayName: 'Bob', password: 'p' }), { code: 'Request_BadRequest' });
  await assert.rejects(directory.people.updateUser(other.objectId, { upn: 'Bob@X.example' }), { code: 'Request_BadRequest' });
  assert.ok(await directory.people.updateUser(other.objectId, { upn: 'CAROL@x.example' }), 'its own');
});

test('groups of groups count, a circle ends, and what goes is gone at once', async () => {
  const { objectId: ann } = await directory.createUser({ tenantId, upn: 'ann@groups.example', displayName: 'Ann', password: 'p' });
  const [inner, middle, outer] = [await group('inner'), await group('middle'), await group('outer')];
  await directory.people.addMember({ groupId: inner, memberId: ann });
  await directory.people.addMember({ groupId: middle, memberId: inner });
  await directory.people.addMember({ groupId: outer, memberId: middle });
  await directory.people.addMember({ groupId: inner, memberId: outer });
  assert.deepEqual([...directory.groupsOf(ann.toUpperCase())].sort(), [inner, middle, outer].sort());
  assert.equal(await directory.people.addMember({ groupId: inner, memberId: ann }), false, 'already there');
  assert.equal(await directory.people.addMember({ groupId: 'no-group', memberId: ann }), false);

  await directory.people.removeMember({ groupId: outer, memberId: middle });
  assert.deepEqual([...directory.groupsOf(ann)].sort(), [inner, middle].sort());
  await directory.people.removeGroup(inner);
  assert.deepEqual(directory.groupsOf(ann), []);
  assert.deepEqual(directory.people.membersOf(middle), []);
});

test('a principal that is deleted is in no group, also after a restart', async () => {
  const app = await directory.createServicePrincipal({ tenantId, displayName: 'app' });
  const user = await directory.createUser({ tenantId, upn: 'dora@x.example', displayName: 'Dora', password: 'p' });
  const team = await group('team');
  for (const memberId of [app.objectId, user.objectId]) await directory.people.addMember({ groupId: team, memberId });
  await directory.removePrincipal(app.appId);
  await directory.people.removeUser(user.objectId);
  for (const each of [directory, await Directory.open({ store, clock })]) assert.deepEqual(each.people.membersOf(team), []);
});

test('memory and store say the same of memberships after any changes', async () => {
  const ids = await Promise.all(['g1', 'g2', 'g3', 'g4'].map(group));
  const index = fc.nat(3);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ add: fc.boolean(), group: index, member: index }), { maxLength: 20 }), async (steps) => {
      for (const { add, group: at, member } of steps) {
        const membership = { groupId: ids[at] as string, memberId: ids[member] as string };
        await (add ? directory.people.addMember(membership) : directory.people.removeMember(membership));
      }
      const fresh = await Directory.open({ store, clock });
      for (const id of ids) assert.deepEqual([...directory.groupsOf(id)].sort(), [...fresh.groupsOf(id)].sort());
    }),
    { numRuns: 30 },
  );
});

test('certificates and federated credentials are the application’s and go with it', async () => {
  const { appId } = await directory.createApplication(tenantId, 'keys');
  const key = { keyId: 'k1', appId, thumbprint: 'AB', pem: 'PEM', displayName: 'CN=x', startsAt: 's', expiresAt: 'e' };
  await directory.replaceKeys(appId, [key]);
  assert.deepEqual(await directory.keysOf(appId.toUpperCase()), [key]);
  const credential = { appId, name: 'main', issuer: 'https://i', subject: 's', audiences: ['a'], description: undefined, jwks: { keys: [] } };
  await directory.putFederatedCredential({ ...credential, id: 'f1' });
  assert.deepEqual(await directory.federatedCredentialsOf(appId), [{ ...credential, id: 'f1' }]);
  await assert.rejects(directory.putFederatedCredential({ ...credential, id: 'f2', subject: 't' }), { code: 'Request_MultipleObjectsWithSameKeyValue' });
  await assert.rejects(directory.putFederatedCredential({ ...credential, id: 'f2', name: 'other' }), { code: 'Request_MultipleObjectsWithSameKeyValue' });
  await directory.putFederatedCredential({ ...credential, id: 'f1', subject: 't' });
  assert.ok(await directory.removeFederatedCredential(appId, 'f1'));
  assert.equal(await directory.removeFederatedCredential(appId, 'f1'), false);
  await directory.removeApplication(appId);
  assert.deepEqual(await directory.keysOf(appId), []);
  await assert.rejects(directory.replaceKeys(appId, []), { code: 'Request_ResourceNotFound' });
});

test('a tenant’s domain is its own', async () => {
  const { id } = await directory.createTenant({ displayName: 'Contoso', domain: 'contoso.onmicrosoft.com' });
  await assert.rejects(directory.createTenant({ displayName: 'Again', domain: 'Contoso.onmicrosoft.com' }), { code: 'TenantAlreadyExists' });
  for (const name of [id.toUpperCase(), 'CONTOSO.onmicrosoft.com']) assert.equal((await directory.findTenant(name))?.id, id);
  assert.deepEqual(
    (await directory.tenants()).map(({ displayName }) => displayName),
    ['Contoso'],
  );
});
