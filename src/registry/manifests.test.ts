/** Manifests: what is taken, what is refused, and that bytes come back as they went in. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '#base/digest.ts';
import { MemoryBlobStore } from '#blobs/memory.ts';
import { BytesCache } from './bytes-cache.ts';
import { Client, imageManifest, OCI_IMAGE, OCI_INDEX, World } from './world.fixture.ts';

const DOCKER_IMAGE = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const missing = digestOf(Buffer.from('never pushed'));

async function owner(): Promise<Client> {
  const world = await World.open();
  return new Client(world, await world.principal('Owner'));
}

describe('A pushed manifest', () => {
  it('comes back byte for byte, by tag and by digest, and HEAD says the same without the bytes', async () => {
    const client = await owner();
    const { digest, bytes } = await client.pushImage('team/app', 'v1', { unknownField: { 'kept as': 'it is' } });
    for (const reference of ['v1', digest, digest.replace(':', '%3A')]) {
      const got = await client.ask('GET', `/v2/team/app/manifests/${reference}`);
      assert.equal(got.status, 200);
      assert.deepEqual(got.bytes, bytes);
      const head = await client.ask('HEAD', `/v2/team/app/manifests/${reference}`);
      assert.equal(head.bytes.length, 0);
      for (const answer of [got, head]) {
        assert.equal(answer.header('content-type'), OCI_IMAGE);
        assert.equal(answer.header('docker-content-digest'), digest);
        assert.equal(answer.header('content-length'), String(bytes.length));
      }
    }
    const unchanged = await client.ask('GET', '/v2/team/app/manifests/v1', { headers: { 'if-none-match': `"${digest}"` } });
    assert.equal(unchanged.status, 304);
  });

  it('answers 201 with where it is, and can be pushed by sha256, by sha512 and with several tags', async () => {
    const client = await owner();
    const { bytes } = await client.pushImage('a', 'v1');
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const digest = digestOf(bytes, algorithm);
      const put = await client.ask('PUT', `/v2/a/manifests/${digest}?tag=x-${algorithm}&tag=y-${algorithm}`, {
        headers: { 'content-type': OCI_IMAGE },
        body: bytes,
      });
      assert.equal(put.status, 201);
      assert.equal(put.header('location'), `/v2/a/manifests/${digest}`);
      assert.equal(put.header('docker-content-digest'), digest);
      assert.deepEqual(put.headers['oci-tag'], [`x-${algorithm}`, `y-${algorithm}`]);
      assert.equal((await client.ask('GET', `/v2/a/manifests/y-${algorithm}`)).header('docker-content-digest'), digest);
    }
  });

  it('may be in docker form, list others, have no layers, or be almost 4 MiB long', async () => {
    const client = await owner();
    const { digest, bytes, config } = await client.pushImage('a', 'v1');
    const child = { mediaType: OCI_IMAGE, digest, size: bytes.length };
    const rows: [string, object][] = [
      [DOCKER_IMAGE, { ...imageManifest(config, config), mediaType: DOCKER_IMAGE }],
      [DOCKER_LIST, { schemaVersion: 2, mediaType: DOCKER_LIST, manifests: [child] }],
      [OCI_INDEX, { schemaVersion: 2, manifests: [child] }],
      [OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }],
      [OCI_IMAGE, { schemaVersion: 2, config: { mediaType: 'x/y', digest: config, size: 2 }, layers: null }],
      [OCI_IMAGE, imageManifest(config, config, { annotations: Object.fromEntries(Array.from({ length: 390 }, (_, i) => [`key${i}`, 'v'.repeat(10_000)])) })],
    ];
    for (const [type, document] of rows) {
      const put = await client.ask('PUT', '/v2/a/manifests/x', { headers: { 'content-type': `${type}; charset=utf-8` }, body: JSON.stringify(document) });
      assert.equal(put.status, 201, put.bytes.toString());
      assert.equal((await client.ask('GET', '/v2/a/manifests/x')).header('content-type'), type);
    }
  });

  it('may lack what is fetched from elsewhere, and its subject', async () => {
    const client = await owner();
    const config = await client.pushBlob('a', '{}');
    const layers = [
      { mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', digest: missing, size: 1 },
      { mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', digest: missing, size: 1 },
      { mediaType: 'application/octet-stream', digest: missing, size: 1, urls: ['https://example.com/layer'] },
    ];
    const subject = { mediaType: OCI_IMAGE, digest: missing, size: 1 };
    const put = await client.ask('PUT', '/v2/a/manifests/x', {
      headers: { 'content-type': OCI_IMAGE },
      body: JSON.stringify(imageManifest(config, config, { layers, subject })),
    });
    assert.equal(put.status, 201, put.bytes.toString());
    assert.equal(put.header('oci-subject'), missing);
  });

  it('moves its tag and stays by its digest; deletion by tag takes the tag, by digest the manifest and all its tags', async () => {
    const client = await owner();
    const first = await client.pushImage('a', 'v1', { annotations: { n: '1' } });
    const second = await client.pushImage('a', 'v1', { annotations: { n: '2' } });
    assert.equal((await client.ask('GET', '/v2/a/manifests/v1')).header('docker-content-digest'), second.digest);
    assert.equal((await client.ask('GET', `/v2/a/manifests/${first.digest}`)).status, 200);
    assert.equal((await client.ask('DELETE', '/v2/a/manifests/v1')).status, 202);
    assert.equal((await client.ask('DELETE', '/v2/a/manifests/v1')).status, 404);
    assert.equal((await client.ask('GET', `/v2/a/manifests/${second.digest}`)).status, 200);
    await client.pushImage('a', 'v3', { annotations: { n: '1' } });
    const third = await client.ask('GET', '/v2/a/manifests/v3');
    assert.equal((await client.ask('DELETE', `/v2/a/manifests/${third.header('docker-content-digest')}`)).status, 202);
    assert.equal((await client.ask('HEAD', '/v2/a/manifests/v3')).status, 404);
    assert.deepEqual((await client.ask('GET', '/v2/a/tags/list')).json.tags, []);
  });
});

describe('A refused manifest', () => {
  it('is told why, and changes nothing', async () => {
    const client = await owner();
    const config = await client.pushBlob('a', '{}');
    const image = (more: object = {}) => JSON.stringify(imageManifest(config, config, more));
    const rows: [string, string | Uint8Array, string | undefined, number, string][] = [
      ['v1', '{', OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', '[]', OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', 'null', OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', Buffer.from([0x7b, 0xff, 0x7d]), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', `\ufeff${image()}`, OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image().replace('{', '{"layers":[],'), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image().replace('"digest"', '"digest":"x","\\u0064igest"'), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image({ Layers: [] }), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image({ 'manifest\u017f': [] }), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image({ layers: [{ mediaType: 'x', digest: config, size: 2, Digest: missing }] }), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image({ extra: {} }).replace('"extra":{}', `"extra":${'['.repeat(5000)}${']'.repeat(5000)}`), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image({ schemaVersion: 1 }), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image(), DOCKER_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image(), 'application/json', 400, 'MANIFEST_INVALID'],
      ['v1', image({ mediaType: 'constructor' }), 'constructor', 400, 'MANIFEST_INVALID'],
      ['v1', image({ mediaType: undefined }), undefined, 400, 'MANIFEST_INVALID'],
      ['v1', image({ mediaType: 7 }), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image({ manifests: [] }), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', JSON.stringify({ schemaVersion: 2, manifests: [], layers: [] }), OCI_INDEX, 400, 'MANIFEST_INVALID'],
      ['v1', JSON.stringify({ schemaVersion: 2, manifests: [], config: {} }), OCI_INDEX, 400, 'MANIFEST_INVALID'],
      ['v1', JSON.stringify({ schemaVersion: 1, signatures: [] }), 'application/vnd.docker.distribution.manifest.v1+prettyjws', 400, 'MANIFEST_INVALID'],
      ['v1', image({ config: undefined }), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image({ layers: {} }), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image({ layers: [{ mediaType: 'x', digest: '../../../etc/passwd', size: 1 }] }), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image({ layers: [{ mediaType: 'x', digest: config, size: -1 }] }), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image({ annotations: { a: 1 } }), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image({ subject: 'x' }), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image({ artifactType: {} }), OCI_IMAGE, 400, 'MANIFEST_INVALID'],
      ['v1', image({ layers: [{ mediaType: 'x', digest: missing, size: 1 }] }), OCI_IMAGE, 400, 'MANIFEST_BLOB_UNKNOWN'],
      ['v1', JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: OCI_IMAGE, digest: missing, size: 1 }] }), OCI_INDEX, 400, 'MANIFEST_BLOB_UNKNOWN'],
      [missing, image(), OCI_IMAGE, 400, 'DIGEST_INVALID'],
      ['sha256:bad', image(), OCI_IMAGE, 400, 'DIGEST_INVALID'],
      ['-v1', image(), OCI_IMAGE, 400, 'TAG_INVALID'],
      [`${digestOf(Buffer.from(image()))}?tag=a%2Fb`, image(), OCI_IMAGE, 400, 'TAG_INVALID'],
      [`${digestOf(Buffer.from(image()))}?${'tag=x&'.repeat(101)}`, image(), OCI_IMAGE, 414, 'TAG_INVALID'],
      ['v1', Buffer.alloc(4 * 1024 * 1024 + 1, 32), OCI_IMAGE, 413, 'SIZE_INVALID'],
    ];
    for (const [reference, body, type, status, code] of rows) {
      const answer = await client.ask('PUT', `/v2/a/manifests/${reference}`, { headers: type === undefined ? {} : { 'content-type': type }, body });
      assert.equal(answer.status, status, `${code}: ${body.toString().slice(0, 200)}`);
      assert.equal(answer.code, code, body.toString().slice(0, 200));
      assert.equal(await client.world.blobs.stat(digestOf(Buffer.from(body))), undefined, 'bytes were left behind');
    }
    assert.equal((await client.ask('GET', '/v2/a/manifests/v1')).code, 'NAME_UNKNOWN');
    assert.equal((await client.ask('GET', '/v2/_catalog')).json.repositories.length, 0);
  });

  it('for blobs that only another repository has', async () => {
    const client = await owner();
    const { bytes, layer, config } = await client.pushImage('a', 'v1');
    const put = await client.ask('PUT', '/v2/b/manifests/v1', { headers: { 'content-type': OCI_IMAGE }, body: bytes });
    assert.equal(put.status, 400);
    assert.deepEqual(
      put.json.errors.map((error: { detail: { digest: string } }) => error.detail.digest),
      [config, layer],
    );
  });
});

describe('A manifest whose layer is deleted while it is pushed', () => {
  it('is refused: what is answered with 201 can be pulled', async () => {
    const blobs = new MemoryBlobStore();
    const world = await World.open({ blobs });
    const client = new Client(world, await world.principal('Owner'));
    const { bytes, layer } = await client.pushImage('a', 'v1');
    await client.ask('DELETE', `/v2/a/manifests/${digestOf(bytes)}`);
    const put = blobs.put.bind(blobs);
    blobs.put = async (...parameters) => {
      await client.ask('DELETE', `/v2/a/blobs/${layer}`);
      return put(...parameters);
    };
    const answer = await client.ask('PUT', '/v2/a/manifests/v2', { headers: { 'content-type': OCI_IMAGE }, body: bytes });
    assert.equal(answer.code, 'MANIFEST_BLOB_UNKNOWN');
    assert.equal((await client.ask('GET', '/v2/a/manifests/v2')).status, 404);
  });
});

describe('A manifest that is not there', () => {
  it('tells the repository from the manifest', async () => {
    const client = await owner();
    await client.pushImage('a', 'v1');
    const rows = [
      ['/v2/b/manifests/v1', 'NAME_UNKNOWN', 'repository name not known to registry'],
      ['/v2/a/manifests/v2', 'MANIFEST_UNKNOWN', 'manifest tagged by "v2" is not found'],
      [`/v2/a/manifests/${missing}`, 'MANIFEST_UNKNOWN', `manifest with digest "${missing}" is not found`],
    ] as const;
    for (const [path, code, message] of rows)
      for (const method of ['GET', 'DELETE']) {
        const answer = await client.ask(method, path);
        assert.equal(answer.status, 404);
        assert.equal(answer.code, code);
        assert.equal(answer.json.errors[0].message, message);
      }
  });
});

describe('The cache of manifest bytes', () => {
  it('keeps what was used last within its bound', () => {
    const cache = new BytesCache(10);
    for (const name of ['a', 'b']) cache.set(name, Buffer.alloc(4));
    cache.get('a');
    cache.set('c', Buffer.alloc(4));
    cache.set('too large', Buffer.alloc(11));
    assert.deepEqual(
      ['a', 'b', 'c', 'too large'].map((name) => cache.get(name) !== undefined),
      [true, false, true, false],
    );
  });

  it('gives no manifest to a repository that does not have it', async () => {
    const client = await owner();
    const { digest } = await client.pushImage('a', 'v1');
    assert.equal((await client.ask('GET', `/v2/a/manifests/${digest}`)).status, 200);
    assert.equal((await client.ask('GET', `/v2/b/manifests/${digest}`)).status, 404);
    await client.ask('DELETE', `/v2/a/manifests/${digest}`);
    assert.equal((await client.ask('GET', `/v2/a/manifests/${digest}`)).status, 404);
  });
});
