/** Tags, catalogue and referrers: every page once, nothing of others, and filters that say so. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { digestOf } from '#base/digest.ts';
import { type Answer, Client, imageManifest, OCI_IMAGE, OCI_INDEX, registryKey, World } from './world.fixture.ts';

async function owner(): Promise<Client> {
  const world = await World.open();
  return new Client(world, await world.principal('Owner'));
}

/** Follows the Link headers to the end. */
async function pages(client: Client, path: string): Promise<Answer[]> {
  const found: Answer[] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const answer = await client.ask('GET', next);
    assert.equal(answer.status, 200);
    found.push(answer);
    next = /^<([^>]+)>; rel="next"$/.exec(answer.header('link'))?.[1];
  }
  return found;
}

describe('Lists', () => {
  it('give every tag and every repository once, in order, whatever the page', async () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9]{0,3}$/), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(names, fc.integer({ min: 1, max: 5 }), async (tags, n) => {
        const client = await owner();
        const { bytes } = await client.pushImage('zz/tagged', 'first');
        await client.ask('DELETE', '/v2/zz/tagged/manifests/first');
        for (const tag of tags) {
          await client.ask('PUT', `/v2/zz/tagged/manifests/${tag}`, { headers: { 'content-type': OCI_IMAGE }, body: bytes });
          await client.pushImage(tag, 'x');
        }
        const tagPages = await pages(client, `/v2/zz/tagged/tags/list?n=${n}`);
        assert.deepEqual(
          tagPages.flatMap((page) => page.json.tags),
          [...tags].sort(),
        );
        const repositoryPages = await pages(client, `/v2/_catalog?n=${n}`);
        assert.deepEqual(
          repositoryPages.flatMap((page) => page.json.repositories),
          [...tags, 'zz/tagged'].sort(),
        );
        for (const page of [...tagPages.map((page) => page.json.tags), ...repositoryPages.map((page) => page.json.repositories)]) assert.ok(page.length <= n);
      }),
      { numRuns: 10 },
    );
  });

  it('start after `last`, may be empty, and have an n that is a number', async () => {
    const client = await owner();
    for (const tag of ['a', 'b', 'c']) await client.pushImage('r', tag);
    const rows = [
      ['', ['a', 'b', 'c'], ''],
      ['?n=2', ['a', 'b'], '</v2/r/tags/list?last=b&n=2>; rel="next"'],
      ['?n=3', ['a', 'b', 'c'], ''],
      ['?n=0', [], ''],
      ['?last=a', ['b', 'c'], ''],
      ['?last=zzz', [], ''],
      ["?last=%27%20or%20''=''&n=1", ['a'], '</v2/r/tags/list?last=a&n=1>; rel="next"'],
      ['?n=999999999999999', ['a', 'b', 'c'], ''],
    ] as const;
    for (const [query, tags, link] of rows) {
      const answer = await client.ask('GET', `/v2/r/tags/list${query}`);
      assert.deepEqual(answer.json, { name: 'r', tags }, query);
      assert.equal(answer.header('link'), link);
    }
    for (const n of ['-1', 'x', '1.5', '9'.repeat(40), ''])
      for (const path of ['/v2/r/tags/list', '/v2/_catalog']) assert.equal((await client.ask('GET', `${path}?n=${n}`)).code, 'PAGINATION_NUMBER_INVALID');
  });

  it('never have more than a thousand names on a page', async () => {
    const client = await owner();
    const { bytes } = await client.pushImage('r', 'first');
    const digest = digestOf(bytes);
    for (let first = 0; first < 1001; first += 100) {
      const tags = Array.from({ length: 100 }, (_, index) => `tag=t${first + index}`).join('&');
      assert.equal((await client.ask('PUT', `/v2/r/manifests/${digest}?${tags}`, { headers: { 'content-type': OCI_IMAGE }, body: bytes })).status, 201);
    }
    for (const query of ['', '?n=5000']) {
      const answer = await client.ask('GET', `/v2/r/tags/list${query}`);
      assert.equal(answer.json.tags.length, 1000);
      assert.match(answer.header('link'), /n=1000>/);
    }
  });

  it('know no repository of another registry, nor one that only blobs were pushed to', async () => {
    const client = await owner();
    await client.pushBlob('only-blobs', 'x');
    await client.pushImage('r', 'v1');
    await client.world.addRegistry('other');
    client.world.assign(await client.world.principal(), 'Owner', registryKey('other'));
    assert.deepEqual((await client.ask('GET', '/v2/_catalog')).json, { repositories: ['r'] });
    const unknown = await client.ask('GET', '/v2/only-blobs/tags/list');
    assert.equal(unknown.status, 404);
    assert.equal(unknown.code, 'NAME_UNKNOWN');
  });
});

