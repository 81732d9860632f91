/** Uploads: whole, in chunks, broken off and resumed, mounted; and whose sessions are whose. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { digestOf } from '#base/digest.ts';
import { DiskBlobStore } from '#blobs/disk.ts';
import { basic, Client, World } from './world.fixture.ts';

const hello = Buffer.from('hello, layer');
const digest = digestOf(hello);
const wrong = digestOf(Buffer.from('something else'));

async function owner(): Promise<Client> {
  const world = await World.open();
  return new Client(world, await world.principal('Owner'));
}
/** Opens a session and returns its URL. */
async function open(client: Client, repository = 'a'): Promise<string> {
  const answer = await client.ask('POST', `/v2/${repository}/blobs/uploads/`);
  assert.equal(answer.status, 202);
  assert.equal(answer.header('range'), '0-0');
  assert.ok(answer.header('location').endsWith(answer.header('docker-upload-uuid')));
  return answer.header('location');
}
const range = (start: number, bytes: Uint8Array) => ({ 'content-range': `${start}-${start + bytes.length - 1}`, 'content-length': String(bytes.length) });

describe('A blob', () => {
  it('is pushed at once, by POST with its digest, or by PUT', async () => {
    const client = await owner();
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const own = digestOf(hello, algorithm);
      const post = await client.ask('POST', `/v2/a/blobs/uploads/?digest=${own}`, { body: hello });
      const put = await client.ask('PUT', `${await open(client, 'b')}?digest=${own}`, { body: hello });
      for (const [answer, repository] of [
        [post, 'a'],
        [put, 'b'],
      ] as const) {
        assert.equal(answer.status, 201);
        assert.equal(answer.header('location'), `/v2/${repository}/blobs/${own}`);
        assert.equal(answer.header('docker-content-digest'), own);
        assert.deepEqual((await client.ask('GET', answer.header('location'))).bytes, hello);
      }
    }
  });

  it('may be empty', async () => {
    const client = await owner();
    const empty = digestOf(Buffer.alloc(0));
    assert.equal((await client.ask('PUT', `${await open(client)}?digest=${empty}`, { headers: { 'content-length': '0' } })).status, 201);
    assert.equal((await client.ask('HEAD', `/v2/a/blobs/${empty}`)).header('content-length'), '0');
  });

  it('with another digest than announced leaves nothing, neither blob nor session', async () => {
    const client = await owner();
    const location = await open(client);
    const rows = [
      await client.ask('POST', `/v2/a/blobs/uploads/?digest=${wrong}`, { body: hello }),
      await client.ask('PUT', `${location}?digest=${wrong}`, { body: hello }),
    ];
    for (const answer of rows) {
      assert.equal(answer.status, 400);
      assert.equal(answer.code, 'DIGEST_INVALID');
    }
    assert.equal((await client.ask('GET', location)).code, 'BLOB_UPLOAD_UNKNOWN');
    for (const absent of [wrong, digest]) {
      assert.equal((await client.ask('HEAD', `/v2/a/blobs/${absent}`)).status, 404);
      assert.equal(await client.world.blobs.stat(absent), undefined);
    }
    assert.deepEqual(await client.world.store.database.selectFrom('uploads').selectAll().execute(), []);
  });
});

