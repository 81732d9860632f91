import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { systemClock } from '#base/clock.ts';
import type { DomainName } from '#base/domain-name.ts';
import { silentLog } from '#base/log.ts';
import { boundPort, openListener } from '#fabric/sockets.ts';
import { jsonReply, type Plane } from '#http/message.ts';
import { CertificateAuthority } from '#identity/certificate-authority.ts';
import type { ManagementArrival } from '#topology/arrival.ts';
import { Edge } from './edge.ts';
import type { HostNames } from './hosts.ts';
import { tunnelTo } from './tunnel.ts';
import { worldOf } from './world.fixture.ts';

let folder: string;
let ca: CertificateAuthority;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-tunnel-'));
  ca = await CertificateAuthority.open({ folder, clock: systemClock, permittedDomains: ['azurecr.io', 'localhost'] });
});
after(() => rmSync(folder, { recursive: true, force: true }));

const names: HostNames = {
  domain: 'azurecr.io' as DomainName,
  hostDomain: 'localhost' as DomainName,
  management: new Set(['management.azure.com', 'login.microsoftonline.com', 'graph.microsoft.com', '127.0.0.1', '::1', 'localhost']),
};

test('a tunnel leads to our own names at port 443, and nowhere else', () => {
  const arrival: ManagementArrival = { via: 'management', listener: 'host', peer: '127.0.0.9' };
  const to = (authority: string) => tunnelTo(authority, arrival, worldOf(1), names)?.arrival;
  const outside = { via: 'public', listener: 'host tunnel', peer: '127.0.0.9', source: '127.0.0.9' };
  for (const name of ['myregistry.azurecr.io:443', 'MyRegistry.azurecr.io.:443', 'myregistry.westeurope.data.azurecr.io:443', 'myregistry.localhost:443'])
    assert.deepEqual(to(name), outside, name);
  for (const name of ['management.azure.com:443', 'login.microsoftonline.com:443', 'graph.microsoft.com:443'])
    assert.deepEqual(to(name), { ...arrival, listener: 'host tunnel' }, name);
  for (const name of [
    'nobody.azurecr.io:443',
    'azurecr.io:443',
    'myregistry.azurecr.io:80',
    'myregistry.azurecr.io',
    'myregistry.azurecr.io:4430',
    'myregistry.azurecr.io.evil.example:443',
    'mcr.microsoft.com:443',
    'example.com:443',
    '127.0.0.1:443',
    '[::1]:443',
    '10.0.0.4:443',
    ':443',
    '',
    'a b:443',
  ])
    assert.equal(to(name), undefined, name);
});

function start(t: TestContext): { management: number; edge: Edge } {
  const tells =
    (plane: string): Plane =>
    async (request, arrival) =>
      jsonReply(200, { plane, host: request.host, arrival });
  const edge = new Edge({
    sockets: { tcp: () => assert.fail('no network'), udp: () => assert.fail('no network') },
    snapshot: () => worldOf(1),
    config: { certificate: undefined, domain: names.domain, hostDomain: names.hostDomain, listen: { host: '127.0.0.1', port: 8443 }, fabric: 'none' },
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
  const management = boundPort(managementFd);
  edge.listenHost({ managementFd, publicFd });
  t.after(() => edge.close());
  return { edge, management };
}

/** The proxy's own TLS, then CONNECT; the rest of the connection and the answer's head. */
async function connect(management: number, authority: string): Promise<{ socket: TLSSocket; head: string }> {
  const socket = tlsConnect({ port: management, host: '127.0.0.1', ca: ca.caPem, servername: 'localhost' });
  await once(socket, 'secureConnect');
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  const [first] = (await once(socket, 'data')) as [Buffer];
  return { socket, head: first.toString() };
}

// biome-ignore lint/suspicious/noExplicitAny: answers are read freely here.
async function ask(socket: TLSSocket, name: string, host = name): Promise<{ status: number; body: any }> {
  const inner = tlsConnect({ socket, ca: ca.caPem, servername: name });
  const request = plainRequest({ createConnection: () => inner, headers: { host }, path: '/v2/' });
  request.end();
  const [response] = await once(request, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  socket.destroy();
  return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) };
}

test('TLS inside TLS: a registry by its Azure name on the host, by the public side of the host', async (t) => {
  const { management } = start(t);
  const { socket, head } = await connect(management, 'myregistry.azurecr.io:443');
  assert.match(head, /^HTTP\/1\.1 200 /);
  const { status, body } = await ask(socket, 'myregistry.azurecr.io');
  assert.deepEqual([status, body.plane, body.host, body.arrival.via, body.arrival.source], [200, 'registry', 'myregistry.azurecr.io', 'public', '127.0.0.1']);
});

test('the management names keep their planes; a tunnel to one name serves no other', async (t) => {
  const { management } = start(t);
  const login = await connect(management, 'login.microsoftonline.com:443');
  assert.deepEqual((await ask(login.socket, 'login.microsoftonline.com')).body.plane, 'login');
  const crossed = await connect(management, 'myregistry.azurecr.io:443');
  assert.equal((await ask(crossed.socket, 'management.azure.com')).status, 421, 'the public side of the host serves registries only');
  const upward = await connect(management, 'management.azure.com:443');
  assert.equal((await ask(upward.socket, 'myregistry.azurecr.io')).status, 421);
});

test('everything else is refused in words that clients show, and kept for why', async (t) => {
  const { management, edge } = start(t);
  const { socket, head } = await connect(management, 'example.com:443');
  assert.match(head, /^HTTP\/1\.1 403 Not a name of this Postern[^\r]*\r\n/);
  if (!socket.closed) await once(socket, 'close');
  const [refusal] = edge.accessLog.refused(() => true, 1);
  assert.deepEqual([refusal?.method, refusal?.host, refusal?.status], ['CONNECT', 'example.com:443', 403]);
});

test('a client that goes away in its tunnel, or speaks no TLS there, takes nothing with it', async (t) => {
  const { management } = start(t);
  (await connect(management, 'myregistry.azurecr.io:443')).socket.destroy();
  const plain = await connect(management, 'myregistry.azurecr.io:443');
  plain.socket.on('error', () => {});
  plain.socket.resume();
  plain.socket.write('GET / HTTP/1.1\r\nHost: myregistry.azurecr.io\r\n\r\n');
  if (!plain.socket.closed) await once(plain.socket, 'close');
  const { socket } = await connect(management, 'myregistry.azurecr.io:443');
  assert.equal((await ask(socket, 'myregistry.azurecr.io')).status, 200);
});
