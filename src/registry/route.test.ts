/** Paths and methods: what is no route, no name, no digest is told so and never breaks anything. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { routes } from './route.ts';
import { Client, World } from './world.fixture.ts';

describe('Bad input', () => {
  it('gets its own code', async () => {
    const world = await World.open();
    const client = new Client(world, await world.principal('Owner'));
    const rows = [
      ['GET', '/v2/UPPER/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/a//b/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/../etc/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/%2e%2e/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/a%00b/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/a%0a/tags/list', 400, 'NAME_INVALID'],
      ['GET', `/v2/${'a'.repeat(256)}/tags/list`, 400, 'NAME_INVALID'],
      ['GET', '/v2/%E0%A4%A/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/a/manifests/.hidden', 400, 'TAG_INVALID'],
      ['GET', `/v2/a/manifests/${'t'.repeat(129)}`, 400, 'TAG_INVALID'],
      ['GET', '/v2/a/manifests/sha256:ABC', 400, 'DIGEST_INVALID'],
      ['GET', '/v2/a/blobs/sha256:..%2F..%2Fetc', 404, 'UNSUPPORTED'],
      ['GET', '/v2/a/blobs/md5:d41d8cd98f00b204e9800998ecf8427e', 400, 'DIGEST_INVALID'],
      ['HEAD', '/v2/a/blobs/x', 400, 'DIGEST_INVALID'],
      ['DELETE', '/v2/a/blobs/x', 400, 'DIGEST_INVALID'],
      ['POST', '/v2/a/blobs/uploads/?digest=x', 400, 'DIGEST_INVALID'],
      ['GET', '/', 404, 'UNSUPPORTED'],
      ['GET', '/v3/', 404, 'UNSUPPORTED'],
      ['GET', '/v2/a', 404, 'UNSUPPORTED'],
      ['GET', '/v2/a/manifests/', 404, 'UNSUPPORTED'],
      ['GET', '/v2//tags/list', 404, 'UNSUPPORTED'],
    ] as const;
    for (const [method, path, status, code] of rows) {
      const answer = await client.ask(method, path);
      assert.equal(answer.status, status, path);
      assert.equal(answer.code, code, path);
    }
  });

  it('in the method gets 405 and the methods that there are', async () => {
    const world = await World.open();
    const rows = [
      ['PUT', '/v2/', 'GET, HEAD'],
      ['POST', '/v2/a/manifests/x', 'GET, HEAD, PUT, DELETE'],
      ['PUT', '/v2/a/blobs/uploads/', 'POST'],
      ['constructor', '/v2/', 'GET, HEAD'],
      ['POST', '/v2/a/tags/list', 'GET'],
      ['DELETE', '/oauth2/token', 'GET, POST'],
    ] as const;
    for (const [method, path, allow] of rows) {
      const answer = await world.ask(method, path);
      assert.equal(answer.status, 405, path);
      assert.equal(answer.header('allow'), allow);
      assert.equal(answer.code, 'UNSUPPORTED');
    }
  });

  it('of any kind is never an error of the server', async () => {
    const world = await World.open({ registry: { dataEndpointEnabled: true } });
    const client = new Client(world, await world.principal('Owner'));
    const word = fc.oneof(
      fc.constantFrom(
        'v2',
        'a',
        '..',
        'manifests',
        'blobs',
        'uploads',
        'tags',
        'list',
        'referrers',
        '_catalog',
        'oauth2',
        'token',
        'sha256:',
        '%2f',
        '%',
        '',
        '*',
      ),
      fc.string({ maxLength: 8 }).map((text) => text.replace(/[?#/]/g, '')),
    );
    const method = fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE');
    const headers = fc.dictionary(
      fc.constantFrom('content-range', 'range', 'content-type', 'if-none-match', 'if-range', 'accept'),
      fc.string({ maxLength: 12 }),
    );
    const query = fc.dictionary(fc.constantFrom('digest', 'mount', 'from', 'n', 'last', 'tag', 'artifactType', 'service', 'scope', 'se', 'sig'), fc.string());
    await fc.assert(
      fc.asyncProperty(
        method,
        fc.array(word, { maxLength: 7 }),
        query,
        headers,
        fc.uint8Array({ maxLength: 20 }),
        async (verb, words, parameters, more, body) => {
          const url = `/${words[0] === 'v2' ? '' : 'v2/'}${words.join('/')}?${new URLSearchParams(parameters)}`;
          for (const host of ['myregistry.azurecr.io', 'myregistry.westeurope.data.azurecr.io']) {
            const answer = await client.ask(verb, `https://${host}${url}`, { headers: more, body });
            assert.ok(answer.status < 500, `${verb} ${url} gave ${answer.status} ${answer.bytes}`);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('Routes', () => {
  it('each need a right, but for the token endpoints', () => {
    const open = routes.flatMap(({ path, methods }) =>
      Object.entries(methods).flatMap(([method, { needs }]) => (needs === 'open' ? [`${method} ${path.source}`] : [])),
    );
    assert.deepEqual(open, ['GET ^\\/oauth2\\/token$', 'POST ^\\/oauth2\\/token$', 'POST ^\\/oauth2\\/exchange$']);
  });

  it('take repository names of every grammar, also those with the words of routes in them', async () => {
    const world = await World.open();
    const client = new Client(world, await world.principal('Owner'));
    for (const name of ['a', 'a/b/c', 'a.b_c--d__e', 'blobs', 'x/manifests/y', 'v2/tags/list', 'a/blobs/uploads', '0']) {
      const { bytes, layer } = await client.pushImage(name, 'v1');
      assert.deepEqual((await client.ask('GET', `/v2/${name}/manifests/v1`)).bytes, bytes, name);
      assert.equal((await client.ask('GET', `/v2/${name}/blobs/${layer}`)).status, 200);
      assert.deepEqual((await client.ask('GET', `/v2/${name}/tags/list`)).json.tags, ['v1']);
    }
  });
});
