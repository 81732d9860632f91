/** Users of one registry (docs/sources.md#registry-users): how they sign in, what their scope map permits, and when that ends. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ResourceKey } from '#base/resource-id.ts';
import type { RegistryCredentialFact } from '#topology/facts.ts';
import { actionsPermit } from './credentials.ts';
import { type Answer, basic, Client, registryKey, TENANT, World } from './world.fixture.ts';

const REGISTRY = registryKey('myregistry');
const MAP = `${REGISTRY}/scopemaps/map` as ResourceKey;
const hash = (password: string): string => createHash('sha256').update(password).digest('hex');
const FOREVER = [{ sha256: hash('right') }];

function token(world: World, username: string, over: Partial<RegistryCredentialFact> = {}): () => void {
  const key = `${REGISTRY}/tokens/${username}` as ResourceKey;
  world.state(key, [{ kind: 'registry-credential', registry: REGISTRY, username, passwords: FOREVER, actions: { scopeMap: MAP }, ...over }]);
  return () => world.state(key, []);
}
function scopeMap(world: World, ...actions: string[]): void {
  world.state(MAP, [{ kind: 'scope-map', scopeMap: MAP, registry: REGISTRY, actions }]);
}
const as = (username: string, password = 'right') => basic({ appId: username, secret: password });
async function furnished(): Promise<World> {
  const world = await World.open();
  await new Client(world, await world.principal('Owner')).pushImage('team/app', 'v1');
  return world;
}
const scopes = (answer: Answer): unknown => JSON.parse(Buffer.from(String(answer.json.access_token).split('.')[1] as string, 'base64url').toString()).access;

describe('A user of a registry', () => {
  it('signs in by Basic at the token endpoint and on data calls, and by the password grant; its name in any casing', async () => {
    const world = await furnished();
    scopeMap(world, 'repositories/team/app/content/read', 'repositories/team/app/metadata/read');
    token(world, 'ci');
    const scope = 'repository:team/app:pull,push,metadata_read';
    const access = [{ type: 'repository', name: 'team/app', actions: ['pull', 'metadata_read'] }];
    const got = await world.ask('GET', `/oauth2/token?service=myregistry.azurecr.io&scope=${scope}`, { headers: as('CI') });
    assert.deepEqual([got.status, scopes(got)], [200, access]);
    const form = { grant_type: 'password', username: 'ci', password: 'right', service: 'myregistry.azurecr.io', scope };
    const posted = await world.ask('POST', '/oauth2/token', { form });
    assert.deepEqual([posted.status, scopes(posted)], [200, access]);
    for (const headers of [as('ci'), { authorization: `Bearer ${posted.json.access_token}` }]) {
      assert.equal((await world.ask('GET', '/v2/team/app/manifests/v1', { headers })).status, 200);
      assert.equal((await world.ask('GET', '/acr/v1/team/app', { headers })).status, 200);
      assert.equal((await world.ask('POST', '/v2/team/app/blobs/uploads/', { headers })).status, 401);
    }
    assert.equal((await world.ask('GET', '/v2/', { headers: as('ci') })).status, 200);
  });

  it('is refused by a wrong or expired password, under another name, at another registry, and while there is none', async () => {
    const world = await furnished();
    await world.addRegistry('other');
    scopeMap(world, 'repositories/*/content/read');
    const expiresAt = new Date(world.clock.now() + 60_000).toISOString();
    const remove = token(world, 'ci', { passwords: [{ sha256: hash('old'), expiresAt }, { sha256: hash('right') }] });
    const at = (headers: Record<string, string>, host = 'myregistry.azurecr.io') => world.ask('GET', `https://${host}/oauth2/token`, { headers });
    assert.deepEqual([(await at(as('ci', 'old'))).status, (await at(as('ci'))).status], [200, 200]);
    for (const headers of [as('ci', 'wrong'), as('ci', ''), as('ci', hash('right')), as('co'), as('__proto__'), as('ci ')])
      assert.equal((await at(headers)).status, 401, JSON.stringify(headers));
    assert.equal((await at(as('ci'), 'other.azurecr.io')).status, 401);
    const { access_token: bearer } = (await world.ask('GET', '/oauth2/token?scope=repository:team/app:pull', { headers: as('ci') })).json;
    const pull = () => world.ask('GET', '/v2/team/app/manifests/v1', { headers: { authorization: `Bearer ${bearer}` } });
    assert.equal((await pull()).status, 200);
    world.clock.advance(60_000);
    assert.deepEqual([(await at(as('ci', 'old'))).status, (await at(as('ci'))).status], [401, 200]);
    remove();
    assert.equal((await at(as('ci'))).status, 401, 'disabled or deleted');
    assert.equal((await pull()).status, 401, 'and so end the tokens that it has');
    assert.equal((await world.ask('GET', '/oauth2/token', { headers: basic({ appId: '00000000-0000-0000-0000-000000000000', secret: bearer }) })).status, 401);
  });

  it('may at once what its scope map says now, and nothing without one', async () => {
    const world = await furnished();
    token(world, 'ci');
    const pull = async () => (await world.ask('GET', '/v2/team/app/manifests/v1', { headers: as('ci') })).status;
    assert.equal(await pull(), 401);
    scopeMap(world, 'repositories/team/app/content/read');
    assert.equal(await pull(), 200);
    scopeMap(world, 'repositories/team/other/content/read');
    assert.equal(await pull(), 401);
  });

  it('who is the admin may do everything in that registry', async () => {
    const world = await furnished();
    token(world, 'myregistry', { actions: 'admin' });
    const headers = as('MyRegistry');
    assert.deepEqual((await world.ask('GET', '/v2/_catalog', { headers })).json, { repositories: ['team/app'] });
    for (const [method, path, status] of [
      ['GET', '/v2/team/app/manifests/v1', 200],
      ['POST', '/v2/team/app/blobs/uploads/', 202],
      ['PATCH', '/acr/v1/team/app', 200],
      ['DELETE', '/acr/v1/team/app', 202],
    ] as const)
      assert.equal((await world.ask(method, path, { headers, body: method === 'PATCH' ? '{}' : '' })).status, status, path);
  });

  it('has upload sessions of its own, also one whose name is an application id', async () => {
    const world = await furnished();
    scopeMap(world, 'repositories/*/content/write');
    const pusher = await world.principal('AcrPush');
    token(world, pusher.objectId);
    token(world, 'ci');
    const { location } = (await world.ask('POST', '/v2/team/app/blobs/uploads/', { headers: basic(pusher) })).headers;
    for (const name of [pusher.objectId, 'ci'])
      assert.equal((await world.ask('PATCH', String(location), { headers: as(name), body: 'x' })).code, 'BLOB_UPLOAD_UNKNOWN');
    assert.equal((await world.ask('PATCH', String(location), { headers: basic(pusher), body: 'x' })).status, 202);
  });
});

