/** The admin user and the tokens of a registry: passwords that are shown, renewed, expired and deleted, and the facts that let somebody in. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { ResourceKey } from '#base/resource-id.ts';
import { ControlPlane, REGISTRY } from '../control-plane.fixture.ts';

const MAP = `${REGISTRY}/scopeMaps/ci-map`;
const TOKEN = `${REGISTRY}/tokens/CI-token`;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function furnished(sku = 'Premium'): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish({ sku });
  return plane;
}

/** A registry with a scope map and a token of it. */
async function withToken(): Promise<ControlPlane> {
  const plane = await furnished();
  await plane.put(MAP, { properties: { actions: ['repositories/app/content/read'] } });
  await plane.put(TOKEN, { properties: { scopeMapId: plane.id(MAP), status: 'enabled' } });
  return plane;
}

const registryOf = (plane: ControlPlane) => plane.snapshot.registries.get(plane.id(REGISTRY).toLowerCase() as ResourceKey);
const user = (plane: ControlPlane, name: string) => registryOf(plane)?.credentials.get(name);
const generate = (plane: ControlPlane, more: object = {}) => plane.ask('POST', `${REGISTRY}/generateCredentials`, { tokenId: plane.id(TOKEN), ...more });
const enableAdmin = (plane: ControlPlane, adminUserEnabled: boolean) => plane.ask('PATCH', REGISTRY, { properties: { adminUserEnabled } });

test('without an admin user its passwords are neither shown nor renewed, in the words of the registry (docs/sources.md#registry-credentials)', async () => {
  const plane = await furnished();
  for (const action of ['listCredentials', 'regenerateCredential']) {
    const answer = await plane.ask('POST', `${REGISTRY}/${action}`, { name: 'password' });
    assert.deepEqual([answer.status, answer.codes], [400, ['UnAuthorizedForCredentialOperations']]);
    assert.match(
      answer.message,
      /^Cannot perform credential operations for \/subscriptions\/\S+\/registries\/MyRegistry as admin user is disabled\. Kindly enable/,
    );
  }
  assert.equal(user(plane, 'myregistry'), undefined);
});

test('the admin user: two passwords that stay until one is renewed, and let somebody in while it is enabled', async () => {
  const plane = await furnished();
  assert.equal((await enableAdmin(plane, true)).status, 200);
  const shown = async () => (await plane.ask('POST', `${REGISTRY}/listCredentials`)).body;
  const first = await shown();
  assert.equal(first.username, 'MyRegistry');
  assert.deepEqual(
    first.passwords.map(({ name, value }: { name: string; value: string }) => [name, value.length]),
    [
      ['password', 52],
      ['password2', 52],
    ],
  );
  assert.deepEqual(await shown(), first);
  assert.deepEqual(user(plane, 'myregistry'), {
    ...user(plane, 'myregistry'),
    actions: 'admin',
    passwords: first.passwords.map(({ value }: { value: string }) => ({ sha256: sha256(value) })),
  });

  const renewed = (await plane.ask('POST', `${REGISTRY}/regenerateCredential`, { name: 'password2' })).body;
  assert.equal(renewed.passwords[0].value, first.passwords[0].value);
  assert.notEqual(renewed.passwords[1].value, first.passwords[1].value);
  assert.deepEqual(await shown(), renewed);
  assert.equal(user(plane, 'myregistry')?.passwords[1]?.sha256, sha256(renewed.passwords[1].value));
  assert.equal((await plane.ask('POST', `${REGISTRY}/regenerateCredential`, { name: 'password3' })).status, 400);

  // The passwords are nowhere in what a reader of the registry sees.
  const told = JSON.stringify((await plane.get(REGISTRY)).body);
  for (const { value } of renewed.passwords) assert.ok(!told.includes(value));

  assert.equal((await enableAdmin(plane, false)).status, 200);
  assert.equal(user(plane, 'myregistry'), undefined);
  assert.equal((await enableAdmin(plane, true)).status, 200);
  assert.deepEqual(await shown(), renewed);
});

