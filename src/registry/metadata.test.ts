/** /acr/v1 (docs/sources.md#content-metadata) and locks (docs/sources.md#content-locks): shapes, pages, and each lock by every way in. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Digest } from '#base/digest.ts';
import { type Answer, Client, imageManifest, OCI_IMAGE, OCI_INDEX, World } from './world.fixture.ts';

const ALL = { deleteEnabled: true, writeEnabled: true, listEnabled: true, readEnabled: true };

async function owner(): Promise<Client> {
  const world = await World.open();
  return new Client(world, await world.principal('Owner'));
}
const patch = (client: Client, path: string, value: unknown): Promise<Answer> => client.ask('PATCH', `/acr/v1/${path}`, { body: JSON.stringify(value) });
const get = (client: Client, path: string): Promise<Answer> => client.ask('GET', `/acr/v1/${path}`);

describe('What is told', () => {
  it('of a repository: since when, of when the newest is, how many of each', async () => {
    const client = await owner();
    const first = new Date(client.world.clock.now()).toISOString();
    await client.pushImage('team/app', 'v1');
    client.world.clock.advance(60_000);
    await client.pushImage('team/app', 'v2');
    const last = new Date(client.world.clock.now()).toISOString();
    assert.deepEqual((await get(client, 'team/app')).json, {
      registry: 'myregistry.azurecr.io',
      imageName: 'team/app',
      createdTime: first,
      lastUpdateTime: last,
      manifestCount: 2,
      tagCount: 2,
      changeableAttributes: { ...ALL, teleportEnabled: false },
    });
    assert.deepEqual((await get(client, '_catalog')).json, { repositories: ['team/app'] });
    assert.deepEqual([(await get(client, 'nothing')).status, (await get(client, 'nothing')).code], [404, 'NAME_UNKNOWN']);
  });

  it('of a tag: its digest, made when, moved when', async () => {
    const client = await owner();
    const made = new Date(client.world.clock.now()).toISOString();
    await client.pushImage('app', 'v1');
    client.world.clock.advance(60_000);
    const { digest } = await client.pushImage('app', 'v1', { annotations: { again: 'yes' } });
    const moved = new Date(client.world.clock.now()).toISOString();
    const tag = { name: 'v1', digest, createdTime: made, lastUpdateTime: moved, signed: false, changeableAttributes: ALL };
    assert.deepEqual((await get(client, 'app/_tags/v1')).json, { registry: 'myregistry.azurecr.io', imageName: 'app', tag });
    assert.deepEqual((await get(client, 'app/_tags')).json, { registry: 'myregistry.azurecr.io', imageName: 'app', tags: [tag] });
    assert.deepEqual([(await get(client, 'app/_tags/v2')).status, (await get(client, 'app/_tags/v2')).code], [404, 'MANIFEST_UNKNOWN']);
    assert.equal((await get(client, 'app/_tags/-')).code, 'TAG_INVALID');
    assert.equal((await get(client, 'nothing/_tags')).code, 'NAME_UNKNOWN');
  });

  it('of a manifest: what it is for, as its configuration says, how much a pull takes, its tags', async () => {
    const client = await owner();
    const configuration = Buffer.from(JSON.stringify({ architecture: 'arm64', os: 'linux' }));
    const config = await client.pushBlob('app', configuration);
    const layer = await client.pushBlob('app', 'a layer');
    const document = imageManifest(config, layer) as { config: { size: number }; layers: { size: number }[] };
    document.config.size = configuration.length;
    (document.layers[0] as { size: number }).size = 7;
    const bytes = Buffer.from(JSON.stringify(document));
    const push = async (tag: string, type: string, body: Buffer | string): Promise<Digest> =>
      (await client.ask('PUT', `/v2/app/manifests/${tag}`, { headers: { 'content-type': type }, body })).header('docker-content-digest') as Digest;
    const digest = await push('v1', OCI_IMAGE, bytes);
    await push('also', OCI_IMAGE, bytes);
    const at = new Date(client.world.clock.now()).toISOString();
    const times = { createdTime: at, lastUpdateTime: at };
    assert.deepEqual((await get(client, `app/_manifests/${digest}`)).json.manifest, {
      digest,
      imageSize: configuration.length + 7,
      ...times,
      architecture: 'arm64',
      os: 'linux',
      mediaType: OCI_IMAGE,
      configMediaType: 'application/vnd.oci.image.config.v1+json',
      tags: ['also', 'v1'],
      changeableAttributes: ALL,
    });
    const child = { mediaType: OCI_IMAGE, digest, size: bytes.length, platform: { architecture: 'arm64', os: 'linux' } };
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] }));
    const list = await push('list', OCI_INDEX, index);
    const told = (await get(client, 'app/_manifests')).json.manifests as { digest: string }[];
    assert.deepEqual(
      told.find((manifest) => manifest.digest === list),
      {
        digest: list,
        imageSize: index.length,
        ...times,
        mediaType: OCI_INDEX,
        references: [{ digest, architecture: 'arm64', os: 'linux' }],
        tags: ['list'],
        changeableAttributes: ALL,
      },
    );
    assert.equal((await get(client, `app/_manifests/sha256:${'0'.repeat(64)}`)).code, 'MANIFEST_UNKNOWN');
    assert.equal((await get(client, 'app/_manifests/v1')).code, 'DIGEST_INVALID');
  });

  it('a configuration that is no image’s hides nothing and breaks nothing', async () => {
    const client = await owner();
    for (const text of ['', 'no JSON', '[]', 'null', '{"architecture":1}']) {
      const config = await client.pushBlob('odd', text);
      const bytes = JSON.stringify(imageManifest(config, await client.pushBlob('odd', 'x')));
      await client.ask('PUT', '/v2/odd/manifests/v', { headers: { 'content-type': OCI_IMAGE }, body: bytes });
    }
    const { manifests } = (await get(client, 'odd/_manifests')).json as { manifests: object[] };
    assert.equal(manifests.length, 5);
    assert.ok(manifests.every((manifest) => !('architecture' in manifest)));
  });
});

describe('Pages', () => {
  /** Every page by the query of its Link, as az reads it. */
  async function pages(client: Client, path: string, query: string, item: string): Promise<{ names: string[]; count: number }> {
    const names: string[] = [];
    let count = 0;
    for (let next: string | undefined = query; next !== undefined; count++) {
      const answer: Answer = await client.ask('GET', `/acr/v1/${path}?${next}`);
      assert.equal(answer.status, 200);
      const collection = path.endsWith('_tags') ? 'tags' : 'manifests';
      names.push(...(answer.json[collection] as Record<string, string>[]).map((each) => each[item] as string));
      const link = answer.header('link');
      assert.ok(link === '' || link.startsWith(`</acr/v1/${path}?last=`), link);
      next = link === '' ? undefined : link.slice(link.indexOf('?') + 1, link.indexOf('>'));
      if (next !== undefined) assert.ok(new URLSearchParams(next).has('n'));
    }
    return { names, count };
  }

  it('by name and by time tell each item once, of one time too, whatever their length', async () => {
    const client = await owner();
    const pushed: string[] = [];
    for (const [index, tag] of ['m', 'b', 'z', 'a', 'c', 'y', 'x'].entries()) {
      await client.pushImage('app', tag);
      pushed.push(tag);
      if (index % 2 === 1) client.world.clock.advance(1000);
    }
    const sorted = [...pushed].sort();
    const byTime = [
      ['b', 'm'],
      ['a', 'z'],
      ['c', 'y'],
    ].flat();
    for (const n of [1, 2, 3, 7, 100]) {
      assert.deepEqual((await pages(client, 'app/_tags', `n=${n}`, 'name')).names, sorted);
      assert.deepEqual((await pages(client, 'app/_tags', `n=${n}&orderby=timeasc`, 'name')).names, [...byTime, 'x']);
      assert.deepEqual((await pages(client, 'app/_tags', `n=${n}&orderby=timedesc`, 'name')).names, ['x', 'c', 'y', 'a', 'z', 'b', 'm']);
      for (const orderby of ['', 'timeasc', 'timedesc'])
        assert.equal(new Set((await pages(client, 'app/_manifests', `n=${n}&orderby=${orderby}`, 'digest')).names).size, 7);
    }
    assert.equal((await pages(client, 'app/_tags', 'n=3', 'name')).count, 3);
    assert.deepEqual((await get(client, 'app/_tags?n=0')).json.tags, []);
    const [first] = (await get(client, 'app/_tags?n=1')).json.tags as { digest: string }[];
    assert.deepEqual((await pages(client, 'app/_tags', `digest=${first?.digest}`, 'name')).names, ['a']);
  });

  it('by time go on where an item was that is gone', async () => {
    const client = await owner();
    for (const tag of ['a', 'b', 'c']) {
      await client.pushImage('app', tag);
      client.world.clock.advance(1000);
    }
    const answer = await get(client, 'app/_tags?n=1&orderby=timeasc');
    const query = /\?([^>]*)>/.exec(answer.header('link'))?.[1];
    await client.ask('DELETE', '/acr/v1/app/_tags/a');
    assert.equal((await get(client, `app/_tags?${query}`)).json.tags[0].name, 'b');
    // Of the Link some clients take no more than `last`: its time is looked up while it is there.
    const names = async (last: string) => (await get(client, `app/_tags?orderby=timeasc&last=${last}`)).json.tags.map(({ name }: { name: string }) => name);
    assert.deepEqual([await names('b'), await names('gone')], [['c'], []]);
    const [, second] = (await get(client, 'app/_manifests?orderby=timeasc')).json.manifests as { digest: string }[];
    assert.equal((await get(client, `app/_manifests?orderby=timeasc&last=${second?.digest}`)).json.manifests.length, 1);
  });

  it('have an order that there is, and a number', async () => {
    const client = await owner();
    await client.pushImage('app', 'v1');
    for (const query of ['orderby=size', 'orderby=__proto__', 'n=-1', 'n=x'])
      for (const path of ['app/_tags', 'app/_manifests']) assert.equal((await get(client, `${path}?${query}`)).status, 400, query);
  });
});

