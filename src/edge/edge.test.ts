import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, type TestContext, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { systemClock } from '#base/clock.ts';
import type { DomainName } from '#base/domain-name.ts';
import { Fault } from '#base/fault.ts';
import { silentLog } from '#base/log.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { boundPort, openListener } from '#fabric/sockets.ts';
import { jsonReply, type Plane } from '#http/message.ts';
import { CertificateAuthority } from '#identity/certificate-authority.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import { Edge } from './edge.ts';
import { endpointAddress, endpointKey, machineKey, networkKey, otherNetworkKey, registryKey, worldOf } from './world.fixture.ts';

let folder: string;
let ca: CertificateAuthority;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-edge-'));
  ca = await CertificateAuthority.open({ folder, clock: systemClock, permittedDomains: ['azurecr.io', 'localhost'] });
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** An endless download, for connections that are to be cut in flight. */
const endless = (): Readable => new Readable({ read: (size) => void size, highWaterMark: 1 });

interface Running {
  readonly edge: Edge;
  see(next: Snapshot): ReturnType<Edge['see']>;
  /** The port that stands for 443 in a network, or 80 in a machine. */
  port(place: ResourceKey): number;
  readonly management: number;
  readonly public: number;
  /** Places where opening a socket fails. */
  readonly broken: Set<ResourceKey>;
}

function start(t: TestContext, first: Snapshot): Running {
  let current = first;
  const ports = new Map<ResourceKey, number>();
  const broken = new Set<ResourceKey>();
  /** Says what it was given: tests read the arrival out of the answer. */
  const tells =
    (plane: string): Plane =>
    async (request, arrival) => {
      if (request.path === '/endless') {
        const stream = endless();
        stream.push(Buffer.alloc(100));
        return { status: 200, headers: {}, body: { kind: 'stream', stream } };
      }
      if (request.path === '/refused') return jsonReply(400, { error: 'the metadata header is missing' });
      return jsonReply(200, { plane, host: request.host, authority: request.authority, arrival });
    };
  const edge = new Edge({
    sockets: {
      tcp: (place) => {
        if (broken.has(place)) throw new Fault('internal', 'NamespaceMissing', 'no such namespace');
        const fd = openListener('127.0.0.1', 0);
        ports.set(place, boundPort(fd));
        return fd;
      },
      udp: () => assert.fail('the edge opens no UDP socket'),
    },
    snapshot: () => current,
    config: {
      certificate: undefined,
      domain: 'azurecr.io' as DomainName,
      hostDomain: 'localhost' as DomainName,
      listen: { host: '127.0.0.1', port: 8443 },
      fabric: 'world',
    },
    ca,
    clock: systemClock,
    log: silentLog,
    planes: () => ({
      arm: tells('arm'),
      login: tells('login'),
      graph: tells('graph'),
      registry: tells('registry'),
      metadata: tells('metadata'),
      operator: tells('operator'),
    }),
  });
  const [managementFd, publicFd] = [openListener('127.0.0.1', 0), openListener('127.0.0.1', 0)];
  const [management, open] = [boundPort(managementFd), boundPort(publicFd)];
  edge.listenHost({ managementFd, publicFd });
  const see = (next: Snapshot): ReturnType<Edge['see']> => {
    current = next;
    return edge.see(next);
  };
  see(first);
  t.after(() => edge.close());
  return { edge, see, port: (place) => ports.get(place) as number, management, public: open, broken };
}

// biome-ignore lint/suspicious/noExplicitAny: answers are read freely here.
type Answer = { status: number; body: any; headers: Record<string, unknown> };

/** A request over TLS that trusts only the authority. */
async function ask(
  port: number,
  servername: string | undefined,
  options: { host?: string; path?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const request = secureRequest({
    host: '127.0.0.1',
    port,
    path: options.path ?? '/v2/',
    ca: ca.caPem,
    agent: false,
    servername: servername ?? '',
    headers: { host: options.host ?? servername ?? `127.0.0.1:${port}`, ...options.headers },
  }).end();
  const [response] = await once(request, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()), headers: response.headers };
}

