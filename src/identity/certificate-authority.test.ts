import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { FakeClock, systemClock } from '#base/clock.ts';
import { CertificateAuthority, LEAF_LIFETIME_MS, type Leaf } from './certificate-authority.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'postern-ca-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What a real TLS client that trusts only the authority says of a leaf: undefined when it takes it. */
async function objection(caPem: string, leaf: Leaf, servername: string): Promise<string | undefined> {
  const server = createServer({ key: leaf.key, cert: leaf.certificate }, (socket) => socket.end()).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => {});
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const byName = servername.includes('.') && !/^[0-9.]+$/.test(servername);
  const socket = connect({ host: '127.0.0.1', port: address.port, ca: caPem, ...(byName ? { servername } : {}) });
  try {
    return await new Promise((resolve) => {
      socket.once('secureConnect', () => resolve(undefined));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.message));
    });
  } finally {
    socket.destroy();
    server.close();
  }
}

test('clients that trust the authority take leaves for our names, and none for others', async (t) => {
  const ca = await CertificateAuthority.open({ folder: folder(t), clock: systemClock, permittedDomains: ['azurecr.io', 'localhost'] });
  const leaf = ca.leaf(['*.azurecr.io', '*.westeurope.data.azurecr.io', 'management.azure.com', '127.0.0.1', '::1']);
  assert.equal(await objection(ca.caPem, leaf, 'myregistry.azurecr.io'), undefined);
  assert.equal(await objection(ca.caPem, leaf, 'myregistry.westeurope.data.azurecr.io'), undefined);
  assert.equal(await objection(ca.caPem, leaf, 'management.azure.com'), undefined);
  assert.equal(await objection(ca.caPem, leaf, '127.0.0.1'), undefined);
  assert.match((await objection(ca.caPem, leaf, 'login.microsoftonline.com')) ?? '', /does not match certificate/);
  assert.equal(await objection(ca.caPem, ca.leaf(['www.example.org']), 'www.example.org'), 'permitted subtree violation');
  assert.equal(await objection(ca.caPem, ca.leaf(['azure.com']), 'azure.com'), 'permitted subtree violation');
  assert.equal(await objection(ca.caPem, ca.leaf(['10.0.0.5', '127.0.0.1']), '127.0.0.1'), 'permitted subtree violation');
});

test('the authority is kept over starts, its key readable by its owner only', async (t) => {
  const path = folder(t);
  const clock = new FakeClock();
  const first = await CertificateAuthority.open({ folder: path, clock, permittedDomains: ['azurecr.io'] });
  const second = await CertificateAuthority.open({ folder: path, clock, permittedDomains: ['azurecr.io'] });
  assert.equal(second.caPem, first.caPem);
  assert.equal(statSync(join(path, 'ca-key.pem')).mode & 0o777, 0o600);
  const leaf = new X509Certificate(second.leaf(['a.azurecr.io']).certificate);
  const ca = new X509Certificate(first.caPem);
  assert.ok(leaf.checkIssued(ca) && leaf.verify(ca.publicKey));
  assert.equal(ca.ca, true);
  assert.equal(leaf.ca, false);
  assert.equal(leaf.checkHost('a.azurecr.io'), 'a.azurecr.io');
});

test('another domain, or the approaching end, makes another authority', async (t) => {
  const path = folder(t);
  const clock = new FakeClock();
  const first = await CertificateAuthority.open({ folder: path, clock, permittedDomains: ['azurecr.io'] });
  const second = await CertificateAuthority.open({ folder: path, clock, permittedDomains: ['registry.example.com'] });
  assert.notEqual(second.caPem, first.caPem);
  clock.advance(9.5 * 365 * 86_400_000);
  const third = await CertificateAuthority.open({ folder: path, clock, permittedDomains: ['registry.example.com'] });
  assert.notEqual(third.caPem, second.caPem);
});

test('a leaf holds 90 days from now by the given clock', async (t) => {
  const clock = new FakeClock();
  const ca = await CertificateAuthority.open({ folder: folder(t), clock, permittedDomains: ['azurecr.io'] });
  const leaf = ca.leaf(['a.azurecr.io']);
  assert.equal(leaf.notAfterMs, clock.now() + LEAF_LIFETIME_MS);
  assert.equal(Date.parse(new X509Certificate(leaf.certificate).validTo), leaf.notAfterMs);
});