describe('A scope map', () => {
  it('names repositories, with a star at the end for all that begin so; metadata and content are apart', () => {
    const may = (actions: string[], action: Parameters<typeof actionsPermit>[1], name: string) => actionsPermit(actions, action, name);
    const READ = ['repositories/a/b/content/read'];
    assert.ok(may(READ, 'pull', 'a/b'));
    for (const [action, name] of [
      ['pull', 'a'],
      ['pull', 'a/b/c'],
      ['push', 'a/b'],
      ['metadata_read', 'a/b'],
      ['catalog', 'catalog'],
    ] as const)
      assert.ok(!may(READ, action, name), `${action} ${name}`);
    const PREFIX = ['repositories/team/*/content/write', 'repositories/team/*/metadata/read'];
    assert.ok(may(PREFIX, 'push', 'team/a/b') && may(PREFIX, 'metadata_read', 'team/a') && !may(PREFIX, 'push', 'teams/a') && !may(PREFIX, 'push', 'team'));
    assert.ok(!may(PREFIX, 'catalog', 'catalog') && may(['repositories/*/metadata/read'], 'catalog', 'catalog'));
    assert.ok(may(['Repositories/x/Content/Delete'], 'delete', 'x') && may(['repositories/x/metadata/write'], 'metadata_write', 'x'));
    for (const odd of ['', 'repositories/x', 'gateway/x/config/read', 'repositories//content/read', 'content/read', '*'])
      assert.ok(!may([odd], 'pull', 'x'), odd);
  });

  it('permits exactly what one of its lines permits', () => {
    const name = fc.constantFrom('a', 'a/b', 'a/b/c', 'ab');
    const line = fc.record({
      repository: fc.constantFrom('a', 'a/b', 'a/*', 'a*', '*', 'b'),
      right: fc.constantFrom('content/read', 'content/write', 'metadata/read'),
    });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), name, (lines, asked) => {
        const expected = lines.some(
          ({ repository, right }) =>
            right === 'content/read' &&
            (repository === asked || (repository.endsWith('*') && asked.slice(0, repository.length - 1) === repository.slice(0, -1))),
        );
        const actions = lines.map(({ repository, right }) => `repositories/${repository}/${right}`);
        assert.equal(actionsPermit(actions, 'pull', asked), expected);
      }),
    );
  });
});