/** How a raw TCP connection ends, and what came before. */
async function raw(port: number, send = ''): Promise<{ error: string | undefined; bytes: number }> {
  const socket: Socket = connect(port, '127.0.0.1');
  let [error, bytes]: [string | undefined, number] = [undefined, 0];
  socket.on('error', (thrown: NodeJS.ErrnoException) => {
    error = thrown.code;
  });
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  if (send !== '') socket.write(send);
  await once(socket, 'close').catch(() => {});
  return { error, bytes };
}

test('at an approved private endpoint: the label of the listener, and no header, says where a request came from', async (t) => {
  const { port } = start(t, worldOf(1));
  const { status, body, headers } = await ask(port(networkKey), 'myregistry.azurecr.io', {
    headers: { 'x-forwarded-for': '1.2.3.4', forwarded: 'for=1.2.3.4;host=other.azurecr.io', 'x-forwarded-host': 'other.azurecr.io', 'x-real-ip': '1.2.3.4' },
  });
  assert.equal(status, 200);
  assert.equal(body.plane, 'registry');
  assert.equal(body.host, 'myregistry.azurecr.io');
  assert.deepEqual(body.arrival, {
    via: 'endpoint',
    listener: `network:${networkKey}:443`,
    peer: '127.0.0.1',
    network: networkKey,
    endpoint: endpointKey,
    registry: registryKey,
    member: 'registry',
    address: endpointAddress,
  });
  assert.match(String(headers['x-ms-request-id']), /^[0-9a-f-]{36}$/);
});

test('an endpoint that is not approved, and an address that nobody has, are reset before TLS', async (t) => {
  for (const state of ['Pending', 'Rejected', 'Disconnected', undefined] as const) {
    const { edge, port } = start(t, worldOf(1, { state }));
    assert.deepEqual(await raw(port(networkKey)), { error: 'ECONNRESET', bytes: 0 }, String(state));
    await assert.rejects(ask(port(networkKey), 'myregistry.azurecr.io'), { code: 'ECONNRESET' });
    // Nobody was told an id, so the reset is found among the latest refusals.
    assert.equal(edge.accessLog.refused(() => true, 9).filter(({ method }) => method === 'RESET').length, 2);
  }
});

test('a rejection cuts what is open and refuses what is new, an approval lets in again', async (t) => {
  const { edge, see, port } = start(t, worldOf(1));
  const request = secureRequest({
    host: '127.0.0.1',
    port: port(networkKey),
    path: '/endless',
    ca: ca.caPem,
    agent: false,
    servername: 'myregistry.azurecr.io',
    headers: { host: 'myregistry.azurecr.io' },
  });
  request.on('error', () => {});
  const [response] = await once(request.end(), 'response');
  await once(response, 'data');
  // A second one that is only connected, and one that idles in keep-alive.
  const silent = connect(port(networkKey), '127.0.0.1');
  await once(silent, 'connect');
  while (edge.openConnections(endpointKey) < 2) await new Promise(setImmediate);

  see(worldOf(2, { state: 'Rejected' }));
  const cut = Promise.all([once(response, 'error'), once(silent, 'error')]);
  for (const [error] of await cut) assert.equal((error as NodeJS.ErrnoException).code, 'ECONNRESET');
  assert.deepEqual(await raw(port(networkKey)), { error: 'ECONNRESET', bytes: 0 });
  while (edge.openConnections() > 0) await new Promise(setImmediate);

  see(worldOf(3));
  assert.equal((await ask(port(networkKey), 'myregistry.azurecr.io')).status, 200);
});

test('a snapshot that changes nothing of an endpoint leaves its connections alone', async (t) => {
  const { see, port } = start(t, worldOf(1));
  const socket = tlsConnect({ host: '127.0.0.1', port: port(networkKey), ca: ca.caPem, servername: 'myregistry.azurecr.io' });
  await once(socket, 'secureConnect');
  see(worldOf(2));
  see(worldOf(3, { networks: [networkKey, otherNetworkKey] }));
  socket.write('GET /v2/ HTTP/1.1\r\nHost: myregistry.azurecr.io\r\n\r\n');
  assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 200 /);
  // Gone altogether: cut.
  const lost = once(socket, 'error');
  see(worldOf(4, { state: undefined }));
  const [error] = await lost;
  assert.equal(error.code, 'ECONNRESET');
});

