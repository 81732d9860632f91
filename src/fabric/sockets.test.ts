import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Fault } from '#base/fault.ts';
import { boundPort, close, lockFile, openListener } from './sockets.ts';

const fault = (code: string, text: RegExp) => (thrown: unknown) => thrown instanceof Fault && thrown.code === code && text.test(thrown.message);

test('a listener of the host is served by Node once its descriptor is handed over', async () => {
  const hosts = ['127.0.0.1', 'localhost', ...(/^0{31}1 /m.test(readIfThere('/proc/net/if_inet6')) ? ['::1'] : [])];
  for (const host of hosts) {
    const fd = openListener(host, 0);
    const port = boundPort(fd);
    assert.ok(port > 0);
    const server = createServer((socket) => socket.end('hello')).listen({ fd });
    const client = connect(port, host === 'localhost' ? '127.0.0.1' : host);
    const [data] = await once(client, 'data');
    assert.equal(String(data), 'hello');
    client.destroy();
    server.close();
  }
});

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

test('a port in use is a fault that names its holder and the flag, also before the first one is served', () => {
  const fd = openListener('127.0.0.1', 0);
  try {
    assert.throws(() => openListener('127.0.0.1', boundPort(fd), 'public'), fault('AddressInUse', new RegExp(`process ${process.pid} .*--public`)));
  } finally {
    close(fd);
  }
});

test('an address that the host has not, and a text that is no address, are told apart', () => {
  assert.throws(() => openListener('192.0.2.1', 0), fault('AddressNotOnThisHost', /--listen/));
  assert.throws(() => openListener('example.test', 0), fault('InvalidFlag', /--listen: 'example.test' is not an IP address/));
});

test('a lock is held once, names its holder, and is free after release', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-lock-'));
  try {
    const path = join(folder, 'lock');
    const lock = await lockFile(path, process.ppid);
    assert.equal(readFileSync(path, 'utf8'), `${process.ppid}\n`);
    await assert.rejects(lockFile(path, process.pid), fault('FolderInUse', new RegExp(`${folder} is in use by process ${process.ppid}\\b`)));
    lock.release();
    lock.release();
    (await lockFile(path, process.pid)).release();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a holder that died just now is waited for', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-lock-'));
  try {
    const path = join(folder, 'lock');
    // The lock outlives the process named in it, as when a world is still being torn down by the kernel.
    const dead = spawn('true');
    await once(dead, 'exit');
    const script = `import { lockFile } from ${JSON.stringify(import.meta.resolve('./sockets.ts'))}; await lockFile(process.argv[1], ${dead.pid}); console.log('held'); process.stdin.resume();`;
    const dying = spawn(process.execPath, ['--input-type=module', '-e', script, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(dying.stdout, 'data');
    const waiting = lockFile(path, process.pid);
    setImmediate(() => dying.kill('SIGKILL'));
    (await waiting).release();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('patience ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-lock-'));
  try {
    const path = join(folder, 'lock');
    const lock = await lockFile(path, process.pid);
    writeFileSync(path, '');
    await assert.rejects(lockFile(path, process.pid, 100), fault('FolderInUse', /another process/));
    lock.release();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
