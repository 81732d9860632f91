/** Blobs and their data endpoint: bytes, ranges, redirects, and what a signed URL is good for. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Digest, digestOf } from '#base/digest.ts';
import { signedPath } from './data-endpoint.ts';
import { byEndpoint, Client, DATA_KEY, fromHost, registryKey, World } from './world.fixture.ts';

const content = Buffer.from('0123456789');
const missing = digestOf(Buffer.from('never pushed'));

async function pushed(registry = {}): Promise<{ world: World; client: Client; digest: Digest; path: string }> {
  const world = await World.open({ registry });
  const client = new Client(world, await world.principal('Owner'));
  const digest = await client.pushBlob('a', content);
  return { world, client, digest, path: `/v2/a/blobs/${digest}` };
}

describe('A blob', () => {
  it('is given whole by the login server of a registry without data endpoints', async () => {
    const { client, digest, path } = await pushed();
    for (const method of ['GET', 'HEAD']) {
      const answer = await client.ask(method, path);
      assert.equal(answer.status, 200);
      assert.equal(answer.header('content-length'), '10');
      assert.equal(answer.header('docker-content-digest'), digest);
      assert.equal(answer.bytes.toString(), method === 'GET' ? '0123456789' : '');
    }
    assert.equal((await client.ask('GET', path, { headers: { 'if-none-match': `"${digest}"` } })).status, 304);
  });

  it('is given in part', async () => {
    const { client, path } = await pushed();
    const rows = [
      ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
      ['bytes=2-5', 206, '2345', 'bytes 2-5/10'],
      ['bytes=7-', 206, '789', 'bytes 7-9/10'],
      ['bytes=-3', 206, '789', 'bytes 7-9/10'],
      ['bytes=8-1000', 206, '89', 'bytes 8-9/10'],
      ['bytes=-1000', 206, '0123456789', 'bytes 0-9/10'],
      ['bytes=10-', 416, '', 'bytes */10'],
      ['bytes=500-0', 416, '', 'bytes */10'],
      ['bytes=-0', 416, '', 'bytes */10'],
      ['lines=1-2', 200, '0123456789', ''],
    ] as const;
    for (const [range, status, bytes, contentRange] of rows) {
      const answer = await client.ask('GET', path, { headers: { range } });
      assert.equal(answer.status, status, range);
      assert.equal(answer.header('content-range'), contentRange);
      if (status === 416) assert.equal(answer.code, 'RANGE_INVALID');
      else assert.equal(answer.bytes.toString(), bytes, range);
    }
  });

  it('is whole again when its parts are put together', async () => {
    const { client, path } = await pushed();
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: 9 })), async (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), 10];
        const parts: Buffer[] = [];
        for (let i = 1; i < edges.length; i++)
          parts.push((await client.ask('GET', path, { headers: { range: `bytes=${edges[i - 1]}-${(edges[i] as number) - 1}` } })).bytes);
        assert.deepEqual(Buffer.concat(parts), content);
      }),
      { numRuns: 30 },
    );
  });

  it('is unknown to the repositories that do not have it, and after its deletion', async () => {
    const { client, digest, path } = await pushed();
    for (const url of [`/v2/b/blobs/${digest}`, `/v2/a/blobs/${missing}`])
      for (const method of ['GET', 'HEAD', 'DELETE']) assert.equal((await client.ask(method, url)).status, 404);
    assert.equal((await client.ask('DELETE', path)).status, 202);
    assert.equal((await client.ask('HEAD', path)).status, 404);
    assert.equal((await client.ask('GET', path)).code, 'BLOB_UNKNOWN');
  });
});