describe('Deletion', () => {
  it('of a tag leaves its manifest, of a manifest takes its tags, of a repository takes all', async () => {
    const client = await owner();
    const { digest } = await client.pushImage('app', 'v1');
    await client.pushImage('app', 'v2');
    const { layer } = await client.pushImage('app', 'v3');
    assert.equal((await client.ask('DELETE', '/acr/v1/app/_tags/v1')).status, 202);
    assert.equal((await client.ask('GET', `/v2/app/manifests/${digest}`)).status, 200);
    assert.equal((await client.ask('DELETE', '/acr/v1/app/_tags/v1')).code, 'MANIFEST_UNKNOWN');
    assert.equal((await client.ask('DELETE', `/acr/v1/app/_manifests/${digest}`)).status, 202);
    assert.equal((await client.ask('DELETE', `/acr/v1/app/_manifests/${digest}`)).code, 'MANIFEST_UNKNOWN');
    const gone = await client.ask('DELETE', '/acr/v1/app');
    assert.deepEqual([gone.status, gone.json.manifestsDeleted.length, gone.json.tagsDeleted], [202, 2, ['v2', 'v3']]);
    assert.equal((await client.ask('GET', `/v2/app/blobs/${layer}`)).code, 'BLOB_UNKNOWN');
    assert.equal((await client.ask('DELETE', '/acr/v1/app')).code, 'NAME_UNKNOWN');
  });

  it('is final, and says so where az would list or restore', async () => {
    const client = await owner();
    for (const [method, path] of [
      ['GET', '/acr/v1/_deleted/_catalog'],
      ['GET', '/acr/v1/_deleted/app/_manifests'],
      ['POST', `/acr/v1/_deleted/app/_manifests/sha256:${'0'.repeat(64)}`],
    ] as const) {
      const answer = await client.ask(method, path);
      assert.deepEqual([answer.status, answer.code], [405, 'UNSUPPORTED']);
      assert.match(answer.json.errors[0].message, /Soft delete is not served/);
    }
  });
});