describe('A session', () => {
  it('takes chunks where it ends, says how far it is, and goes on after a chunk out of order', async () => {
    const client = await owner();
    const location = await open(client);
    const [one, two] = [hello.subarray(0, 5), hello.subarray(5)];
    const first = await client.ask('PATCH', location, { headers: range(0, one), body: one });
    assert.equal(first.status, 202);
    assert.equal(first.header('range'), '0-4');
    for (const [method, url] of [
      ['PATCH', location],
      ['PUT', `${location}?digest=${digest}`],
    ] as const) {
      const early = await client.ask(method, url, { headers: range(7, two), body: two });
      assert.equal(early.status, 416);
      assert.equal(early.code, 'RANGE_INVALID');
      assert.equal(early.header('range'), '0-4');
      assert.equal(early.header('location'), location);
    }
    const status = await client.ask('GET', location);
    assert.equal(status.status, 204);
    assert.equal(status.header('range'), '0-4');
    assert.equal((await client.ask('PUT', `${location}?digest=${digest}`, { headers: range(5, two), body: two })).status, 201);
  });

  it('refuses what is not a chunk, and stays as it was', async () => {
    const client = await owner();
    const location = await open(client);
    const rows: [Record<string, string>, number, string][] = [
      [{ 'content-range': 'nonsense' }, 400, 'RANGE_INVALID'],
      [{ 'content-range': '5-0' }, 400, 'RANGE_INVALID'],
      [{ 'content-range': '0-99999999999999999999' }, 400, 'RANGE_INVALID'],
      [{ 'content-range': '0-11', 'content-length': '5' }, 400, 'SIZE_INVALID'],
      [{ 'content-range': '0-3' }, 400, 'SIZE_INVALID'],
      [{ 'content-range': '0-99' }, 400, 'SIZE_INVALID'],
      [{ 'content-length': '5' }, 400, 'SIZE_INVALID'],
    ];
    for (const [headers, status, code] of rows) {
      const answer = await client.ask('PATCH', location, { headers, body: hello });
      assert.equal(answer.status, status, JSON.stringify(headers));
      assert.equal(answer.code, code);
    }
    for (const query of ['', '?digest=', '?digest=sha256:abc', '?digest=md5:00'])
      assert.equal((await client.ask('PUT', `${location}${query}`, { body: hello })).code, 'DIGEST_INVALID');
    assert.equal((await client.ask('PUT', `${location}?digest=${digest}`, { body: hello })).status, 201);
  });

  it('ends when it is cancelled or finished', async () => {
    const client = await owner();
    const cancelled = await open(client);
    assert.equal((await client.ask('DELETE', cancelled)).status, 204);
    const finished = await open(client);
    await client.ask('PUT', `${finished}?digest=${digest}`, { body: hello });
    for (const location of [cancelled, finished, '/v2/a/blobs/uploads/not-a-uuid', `/v2/a/blobs/uploads/${crypto.randomUUID()}`, '/v2/a/blobs/uploads/..'])
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const answer = await client.ask(method, `${location}${method === 'PUT' ? `?digest=${digest}` : ''}`);
        assert.equal(answer.status, 404, `${method} ${location}`);
        assert.equal(answer.code, 'BLOB_UPLOAD_UNKNOWN');
      }
  });

  it('is unknown to other principals, in other repositories and at other registries', async () => {
    const client = await owner();
    const { world } = client;
    await world.addRegistry('other');
    const universal = await world.principal();
    world.assign(universal, 'Owner', '/');
    const location = await open(client);
    const id = location.split('/').at(-1);
    const strangers = [
      () => world.ask('PATCH', location, { headers: basic(universal), body: hello }),
      () => client.ask('PATCH', `/v2/b/blobs/uploads/${id}`, { body: hello }),
      () => world.ask('DELETE', location, { headers: basic(universal) }),
    ];
    for (const stranger of strangers) assert.equal((await stranger()).code, 'BLOB_UPLOAD_UNKNOWN');
    const own = (await world.ask('POST', '/v2/a/blobs/uploads/', { headers: basic(universal) })).header('location');
    const elsewhere = await world.ask('PUT', `https://other.azurecr.io${own}?digest=${digest}`, { headers: basic(universal), body: hello });
    assert.equal(elsewhere.code, 'BLOB_UPLOAD_UNKNOWN');
    assert.equal((await client.ask('GET', location)).header('range'), '0-0');
  });

  it('goes when it is a week old', async () => {
    const client = await owner();
    const location = await open(client);
    client.world.clock.advance(7 * 24 * 60 * 60 * 1000 + 1);
    const other = await open(client);
    assert.equal((await client.ask('GET', location)).status, 404);
    assert.equal((await client.ask('GET', other)).status, 204);
  });

  it('gives the same blob by any split into chunks, with connections that break and restarts in between', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-uploads-'));
    const world = await World.open({ blobs: await DiskBlobStore.open(folder) });
    const client = new Client(world, await world.principal('AcrPush'));
    const step = fc.record({ take: fc.nat(60_000), breaks: fc.boolean(), ranged: fc.boolean(), restart: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), fc.array(step, { maxLength: 6 }), fc.boolean(), async (seed, steps, wide) => {
        const whole = Buffer.concat(Array.from({ length: 80 }, (_, index) => Buffer.concat([Buffer.from([index]), seed])));
        const own = digestOf(whole, wide ? 'sha512' : 'sha256');
        const location = await open(client);
        const held = async () => {
          const match = /^0-(\d+)$/.exec((await client.ask('GET', location)).header('range'));
          // An empty session and one of a single byte look alike in the protocol.
          return match?.[1] === '0' ? undefined : Number(match?.[1]) + 1;
        };
        let sent = 0;
        for (const { take, breaks, ranged, restart } of steps) {
          if (restart) world.newPlane(await DiskBlobStore.open(folder));
          const part = whole.subarray(sent, sent + take);
          // Half of two bytes is the single one that looks like none.
          if (part.length < 3) continue;
          const source = breaks ? Readable.from(brokenAfter(part)) : part;
          const answer = await client.ask('PATCH', location, { headers: ranged ? range(sent, part) : {}, body: source });
          assert.equal(answer.status, breaks ? 400 : 202);
          sent = (await held()) ?? sent;
          assert.ok(sent <= whole.length);
        }
        const rest = whole.subarray(sent);
        assert.equal((await client.ask('PUT', `${location}?digest=${own}`, { body: rest })).status, 201);
        assert.deepEqual((await client.ask('GET', `/v2/a/blobs/${own}`)).bytes, whole);
      }),
      { numRuns: 25 },
    );
    assert.deepEqual(readdirSync(join(folder, 'uploads')), []);
    assert.deepEqual(readdirSync(join(folder, 'incoming')), []);
    rmSync(folder, { recursive: true });
  });
});