describe('The data endpoint', () => {
  const host = 'https://myregistry.westeurope.data.azurecr.io';

  it('is where a GET is sent, not a HEAD, and not on the host listener', async () => {
    const { world, client, digest, path } = await pushed({ dataEndpointEnabled: true });
    const redirect = await client.ask('GET', path);
    assert.equal(redirect.status, 307);
    assert.equal(redirect.header('docker-content-digest'), digest);
    assert.ok(redirect.header('location').startsWith(`${host}/`));
    assert.equal((await client.ask('HEAD', path)).status, 200);
    assert.equal((await client.ask('GET', `https://myregistry.localhost:5443${path}`, { arrival: fromHost })).bytes.toString(), '0123456789');
    const port = await client.ask('GET', `https://myregistry.azurecr.io:8443${path}`);
    assert.ok(port.header('location').startsWith(`${host}:8443/`));
    const { trace, ...bytes } = await world.ask('GET', redirect.header('location'));
    assert.equal(bytes.status, 200);
    assert.equal(bytes.bytes.toString(), '0123456789');
    assert.equal(trace.at(-1)?.check, 'signature');
  });

  it('gives ranges, and does not look at an Authorization header', async () => {
    const { world, client, path } = await pushed({ dataEndpointEnabled: true });
    const location = (await client.ask('GET', path)).header('location');
    const answer = await world.ask('GET', location, { headers: { range: 'bytes=2-5', authorization: 'Bearer nonsense' } });
    assert.equal(answer.status, 206);
    assert.equal(answer.bytes.toString(), '2345');
    assert.equal((await world.ask('HEAD', location)).header('content-length'), '10');
    assert.equal((await world.ask('GET', location, { headers: { range: 'bytes=10-' } })).status, 416);
  });

  it('holds for 20 to 30 minutes', async () => {
    const { world, client, path } = await pushed({ dataEndpointEnabled: true });
    const minute = 60_000;
    for (let start = 0; start < 10; start++) {
      const location = (await client.ask('GET', path)).header('location');
      world.clock.advance(20 * minute - 1);
      assert.equal((await world.ask('GET', location)).status, 200);
      world.clock.advance(10 * minute + 1);
      const late = await world.ask('GET', location);
      assert.equal(late.status, 403);
      assert.match(late.json.errors[0].message, /expired at .*; ask the login server for a new one/);
      world.clock.advance(1.7 * minute);
    }
  });

  it('takes no URL that was signed for another registry, blob, expiry or method, and nothing but signed URLs', async () => {
    const { world, client, digest, path } = await pushed({ dataEndpointEnabled: true });
    const other = await client.pushBlob('a', 'another blob');
    await world.addRegistry('other', { dataEndpointEnabled: true });
    const location = (await client.ask('GET', path)).header('location');
    const now = world.clock.now();
    const rows: [string, string, number][] = [
      ['PUT', location, 403],
      ['DELETE', location, 403],
      ['GET', location.replace('myregistry', 'other'), 403],
      ['GET', location.replaceAll(digest.slice(7), other.slice(7)).replace(/sha256\/../, `sha256/${other.slice(7, 9)}`), 403],
      ['GET', location.replace(/se=2\d/, 'se=29'), 403],
      ['GET', location.replace(/sig=[^&]*/, 'sig='), 403],
      ['GET', location.replace(/\?.*/, ''), 403],
      ['GET', `${host}${signedPath(Buffer.alloc(32, 6), registryKey('myregistry'), digest, now)}`, 403],
      ['GET', `${host}${signedPath(DATA_KEY, registryKey('other'), digest, now)}`, 403],
      ['GET', `${host}${signedPath(DATA_KEY, registryKey('myregistry'), missing, now)}`, 404],
      ['GET', `${host}/v2/`, 404],
      ['GET', `${host}${path}`, 404],
      ['GET', `${host}/oauth2/token`, 404],
      ['GET', `${host}/docker/registry/v2/blobs/sha256/../../../etc/passwd/data`, 404],
      ['GET', `${host}/docker/registry/v2/blobs/sha256/00/${digest.slice(7)}/data`, 404],
    ];
    for (const [method, url, status] of rows) assert.equal((await world.ask(method, url, { headers: client.headers })).status, status, `${method} ${url}`);
    await client.ask('DELETE', path);
    assert.equal((await world.ask('GET', location)).status, 404);
  });

  it('admits each request by its own arrival', async () => {
    const { world, client, path } = await pushed({ dataEndpointEnabled: true });
    const location = (await client.ask('GET', path)).header('location');
    world.setRegistry('myregistry', { dataEndpointEnabled: true, publicNetworkAccess: false });
    assert.equal((await world.ask('GET', location)).status, 403);
    const arrival = byEndpoint('myregistry', 'registry_data_westeurope');
    assert.equal((await world.ask('GET', location, { arrival })).status, 403);
    world.connect('myregistry', 'Approved');
    assert.equal((await world.ask('GET', location, { arrival })).status, 200);
    assert.equal((await world.ask('GET', location, { arrival: byEndpoint('myregistry', 'registry') })).status, 421);
  });

  it('is that of the region that serves the login server, at its own member of an endpoint', async () => {
    const { world, client, path } = await pushed();
    const replica = (region: string, globalEndpoint: boolean): void =>
      world.state(registryKey(`myregistry/replications/${region}`), [
        { kind: 'replica', registry: registryKey('myregistry'), region, globalEndpoint, zoneRedundancy: false },
      ]);
    world.connect('myregistry', 'Approved');
    replica('eastus', true);
    assert.ok((await client.ask('GET', path)).header('location').startsWith(`${host}/`));
    replica('westeurope', false);
    const arrival = byEndpoint('myregistry', 'registry_data_eastus');
    const location = (await client.ask('GET', path)).header('location');
    assert.ok(location.startsWith('https://myregistry.eastus.data.azurecr.io/'), location);
    assert.equal((await world.ask('GET', location, { arrival })).bytes.toString(), '0123456789');
    assert.equal((await world.ask('GET', location, { arrival: byEndpoint('myregistry', 'registry_data_westeurope') })).status, 421);
  });
});
