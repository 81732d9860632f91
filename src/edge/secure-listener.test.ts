import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect as connectRaw, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { boundPort, openListener } from '#fabric/sockets.ts';
import { jsonReply } from '#http/message.ts';
import { CertificateAuthority } from '#identity/certificate-authority.ts';
import { listenSecurely } from './secure-listener.ts';

async function listening(t: TestContext, handshakeMs: number): Promise<{ port: number; ca: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-listener-'));
  const ca = await CertificateAuthority.open({ folder, clock: systemClock, permittedDomains: ['localhost'] });
  const fd = openListener('127.0.0.1', 0);
  const port = boundPort(fd);
  const listener = listenSecurely({
    fd,
    name: 'test',
    log: silentLog,
    unnamed: ca.leaf(['localhost']),
    accept: () => ({ arrival: { via: 'management', listener: 'test', peer: '127.0.0.1' } }),
    contextOf: () => undefined,
    handle: async () => jsonReply(200, {}),
    onError: (error) => assert.fail(error),
    handshakeMs,
  });
  t.after(async () => {
    await listener.close(0);
    rmSync(folder, { recursive: true });
  });
  return { port, ca: ca.caPem };
}

/** The bytes that begin a ClientHello of 512 bytes (RFC 8446 section 5.1). */
const HELLO = Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 0xfc]);

for (const [what, begin] of [
  ['says nothing', () => undefined],
  ['stops in the midst of its hello', (socket: Socket) => void socket.write(HELLO)],
  [
    'sends its hello byte by byte',
    (socket: Socket) => {
      socket.write(HELLO);
      const drip = setInterval(() => socket.write('\x03'), 20);
      socket.once('close', () => clearInterval(drip));
    },
  ],
] as const)
  test(`a client that ${what} is let go when its handshake is due`, { timeout: 10_000 }, async (t) => {
    const { port } = await listening(t, 200);
    const socket = connectRaw(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    await once(socket, 'connect');
    begin(socket);
    await closed(socket);
  });

/** When it is closed, by a reset too: `once` would reject at the error that comes first. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

test('a connection whose handshake was in time stays', { timeout: 10_000 }, async (t) => {
  const { port, ca } = await listening(t, 300);
  const socket = connectTls({ host: '127.0.0.1', port, ca, checkServerIdentity: () => undefined });
  await once(socket, 'secureConnect');
  let gone = false;
  socket.once('close', () => {
    gone = true;
  });
  // What is waited for is that nothing happens: a second client's whole time passes meanwhile.
  const silent = connectRaw(port, '127.0.0.1').on('error', () => {});
  silent.resume();
  await closed(silent);
  assert.equal(gone, false);
  socket.destroy();
});

test('connections that were handed over end with the listener as its own do', { timeout: 10_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-listener-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const ca = await CertificateAuthority.open({ folder, clock: systemClock, permittedDomains: ['localhost'] });
  const listener = listenSecurely({
    name: 'test',
    log: silentLog,
    unnamed: ca.leaf(['localhost']),
    contextOf: () => undefined,
    handle: async () => jsonReply(200, {}),
    onError: (error) => assert.fail(error),
  });
  const front = createServer((socket) => listener.take(socket, { arrival: { via: 'management', listener: 'test', peer: '127.0.0.1' } }));
  await once(front.listen(0, '127.0.0.1'), 'listening');
  t.after(() => front.close());
  const socket = connectTls({ port: (front.address() as AddressInfo).port, host: '127.0.0.1', ca: ca.caPem, checkServerIdentity: () => undefined });
  await once(socket, 'secureConnect');
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'data');
  // So long that only the end of what is idle can be what closes it.
  await Promise.all([once(socket, 'close'), listener.close(600_000)]);
});