test('every registry has the system scope maps, which nobody changes (docs/sources.md#scope-maps)', async () => {
  const plane = await furnished('Basic');
  const { value } = (await plane.get(`${REGISTRY}/scopeMaps`)).body;
  assert.deepEqual(
    value.map(({ name, properties }: { name: string; properties: { type: string; actions: string[] } }) => [name, properties.type, properties.actions.length]),
    [
      ['_repositories_admin', 'SystemDefined', 5],
      ['_repositories_pull', 'SystemDefined', 1],
      ['_repositories_pull_metadata_read', 'SystemDefined', 2],
      ['_repositories_push', 'SystemDefined', 2],
      ['_repositories_push_metadata_write', 'SystemDefined', 4],
    ],
  );
  const pull = `${REGISTRY}/scopeMaps/_repositories_pull`;
  const actions = ['repositories/app/content/delete'];
  assert.deepEqual((await plane.ask('PUT', pull, { properties: { actions } })).codes, ['SystemScopeMapIsFixed']);
  assert.deepEqual((await plane.ask('PATCH', pull, { properties: { actions } })).codes, ['SystemScopeMapIsFixed']);
  assert.deepEqual((await plane.ask('DELETE', pull)).codes, ['SystemScopeMapIsFixed']);
  assert.equal((await plane.ask('PUT', `${REGISTRY}/scopeMaps/_mine_too`, { properties: { actions } })).status, 400);
  assert.equal((await plane.ask('DELETE', REGISTRY)).status, 200);
});

test('scope maps: actions are of the known forms, and lists of them replace each other', async () => {
  const plane = await furnished();
  const write = (...actions: string[]) => plane.ask('PUT', MAP, { properties: { description: 'for builds', actions } });
  for (const action of [
    'repositories/app/content/pull',
    'repositories/App/content/read',
    'repositories//content/read',
    'repositories/a*b/content/read',
    'registries/app/content/read',
    'gateway/c/content/read',
  ])
    assert.equal((await write(action)).status, 400, action);
  assert.equal((await write()).status, 400);
  const good = ['repositories/a/b-c/content/read', 'repositories/a/*/metadata/write', 'repositories/team*/content/delete', 'gateway/edge1/config/read'];
  const created = await write(...good, good[0] as string);
  assert.deepEqual([created.status, created.body.properties.type, created.body.properties.actions], [201, 'UserDefined', good]);
  assert.match(String(created.headers.warning), /gateway/);
  const patched = await plane.ask('PATCH', MAP, { properties: { actions: ['repositories/a/content/read'] } });
  assert.deepEqual([patched.body.properties.actions, patched.body.properties.description], [['repositories/a/content/read'], 'for builds']);
  assert.equal((await write(...Array.from({ length: 501 }, (_, n) => `repositories/r${n}/content/read`))).status, 400);
});

test('a token has a scope map of its own registry', async () => {
  const plane = await furnished();
  await plane.put('Microsoft.ContainerRegistry/registries/otherregistry', { location: 'westeurope', sku: { name: 'Premium' } });
  const write = (scopeMapId: string) => plane.ask('PUT', TOKEN, { properties: { scopeMapId } });
  assert.deepEqual((await write(plane.id(MAP))).codes, ['InvalidScopeMap']);
  assert.deepEqual((await write(plane.id('Microsoft.ContainerRegistry/registries/otherregistry/scopeMaps/_repositories_pull'))).codes, ['InvalidScopeMap']);
  const created = await write(plane.id(`${REGISTRY}/scopeMaps/_repositories_pull`));
  assert.equal(created.status, 201);
  // az sets attributes of this object.
  assert.deepEqual(created.body.properties.credentials, { certificates: [], passwords: [] });
  assert.equal(created.body.properties.status, 'enabled');
});