test('SNI, Host and arrival that disagree are misdirected', async (t) => {
  const { port } = start(t, worldOf(1));
  const cases: [sni: string, host: string, code: string][] = [
    ['myregistry.azurecr.io', 'other.azurecr.io', 'MISDIRECTED'],
    ['other.azurecr.io', 'myregistry.azurecr.io', 'MISDIRECTED'],
    ['other.azurecr.io', 'other.azurecr.io', 'MISDIRECTED'],
    ['myregistry.westeurope.data.azurecr.io', 'myregistry.westeurope.data.azurecr.io', 'MISDIRECTED'],
    ['management.azure.com', 'management.azure.com', 'MisdirectedRequest'],
    ['myregistry.azurecr.io', 'login.microsoftonline.com', 'MisdirectedRequest'],
  ];
  for (const [sni, host, code] of cases) {
    const { status, body } = await ask(port(networkKey), sni, { host });
    assert.equal(status, 421, `${sni} ${host}`);
    assert.equal(code === 'MISDIRECTED' ? body.errors[0].code : body.error.code, code);
    assert.match(code === 'MISDIRECTED' ? body.errors[0].message : body.error.message, /must name the same server/);
  }
});

test('a server name that is not ours gets the alert for it, and none at all no handshake', async (t) => {
  const { port, public: open, management } = start(t, worldOf(1));
  for (const where of [port(networkKey), open, management]) await assert.rejects(ask(where, 'www.example.org'), /unrecognized name/, String(where));
  await assert.rejects(ask(port(networkKey), 'nobody.azurecr.io'), /unrecognized name/);
  await assert.rejects(ask(port(networkKey), undefined), /handshake failure|alert/i);
  await assert.rejects(ask(open, undefined), /handshake failure|alert/i);
});

test('a PROXY header is no TLS, and plain HTTP neither: closed, and the listener goes on', async (t) => {
  const { port } = start(t, worldOf(1));
  for (const bytes of [
    'PROXY TCP4 1.2.3.4 10.0.0.5 1000 443\r\n',
    '\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c',
    'GET /v2/ HTTP/1.1\r\nHost: myregistry.azurecr.io\r\n\r\n',
  ]) {
    const { bytes: got } = await raw(port(networkKey), bytes);
    assert.ok(got < 20, 'at most an alert');
  }
  assert.equal((await ask(port(networkKey), 'myregistry.azurecr.io')).status, 200);
});

