/** The registry of Postern's own: everybody reads it without a word of who they are, nobody writes to it or signs in. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { manifestByTag } from '#store/repositories.ts';
import { helloWorld } from './hello-world.ts';
import { PLATFORM_REGISTRY, platformFact, stockPlatformRegistry } from './platform.ts';
import { basic, fromHost, World } from './world.fixture.ts';

const AT = 'https://mcr.microsoft.com';

async function stocked(): Promise<World> {
  const world = await World.open();
  world.state(PLATFORM_REGISTRY, [platformFact]);
  await stockPlatformRegistry(world);
  return world;
}

describe("Postern's own registry", () => {
  it('is pulled from without a token: list, manifest and layer, by both names and tags', async () => {
    const world = await stocked();
    const { list, images } = helloWorld();
    assert.equal((await world.ask('GET', `${AT}/v2/`)).status, 200);
    for (const [repository, tag] of [
      ['hello-world', 'latest'],
      ['hello-world', 'v1'],
      ['mcr/hello-world', 'latest'],
      ['mcr/hello-world', 'v1'],
    ]) {
      const pulled = await world.ask('GET', `${AT}/v2/${repository}/manifests/${tag}`);
      assert.deepEqual([pulled.status, pulled.header('docker-content-digest'), pulled.header('content-type')], [200, list.digest, list.mediaType]);
      for (const { config, layer, manifest } of images) {
        assert.deepEqual((await world.ask('GET', `${AT}/v2/${repository}/manifests/${manifest.digest}`)).bytes, manifest.bytes);
        for (const blob of [config, layer]) assert.deepEqual((await world.ask('GET', `${AT}/v2/${repository}/blobs/${blob.digest}`)).bytes, blob.bytes);
      }
    }
    assert.deepEqual((await world.ask('GET', `${AT}/v2/_catalog`)).json, { repositories: ['hello-world', 'mcr/hello-world'] });
    assert.deepEqual((await world.ask('GET', `${AT}/v2/hello-world/tags/list`)).json.tags, ['latest', 'v1']);
    assert.equal((await world.ask('GET', `${AT}/v2/`, { arrival: fromHost })).status, 200);
  });

  it('takes credentials for elsewhere for none, be they right there or not', async () => {
    const world = await stocked();
    for (const headers of [basic({ appId: 'x', secret: 'y' }), basic(await world.principal('Owner')), { authorization: 'Bearer x' }, { authorization: 'x' }])
      assert.equal((await world.ask('GET', `${AT}/v2/hello-world/manifests/latest`, { headers })).status, 200);
  });

  it('lets nobody write to it or sign in, whatever they may elsewhere', async () => {
    const world = await stocked();
    const owner = await world.principal();
    world.assign(owner, 'Owner', '/');
    const headers = basic(owner);
    const { list } = helloWorld();
    for (const [method, path] of [
      ['POST', '/v2/hello-world/blobs/uploads/'],
      ['PUT', '/v2/hello-world/manifests/latest'],
      ['DELETE', `/v2/hello-world/manifests/${list.digest}`],
      ['DELETE', '/acr/v1/hello-world'],
      ['PATCH', '/acr/v1/hello-world'],
      ['GET', '/oauth2/token'],
      ['POST', '/oauth2/exchange'],
    ] as const) {
      const answer = await world.ask(method, `${AT}${path}`, { headers, body: '{}' });
      assert.deepEqual([answer.status, answer.code], [403, 'DENIED'], path);
    }
    assert.equal((await world.ask('GET', `${AT}/v2/hello-world/manifests/latest`)).status, 200);
  });

  it('keeps its content over a restart, and is stocked once', async () => {
    const world = await stocked();
    // A plane that opens removes the content of registries that are gone.
    world.newPlane();
    await world.store.write(async () => {});
    assert.equal((await world.ask('GET', `${AT}/v2/hello-world/manifests/v1`)).status, 200);
    world.blobs.put = async () => assert.fail('stocked again');
    await stockPlatformRegistry(world);
    const key = { registry: PLATFORM_REGISTRY, repository: 'hello-world' as never };
    assert.equal((await manifestByTag(world.store.database, key, 'v1' as never))?.digest, helloWorld().list.digest);
  });
});
