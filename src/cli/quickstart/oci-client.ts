/**
 * A small OCI client that runs inside a machine: `oci-client.ts push|pull|hold HOST REPOSITORY TAG`.
 * It has the machine's identity from 169.254.169.254 and prints one line of JSON: digests, and the address every request went to.
 * `hold` begins the largest layer, says so, and reads on when a line comes in: for seeing a transfer cut.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { monotonicMs } from '#base/clock.ts';
import { bytesOf, client, type Exchange, exchange, expected, jsonOf, type Reply, report } from './exchange.ts';
import { assemble, type Part } from './image.ts';

const METADATA = 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fcontainerregistry.azure.net';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
/** Larger layers go up in chunks of this. */
const CHUNK_BYTES = 8 * 1024 * 1024;
/** How much of a held transfer is read before it waits. */
const HELD_BYTES = 1024 * 1024;

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

const [action = '', host = '', repository = '', tag = ''] = process.argv.slice(2);
const base = `https://${host}/v2/${repository}`;
const exchanges: Exchange[] = [];

await client(async () => {
  const start = monotonicMs();
  const authorization = await authorize(action === 'push' ? 'pull,push' : 'pull');
  const result = action === 'push' ? await push(authorization) : action === 'pull' ? await pull(authorization) : await hold(authorization);
  return { ...result, ms: Math.round(monotonicMs() - start), exchanges };
});

/** Challenge, the machine's identity, exchange, access token (Azure's docs/AAD-OAuth: `/oauth2/exchange`, `/oauth2/token`). */
async function authorize(actions: string): Promise<Record<string, string>> {
  const challenge = await expected(await exchange(exchanges, 'GET', `https://${host}/v2/`), 401);
  await bytesOf(challenge);
  const header = String(challenge.headers['www-authenticate']);
  const field = (name: string): string => {
    const value = new RegExp(`${name}="([^"]*)"`).exec(header)?.[1];
    if (value === undefined) throw new Error(`the challenge has no ${name}: ${header}`);
    return value;
  };
  const realm = field('realm');
  const service = field('service');
  const identity = await jsonOf(await expected(await exchange(exchanges, 'GET', METADATA, { headers: { metadata: 'true' } }), 200));
  const post = async (url: string, form: Record<string, string>): Promise<Record<string, unknown>> =>
    jsonOf(
      await expected(
        await exchange(exchanges, 'POST', url, {
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams(form).toString(),
        }),
        200,
      ),
    );
  const { refresh_token } = await post(new URL('/oauth2/exchange', realm).href, {
    grant_type: 'access_token',
    service,
    access_token: String(identity.access_token),
  });
  const { access_token } = await post(realm, {
    grant_type: 'refresh_token',
    service,
    scope: `repository:${repository}:${actions}`,
    refresh_token: String(refresh_token),
  });
  return { authorization: `Bearer ${String(access_token)}` };
}

async function push(authorization: Record<string, string>): Promise<object> {
  const image = assemble();
  let sent = 0;
  for (const part of [...image.layers, image.config]) {
    const there = await exchange(exchanges, 'HEAD', `${base}/blobs/${part.digest}`, { headers: authorization });
    await bytesOf(there);
    if (there.exchange.status === 200) continue;
    await upload(part, authorization);
    sent += part.bytes.length;
  }
  const put = await expected(
    await exchange(exchanges, 'PUT', `${base}/manifests/${tag}`, { headers: { ...authorization, 'content-type': MANIFEST }, body: image.manifest.bytes }),
    201,
  );
  await bytesOf(put);
  return { digest: image.manifest.digest, layers: image.layers.map(({ digest, bytes }) => ({ digest, size: bytes.length })), bytes: sent };
}

