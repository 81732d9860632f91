/** Import (docs/sources.md#image-import): whole images, all or nothing, of one byte store; and what is refused. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { digestOf } from '#base/digest.ts';
import { Fault } from '#base/fault.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { registryBytes } from '#store/repositories.ts';
import { helloWorld } from './hello-world.ts';
import { type ImportOrder, importImage } from './import.ts';
import { PLATFORM_REGISTRY, platformFact, stockPlatformRegistry } from './platform.ts';
import { Client, OCI_IMAGE, OCI_INDEX, registryKey, World } from './world.fixture.ts';

const TARGET = registryKey('target');
const idOf = (name: string): string => registryKey(name);

/** `myregistry` with what a test pushes, an empty `target`, and Postern's own registry. */
async function worldWithTarget(): Promise<{ world: World; client: Client }> {
  const world = await World.open();
  await world.addRegistry('target');
  world.state(PLATFORM_REGISTRY, [platformFact]);
  await stockPlatformRegistry(world);
  const owner = await world.principal('Owner');
  world.assign(owner, 'Owner', TARGET);
  return { world, client: new Client(world, owner) };
}

const order = (source: ImportOrder['source'], over: Partial<ImportOrder> = {}): ImportOrder => ({
  registry: TARGET,
  source,
  targetTags: [],
  untaggedTargetRepositories: [],
  mode: 'NoForce',
  ...over,
});
const run = (world: World, asked: ImportOrder): Promise<void> => importImage(world.rooms, asked);
const refused = async (work: Promise<unknown>): Promise<Fault> => {
  try {
    await work;
  } catch (thrown) {
    assert.ok(thrown instanceof Fault, String(thrown));
    return thrown;
  }
  throw new Error('it was not refused');
};
const at = (path: string): string => `https://target.azurecr.io${path}`;
const MCR = { registryUri: 'mcr.microsoft.com', sourceImage: 'hello-world:latest' };

