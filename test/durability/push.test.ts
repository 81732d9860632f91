/** A traced push: file synced, renamed, folder synced, record committed and synced, and only then the first byte of the 201. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { seeded } from '../random.ts';
import { freePorts, HostClient, instanceOf, killServer, mustPostern, POSTERN, startUntil, upFlags } from '../server.ts';
import { missingSteps, parseTrace } from './trace.ts';

const CALLS = 'read,readv,recvfrom,recvmsg,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat';
const REGISTRY = 'tracedregistry';
const folder = mkdtempSync(join(tmpdir(), 'postern-trace-'));
const data = join(folder, 'data');
const traceFile = join(folder, 'trace');
let tracer: ChildProcess;
/** What is kept open until the trace has ended. */
const agents: Agent[] = [];

before(async () => {
  const ports = (await freePorts(2)) as [number, number];
  tracer = await startUntil(['strace', '-f', '-yy', '-s', '0', '-o', traceFile, '-e', `trace=${CALLS}`, POSTERN, ...upFlags(data, ports, 'none')], /./);
  mustPostern(data, 'group', 'create', '--name', 'rg', '--location', 'westeurope');
  mustPostern(data, 'acr', 'create', '--name', REGISTRY, '--resource-group', 'rg', '--sku', 'Premium');
});
after(async () => {
  await endTrace();
  rmSync(folder, { recursive: true, force: true });
});

/** Ends the server, and with it the tracer: then the trace is whole. */
async function endTrace(): Promise<void> {
  const instance = instanceOf(data);
  if (instance) await killServer(instance);
  if (tracer && tracer.exitCode === null && tracer.signalCode === null) await new Promise((resolve) => tracer.once('exit', resolve));
}

const hexOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Sends the last request of a push on a connection of its own, after another one has ended the handshake, and leaves the connection open:
 * so the last that the server read there is the end of the body, and what it wrote then is the answer.
 */
async function finish(client: HostClient, path: string, options: { method: string; headers: Record<string, string>; body: Buffer }): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let clientPort = 0;
  await client.ask('/v2/', {
    agent,
    onPort: (port) => {
      clientPort = port;
    },
  });
  agents.push(agent);
  const answer = await client.ask(path, { ...options, agent });
  assert.equal(answer.status, 201, String(answer.body));
  assert.notEqual(clientPort, 0);
  return clientPort;
}

test('the 201 of a blob and of a manifest comes after everything is on disk', async () => {
  const client = new HostClient(data, REGISTRY);
  const authorization = await client.authorization('app');
  const random = seeded(7);
  const headers = { authorization, 'content-type': 'application/octet-stream' };
  const descriptors: { digest: string; size: number }[] = [];
  const pushes: { what: string; clientPort: number; hex: string }[] = [];
  // In one piece, then in two.
  for (const chunked of [false, true]) {
    const bytes = random.bytes(700_000);
    const hex = hexOf(bytes);
    const opened = await client.ask('/v2/app/blobs/uploads/', { method: 'POST', headers });
    let location = opened.headers.location as string;
    const first = chunked ? bytes.subarray(0, 300_000) : bytes.subarray(0, 0);
    if (chunked) {
      const appended = await client.ask(location, { method: 'PATCH', headers: { ...headers, 'content-range': `0-${first.length - 1}` }, body: first });
      location = appended.headers.location as string;
    }
    const url = `${location}${location.includes('?') ? '&' : '?'}digest=sha256:${hex}`;
    const clientPort = await finish(client, url, { method: 'PUT', headers, body: bytes.subarray(first.length) });
    pushes.push({ what: chunked ? 'a blob in two pieces' : 'a blob in one piece', clientPort, hex });
    descriptors.push({ digest: `sha256:${hex}`, size: bytes.length });
  }
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const [config, layer] = descriptors;
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
    }),
  );
  const clientPort = await finish(client, '/v2/app/manifests/v1', { method: 'PUT', headers: { authorization, 'content-type': mediaType }, body: manifest });
  pushes.push({ what: 'a manifest', clientPort, hex: hexOf(manifest) });

  await endTrace();
  for (const agent of agents) agent.destroy();
  const calls = parseTrace(readFileSync(traceFile, 'utf8'));
  for (const { what, clientPort, hex } of pushes) {
    const push = { clientPort, blobPath: join(data, 'blobs/sha256', hex.slice(0, 2), hex), logPath: join(data, 'postern.db-wal') };
    assert.deepEqual(missingSteps(calls, push), [], what);
    // The same trace without one of its steps does not pass: what was read is what counts.
    const without = (name: RegExp, path: string): string[] =>
      missingSteps(
        calls.filter((call) => !(name.test(call.name) && call.arguments.includes(`<${path}>`))),
        push,
      );
    assert.match(without(/sync$/, dirname(push.blobPath)).join(), /no sync of the folder/, what);
    assert.match(without(/sync$/, push.logPath).join(), /no sync of .*db-wal/, what);
    const file = /^"([^"]*)"/.exec(calls.find((call) => call.name.startsWith('rename') && call.arguments.includes(hex))?.arguments ?? '')?.[1] ?? '';
    assert.match(without(/sync$/, file).join(), /between its last bytes and its rename/, what);
    assert.match(
      missingSteps(
        calls.filter((call) => !call.name.startsWith('rename')),
        push,
      ).join(),
      /no rename/,
      what,
    );
  }
});