describe('A lock', () => {
  const disallowed = (answer: Answer, what: string): void => {
    assert.deepEqual([answer.status, answer.code], [405, 'REGISTRY_DISALLOWED_OPERATION'], what);
    assert.deepEqual(answer.json.errors[0].detail, {});
    assert.match(answer.json.errors[0].message, /^The operation is disallowed on this registry, repository or image\. View troubleshooting steps at /);
    assert.ok(
      answer.trace.some(({ check, ok, detail }) => check === 'lock' && !ok && /Enabled is false at 'app/.test(detail)),
      what,
    );
  };
  const repush = async (client: Client, tag: string, annotation: string): Promise<Answer> => {
    const { config, layer } = await parts(client);
    const body = JSON.stringify(imageManifest(config, layer, { annotations: { annotation } }));
    return client.ask('PUT', `/v2/app/manifests/${tag}`, { headers: { 'content-type': OCI_IMAGE }, body });
  };
  const kept = new WeakMap<Client, { config: Digest; layer: Digest; digest: Digest }>();
  const parts = async (client: Client): Promise<{ config: Digest; layer: Digest; digest: Digest }> => {
    const known = kept.get(client) ?? (await client.pushImage('app', 'v1'));
    kept.set(client, known);
    return known;
  };

  it('on a tag keeps it where it points and keeps its manifest, not other tags', async () => {
    const client = await owner();
    const { digest } = await parts(client);
    const locked = await patch(client, 'app/_tags/v1', { writeEnabled: false });
    assert.deepEqual([locked.status, locked.json.tag.changeableAttributes], [200, { ...ALL, writeEnabled: false }]);
    disallowed(await repush(client, 'v1', 'other'), 'push over it');
    disallowed(await client.ask('DELETE', '/acr/v1/app/_tags/v1'), 'untag');
    disallowed(await client.ask('DELETE', '/v2/app/manifests/v1'), 'untag by /v2');
    disallowed(await client.ask('DELETE', `/v2/app/manifests/${digest}`), 'delete the manifest');
    disallowed(await client.ask('DELETE', `/acr/v1/app/_manifests/${digest}`), 'delete the manifest by /acr/v1');
    disallowed(await client.ask('DELETE', '/acr/v1/app'), 'delete the repository');
    assert.equal((await client.ask('GET', '/v2/app/manifests/v1')).status, 200);
    assert.equal((await repush(client, 'v2', 'other')).status, 201);
    const manifest = await get(client, `app/_manifests/${digest}`);
    assert.deepEqual(manifest.json.manifest.changeableAttributes, ALL, 'the manifest has attributes of its own');
    assert.equal((await patch(client, 'app/_tags/v1', { writeEnabled: true })).status, 200);
    assert.equal((await repush(client, 'v1', 'other')).status, 201);
  });

  it('against deletion alone lets it be overwritten', async () => {
    const client = await owner();
    await parts(client);
    await patch(client, 'app/_tags/v1', { deleteEnabled: false });
    disallowed(await client.ask('DELETE', '/acr/v1/app/_tags/v1'), 'untag');
    assert.equal((await repush(client, 'v1', 'other')).status, 201);
    assert.equal((await get(client, 'app/_tags/v1')).json.tag.changeableAttributes.deleteEnabled, false, 'it stays on the tag');
  });

  it('on a manifest keeps it under whatever tag', async () => {
    const client = await owner();
    const { digest } = await parts(client);
    await patch(client, `app/_manifests/${digest}`, { deleteEnabled: false });
    disallowed(await client.ask('DELETE', `/v2/app/manifests/${digest}`), 'delete');
    disallowed(await client.ask('DELETE', '/acr/v1/app'), 'delete the repository');
    assert.equal((await client.ask('DELETE', '/acr/v1/app/_tags/v1')).status, 202);
    assert.equal((await client.ask('GET', `/v2/app/manifests/${digest}`)).status, 200);
  });

  it('on a tag or a manifest keeps the layers that it needs', async () => {
    const client = await owner();
    const { digest, layer } = await parts(client);
    for (const path of ['app/_tags/v1', `app/_manifests/${digest}`]) {
      await patch(client, path, { deleteEnabled: false });
      disallowed(await client.ask('DELETE', `/v2/app/blobs/${layer}`), path);
      await patch(client, path, { deleteEnabled: true });
    }
    assert.equal((await client.ask('DELETE', `/v2/app/blobs/${layer}`)).status, 202);
  });

  it('on a repository holds for all in it: no push, no upload, no deletion', async () => {
    const client = await owner();
    const { digest, layer } = await parts(client);
    await patch(client, 'app', { writeEnabled: false });
    disallowed(await client.ask('POST', '/v2/app/blobs/uploads/'), 'upload');
    disallowed(await repush(client, 'new', 'x'), 'push');
    disallowed(await client.ask('DELETE', '/acr/v1/app/_tags/v1'), 'untag');
    disallowed(await client.ask('DELETE', `/v2/app/manifests/${digest}`), 'delete a manifest');
    disallowed(await client.ask('DELETE', `/v2/app/blobs/${layer}`), 'delete a blob');
    disallowed(await client.ask('DELETE', '/acr/v1/app'), 'delete it');
    assert.equal((await client.ask('GET', '/v2/app/manifests/v1')).status, 200);
    assert.equal((await patch(client, 'app', { writeEnabled: true })).json.changeableAttributes.writeEnabled, true);
    assert.equal((await client.ask('DELETE', '/acr/v1/app')).status, 202);
  });

  it('against reading lets nothing be pulled, nor mounted from there, and is seen and undone all the same', async () => {
    const client = await owner();
    const { digest, layer } = await parts(client);
    await client.ask('PUT', '/v2/app/manifests/free', {
      headers: { 'content-type': OCI_IMAGE },
      body: (await client.ask('GET', '/v2/app/manifests/v1')).bytes,
    });
    await patch(client, 'app/_tags/v1', { readEnabled: false });
    disallowed(await client.ask('GET', '/v2/app/manifests/v1'), 'by tag');
    assert.equal((await client.ask('HEAD', '/v2/app/manifests/v1')).status, 405);
    assert.equal((await client.ask('GET', '/v2/app/manifests/free')).status, 200, 'another tag');
    assert.equal((await client.ask('GET', `/v2/app/manifests/${digest}`)).status, 200, 'its digest');
    await patch(client, `app/_manifests/${digest}`, { readEnabled: false });
    disallowed(await client.ask('GET', '/v2/app/manifests/free'), 'a tag of the manifest');
    disallowed(await client.ask('GET', `/v2/app/manifests/${digest}`), 'by digest');
    assert.equal((await client.ask('GET', `/v2/app/blobs/${layer}`)).status, 200);
    await patch(client, 'app', { readEnabled: false });
    disallowed(await client.ask('GET', `/v2/app/blobs/${layer}`), 'a layer');
    assert.equal((await client.ask('POST', `/v2/other/blobs/uploads/?mount=${layer}&from=app`)).status, 202, 'mounted nothing');
    assert.equal((await client.ask('GET', `/v2/other/blobs/${layer}`)).code, 'BLOB_UNKNOWN');
    assert.equal((await get(client, 'app/_tags/v1')).json.tag.changeableAttributes.readEnabled, false);
    for (const path of ['app', 'app/_tags/v1', `app/_manifests/${digest}`]) assert.equal((await patch(client, path, { readEnabled: true })).status, 200);
    assert.equal((await client.ask('GET', '/v2/app/manifests/v1')).status, 200);
  });

  it('against listing hides, and nothing more', async () => {
    const client = await owner();
    const { digest } = await parts(client);
    await client.pushImage('app', 'v2');
    await client.pushImage('seen', 'v1');
    await patch(client, 'app/_tags/v1', { listEnabled: false });
    await patch(client, `app/_manifests/${digest}`, { listEnabled: false });
    assert.deepEqual((await client.ask('GET', '/v2/app/tags/list')).json.tags, ['v2']);
    assert.deepEqual((await get(client, 'app/_tags')).json.tags.length, 1);
    assert.deepEqual((await get(client, 'app/_manifests')).json.manifests.length, 1);
    await patch(client, 'app', { listEnabled: false });
    assert.deepEqual((await client.ask('GET', '/v2/_catalog')).json.repositories, ['seen']);
    assert.equal((await client.ask('GET', '/v2/app/manifests/v1')).status, 200);
  });

  it('goes with what it was on', async () => {
    const client = await owner();
    const { digest } = await parts(client);
    await patch(client, 'app/_tags/v1', { listEnabled: false });
    await patch(client, `app/_manifests/${digest}`, { listEnabled: false });
    await patch(client, 'app', { listEnabled: false });
    assert.equal((await client.ask('DELETE', `/v2/app/manifests/${digest}`)).status, 202);
    await client.pushImage('app', 'v1');
    for (const path of ['app', 'app/_tags/v1', `app/_manifests/${digest}`]) {
      const { json } = await get(client, path);
      assert.equal((json.tag ?? json.manifest ?? json).changeableAttributes.listEnabled, true, path);
    }
  });

  it('takes booleans of its names, leaves others as they are, and is for who may write metadata', async () => {
    const client = await owner();
    await parts(client);
    assert.deepEqual((await patch(client, 'app', {})).json.changeableAttributes, { ...ALL, teleportEnabled: false });
    await patch(client, 'app/_tags/v1', { deleteEnabled: false });
    const both = await patch(client, 'app/_tags/v1', { listEnabled: false, quarantineState: 'x', deleteEnabled: null });
    assert.deepEqual(both.json.tag.changeableAttributes, { ...ALL, deleteEnabled: false, listEnabled: false });
    for (const body of ['[]', '1', '', '{', '{"writeEnabled":"false"}', '{"readEnabled":0}'])
      assert.equal((await client.ask('PATCH', '/acr/v1/app', { body })).status, 400, body);
    assert.equal((await patch(client, 'nothing', { writeEnabled: false })).code, 'NAME_UNKNOWN');
    assert.equal((await patch(client, 'app/_tags/none', { writeEnabled: false })).code, 'MANIFEST_UNKNOWN');
    const puller = new Client(client.world, await client.world.principal('AcrPull'));
    assert.equal((await get(puller, 'app')).status, 200);
    assert.equal((await patch(puller, 'app', { writeEnabled: false })).status, 401);
    assert.equal((await puller.ask('DELETE', '/acr/v1/app/_tags/v1')).status, 401);
  });
});

describe('Any request below /acr/v1', () => {
  it('is answered, and never by a fault of the server', async () => {
    const client = await owner();
    await client.pushImage('app', 'v1');
    const segment = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('app', '_tags', '_manifests', 'v1', '_catalog', '_deleted', '..', '%2e', '%', `sha256:${'0'.repeat(64)}`),
    );
    const method = fc.constantFrom('GET', 'PATCH', 'DELETE', 'PUT', 'POST', 'HEAD');
    const query = fc.constantFrom('', '?n=1', '?n=1&orderby=timedesc&last=x', '?last=%00&lasttime=x', '?orderby=timeasc&last=v1', '?digest=x', '?n=9999999');
    const body = fc.oneof(fc.constant(''), fc.json({ maxDepth: 3 }), fc.string());
    await fc.assert(
      fc.asyncProperty(method, fc.array(segment, { maxLength: 4 }), query, body, async (verb, segments, search, text) => {
        const path = segments.map((part) => (part.startsWith('%') ? part : encodeURIComponent(part))).join('/');
        const answer = await client.ask(verb, `/acr/v1/${path}${search}`, { body: verb === 'GET' || verb === 'HEAD' ? '' : text });
        assert.ok(answer.status < 500, `${verb} ${path}${search} ${text}: ${answer.bytes}`);
      }),
      { numRuns: 300 },
    );
  });
});