describe('An import', () => {
  it("of the world's sample image brings the list, every platform's manifest and their blobs, and copies no byte", async () => {
    const { world, client } = await worldWithTarget();
    world.blobs.put = async () => assert.fail('a byte was written');
    await run(world, order(MCR, { targetTags: ['hello-world:v1', 'deep/er:x'] }));
    const { list, images } = helloWorld();
    for (const [repository, tag] of [
      ['hello-world', 'v1'],
      ['deep/er', 'x'],
    ]) {
      const pulled = await client.ask('GET', at(`/v2/${repository}/manifests/${tag}`));
      assert.deepEqual([pulled.status, pulled.header('docker-content-digest'), pulled.bytes], [200, list.digest, list.bytes]);
      for (const { manifest, layer, config } of images) {
        assert.equal((await client.ask('GET', at(`/v2/${repository}/manifests/${manifest.digest}`))).header('content-type'), manifest.mediaType);
        for (const { digest, bytes } of [layer, config]) assert.deepEqual((await client.ask('GET', at(`/v2/${repository}/blobs/${digest}`))).bytes, bytes);
      }
    }
    const all = [list, ...images.flatMap(({ manifest, layer, config }) => [manifest, layer, config])];
    assert.equal(
      await registryBytes(world.store.database, TARGET),
      all.reduce((sum, { bytes }) => sum + bytes.length, 0),
      'each digest is counted once',
    );
  });

  it('of another registry takes a tag, a digest or `latest`; a target without a tag gets the source one', async () => {
    const { world, client } = await worldWithTarget();
    const one = await client.pushImage('app', 'v1');
    const latest = await client.pushImage('app', 'latest');
    const source = { resourceId: idOf('myregistry') };
    await run(world, order({ ...source, sourceImage: 'app:v1' }, { targetTags: ['a', 'b:other'] }));
    await run(world, order({ ...source, sourceImage: 'app' }, { targetTags: ['c'] }));
    await run(world, order({ ...source, sourceImage: `app@${one.digest}` }, { targetTags: ['d', 'e:tag'], untaggedTargetRepositories: ['f'] }));
    await run(world, order({ ...source, sourceImage: `app:v1@${latest.digest}` }, { targetTags: ['g'] }));
    const digest = async (path: string) => (await client.ask('HEAD', at(`/v2/${path}`))).header('docker-content-digest');
    assert.deepEqual(
      await Promise.all(['a/manifests/v1', 'b/manifests/other', 'd/manifests/latest', 'e/manifests/tag'].map(digest)),
      Array(4).fill(one.digest),
    );
    assert.equal(await digest('c/manifests/latest'), latest.digest);
    assert.equal(await digest('g/manifests/v1'), latest.digest, 'a digest decides over a tag');
    assert.deepEqual((await client.ask('GET', at('/v2/f/tags/list'))).json.tags, []);
    assert.equal(await digest(`f/manifests/${one.digest}`), one.digest);
  });

  it('within one registry gives an image another name', async () => {
    const { world, client } = await worldWithTarget();
    const { digest } = await client.pushImage('app', 'v1');
    const registry = registryKey('myregistry');
    await run(world, order({ resourceId: registry, sourceImage: 'app:v1' }, { registry, targetTags: ['app:v2', 'other:v1'] }));
    for (const path of ['app/manifests/v2', 'other/manifests/v1'])
      assert.equal((await client.ask('HEAD', `/v2/${path}`)).header('docker-content-digest'), digest);
  });

  it('overwrites no tag unless it is forced, and then a failure leaves none of its tags', async () => {
    const { world, client } = await worldWithTarget();
    await client.pushImage('app', 'v1');
    const source = { resourceId: idOf('myregistry'), sourceImage: 'app:v1' };
    await run(world, order(MCR, { targetTags: ['app:v1'] }));
    const fault = await refused(run(world, order(source, { targetTags: ['new:v1', 'app:v1'] })));
    assert.deepEqual([fault.kind, fault.code, fault.message], ['conflict', 'Conflict', 'Tag app:v1 already exists in target registry.']);
    assert.equal((await client.ask('GET', at('/v2/new/manifests/v1'))).code, 'NAME_UNKNOWN');
    await run(world, order(source, { targetTags: ['new:v1', 'app:v1'], mode: 'Force' }));
    assert.notEqual((await client.ask('HEAD', at('/v2/app/manifests/v1'))).header('docker-content-digest'), helloWorld().list.digest);
  });

  it('keeps to locks: of the source against reading, of the target against writing', async () => {
    const { world, client } = await worldWithTarget();
    await client.pushImage('app', 'v1');
    const source = { resourceId: idOf('myregistry'), sourceImage: 'app:v1' };
    await run(world, order(source, { targetTags: ['app:v1'] }));
    const lock = (path: string, value: object) => client.ask('PATCH', path, { body: JSON.stringify(value) });
    assert.equal((await lock(at('/acr/v1/app/_tags/v1'), { writeEnabled: false })).status, 200);
    const forced = { targetTags: ['other:v1', 'app:v1'], mode: 'Force' } as const;
    assert.equal((await refused(run(world, order(source, forced)))).code, 'REGISTRY_DISALLOWED_OPERATION');
    assert.equal((await client.ask('GET', at('/v2/other/manifests/v1'))).status, 404);
    await run(world, order(source, { targetTags: ['app:v2'] }));
    await lock(at('/acr/v1/app'), { writeEnabled: false });
    assert.equal((await refused(run(world, order(source, { targetTags: ['app:v3'] })))).code, 'REGISTRY_DISALLOWED_OPERATION');
    await lock('/acr/v1/app', { readEnabled: false });
    assert.equal((await refused(run(world, order(source, { targetTags: ['fresh:v1'] })))).code, 'REGISTRY_DISALLOWED_OPERATION');

    // One platform of a list that may not be read is not read by way of the list.
    const { digest, bytes } = await client.pushImage('multi', 'v1');
    const list = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [{ mediaType: OCI_IMAGE, digest, size: bytes.length }] });
    assert.equal((await client.ask('PUT', '/v2/multi/manifests/list', { headers: { 'content-type': OCI_INDEX }, body: list })).status, 201);
    await lock(`/acr/v1/multi/_manifests/${digest}`, { readEnabled: false });
    const whole = order({ resourceId: idOf('myregistry'), sourceImage: 'multi:list' }, { targetTags: ['fresh:v1'] });
    assert.equal((await refused(run(world, whole))).code, 'REGISTRY_DISALLOWED_OPERATION');
    await lock(`/acr/v1/multi/_manifests/${digest}`, { readEnabled: true });
    await run(world, whole);
  });

  it('by credentials needs no more than what they prove: a token of the source, or a service principal, of whatever tenant', async () => {
    const { world, client } = await worldWithTarget();
    await client.pushImage('app', 'v1');
    const registry = registryKey('myregistry');
    const scopeMap = `${registry}/scopemaps/reader` as ResourceKey;
    world.state(scopeMap, [{ kind: 'scope-map', scopeMap, registry, actions: ['repositories/app/content/read'] }]);
    world.state(`${registry}/tokens/puller` as ResourceKey, [
      {
        kind: 'registry-credential',
        registry,
        username: 'puller',
        passwords: [{ sha256: createHash('sha256').update('right').digest('hex') }],
        actions: { scopeMap },
      },
    ]);
    const by = (username: string, password: string, sourceImage = 'app:v1') =>
      order({ registryUri: 'https://MyRegistry.azurecr.io/', sourceImage, credentials: { username, password } }, { targetTags: ['got:v1'], mode: 'Force' });
    await run(world, by('puller', 'right'));
    const puller = await world.principal('AcrPull');
    await run(world, by(puller.appId, puller.secret));
    const none = await world.principal();
    for (const [user, password, image] of [
      ['puller', 'wrong', undefined],
      ['nobody', 'right', undefined],
      ['puller', 'right', 'other:v1'],
      [none.appId, none.secret, undefined],
    ] as const)
      assert.equal((await refused(run(world, by(user, password, image)))).code, 'SourceAuthenticationFailed', `${user} ${image}`);
    // What keeps a registry closed is told to whom the credentials prove; ids that lead nowhere are told from others to nobody.
    const closed = new Fault('forbidden', 'ExportDisabled', 'The registry is closed.');
    const shut = (password: string, source: object): Promise<Fault> => {
      const { source: whole, ...rest } = by('puller', password);
      const { registryUri: _, ...image } = whole;
      return refused(run(world, { ...rest, source: { ...image, closed, ...source } }));
    };
    assert.equal((await shut('right', { resourceId: idOf('myregistry') })).code, 'ExportDisabled');
    const [standing, absent] = [await shut('wrong', { resourceId: idOf('myregistry') }), await shut('wrong', { resourceId: idOf('nobodys') })];
    assert.deepEqual([standing.code, standing.message], [absent.code, absent.message.replace('nobodys', 'myregistry')]);
    // Only a login server is a registry's name.
    assert.equal((await shut('right', { registryUri: 'myregistry.westeurope.data.azurecr.io' })).code, 'SourceRegistryNotFound');
    const bare = order({ registryUri: 'myregistry.azurecr.io', sourceImage: 'app:v1' }, { targetTags: ['got:v1'] });
    assert.equal((await refused(run(world, bare))).code, 'SourceAuthenticationFailed');
  });

  it('tells what is not there: the registry, the image, the target', async () => {
    const { world } = await worldWithTarget();
    const to = { targetTags: ['a:v1'] };
    for (const registryUri of ['docker.io', 'nobody.azurecr.io', '', 'quay.io:443', 'mcr.microsoft.com.evil'])
      assert.equal((await refused(run(world, order({ registryUri, sourceImage: 'library/nginx:latest' }, to)))).code, 'SourceRegistryNotFound', registryUri);
    assert.match((await refused(run(world, order({ registryUri: 'docker.io', sourceImage: 'nginx' }, to)))).message, /no registry 'docker.io' in this world/);
    assert.equal((await refused(run(world, order({ resourceId: idOf('gone'), sourceImage: 'a' }, to)))).code, 'SourceRegistryNotFound');
    for (const sourceImage of ['hello-world:none', 'nginx', `hello-world@${digestOf(Buffer.from('x'))}`])
      assert.equal((await refused(run(world, order({ ...MCR, sourceImage }, to)))).code, 'SourceImageNotFound', sourceImage);
    assert.equal((await refused(run(world, order(MCR, { ...to, registry: registryKey('gone') })))).code, 'TargetRegistryNotFound');
  });

  it('takes no image of which a layer is gone', async () => {
    const { world, client } = await worldWithTarget();
    const { layer } = await client.pushImage('app', 'v1');
    assert.equal((await client.ask('DELETE', `/v2/app/blobs/${layer}`)).status, 202);
    const fault = await refused(run(world, order({ resourceId: idOf('myregistry'), sourceImage: 'app:v1' }, { targetTags: ['got:v1'] })));
    assert.equal(fault.code, 'SourceImageNotFound');
    assert.equal((await client.ask('GET', at('/v2/got/manifests/v1'))).code, 'NAME_UNKNOWN');
  });

  it('takes no reference that is none', async () => {
    const { world } = await worldWithTarget();
    const bad: [Partial<ImportOrder>, string?][] = [
      [{ targetTags: ['a:v1'] }, 'UPPER:v1'],
      [{ targetTags: ['a:v1'] }, 'hello-world:'],
      [{ targetTags: ['a:v1'] }, 'hello-world@sha256:x'],
      [{ targetTags: ['a:v1'] }, ''],
      [{ targetTags: ['A:v1'] }],
      [{ targetTags: ['a:v 1'] }],
      [{ targetTags: [`a@${digestOf(Buffer.from('x'))}`] }],
      [{ untaggedTargetRepositories: ['a:v1'] }],
      [{}],
    ];
    for (const [over, sourceImage = 'hello-world:latest'] of bad)
      assert.equal((await refused(run(world, order({ ...MCR, sourceImage }, over)))).code, 'InvalidImageReference', JSON.stringify([over, sourceImage]));
  });

  it('has a bound on manifests, and follows an index that lists blobs', async () => {
    const { world, client } = await worldWithTarget();
    const children = [];
    for (let index = 0; index < 50; index++) {
      const { digest, bytes } = await client.pushImage('many', `v${index}`);
      children.push({ mediaType: OCI_IMAGE, digest, size: bytes.length });
    }
    const blob = await client.pushBlob('many', 'a blob that an index lists');
    const push = async (tag: string, manifests: object[]) =>
      assert.equal(
        (
          await client.ask('PUT', `/v2/many/manifests/${tag}`, {
            headers: { 'content-type': OCI_INDEX },
            body: JSON.stringify({ schemaVersion: 2, manifests }),
          })
        ).status,
        201,
      );
    await push('all', children);
    await push('some', [...children.slice(0, 49), { mediaType: 'application/octet-stream', digest: blob, size: 26 }]);
    const source = (tag: string) => ({ resourceId: idOf('myregistry'), sourceImage: `many:${tag}` });
    assert.equal((await refused(run(world, order(source('all'), { targetTags: ['many:v'] })))).code, 'ImageTooLarge');
    await run(world, order(source('some'), { targetTags: ['many:v'] }));
    assert.equal((await client.ask('GET', at(`/v2/many/blobs/${blob}`))).status, 200);
  });

  it('never fails but by a fault, and then leaves nothing, whatever is asked', async () => {
    const { world, client } = await worldWithTarget();
    await client.pushImage('app', 'v1');
    const text = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('app', 'app:v1', 'hello-world', 'a/b:c', 'x@sha256:0', 'a:b:c', '/', '..', 'A'));
    const asked = fc.record({
      source: fc.record(
        { registryUri: fc.oneof(text, fc.constantFrom('mcr.microsoft.com', 'myregistry.azurecr.io')), sourceImage: text },
        { requiredKeys: ['registryUri', 'sourceImage'] },
      ),
      targetTags: fc.array(text, { maxLength: 3 }),
      untaggedTargetRepositories: fc.array(text, { maxLength: 2 }),
      mode: fc.constantFrom('NoForce' as const, 'Force' as const),
    });
    const records = async (): Promise<number> => (await client.ask('GET', at('/v2/_catalog'))).json.repositories.length;
    await fc.assert(
      fc.asyncProperty(asked, async (over) => {
        const before = await records();
        try {
          await run(world, order(over.source, over));
        } catch (thrown) {
          assert.ok(thrown instanceof Fault && thrown.status < 500, String((thrown as Error).stack));
          assert.equal(await records(), before);
        }
      }),
      { numRuns: 150 },
    );
  });
});
