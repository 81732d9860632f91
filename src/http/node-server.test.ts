import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, type TestContext, test } from 'node:test';
import { type Log, silentLog } from '#base/log.ts';
import { readBody } from './body.ts';
import { emptyReply, jsonReply, type Reply } from './message.ts';
import { type Handler, parseHost, SERVER_OPTIONS, serve } from './node-server.ts';

const content = randomBytes(3 * 1024 * 1024 + 17);
let folder: string;
let file: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-http-'));
  file = join(folder, 'blob');
  writeFileSync(file, content);
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Running {
  readonly port: number;
  readonly server: Server;
  readonly logged: string[];
  /** Sends bytes and gives all that comes until the server closes. */
  exchange(text: string): Promise<Buffer>;
}

async function running(t: TestContext, handle: Handler, options: { idleMs?: number; lingerMs?: number } = {}): Promise<Running> {
  const logged: string[] = [];
  const log: Log = { ...silentLog, error: (fields, message) => logged.push(`${message} ${JSON.stringify(fields)}`) };
  // Looked over often, for the test of late heads.
  const server = createServer({ ...SERVER_OPTIONS, connectionsCheckingInterval: 10 });
  serve(server, handle, { log, ...options });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const exchange = async (text: string): Promise<Buffer> => {
    const socket = connect(port, '127.0.0.1');
    socket.write(text);
    return all(socket);
  };
  return { port, server, logged, exchange };
}

async function all(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});
  await once(socket, 'close');
  return Buffer.concat(chunks);
}