describe('Another tenant (docs/sources.md#registry-tenant)', () => {
  it('gets nothing here: not by exchange, not by a secret, not by tokens that were issued before', async () => {
    const world = await furnished();
    const stranger = await world.directory.createServicePrincipal({ tenantId: 'other', displayName: 'stranger' });
    world.assign(stranger, 'Owner');
    const identity = { objectId: stranger.objectId, appId: stranger.appId, tenantId: 'other', kind: 'ServicePrincipal' } as const;
    const { token: directoryToken } = await world.tokens.issueAccess({ audience: 'https://management.azure.com/', principal: identity });
    const refresh = await world.tokens.issueRefresh({ service: 'myregistry.azurecr.io', identity });
    const access = [{ type: 'repository', name: 'team/app', actions: ['pull'] }];
    const { token: bearer } = await world.tokens.issueRegistryAccess({ service: 'myregistry.azurecr.io', identity, access });
    const asked: [string, () => Promise<Answer>][] = [
      ['exchange', () => world.ask('POST', '/oauth2/exchange', { form: { grant_type: 'access_token', access_token: directoryToken } })],
      ['refreshed', () => world.ask('POST', '/oauth2/exchange', { form: { grant_type: 'refresh_token', refresh_token: refresh } })],
      ['token', () => world.ask('POST', '/oauth2/token', { form: { grant_type: 'refresh_token', refresh_token: refresh } })],
      ['password', () => world.ask('POST', '/oauth2/token', { form: { grant_type: 'password', username: stranger.appId, password: stranger.secret } })],
      ['secret', () => world.ask('GET', '/oauth2/token', { headers: basic(stranger) })],
      ['data by secret', () => world.ask('GET', '/v2/team/app/manifests/v1', { headers: basic(stranger) })],
      ['data by token', () => world.ask('GET', '/v2/team/app/manifests/v1', { headers: { authorization: `Bearer ${bearer}` } })],
    ];
    for (const [name, ask] of asked) assert.deepEqual([(await ask()).status, (await ask()).code], [401, 'UNAUTHORIZED'], name);
    const own = { ...identity, tenantId: TENANT };
    const { token: ownToken } = await world.tokens.issueAccess({ audience: 'https://management.azure.com/', principal: own });
    assert.equal((await world.ask('POST', '/oauth2/exchange', { form: { grant_type: 'access_token', access_token: ownToken } })).status, 200);
  });
});

describe('A group', () => {
  it('gives its members what it has, as long as they are in it', async () => {
    const world = await furnished();
    const member = await world.principal();
    const pull = async () => (await world.ask('GET', '/v2/team/app/manifests/v1', { headers: basic(member) })).status;
    let groups: string[] = [];
    world.directory.groupsOf = () => groups;
    world.assign({ objectId: 'team', appId: '', secret: '' }, 'AcrPull');
    assert.equal(await pull(), 401);
    groups = ['team'];
    assert.equal(await pull(), 200);
    groups = [];
    assert.equal(await pull(), 401);
  });
});