/** Half of the bytes in two chunks, and then a broken connection. */
async function* brokenAfter(bytes: Buffer): AsyncGenerator<Buffer> {
  const half = Math.ceil(bytes.length / 2);
  yield bytes.subarray(0, half - 1);
  yield bytes.subarray(half - 1, half);
  throw new Error('aborted');
}

describe('A mount', () => {
  it('takes the blob from a repository that the caller may read, and is an upload otherwise', async () => {
    const client = await owner();
    const { world } = client;
    await client.pushBlob('source', hello);
    await world.addRegistry('other');
    const { json } = await world.ask('GET', '/oauth2/token?scope=repository:target:pull,push', { headers: client.headers });
    const narrow = { authorization: `Bearer ${json.token}` };
    const both = await world.ask('GET', '/oauth2/token?scope=repository:target:pull,push&scope=repository:source:pull', { headers: client.headers });
    const wide = { authorization: `Bearer ${both.json.token}` };
    const rows: [string, Record<string, string>, number][] = [
      [`mount=${digest}&from=source`, narrow, 202],
      [`mount=${digest}&from=nowhere`, client.headers, 202],
      [`mount=${digest}`, narrow, 202],
      [`mount=${wrong}`, client.headers, 202],
      [`mount=${wrong}&from=source`, client.headers, 202],
      [`mount=${digest}&from=source`, wide, 201],
      [`mount=${digest}`, wide, 201],
      [`mount=sha256:abc&from=source`, wide, 400],
      [`mount=${digest}&from=../source`, wide, 400],
    ];
    for (const [query, headers, status] of rows) {
      const answer = await world.ask('POST', `/v2/target/blobs/uploads/?${query}`, { headers });
      assert.equal(answer.status, status, query);
      if (status === 202) assert.equal((await client.ask('HEAD', `/v2/target/blobs/${digest}`)).status, 404, query);
      if (status === 201) assert.deepEqual((await client.ask('GET', answer.header('location'))).bytes, hello);
    }
  });

  it('never reaches into another registry', async () => {
    const world = await World.open();
    await world.addRegistry('other');
    const universal = await world.principal();
    world.assign(universal, 'Owner', '/');
    const headers = basic(universal);
    await world.ask('POST', `https://other.azurecr.io/v2/source/blobs/uploads/?digest=${digest}`, { headers, body: hello });
    for (const from of ['', '&from=source'])
      assert.equal((await world.ask('POST', `/v2/target/blobs/uploads/?mount=${digest}${from}`, { headers })).status, 202);
  });
});

describe('A full disk', () => {
  it('is told as such in an OCI body, and the push can go on when there is room', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-full-'));
    let full = true;
    const write: Parameters<typeof DiskBlobStore.open>[1] = {
      write: async (file, chunks, position) => {
        if (full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        await file.writev([...chunks], position);
      },
    };
    const world = await World.open({ blobs: await DiskBlobStore.open(folder, write) });
    const client = new Client(world, await world.principal('Owner'));
    const location = await open(client);
    for (const answer of [
      await client.ask('PATCH', location, { body: hello }),
      await client.ask('PUT', `${location}?digest=${digest}`, { body: hello }),
      await client.ask('POST', `/v2/a/blobs/uploads/?digest=${digest}`, { body: hello }),
    ]) {
      assert.equal(answer.status, 507);
      assert.equal(answer.code, 'INSUFFICIENT_STORAGE');
    }
    assert.equal((await client.ask('HEAD', `/v2/a/blobs/${digest}`)).status, 404);
    full = false;
    assert.equal((await client.ask('PUT', `${location}?digest=${digest}`, { body: hello })).status, 201);
    rmSync(folder, { recursive: true });
  });
});