/** distribution-spec "Pushing blobs": POST then PUT, with PATCH in between for what is large. */
async function upload(part: Part, authorization: Record<string, string>): Promise<void> {
  const begun = await expected(await exchange(exchanges, 'POST', `${base}/blobs/uploads/`, { headers: authorization }), 202);
  await bytesOf(begun);
  let location = locationOf(begun);
  let offset = 0;
  if (part.bytes.length > CHUNK_BYTES) {
    for (; offset < part.bytes.length; offset += CHUNK_BYTES) {
      const chunk = part.bytes.subarray(offset, offset + CHUNK_BYTES);
      const headers = { ...authorization, 'content-type': 'application/octet-stream', 'content-range': `${offset}-${offset + chunk.length - 1}` };
      const patched = await expected(await exchange(exchanges, 'PATCH', location, { headers, body: chunk }), 202);
      await bytesOf(patched);
      location = locationOf(patched);
    }
  }
  const url = new URL(location);
  url.searchParams.set('digest', part.digest);
  const rest = part.bytes.subarray(offset);
  const finished = await expected(
    await exchange(exchanges, 'PUT', url.href, { headers: { ...authorization, 'content-type': 'application/octet-stream' }, body: rest }),
    201,
  );
  await bytesOf(finished);
}

function locationOf(reply: Reply): string {
  return new URL(String(reply.headers.location), `https://${reply.exchange.host}`).href;
}

async function manifest(authorization: Record<string, string>): Promise<{ digest: string; layers: readonly Descriptor[]; config: Descriptor }> {
  const reply = await expected(await exchange(exchanges, 'GET', `${base}/manifests/${tag}`, { headers: { ...authorization, accept: MANIFEST } }), 200);
  const bytes = await bytesOf(reply);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (reply.headers['docker-content-digest'] !== digest)
    throw new Error(`the manifest's digest is ${digest}, its header says ${reply.headers['docker-content-digest']}`);
  return { digest, ...(JSON.parse(bytes.toString('utf8')) as { layers: Descriptor[]; config: Descriptor }) };
}

/** A blob's reply: from the redirect's target, which needs no authorization, where there is one. */
async function blob(digest: string, authorization: Record<string, string>): Promise<Reply> {
  const reply = await expected(await exchange(exchanges, 'GET', `${base}/blobs/${digest}`, { headers: authorization }), 200, 307);
  if (reply.exchange.status === 200) return reply;
  await bytesOf(reply);
  return expected(await exchange(exchanges, 'GET', locationOf(reply)), 200);
}

async function pull(authorization: Record<string, string>): Promise<object> {
  const { digest, layers, config } = await manifest(authorization);
  let bytes = 0;
  const fetched: object[] = [];
  for (const descriptor of [config, ...layers]) {
    const reply = await blob(descriptor.digest, authorization);
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of reply.body) {
      hash.update(chunk as Buffer);
      size += (chunk as Buffer).length;
    }
    const seen = `sha256:${hash.digest('hex')}`;
    if (seen !== descriptor.digest || size !== descriptor.size)
      throw new Error(`blob ${descriptor.digest} (${descriptor.size} bytes) arrived as ${seen} (${size} bytes)`);
    bytes += size;
    fetched.push({ digest: seen, size, host: reply.exchange.host, address: reply.exchange.address });
  }
  return { digest, blobs: fetched, bytes };
}

async function hold(authorization: Record<string, string>): Promise<object> {
  const { layers } = await manifest(authorization);
  const largest = layers.reduce((a, b) => (b.size > a.size ? b : a));
  const reply = await blob(largest.digest, authorization);
  let received = 0;
  let held = false;
  try {
    for await (const chunk of reply.body) {
      received += (chunk as Buffer).length;
      if (!held && received >= HELD_BYTES) {
        held = true;
        report({ event: 'in-flight', received, size: largest.size, address: reply.exchange.address, host: reply.exchange.host });
        await once(process.stdin, 'data');
      }
    }
  } catch (error) {
    return { cut: true, code: (error as NodeJS.ErrnoException).code, received, size: largest.size };
  } finally {
    process.stdin.destroy();
  }
  return { cut: false, received, size: largest.size };
}
