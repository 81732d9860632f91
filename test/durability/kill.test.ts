/** SIGKILL at many points of pushes: nothing that was acknowledged is lost, and nothing is shown that is not whole. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Random, seeded } from '../random.ts';
import { type Answer, type Ask, freePorts, HostClient, type Instance, instanceOf, killServer, mustPostern, postern, upFlags } from '../server.ts';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 40);
const SEED = Number(process.env.KILL_SEED ?? 20260101);
const REGISTRY = 'killregistry';
const REPOSITORY = 'app/api';
const MEDIA_TYPE = 'application/vnd.oci.image.manifest.v1+json';

const folder = mkdtempSync(join(tmpdir(), 'postern-kill-'));
const data = join(folder, 'data');
after(async () => {
  const instance = instanceOf(data);
  if (instance) await killServer(instance);
  rmSync(folder, { recursive: true, force: true });
});

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** What a client knows of what it sent: acknowledged means that it has read a 201. */
const acknowledged = { blobs: new Map<string, number>(), tags: new Map<string, string>() };
const attempted = { blobs: new Set<string>(), tags: new Map<string, string>() };

test(`nothing acknowledged is lost over ${ROUNDS} kills (seed ${SEED})`, async (context) => {
  const random = seeded(SEED);
  const ports = (await freePorts(2)) as [number, number];
  const up = (): Instance => {
    mustPostern(data, ...upFlags(data, ports, 'none'), '--detach');
    return instanceOf(data) as Instance;
  };
  let instance = up();
  mustPostern(data, 'group', 'create', '--name', 'rg', '--location', 'westeurope');
  mustPostern(data, 'acr', 'create', '--name', REGISTRY, '--resource-group', 'rg', '--sku', 'Premium');
  let interrupted = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const client = new HostClient(data, REGISTRY);
    const authorization = await client.authorization(REPOSITORY);
    // At a point that is counted in answers, so that a slow machine is killed as far into its work as a quick one; then anywhere within the next request.
    const point = progress(random.below(30));
    const pushes = [push(client, authorization, random, `r${round}a`, point.answered), push(client, authorization, random, `r${round}b`, point.answered)];
    await Promise.race([point.reached, Promise.all(pushes)]);
    await new Promise((resolve) => setTimeout(resolve, random.below(12)));
    await killServer(instance);
    interrupted += (await Promise.all(pushes)).filter((inMiddle) => inMiddle).length;
    instance = up();
    await verify(new HostClient(data, REGISTRY));
  }
  // Nor may a later kill take what an earlier round had seen.
  for (const digest of acknowledged.blobs.keys()) attempted.blobs.add(digest);
  for (const [tag, digest] of acknowledged.tags) attempted.tags.set(tag, digest);
  await verify(new HostClient(data, REGISTRY));
  const { status, stdout } = postern(data, 'status', '-o', 'json');
  assert.equal(status, 0, stdout);
  context.diagnostic(`${acknowledged.tags.size} tags and ${acknowledged.blobs.size} blobs acknowledged, ${interrupted} requests cut off`);
  // Which push is how far when the kill comes is the scheduler's doing: some must have got through whole, most must have been cut.
  assert.ok(acknowledged.tags.size > ROUNDS / 5, `only ${acknowledged.tags.size} tags were acknowledged: the kills came too early to show anything`);
  assert.ok(interrupted > ROUNDS / 2, `only ${interrupted} requests were cut off: the kills came too late to show anything`);
});

/** Is reached when so many answers have been told to it. */
function progress(answers: number): { reached: Promise<void>; answered: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = answers;
  if (left === 0) resolve();
  return {
    reached: promise,
    answered: () => {
      left--;
      if (left === 0) resolve();
    },
  };
}

