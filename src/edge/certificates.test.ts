import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, createServer, type SecureContext } from 'node:tls';
import { FakeClock } from '#base/clock.ts';
import type { DomainName } from '#base/domain-name.ts';
import { silentLog } from '#base/log.ts';
import { CertificateAuthority, type Leaf } from '#identity/certificate-authority.ts';
import { Certificates } from './certificates.ts';
import { worldOf } from './world.fixture.ts';

const DAY_MS = 86_400_000;
let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-certificates-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function certificates(options: { domain?: string; hostDomain?: string; own?: { certificateFile: string; keyFile: string } } = {}) {
  const clock = new FakeClock();
  const { domain = 'azurecr.io', hostDomain = 'localhost' } = options;
  const ca = await CertificateAuthority.open({ folder: mkdtempSync(join(folder, 'ca-')), clock, permittedDomains: [domain, hostDomain] });
  const config = { certificate: options.own, domain: domain as DomainName, hostDomain: hostDomain as DomainName, listen: { host: '127.0.0.1', port: 8443 } };
  return { clock, ca, shown: new Certificates({ ca, config, clock, log: silentLog }) };
}

/** The certificate that a context shows to a client. */
async function seen(context: SecureContext): Promise<X509Certificate> {
  const server = createServer({ SNICallback: (_name, done) => done(null, context) }, (socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, servername: 'any.test', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate() as X509Certificate;
  socket.destroy();
  server.close();
  return certificate;
}

test('one leaf serves all names of a domain, and is remade when a region appears', async () => {
  const { shown } = await certificates();
  const world = worldOf(1);
  const login = shown.forName('myregistry.azurecr.io', world);
  assert.equal(shown.forName('other.westeurope.data.azurecr.io', world), login);
  const certificate = await seen(login);
  assert.ok(certificate.checkHost('other.azurecr.io') && certificate.checkHost('other.westeurope.data.azurecr.io'));
  assert.equal(certificate.checkHost('other.eastus.data.azurecr.io'), undefined);
  const wider = await seen(shown.forName('myregistry.azurecr.io', worldOf(2, { regions: ['westeurope', 'eastus'] })));
  assert.ok(wider.checkHost('other.eastus.data.azurecr.io'));
  for (const name of ['login.microsoftonline.com', 'graph.microsoft.com', 'mcr.microsoft.com'])
    assert.ok((await seen(shown.forName('management.azure.com', world))).checkHost(name), name);
});

test('under a domain of one label each registry has a leaf that clients take', async () => {
  const { shown } = await certificates();
  const world = worldOf(1);
  assert.ok((await seen(shown.forName('myregistry.localhost', world))).subjectAltName?.includes('DNS:myregistry.localhost'));
  assert.ok((await seen(shown.forName('myregistry.westeurope.data.localhost', world))).checkHost('other.westeurope.data.localhost'));
  assert.ok((await seen(shown.forName('localhost', world))).checkHost('localhost'));
});

test('a leaf is renewed when 30 days are left', async () => {
  const { shown, clock } = await certificates();
  const world = worldOf(1);
  const [first, unnamed] = [shown.forName('myregistry.azurecr.io', world), shown.forAddresses()];
  clock.advance(59 * DAY_MS);
  assert.equal(shown.forName('myregistry.azurecr.io', world), first);
  assert.equal(shown.forAddresses(), unnamed);
  clock.advance(DAY_MS);
  const second = shown.forName('myregistry.azurecr.io', world);
  assert.notEqual(second, first);
  assert.equal(Date.parse((await seen(second)).validTo), clock.now() + 90 * DAY_MS);
  assert.notEqual(shown.forAddresses(), unnamed);
});

test('the leaf for addresses names the loopback', async () => {
  const { shown } = await certificates();
  const certificate = new X509Certificate(shown.forAddresses().certificate);
  assert.ok(certificate.checkIP('127.0.0.1') && certificate.checkIP('::1') && certificate.checkHost('localhost'));
});

test('an own certificate is shown for its names, and read again when its files change', async () => {
  const { ca, clock } = await certificates({ domain: 'registry.example.com' });
  const own = { certificateFile: join(folder, 'own.pem'), keyFile: join(folder, 'own.key') };
  const write = ({ certificate, key }: Leaf, atSeconds: number): void => {
    writeFileSync(own.certificateFile, certificate);
    writeFileSync(own.keyFile, key);
    for (const file of Object.values(own)) utimesSync(file, atSeconds, atSeconds);
  };
  const serial = ({ certificate }: Leaf): string => new X509Certificate(certificate).serialNumber;
  const first = ca.leaf(['*.registry.example.com']);
  write(first, 1000);
  const { shown, clock: ours } = await certificates({ domain: 'registry.example.com', own });
  const world = worldOf(1, { domain: 'registry.example.com' });
  const show = async (name = 'myregistry.registry.example.com') => (await seen(shown.forName(name, world))).serialNumber;
  assert.equal(await show(), serial(first));
  assert.notEqual(await show('myregistry.westeurope.data.registry.example.com'), serial(first), 'not one of its names');

  const second = ca.leaf(['*.registry.example.com']);
  write(second, 2000);
  ours.advance(2000);
  assert.equal(await show(), serial(second));

  // Half-written: the certificate is there, its key is not yet.
  const third = ca.leaf(['*.registry.example.com']);
  writeFileSync(own.certificateFile, third.certificate);
  ours.advance(2000);
  assert.equal(await show(), serial(second), 'the last good one stays');
  write(third, 3000);
  ours.advance(2000);
  assert.equal(await show(), serial(third));
  assert.ok(clock.now() > 0);
});

test('an own certificate that cannot be used is told at the start, by its file', async () => {
  const own = { certificateFile: join(folder, 'absent.pem'), keyFile: join(folder, 'absent.key') };
  await assert.rejects(
    certificates({ own }),
    (thrown: Error & { code?: string }) =>
      thrown.code === 'CertificateUnusable' && /absent\.pem' with the key .* cannot be used: ENOENT: .+\. Give PEM/.test(thrown.message),
  );
});

test('an own certificate for none of our names is told at the start, with both sides', async () => {
  const own = { certificateFile: join(folder, 'foreign.pem'), keyFile: join(folder, 'foreign.key') };
  const { ca } = await certificates({ domain: 'registry.example.com' });
  for (const names of [['*.other.registry.example.com.evil'], ['*.localhost'], ['registry.example.com']]) {
    const leaf = ca.leaf(names);
    writeFileSync(own.certificateFile, leaf.certificate);
    writeFileSync(own.keyFile, leaf.key);
    await assert.rejects(
      certificates({ domain: 'registry.example.com', own }),
      (thrown: Error) => thrown.message.includes(names[0] as string) && /served below registry\.example\.com and localhost/.test(thrown.message),
    );
  }
});