test('HTTP/1.1 is what is agreed on', async (t) => {
  const { port } = start(t, worldOf(1));
  const socket = tlsConnect({
    host: '127.0.0.1',
    port: port(networkKey),
    ca: ca.caPem,
    servername: 'myregistry.azurecr.io',
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  await once(socket, 'secureConnect');
  assert.equal(socket.alpnProtocol, 'http/1.1');
  socket.destroy();
});

test("the host's public listener serves registries under the host domain, as the public side", async (t) => {
  const { public: open } = start(t, worldOf(1));
  const { body } = await ask(open, 'myregistry.localhost', { host: `myregistry.localhost:${open}`, headers: { 'x-forwarded-for': '203.0.113.9' } });
  assert.deepEqual([body.plane, body.host, body.authority], ['registry', 'myregistry.azurecr.io', `myregistry.localhost:${open}`]);
  assert.deepEqual([body.arrival.via, body.arrival.source, body.arrival.network], ['public', '127.0.0.1', undefined]);
  const data = await ask(open, 'myregistry.westeurope.data.localhost');
  assert.equal(data.body.host, 'myregistry.westeurope.data.azurecr.io');
  await assert.rejects(ask(open, 'management.azure.com'), /unrecognized name/);
  assert.equal((await ask(open, 'myregistry.localhost', { host: 'management.azure.com' })).status, 421);
});

test('the management listener serves the control plane, sign-in and the operator, by address too', async (t) => {
  const { management } = start(t, worldOf(1));
  const plane = async (sni: string | undefined, path: string, host?: string): Promise<string> =>
    (await ask(management, sni, { path, ...(host ? { host } : {}) })).body.plane;
  assert.equal(await plane(undefined, '/subscriptions'), 'arm');
  assert.equal(await plane('localhost', '/subscriptions', `localhost:${management}`), 'arm');
  assert.equal(await plane('management.azure.com', '/subscriptions'), 'arm');
  assert.equal(await plane('login.microsoftonline.com', '/t/oauth2/v2.0/token'), 'login');
  assert.equal(await plane(undefined, '/t/oauth2/v2.0/token'), 'login');
  assert.equal(await plane(undefined, '/postern/status'), 'operator');
  assert.equal((await ask(management, undefined, { host: 'myregistry.azurecr.io' })).status, 421);
  assert.equal((await ask(management, undefined, { host: 'evil.example' })).status, 421);
});

test('listeners follow networks, and one that cannot be opened is told and tried again', async (t) => {
  const { see, port, broken } = start(t, worldOf(1));
  broken.add(otherNetworkKey);
  const both = [networkKey, otherNetworkKey];
  const outcomes = see(worldOf(2, { networks: both }));
  assert.deepEqual(
    outcomes.map(({ revision, owner, fault }) => [revision, owner, fault?.code]),
    [[2, otherNetworkKey, 'NamespaceMissing']],
  );
  assert.equal((await ask(port(networkKey), 'myregistry.azurecr.io')).status, 200);
  broken.clear();
  assert.deepEqual(see(worldOf(3, { networks: both })), []);
  assert.deepEqual(await raw(port(otherNetworkKey)), { error: 'ECONNRESET', bytes: 0 });
  see(worldOf(4, { networks: [networkKey] }));
  assert.deepEqual(await raw(port(otherNetworkKey)), { error: 'ECONNREFUSED', bytes: 0 });
});

test('a machine has its metadata on a plain listener of its own, as long as it is there', async (t) => {
  const { see, port } = start(t, worldOf(1, { machines: [machineKey] }));
  const [response] = await once(
    plainRequest({ host: '127.0.0.1', port: port(machineKey), path: '/metadata/instance', headers: { host: '169.254.169.254' }, agent: false }).end(),
    'response',
  );
  const body = JSON.parse(String((await once(response, 'data'))[0]));
  assert.deepEqual([body.plane, body.arrival.via, body.arrival.machine], ['metadata', 'machine', machineKey]);
  see(worldOf(2));
  assert.equal((await raw(port(machineKey))).error, 'ECONNREFUSED');
});

test('every request can be asked about by its id', async (t) => {
  const { edge, port } = start(t, worldOf(1));
  const { headers } = await ask(port(networkKey), 'myregistry.azurecr.io', { host: 'other.azurecr.io', path: '/v2/?sig=secret' });
  const entry = edge.accessLog.why(String(headers['x-ms-request-id']));
  assert.deepEqual([entry?.status, entry?.path, entry?.registry, entry?.failure?.check], [421, '/v2/', registryKey, 'host']);
  assert.match(entry?.endpoint ?? '', /privateendpoints\/pe at 127\.0\.0\.1 \(registry\)/);
  assert.doesNotMatch(JSON.stringify(entry), /secret/);
});

test('a refusal whose plane names no failed check is explained by its own words', async (t) => {
  const { edge, port } = start(t, worldOf(1));
  const why = async (path: string) => edge.accessLog.why(String((await ask(port(networkKey), 'myregistry.azurecr.io', { path })).headers['x-ms-request-id']));
  assert.deepEqual((await why('/refused'))?.failure, { check: 'answer', ok: false, detail: '{"error":"the metadata header is missing"}' });
  assert.equal((await why('/v2/'))?.failure, undefined);
});

test('closing ends what is open', async (t) => {
  const { edge, port } = start(t, worldOf(1));
  const socket = tlsConnect({ host: '127.0.0.1', port: port(networkKey), ca: ca.caPem, servername: 'myregistry.azurecr.io' });
  await once(socket, 'secureConnect');
  socket.write('GET /v2/ HTTP/1.1\r\nHost: myregistry.azurecr.io\r\n\r\n');
  await once(socket, 'data');
  const ended = once(socket, 'close');
  await edge.close();
  await ended;
  assert.equal((await raw(port(networkKey))).error, 'ECONNREFUSED');
});