/** Pushes images one after the other until the server is gone; says whether a request was cut off in the middle. */
async function push(client: HostClient, authorization: string, random: Random, name: string, answered: () => void): Promise<boolean> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async (path: string, options: Ask): Promise<Answer> => {
    const answer = await client.ask(path, { ...options, agent });
    answered();
    return answer;
  };
  const base = `/v2/${REPOSITORY}`;
  try {
    for (let count = 0; ; count++) {
      const descriptors: { digest: string; size: number }[] = [];
      for (const size of [random.below(300), random.below(400_000)]) {
        const bytes = random.bytes(size);
        const digest = digestOf(bytes);
        attempted.blobs.add(digest);
        const headers = { authorization, 'content-type': 'application/octet-stream' };
        const opened = await ask(`${base}/blobs/uploads/`, { method: 'POST', headers });
        assert.equal(opened.status, 202, String(opened.body));
        let location = opened.headers.location as string;
        let rest = bytes;
        if (random.below(2) === 0) {
          const half = bytes.subarray(0, size >> 1);
          rest = bytes.subarray(half.length);
          const range = { 'content-range': `0-${half.length - 1}` };
          const appended = await ask(location, { method: 'PATCH', headers: half.length > 0 ? { ...headers, ...range } : headers, body: half });
          assert.equal(appended.status, 202, String(appended.body));
          location = appended.headers.location as string;
        }
        const committed = await ask(`${location}${location.includes('?') ? '&' : '?'}digest=${digest}`, { method: 'PUT', headers, body: rest });
        assert.equal(committed.status, 201, String(committed.body));
        acknowledged.blobs.set(digest, size);
        descriptors.push({ digest, size });
      }
      const [config, layer] = descriptors;
      const manifest = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: MEDIA_TYPE,
          config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
          layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
        }),
      );
      const tag = `${name}-${count}`;
      attempted.tags.set(tag, digestOf(manifest));
      const tagged = await ask(`${base}/manifests/${tag}`, {
        method: 'PUT',
        headers: { authorization, 'content-type': MEDIA_TYPE },
        body: manifest,
      });
      assert.equal(tagged.status, 201, String(tagged.body));
      acknowledged.tags.set(tag, digestOf(manifest));
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED') return false;
    if (code === 'ECONNRESET' || code === 'EPIPE' || (error as Error).message === 'aborted') return true;
    throw error;
  } finally {
    agent.destroy();
  }
}

/** What was acknowledged is there with the right bytes; what was not is absent or whole. */
async function verify(client: HostClient): Promise<void> {
  const authorization = await client.authorization(REPOSITORY);
  const listed = await client.ask(`/v2/${REPOSITORY}/tags/list?n=1000`, { headers: { authorization } });
  const tags = new Set(listed.status === 404 ? [] : (JSON.parse(listed.body.toString()) as { tags: string[] }).tags);
  for (const [tag, digest] of attempted.tags) {
    const found = await client.get(`/v2/${REPOSITORY}/manifests/${tag}`, authorization);
    if (acknowledged.tags.has(tag)) assert.equal(found.status, 200, `the acknowledged tag ${tag} is gone`);
    assert.equal(tags.has(tag), found.status === 200, `${tag}: the list and the tag disagree`);
    if (found.status !== 200) continue;
    assert.equal(digestOf(found.body), digest, `the manifest of ${tag} changed`);
    const { config, layers } = JSON.parse(found.body.toString()) as { config: { digest: string }; layers: { digest: string }[] };
    for (const { digest: blob } of [config, ...layers]) assert.ok(acknowledged.blobs.has(blob), `${tag} refers to a blob that was never acknowledged`);
  }
  for (const digest of attempted.blobs) {
    const size = acknowledged.blobs.get(digest);
    const head = await client.ask(`/v2/${REPOSITORY}/blobs/${digest}`, { method: 'HEAD', headers: { authorization } });
    if (size !== undefined) assert.equal(head.status, 200, `the acknowledged blob ${digest} is gone`);
    if (head.status !== 200) continue;
    const found = await client.get(`/v2/${REPOSITORY}/blobs/${digest}`, authorization);
    assert.equal(found.status, 200, digest);
    assert.equal(digestOf(found.body), digest);
  }
  // The next round need not read this again; the last one does.
  attempted.blobs.clear();
  attempted.tags.clear();
  for (const [name, path] of blobFiles()) assert.equal(createHash('sha256').update(readFileSync(path)).digest('hex'), name, `${path} is not what it is named`);
}

/** Every blob file on disk, by name. */
function blobFiles(): [string, string][] {
  const root = join(data, 'blobs/sha256');
  return (readdirSync(root, { recursive: true, withFileTypes: true }) as { name: string; parentPath: string; isFile(): boolean }[])
    .filter((entry) => entry.isFile())
    .map((entry) => [entry.name, join(entry.parentPath, entry.name)]);
}