describe('Referrers', () => {
  it('are the manifests with that subject, with their types and annotations', async () => {
    const client = await owner();
    const image = await client.pushImage('r', 'v1');
    const subject = { mediaType: OCI_IMAGE, digest: image.digest, size: image.bytes.length };
    const signature = await client.pushImage('r', 'sig', { subject, artifactType: 'application/vnd.example.signature', annotations: { made: 'today' } });
    const plain = await client.pushImage('r', 'plain', { subject });
    const index = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [], subject, artifactType: 'application/vnd.example.index' }),
    );
    assert.equal((await client.ask('PUT', '/v2/r/manifests/index', { headers: { 'content-type': OCI_INDEX }, body: index })).status, 201);

    const all = await client.ask('GET', `/v2/r/referrers/${image.digest}`);
    assert.equal(all.status, 200);
    assert.equal(all.header('content-type'), OCI_INDEX);
    assert.equal(all.headers['oci-filters-applied'], undefined);
    const byDigest = new Map(all.json.manifests.map((entry: { digest: string }) => [entry.digest, entry]));
    assert.deepEqual(byDigest.get(signature.digest), {
      mediaType: OCI_IMAGE,
      digest: signature.digest,
      size: signature.bytes.length,
      artifactType: 'application/vnd.example.signature',
      annotations: { made: 'today' },
    });
    assert.equal((byDigest.get(plain.digest) as { artifactType: string }).artifactType, 'application/vnd.oci.image.config.v1+json');
    assert.equal((byDigest.get(digestOf(index)) as { artifactType: string }).artifactType, 'application/vnd.example.index');
    assert.equal(byDigest.size, 3);

    const some = await client.ask('GET', `/v2/r/referrers/${image.digest}?artifactType=application/vnd.example.signature`);
    assert.equal(some.header('oci-filters-applied'), 'artifactType');
    assert.deepEqual(
      some.json.manifests.map((entry: { digest: string }) => entry.digest),
      [signature.digest],
    );
    await client.ask('DELETE', `/v2/r/manifests/${signature.digest}`);
    assert.equal((await client.ask('GET', `/v2/r/referrers/${image.digest}`)).json.manifests.length, 2);
  });

  it('of what nobody refers to are an empty index, also where there is no repository', async () => {
    const client = await owner();
    const answer = await client.ask('GET', `/v2/nowhere/referrers/${digestOf(Buffer.from('x'))}`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json, { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] });
    assert.equal((await client.ask('GET', '/v2/nowhere/referrers/sha256:x')).code, 'DIGEST_INVALID');
  });
});

describe('The content of a registry', () => {
  it('goes with the registry, and the next one of that name is empty', async () => {
    const client = await owner();
    const { world } = client;
    const { digest, layer } = await client.pushImage('r', 'v1');
    await world.addRegistry('other');
    await world.store.write(({ resources }) => resources.delete(registryKey('myregistry')));
    await world.addRegistry('myregistry');
    assert.deepEqual((await client.ask('GET', '/v2/_catalog')).json, { repositories: [] });
    for (const path of [`/v2/r/manifests/${digest}`, `/v2/r/blobs/${layer}`]) assert.equal((await client.ask('GET', path)).status, 404);
    assert.equal(
      (await client.ask('PUT', '/v2/r/manifests/x', { headers: { 'content-type': OCI_IMAGE }, body: JSON.stringify(imageManifest(layer, layer)) })).status,
      400,
    );
  });

  it('is not what pushes still carry that were begun before the registry was deleted', async () => {
    const client = await owner();
    const { world } = client;
    const bytes = Buffer.from('a layer on its way');
    const { layer } = await client.pushImage('r', 'v1');
    // It needs nothing that would go with the registry.
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }));
    const session = async (): Promise<string> => (await client.ask('POST', '/v2/r/blobs/uploads/')).header('location');
    const replace = async (): Promise<void> => {
      await world.store.write(({ resources }) => resources.delete(registryKey('myregistry')));
      await world.addRegistry('myregistry');
    };
    /** The bytes, with the registry deleted and made anew before the last of them. */
    const body = (all: Uint8Array): Readable =>
      Readable.from(
        (async function* () {
          yield all.subarray(0, 5);
          await replace();
          yield all.subarray(5);
        })(),
        { objectMode: false },
      );
    const digest = digestOf(bytes);
    const pushes: [string, string, Uint8Array][] = [
      ['POST', `/v2/r/blobs/uploads/?digest=${digest}`, bytes],
      ['PUT', 'session', bytes],
      ['PUT', '/v2/r/manifests/v2', manifest],
    ];
    for (const [method, url, all] of pushes) {
      const path = url === 'session' ? `${await session()}?digest=${digest}` : url;
      const answer = await client.ask(method, path, { headers: { 'content-type': OCI_INDEX }, body: body(all) });
      assert.equal(answer.status, 404, url);
      // The session itself may have gone first.
      assert.match(answer.code ?? '', url === 'session' ? /^(NAME|BLOB_UPLOAD)_UNKNOWN$/ : /^NAME_UNKNOWN$/, url);
    }
    await world.store.write(async () => {});
    for (const table of ['blobs', 'manifests', 'tags', 'uploads'] as const)
      assert.deepEqual(await world.store.database.selectFrom(table).selectAll().execute(), [], table);
    assert.equal((await client.ask('HEAD', `/v2/r/blobs/${layer}`)).status, 404);
  });

  it('takes the bytes of its upload sessions along', async () => {
    const client = await owner();
    const { world } = client;
    const location = (await client.ask('POST', '/v2/r/blobs/uploads/')).header('location');
    const id = location.split('/').at(-1) as string;
    await client.ask('PATCH', location, { body: 'some bytes' });
    assert.equal(await world.blobs.uploadSize(id), 10);
    await world.store.write(({ resources }) => resources.delete(registryKey('myregistry')));
    await world.store.write(async () => {});
    while ((await world.blobs.uploadSize(id)) !== undefined) await new Promise((resolve) => setImmediate(resolve));
  });

  it('of registries that went while nobody looked goes at the next start', async () => {
    const client = await owner();
    const { store } = client.world;
    await client.pushImage('r', 'v1');
    await store.write(({ database }) => database.deleteFrom('resources').execute());
    client.world.newPlane();
    await store.write(async () => {});
    for (const table of ['blobs', 'manifests', 'tags'] as const) assert.deepEqual(await store.database.selectFrom(table).selectAll().execute(), []);
  });
});