/** Waits for a text to arrive. */
async function until(socket: Socket, text: string): Promise<string> {
  let got = '';
  while (!got.includes(text)) got += String((await once(socket, 'data'))[0]);
  return got;
}

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n${more}\r\n`;
const fileReply = (start: number, end: number, status = 200): Reply => ({
  status,
  headers: { 'content-type': 'application/octet-stream' },
  body: { kind: 'file', path: file, start, end },
});
const bodyOf = (bytes: Buffer): Buffer => bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
const headOf = (bytes: Buffer): string => bytes.subarray(0, bytes.indexOf('\r\n\r\n')).toString();

test('a request arrives as data, and every reply carries its id', async (t) => {
  let id = '';
  const { exchange } = await running(t, async (request) => {
    id = request.id;
    const { method, path, search, host, authority } = request;
    return jsonReply(200, { method, path, search, n: request.query.get('n'), host, authority });
  });
  const answer = await exchange('GET /v2/a%2Fb?n=5&x=%20 HTTP/1.1\r\nHost: My.Registry:8443\r\nConnection: close\r\n\r\n');
  assert.match(headOf(answer), /^HTTP\/1\.1 200 OK/);
  assert.match(headOf(answer), new RegExp(`x-ms-request-id: ${id}`));
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  assert.deepEqual(JSON.parse(bodyOf(answer).toString()), {
    method: 'GET',
    path: '/v2/a%2Fb',
    search: 'n=5&x=%20',
    n: '5',
    host: 'my.registry',
    authority: 'My.Registry:8443',
  });
});

test('files are sent by range, whole and in order', async (t) => {
  const { exchange } = await running(t, async (request) => {
    const [start = 0, end = 0] = request.search.split('-').map(Number);
    return fileReply(start, end, 206);
  });
  for (const [start, end] of [
    [0, content.length],
    [0, 1],
    [5, 5],
    [1_048_575, 1_048_577],
    [content.length - 1, content.length],
    [100, 2_500_000],
  ] as const) {
    const answer = await exchange(get(`/?${start}-${end}`, 'Connection: close\r\n'));
    assert.match(headOf(answer), new RegExp(`content-length: ${end - start}\r\n`, 'i'));
    assert.ok(bodyOf(answer).equals(content.subarray(start, end)), `${start}-${end}`);
  }
});

test('many files at once, to clients that read at their own pace, do not mix their buffers', async (t) => {
  const { port } = await running(t, async (request) => fileReply(Number(request.search), content.length));
  const ask = async (start: number): Promise<void> => {
    const socket = connect(port, '127.0.0.1');
    socket.write(get(`/?${start}`, 'Connection: close\r\n'));
    await once(socket, 'readable');
    for (let turn = 0; turn < start % 7; turn++) await new Promise(setImmediate);
    assert.ok(bodyOf(await all(socket)).equals(content.subarray(start)), String(start));
  };
  for (let round = 0; round < 2; round++) await Promise.all([0, 1, 2, 3, 70_001, 1_000_002, 2_000_003, 3_000_004].map(ask));
});

test('HEAD sends the head of the same reply and no body', async (t) => {
  const { exchange } = await running(t, async () => fileReply(0, content.length));
  const answer = await exchange('HEAD / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
  assert.match(headOf(answer), new RegExp(`content-length: ${content.length}`, 'i'));
  assert.equal(bodyOf(answer).length, 0);
});

test('a file that is missing is a 500, one that is too short breaks the connection', async (t) => {
  const { exchange, logged } = await running(t, async (request) =>
    request.path === '/missing'
      ? { status: 200, headers: {}, body: { kind: 'file', path: join(folder, 'missing'), start: 0, end: 10 } }
      : fileReply(0, content.length + 100),
  );
  const missing = await exchange(get('/missing', 'Connection: close\r\n'));
  assert.match(headOf(missing), /^HTTP\/1\.1 500 /);
  assert.doesNotMatch(missing.toString(), /ENOENT|\/tmp/);
  const short = await exchange(get('/short'));
  assert.equal(bodyOf(short).length, content.length);
  assert.equal(logged.length, 2);
});

test('streams are sent as they come, and closed when they fail', async (t) => {
  const { exchange, logged } = await running(t, async (request) => {
    const stream =
      request.path === '/good'
        ? Readable.from([Buffer.from('one '), Buffer.from('two')])
        : Readable.from(
            (function* () {
              yield Buffer.from('one ');
              throw new Error('broken source');
            })(),
          );
    return { status: 200, headers: { 'content-length': '7' }, body: { kind: 'stream', stream } };
  });
  assert.equal(bodyOf(await exchange(get('/good', 'Connection: close\r\n'))).toString(), 'one two');
  assert.equal(bodyOf(await exchange(get('/bad'))).toString(), 'one ');
  assert.match(logged[0] ?? '', /broken source/);
});

test('a handler that throws makes one 500 with the request id, logged once', async (t) => {
  const { exchange, logged } = await running(t, async () => {
    throw new Error('secret detail');
  });
  const answer = (await exchange(get('/', 'Connection: close\r\n'))).toString();
  assert.match(answer, /^HTTP\/1\.1 500 /);
  assert.doesNotMatch(answer, /secret detail/);
  const id = /x-ms-request-id: (\S+)/.exec(answer)?.[1] ?? '-';
  assert.equal(logged.length, 1);
  assert.ok(logged[0]?.includes(id) && logged[0].includes('secret detail'));
});

test('pipelined requests are answered in order on one connection', async (t) => {
  const { exchange } = await running(t, async (request) => (request.path === '/file' ? fileReply(0, 300_000) : jsonReply(200, request.path)));
  const answer = await exchange(get('/a') + get('/file') + get('/b', 'Connection: close\r\n'));
  const text = answer.toString('latin1');
  assert.equal(text.match(/HTTP\/1\.1 200/g)?.length, 3);
  assert.ok(text.indexOf('"/a"') < text.indexOf('octet-stream') && text.indexOf('octet-stream') < text.indexOf('"/b"'));
});

test('a client that goes away aborts its request', async (t) => {
  const aborted = Promise.withResolvers<void>();
  const { port } = await running(t, async (request) => {
    request.signal.addEventListener('abort', () => aborted.resolve());
    await aborted.promise;
    return emptyReply(200);
  });
  const socket = connect(port, '127.0.0.1');
  socket.write(get('/'));
  await once(socket, 'connect');
  setImmediate(() => socket.destroy());
  await aborted.promise;
});

test('a client that leaves in the midst of a file does not stop the next one', async (t) => {
  const { port, exchange } = await running(t, async () => fileReply(0, content.length));
  for (let i = 0; i < 5; i++) {
    const socket = connect(port, '127.0.0.1');
    socket.write(get('/'));
    await once(socket, 'data');
    socket.resetAndDestroy();
  }
  assert.ok(bodyOf(await exchange(get('/', 'Connection: close\r\n'))).equals(content));
});

test('a body is invited only when it is read', async (t) => {
  const { port } = await running(t, async (request) => {
    if (request.path === '/refused') return jsonReply(403, 'no');
    return jsonReply(201, (await readBody(request, { limitBytes: 100 })).toString());
  });
  const put = (path: string): string => `PUT ${path} HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`;
  const refused = connect(port, '127.0.0.1');
  refused.write(put('/refused'));
  const no = (await all(refused)).toString();
  assert.match(no, /^HTTP\/1\.1 403 /);
  assert.match(no, /connection: close/i);
  assert.doesNotMatch(no, /100 Continue/);

  const admitted = connect(port, '127.0.0.1');
  admitted.write(put('/admitted'));
  assert.match(await until(admitted, '\r\n\r\n'), /^HTTP\/1\.1 100 Continue/);
  admitted.write('hello');
  assert.match(await until(admitted, '"hello"'), /^HTTP\/1\.1 201 /);
  admitted.destroy();
});

test('a reply before a large body has come reaches the client, who is still sending', async (t) => {
  const { port } = await running(t, async () => jsonReply(403, 'not allowed'));
  const socket = connect(port, '127.0.0.1');
  const total = content.length * 2;
  socket.write(`PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${total}\r\n\r\n`);
  socket.write(content);
  socket.write(content);
  const answer = (await all(socket)).toString();
  assert.match(answer, /^HTTP\/1\.1 403 /);
  assert.match(answer, /connection: close/i);
  assert.match(answer, /"not allowed"$/);
});

test('a client that never ends its large body is let go', async (t) => {
  const { port } = await running(t, async () => jsonReply(403, 'no'), { lingerMs: 20 });
  const socket = connect(port, '127.0.0.1');
  socket.write('PUT / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
  assert.match((await all(socket)).toString(), /"no"$/);
});

test('a small unread body leaves the connection open for the next request', async (t) => {
  const { exchange } = await running(t, async (request) => jsonReply(200, request.path));
  const answer = await exchange(`PUT /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello${get('/b', 'Connection: close\r\n')}`);
  assert.ok(answer.toString().endsWith('"/b"'));
});

test('malformed HTTP is answered plainly, and the server goes on', async (t) => {
  const { exchange } = await running(t, async () => emptyReply(200));
  const cases: [string, number][] = [
    ['NONSENSE\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n', 400],
    ['GET http://other.test/ HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n', 400],
    ['OPTIONS * HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: -1\r\n\r\n', 400],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: a.test\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`, 431],
  ];
  for (const [text, status] of cases) {
    const answer = (await exchange(text)).toString();
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), text.slice(0, 80));
    assert.match(answer, /connection: close/i, text.slice(0, 80));
  }
  assert.match((await exchange(get('/', 'Connection: close\r\n'))).toString(), /^HTTP\/1\.1 200 /);
});

