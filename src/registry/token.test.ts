/** Challenges, token endpoints and rights: what each caller gets, and that both the token's scope and today's roles are asked. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IpAddress } from '#base/ip.ts';
import { resourceKey } from '#base/resource-id.ts';
import { REGISTRY_AUDIENCE } from '#identity/tokens.ts';
import { TOKEN_USER } from './authorize.ts';
import { basic, Client, fromHost, type Principal, registryKey, TENANT, World } from './world.fixture.ts';

const AUTHENTICATE = 'authentication required, visit https://aka.ms/acr/authorization for more information.';
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString());
const directoryToken = async (world: World, principal: Principal, audience: string) =>
  (await world.tokens.issueAccess({ audience, principal: { objectId: principal.objectId, appId: principal.appId, kind: 'ServicePrincipal' } })).token;

describe('The challenge', () => {
  it('on /v2/ has no scope and no spaces after its commas', async () => {
    const world = await World.open();
    const answer = await world.ask('GET', '/v2/');
    assert.equal(answer.status, 401);
    assert.equal(answer.header('www-authenticate'), 'Bearer realm="https://myregistry.azurecr.io/oauth2/token",service="myregistry.azurecr.io"');
    assert.deepEqual(answer.json, { errors: [{ code: 'UNAUTHORIZED', message: AUTHENTICATE }] });
  });

  it('names the address by which the client came', async () => {
    const world = await World.open();
    // The edge has made the host canonical by then: a client on the host must not be sent to that name, which is a real registry's out there.
    for (const host of ['myregistry.localhost', 'myregistry.azurecr.io']) {
      const answer = await world.ask('GET', 'https://myregistry.localhost:5443/v2/', { arrival: fromHost, host });
      assert.equal(answer.header('www-authenticate'), 'Bearer realm="https://myregistry.localhost:5443/oauth2/token",service="myregistry.localhost"');
    }
  });

  it('on a resource names the scope', async () => {
    const world = await World.open();
    const rows = [
      ['GET', '/v2/a/b/manifests/x', 'repository:a/b:pull', ['pull']],
      ['HEAD', '/v2/a/blobs/x', 'repository:a:pull', ['pull']],
      ['GET', '/v2/a/tags/list', 'repository:a:pull', ['pull']],
      ['POST', '/v2/a/blobs/uploads/', 'repository:a:pull,push', ['pull', 'push']],
      ['DELETE', '/v2/a/manifests/x', 'repository:a:delete', ['delete']],
      ['GET', '/v2/_catalog', 'registry:catalog:*', ['*']],
    ] as const;
    for (const [method, path, scope, actions] of rows) {
      const answer = await world.ask(method, path);
      assert.equal(answer.status, 401, path);
      assert.equal(
        answer.header('www-authenticate'),
        `Bearer realm="https://myregistry.azurecr.io/oauth2/token",service="myregistry.azurecr.io",scope="${scope}"`,
      );
      const [Type, Name] = scope.split(':');
      assert.deepEqual(
        answer.json.errors[0].detail,
        actions.map((Action) => ({ Type, Name, Action })),
      );
    }
  });

  it('says when the token is bad, and what ACR says to a Basic header that is not one', async () => {
    const world = await World.open();
    assert.match((await world.ask('GET', '/v2/', { headers: bearer('no.such.token') })).header('www-authenticate'), /,error="invalid_token"$/);
    for (const authorization of ['Basic', 'Basic !!!', `Basic ${Buffer.from('no colon').toString('base64')}`]) {
      const answer = await world.ask('GET', '/v2/', { headers: { authorization } });
      assert.equal(answer.status, 401);
      assert.equal(answer.header('www-authenticate'), 'Basic realm="Azure Container Registry"', authorization);
    }
    assert.equal((await world.ask('GET', '/v2/', { headers: { authorization: 'Digest x' } })).status, 401);
  });
});

describe('Token endpoints', () => {
  it('az: exchange a directory token, then get an access token by the refresh token', async () => {
    const world = await World.open();
    const puller = await world.principal('AcrPull');
    for (const audience of ['https://management.azure.com/', REGISTRY_AUDIENCE]) {
      const exchanged = await world.ask('POST', '/oauth2/exchange', {
        form: { grant_type: 'access_token', service: 'myregistry.azurecr.io', tenant: 'any', access_token: await directoryToken(world, puller, audience) },
      });
      assert.equal(exchanged.status, 200, audience);
      const { refresh_token } = exchanged.json;
      const issued = await world.ask('POST', '/oauth2/token', {
        form: { grant_type: 'refresh_token', service: 'myregistry.azurecr.io', scope: 'repository:a:pull', refresh_token },
      });
      assert.equal(issued.status, 200);
      assert.equal(issued.json.token, issued.json.access_token);
      assert.deepEqual(claims(issued.json.access_token).access, [{ type: 'repository', name: 'a', actions: ['pull'] }]);
      assert.equal(claims(issued.json.access_token).aud, 'myregistry.azurecr.io');
      assert.equal((await world.ask('GET', '/v2/', { headers: bearer(issued.json.access_token) })).status, 200);
    }
  });

  it('docker: GET with Basic, by application and secret or by the token user', async () => {
    const world = await World.open();
    const pusher = await world.principal('AcrPush');
    const identity = { objectId: pusher.objectId, appId: pusher.appId, tenantId: TENANT, kind: 'ServicePrincipal' } as const;
    const refresh = await world.tokens.issueRefresh({ service: 'myregistry.azurecr.io', identity });
    const url =
      '/oauth2/token?account=x&client_id=docker&offline_token=true&service=myregistry.azurecr.io&scope=repository:a:pull,push&scope=repository:b:pull';
    for (const credentials of [pusher, { appId: TOKEN_USER, secret: refresh }]) {
      const answer = await world.ask('GET', url, { headers: basic(credentials) });
      assert.equal(answer.status, 200);
      assert.deepEqual(claims(answer.json.token).access, [
        { type: 'repository', name: 'a', actions: ['pull', 'push'] },
        { type: 'repository', name: 'b', actions: ['pull'] },
      ]);
    }
  });

  it('no tokens for a principal that has been deleted since, be it by an old one', async () => {
    const world = await World.open();
    const pusher = await world.principal('AcrPush');
    const puller = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller';
    const fact = { kind: 'identity', identity: resourceKey(puller), id: puller, principalId: 'p', clientId: 'c', tenantId: 't' } as const;
    world.state(fact.identity, [fact]);
    const place = '/subscriptions/s/resourceGroups/g/providers';
    const [network, nic] = [resourceKey(`${place}/Microsoft.Network/virtualNetworks/v`), resourceKey(`${place}/Microsoft.Network/networkInterfaces/n`)];
    const [id, address] = [`${place}/Microsoft.Compute/virtualMachines/vm`, '10.0.0.4' as IpAddress];
    const machine = resourceKey(id);
    const systemIdentity = { principalId: 'own', clientId: 'own-c' };
    world.state(network, [
      { kind: 'network', network, id: network, name: 'v', location: 'westeurope', prefixes: [], egressAddress: '203.0.113.1' as IpAddress },
    ]);
    world.state(nic, [{ kind: 'address', network, subnet: network, nic, address }]);
    world.state(machine, [{ kind: 'machine', machine, id, name: 'vm', nics: [nic], identities: [], systemIdentity }]);
    const people = world.directory.people;
    const someone = (upn: string) => people.createUser({ tenantId: TENANT, upn, displayName: upn, password: 'Correct-Horse-1' });
    const [leaver, blocked] = [await someone('leaver@example.com'), await someone('blocked@example.com')];
    for (const [principal, remove] of [
      [{ objectId: leaver.objectId, kind: 'User' }, () => people.removeUser(leaver.objectId)],
      [{ objectId: blocked.objectId, kind: 'User' }, () => people.updateUser(blocked.objectId, { enabled: false })],
      [{ objectId: pusher.objectId, appId: pusher.appId, kind: 'ServicePrincipal' }, () => world.directory.removePrincipal(pusher.appId)],
      [{ objectId: 'p', appId: 'c', kind: 'ManagedIdentity', resourceId: puller }, () => world.state(fact.identity, [{ ...fact, principalId: 'another' }])],
      [{ objectId: 'own', appId: 'own-c', kind: 'ManagedIdentity', resourceId: id }, () => world.state(machine, [])],
    ] as const) {
      const { token } = await world.tokens.issueAccess({ audience: REGISTRY_AUDIENCE, principal });
      const refresh = await world.tokens.issueRefresh({ service: 'myregistry.azurecr.io', identity: { ...principal, tenantId: TENANT } });
      const asked = [
        () => world.ask('POST', '/oauth2/exchange', { form: { grant_type: 'access_token', access_token: token } }),
        () => world.ask('POST', '/oauth2/exchange', { form: { grant_type: 'refresh_token', refresh_token: refresh } }),
        () => world.ask('POST', '/oauth2/token', { form: { grant_type: 'refresh_token', refresh_token: refresh } }),
        () => world.ask('GET', '/oauth2/token', { headers: basic({ appId: TOKEN_USER, secret: refresh }) }),
      ];
      for (const ask of asked) assert.equal((await ask()).status, 200, principal.kind);
      await remove();
      for (const ask of asked) assert.deepEqual([(await ask()).status, principal.kind], [401, principal.kind]);
    }
  });

  it('containerd: the password grant, with scopes separated by spaces', async () => {
    const world = await World.open();
    const pusher = await world.principal('AcrPush');
    const answer = await world.ask('POST', '/oauth2/token', {
      form: {
        grant_type: 'password',
        service: 'myregistry.azurecr.io',
        username: pusher.appId,
        password: pusher.secret,
        scope: 'repository:a:pull repository:b:push',
      },
    });
    assert.deepEqual(
      claims(answer.json.access_token).access.map((access: { name: string; actions: string[] }) => [access.name, access.actions]),
      [
        ['a', ['pull']],
        ['b', ['push']],
      ],
    );
  });

  it('leaves out what means nothing or may not be had, and still answers 200', async () => {
    const world = await World.open();
    const puller = await world.principal('AcrPull');
    const nobody = await world.principal();
    const rows: [Principal, string, unknown[]][] = [
      [puller, 'registry:None:*', []],
      [puller, 'registry:catalog:*', [['registry', 'catalog', ['*']]]],
      [puller, 'repository:a:pull,push,delete', [['repository', 'a', ['pull']]]],
      [puller, 'repository:a:*', [['repository', 'a', ['pull', 'metadata_read']]]],
      [puller, 'repository:a:metadataRead', [['repository', 'a', ['metadata_read']]]],
      [puller, 'repository:../x:pull', []],
      [puller, 'repository:a', []],
      [puller, 'nonsense', []],
      [nobody, 'repository:a:pull', []],
      [nobody, 'registry:catalog:*', []],
    ];
    for (const [who, scope, granted] of rows) {
      const answer = await world.ask('GET', `/oauth2/token?scope=${encodeURIComponent(scope)}`, { headers: basic(who) });
      assert.equal(answer.status, 200, scope);
      const { access } = claims(answer.json.token);
      assert.deepEqual(
        access.map((entry: { type: string; name: string; actions: string[] }) => [entry.type, entry.name, entry.actions]),
        granted,
        scope,
      );
    }
  });

  it('refuses credentials that prove nobody, and requests that are none', async () => {
    const world = await World.open({ registry: { armAudienceAccepted: false } });
    const puller = await world.principal('AcrPull');
    const arm = await directoryToken(world, puller, 'https://management.azure.com/');
    const graph = await directoryToken(world, puller, 'https://graph.microsoft.com/');
    await world.addRegistry('other');
    const identity = { objectId: puller.objectId, tenantId: TENANT, kind: 'ServicePrincipal' } as const;
    const elsewhere = await world.tokens.issueRefresh({ service: 'other.azurecr.io', identity });
    const rows: [string, string, Record<string, string> | undefined, Record<string, string>, number][] = [
      ['GET', '/oauth2/token', undefined, {}, 401],
      ['GET', '/oauth2/token', undefined, basic({ appId: puller.appId, secret: 'wrong' }), 401],
      ['GET', '/oauth2/token', undefined, basic({ appId: TOKEN_USER, secret: elsewhere }), 401],
      ['GET', '/oauth2/token', undefined, bearer(arm), 401],
      ['GET', '/oauth2/token?service=other.azurecr.io', undefined, basic(puller), 400],
      ['POST', '/oauth2/token', { grant_type: 'refresh_token', refresh_token: elsewhere }, {}, 401],
      ['POST', '/oauth2/token', { grant_type: 'refresh_token', refresh_token: arm }, {}, 401],
      ['POST', '/oauth2/token', { grant_type: 'refresh_token' }, {}, 401],
      ['POST', '/oauth2/token', { grant_type: 'password', username: puller.appId }, {}, 401],
      ['POST', '/oauth2/token', { grant_type: 'client_credentials' }, {}, 400],
      ['POST', '/oauth2/exchange', { grant_type: 'access_token', access_token: arm }, {}, 401],
      ['POST', '/oauth2/exchange', { grant_type: 'access_token', access_token: graph }, {}, 401],
      ['POST', '/oauth2/exchange', { grant_type: 'access_token' }, {}, 401],
      ['POST', '/oauth2/exchange', {}, {}, 400],
      ['GET', '/oauth2/exchange', undefined, {}, 405],
    ];
    for (const [method, path, form, headers, status] of rows) {
      const answer = await world.ask(method, path, { headers, ...(form ? { form } : {}) });
      assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(form)}`);
      assert.ok(answer.code);
    }
  });
});

describe('Rights', () => {
  it('need the scope in the token', async () => {
    const world = await World.open();
    const owner = await world.principal('Owner');
    const { json } = await world.ask('GET', '/oauth2/token?scope=repository:a:pull', { headers: basic(owner) });
    const rows = [
      ['GET', '/v2/a/tags/list', 404],
      ['GET', '/v2/b/tags/list', 401],
      ['POST', '/v2/a/blobs/uploads/', 401],
      ['DELETE', '/v2/a/manifests/x', 401],
      ['GET', '/v2/_catalog', 401],
    ] as const;
    for (const [method, path, status] of rows) {
      const answer = await world.ask(method, path, { headers: bearer(json.token) });
      assert.equal(answer.status, status, path);
      if (status !== 401) continue;
      assert.match(answer.header('www-authenticate'), /scope=".*",error="insufficient_scope"$/);
      assert.equal(answer.trace.find((step) => !step.ok)?.check, 'scope');
    }
  });

  it('end with the role assignment, not with the token', async () => {
    const world = await World.open();
    const puller = await world.principal();
    const withdraw = world.assign(puller, 'AcrPull');
    const { json } = await world.ask('GET', '/oauth2/token?scope=repository:a:pull', { headers: basic(puller) });
    assert.equal((await world.ask('GET', '/v2/a/tags/list', { headers: bearer(json.token) })).status, 404);
    withdraw();
    const answer = await world.ask('GET', '/v2/a/tags/list', { headers: bearer(json.token) });
    assert.equal(answer.status, 401);
    assert.equal(answer.trace.find((step) => !step.ok)?.check, 'role');
  });

  it('follow the roles, by Basic credentials too', async () => {
    const world = await World.open();
    await new Client(world, await world.principal('Owner')).pushImage('a', 'v1');
    const rows = [
      ['AcrPull', 200, 401, 401],
      ['AcrPush', 200, 202, 401],
      ['AcrDelete', 401, 401, 404],
      ['Owner', 200, 202, 404],
    ] as const;
    for (const [role, pull, push, remove] of rows) {
      const client = new Client(world, await world.principal(role));
      assert.equal((await client.ask('GET', '/v2/a/manifests/v1')).status, pull, `${role} pull`);
      assert.equal((await client.ask('POST', '/v2/a/blobs/uploads/')).status, push, `${role} push`);
      assert.equal((await client.ask('DELETE', '/v2/a/manifests/none')).status, remove, `${role} delete`);
    }
  });

  it('of a role at another registry mean nothing here', async () => {
    const world = await World.open();
    await world.addRegistry('other');
    const puller = await world.principal();
    world.assign(puller, 'Owner', registryKey('other'));
    assert.equal((await new Client(world, puller).ask('GET', '/v2/a/tags/list')).status, 401);
    assert.equal((await world.ask('GET', 'https://other.azurecr.io/v2/a/tags/list', { headers: basic(puller) })).status, 404);
  });

  it('of a registry token end at its registry', async () => {
    const world = await World.open();
    await world.addRegistry('other');
    const owner = await world.principal();
    world.assign(owner, 'Owner', '/');
    const { json } = await world.ask('GET', '/oauth2/token?scope=repository:a:pull', { headers: basic(owner) });
    assert.equal((await world.ask('GET', 'https://other.azurecr.io/v2/', { headers: bearer(json.token) })).status, 401);
  });

  it('of nobody are to pull, where anonymous pull is enabled, with an anonymous token', async () => {
    const world = await World.open({ registry: { anonymousPullEnabled: true } });
    await new Client(world, await world.principal('AcrPush')).pushImage('a', 'v1');
    assert.equal((await world.ask('GET', '/v2/')).status, 401);
    const { json } = await world.ask('GET', '/oauth2/token?service=myregistry.azurecr.io&scope=repository:a:pull,push');
    const headers = bearer(json.token);
    assert.equal((await world.ask('GET', '/v2/a/manifests/v1', { headers })).status, 200);
    assert.equal((await world.ask('POST', '/v2/a/blobs/uploads/', { headers })).status, 401);
    world.setRegistry('myregistry', { anonymousPullEnabled: false });
    assert.equal((await world.ask('GET', '/v2/a/manifests/v1', { headers })).status, 401);
  });
});
