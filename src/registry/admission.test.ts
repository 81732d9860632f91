/** Who is let in, by which way: refusals come before any authentication, on every path, in ACR's words. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { byEndpoint, fromHost, fromNetwork, prefix, World } from './world.fixture.ts';

const PATHS = [
  ['GET', '/v2/'],
  ['GET', '/v2/_catalog'],
  ['GET', '/v2/a/manifests/latest'],
  ['PUT', '/v2/a/manifests/latest'],
  ['POST', '/v2/a/blobs/uploads/'],
  ['GET', '/oauth2/token?service=myregistry.azurecr.io'],
  ['POST', '/oauth2/exchange'],
  ['GET', '/nothing'],
  ['GET', '/v2/%zz'],
] as const;

describe('The public side', () => {
  it('is refused with 403 on every path when public access is disabled, whatever credentials are sent, naming the address that was seen', async () => {
    const world = await World.open({ registry: { publicNetworkAccess: false } });
    const { appId, secret } = await world.principal('Owner');
    const authorization = `Basic ${Buffer.from(`${appId}:${secret}`).toString('base64')}`;
    for (const [method, path] of PATHS)
      for (const headers of [{}, { authorization }] as Record<string, string>[]) {
        const answer = await world.ask(method, path, { headers });
        assert.equal(answer.status, 403, path);
        assert.equal(answer.headers['www-authenticate'], undefined);
        assert.equal(
          answer.bytes.toString(),
          '{"errors":[{"code":"DENIED","message":"client with IP \\u0027203.0.113.7\\u0027 is not allowed access. Refer https://aka.ms/acr/firewall to grant access."}]}',
        );
        assert.deepEqual(answer.trace.at(-1), { check: 'rule', ok: false, detail: 'public-access-disabled: publicNetworkAccess is Disabled' });
      }
  });

  it('passes by an IP rule that holds its address, and by no other', async () => {
    const world = await World.open({ registry: { defaultAction: 'Deny', ipRules: [prefix('203.0.113.0/29')] } });
    assert.equal((await world.ask('GET', '/v2/')).status, 401);
    world.setRegistry('myregistry', { defaultAction: 'Deny', ipRules: [prefix('203.0.113.8/29')] });
    assert.equal((await world.ask('GET', '/v2/')).status, 403);
    assert.equal((await world.ask('GET', '/v2/', { arrival: fromHost })).json.errors[0].message.startsWith("client with IP '127.0.0.1'"), true);
  });

  it('is not moved by forwarded headers', async () => {
    const world = await World.open({ registry: { defaultAction: 'Deny', ipRules: [prefix('198.51.100.1')] } });
    const headers = { 'x-forwarded-for': '198.51.100.1', forwarded: 'for=198.51.100.1', 'x-real-ip': '198.51.100.1' };
    const answer = await world.ask('GET', '/v2/', { headers });
    assert.equal(answer.status, 403);
    assert.match(answer.json.errors[0].message, /203\.0\.113\.7/);
  });
});

describe('A private endpoint', () => {
  it('is let in while its connection is Approved, also when public access is disabled', async () => {
    const world = await World.open({ registry: { publicNetworkAccess: false } });
    for (const [state, status] of [
      ['Approved', 401],
      ['Pending', 403],
      ['Rejected', 403],
      ['Approved', 401],
      ['Disconnected', 403],
    ] as const) {
      world.connect('myregistry', state);
      const answer = await world.ask('GET', '/v2/', { arrival: byEndpoint('myregistry') });
      assert.equal(answer.status, status, state);
      assert.equal(answer.trace.find((step) => step.check === 'state')?.ok, state === 'Approved');
    }
  });

  it('that leads to another registry, or an address that serves another host, is misdirected', async () => {
    const world = await World.open();
    await world.addRegistry('other');
    world.connect('myregistry', 'Approved');
    const asked = [
      [byEndpoint('myregistry'), 'https://other.azurecr.io/v2/'],
      [byEndpoint('myregistry', 'registry_data_westeurope'), 'https://myregistry.azurecr.io/v2/'],
      [byEndpoint('myregistry'), 'https://myregistry.westeurope.data.azurecr.io/x'],
    ] as const;
    for (const [arrival, url] of asked) {
      const answer = await world.ask('GET', url, { arrival });
      assert.equal(answer.status, 421, url);
      assert.equal(answer.code, 'MISDIRECTED');
    }
  });
});

describe('A host name', () => {
  it('that names no registry is misdirected', async () => {
    const world = await World.open();
    for (const host of ['nobody.azurecr.io', 'myregistry.example.com', 'azurecr.io', 'x'])
      assert.equal((await world.ask('GET', `https://${host}/v2/`)).status, 421, host);
  });

  it('under the host domain is taken by the host listener only', async () => {
    const world = await World.open();
    assert.equal((await world.ask('GET', 'https://myregistry.localhost:5443/v2/', { arrival: fromHost })).status, 401);
    assert.equal((await world.ask('GET', 'https://myregistry.azurecr.io/v2/', { arrival: fromHost })).status, 401);
    assert.equal((await world.ask('GET', 'https://myregistry.localhost/v2/', { arrival: fromNetwork })).status, 421);
    assert.equal((await world.ask('GET', 'https://localhost/v2/', { arrival: fromHost })).status, 421);
  });

  it('at the management listener is no way to a registry', async () => {
    const world = await World.open();
    assert.equal((await world.ask('GET', '/v2/', { arrival: { via: 'management', listener: 'host:127.0.0.1:8443', peer: '127.0.0.1' } })).status, 403);
  });
});