test('our own refusals of a request are JSON with a request id', async (t) => {
  const { exchange } = await running(t, async () => emptyReply(200));
  for (const text of [
    'NONSENSE\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.0\r\n\r\n',
    'PUT / HTTP/1.1\r\nHost: a.test\r\nExpect: 200-ok\r\nContent-Length: 5\r\n\r\nhello',
  ]) {
    const answer = await exchange(text);
    const body = JSON.parse(bodyOf(answer).toString());
    assert.ok(body.error.code && body.errors[0].code);
    assert.match(headOf(answer), new RegExp(`x-ms-request-id: ${body.requestId}`));
  }
});

test('a connection on which nothing moves is closed, also in the midst of a body', async (t) => {
  const { port } = await running(t, async (request) => jsonReply(200, (await readBody(request, { limitBytes: 100 })).length), { idleMs: 30 });
  const socket = connect(port, '127.0.0.1');
  socket.write('PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 50\r\n\r\nslow');
  assert.equal((await all(socket)).length, 0);
});

test('a head that does not come in time is refused', async (t) => {
  const { port, server } = await running(t, async () => emptyReply(200));
  server.headersTimeout = 20;
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a.t');
  const answer = (await all(socket)).toString();
  assert.match(answer, /^HTTP\/1\.1 408 /);
});

test('limits are set on every server', async (t) => {
  const { server } = await running(t, async () => emptyReply(200));
  assert.deepEqual([server.requestTimeout, server.headersTimeout, server.keepAliveTimeout, server.timeout], [0, 30_000, 65_000, 60_000]);
});

test('host names', () => {
  assert.equal(parseHost('MyRegistry.AzureCR.io.:443'), 'myregistry.azurecr.io');
  assert.equal(parseHost('[::1]:8443'), '::1');
  assert.equal(parseHost('127.0.0.1'), '127.0.0.1');
  for (const bad of ['', '.', 'a b', 'a/b', 'user@a', 'a:b', 'a:1:2', '[::1', 'a,b', 'é.test']) assert.equal(parseHost(bad), undefined, bad);
});