test('passwords of a token are shown once, kept as hashes, expire, and are deleted by what a PATCH no longer lists (docs/sources.md#registry-tokens)', async () => {
  const plane = await withToken();
  assert.deepEqual(user(plane, 'ci-token')?.passwords, []);
  const both = await generate(plane);
  assert.equal(both.status, 200, both.message);
  assert.equal(both.body.username, 'CI-token');
  assert.deepEqual(
    both.body.passwords.map(({ name }: { name: string }) => name),
    ['password1', 'password2'],
  );
  const [one, two] = both.body.passwords.map(({ value }: { value: string }) => value);
  assert.deepEqual(user(plane, 'ci-token')?.passwords, [{ sha256: sha256(one) }, { sha256: sha256(two) }]);
  const record = JSON.stringify(await plane.store.resources.get(plane.id(TOKEN).toLowerCase() as ResourceKey));
  assert.ok(!record.includes(one) && !record.includes(two));

  assert.deepEqual((await generate(plane, { expiry: '2025-12-31T23:59:59Z' })).codes, ['InvalidParameter']);
  const expiring = await generate(plane, { name: 'password1', expiry: '2026-01-02T01:00:00+01:00' });
  assert.deepEqual(expiring.body.passwords.length, 1);
  assert.equal(expiring.body.passwords[0].expiry, '2026-01-02T00:00:00.000Z');
  const shown = await plane.properties(TOKEN);
  assert.deepEqual(shown.credentials.passwords, [
    { name: 'password1', creationTime: '2026-01-01T00:00:00.000Z', expiry: '2026-01-02T00:00:00.000Z' },
    { name: 'password2', creationTime: '2026-01-01T00:00:00.000Z' },
  ]);
  assert.deepEqual(user(plane, 'ci-token')?.passwords[0], { sha256: sha256(expiring.body.passwords[0].value), expiresAt: '2026-01-02T00:00:00.000Z' });

  const left = await plane.ask('PATCH', TOKEN, { properties: { credentials: { passwords: [{ name: 'password2' }] } } });
  assert.deepEqual(
    left.body.properties.credentials.passwords.map(({ name }: { name: string }) => name),
    ['password2'],
  );
  assert.deepEqual(user(plane, 'ci-token')?.passwords, [{ sha256: sha256(two) }]);
  const invented = await plane.ask('PATCH', TOKEN, { properties: { credentials: { passwords: [{ name: 'password1' }] } } });
  assert.deepEqual(invented.codes, ['InvalidParameter']);
  // A PUT without credentials, as az sends it, keeps them.
  await plane.put(TOKEN, { properties: { scopeMapId: plane.id(MAP) } });
  assert.equal(user(plane, 'ci-token')?.passwords.length, 1);
});

test('a token that is disabled or deleted lets nobody in', async () => {
  const plane = await withToken();
  await generate(plane);
  assert.ok(user(plane, 'ci-token'));
  assert.equal((await plane.ask('PATCH', TOKEN, { properties: { status: 'disabled' } })).status, 200);
  assert.equal(user(plane, 'ci-token'), undefined);
  assert.equal((await plane.ask('PATCH', TOKEN, { properties: { status: 'enabled' } })).status, 200);
  assert.equal(user(plane, 'ci-token')?.passwords.length, 2);
  assert.equal((await plane.ask('DELETE', TOKEN)).status, 200);
  assert.equal(user(plane, 'ci-token'), undefined);
  assert.deepEqual((await generate(plane)).codes, ['TokenNotFound']);
});

test('the rights of a token are those of its scope map as it stands, and none without it', async () => {
  const plane = await withToken();
  const rights = () => {
    const actions = user(plane, 'ci-token')?.actions;
    return typeof actions === 'object' ? (registryOf(plane)?.scopeMaps.get(actions.scopeMap)?.actions ?? []) : actions;
  };
  assert.deepEqual(rights(), ['repositories/app/content/read']);
  await plane.ask('PATCH', MAP, { properties: { actions: ['repositories/app/content/write', 'gateway/edge1/config/read'] } });
  assert.deepEqual(rights(), ['repositories/app/content/write']);
  assert.equal((await plane.ask('DELETE', MAP)).status, 200);
  assert.deepEqual(rights(), []);
});

test('tokens and scope maps are as many as the tier has (docs/sources.md#tiers)', async () => {
  const plane = await furnished('Basic');
  const write = (n: number) => plane.ask('PUT', `${REGISTRY}/scopeMaps/map-number-${n}`, { properties: { actions: ['repositories/app/content/read'] } });
  for (let n = 0; n < 100; n++) assert.equal((await write(n)).status, 201);
  const refused = await write(100);
  assert.deepEqual(refused.codes, ['QuotaExceeded']);
  assert.match(refused.message, /resource type scopeMaps for the registry SKU Basic/);
});
