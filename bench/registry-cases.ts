/** Bytes and manifests over TLS at the host's public listener, against docker-registry, nginx and openssl. */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { seeded } from '../test/random.ts';
import { freePorts, HostClient, mustPostern, upFlags } from '../test/server.ts';
import { type Contender, compare } from './measure.ts';
import { certificate, dockerRegistry, nginx } from './peers.ts';
import type { Result } from './report.ts';

const run = promisify(execFile);
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** curl's rate in MB/s for one request; the certificate is not verified, for nobody. */
async function curl(variable: 'speed_download' | 'speed_upload', ...args: string[]): Promise<number> {
  const { stdout } = await run('curl', ['-sk', '--fail', '-o', '/dev/null', '-w', `%{http_code} %{${variable}}`, ...args]);
  const [status, speed] = stdout.split(' ');
  if (!/^20/.test(status as string)) throw new Error(`${args.at(-1)} answered ${status}`);
  return Number(speed) / 1e6;
}

/** A registry as these cases use it: its base URL and the Authorization header, if it wants one. */
interface Subject {
  readonly name: string;
  readonly base: string;
  readonly authorization: () => Promise<string[]>;
}

async function uploadUrl({ base, authorization }: Subject, repository: string): Promise<string> {
  const { stdout } = await run('curl', [
    '-sk',
    '-D',
    '-',
    '-o',
    '/dev/null',
    '-X',
    'POST',
    ...(await authorization()),
    '-H',
    'Content-Length: 0',
    `${base}/v2/${repository}/blobs/uploads/`,
  ]);
  const location = /^location: *(\S+)/im.exec(stdout)?.[1];
  if (!location) throw new Error(`no upload at ${base}:\n${stdout}`);
  return new URL(location, base).href;
}

async function push(subject: Subject, repository: string, file: string, digest: string): Promise<number> {
  const url = new URL(await uploadUrl(subject, repository));
  url.searchParams.set('digest', digest);
  return curl('speed_upload', '-T', file, '-H', 'Expect:', '-H', 'Content-Type: application/octet-stream', ...(await subject.authorization()), url.href);
}

async function requestsPerSecond(url: string, headers: readonly string[], seconds: number): Promise<number> {
  const { stdout } = await run('wrk', ['-t1', '-c16', `-d${seconds}s`, ...headers, url]);
  if (/Non-2xx/.test(stdout)) throw new Error(`${url}:\n${stdout}`);
  return Number(/Requests\/sec:\s*([\d.]+)/.exec(stdout)?.[1]);
}

export async function* registryCases(options: { folder: string; data: string; rounds: number; quick: boolean }): AsyncGenerator<Result> {
  const { folder, data, rounds, quick } = options;
  const [managementPort, publicPort, nginxPort, registryPort] = (await freePorts(4)) as [number, number, number, number];
  mustPostern(data, ...upFlags(data, [managementPort, publicPort], 'none'), '--detach');
  mustPostern(data, 'group', 'create', '-n', 'rg', '-l', 'westeurope');
  mustPostern(data, 'acr', 'create', '-n', 'bench', '-g', 'rg', '--sku', 'Premium');
  const client = new HostClient(data, 'bench');
  const token = await client.authorization('app');
  const postern: Subject = { name: 'Postern', base: `https://bench.localhost:${publicPort}`, authorization: async () => ['-H', `Authorization: ${token}`] };

  const size = (quick ? 64 : 256) * 1024 * 1024;
  const root = join(folder, 'www');
  mkdirSync(root, { recursive: true });
  const blob = seeded(1).bytes(size);
  const digest = digestOf(blob);
  const file = join(root, 'blob');
  writeFileSync(file, blob);
  const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
  const configFile = join(folder, 'config.json');
  writeFileSync(configFile, config);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size }],
    }),
  );
  writeFileSync(join(root, 'manifest'), manifest);

  const tls = certificate(folder);
  const web = await nginx(folder, nginxPort, root, tls);
  const other = await dockerRegistry(folder, registryPort, tls);
  const peer: Subject = { name: 'docker-registry 2.8 (Debian)', base: `https://127.0.0.1:${registryPort}`, authorization: async () => [] };
  try {
    for (const subject of [postern, peer]) {
      await push(subject, 'app', file, digest);
      await push(subject, 'app', configFile, digestOf(config));
      const headers = [...(await subject.authorization()), '-H', `Content-Type: ${MANIFEST_TYPE}`];
      await curl('speed_upload', '-T', join(root, 'manifest'), '-H', 'Expect:', ...headers, `${subject.base}/v2/app/manifests/v1`);
    }
    const megabytes = `${size / 1024 / 1024} MiB`;

    const pull = (subject: Subject): Contender => ({
      name: subject.name,
      measure: async () => curl('speed_download', ...(await subject.authorization()), `${subject.base}/v2/app/blobs/${digest}`),
    });
    const staticFile: Contender = {
      name: 'nginx, the same bytes as a static file',
      measure: () => curl('speed_download', `https://127.0.0.1:${web.port}/blob`),
    };
    yield {
      title: `Pull of a blob of ${megabytes}, one stream, TLS`,
      note: 'The client is curl. Postern asks for a token, the peers for none. The file is in the page cache.',
      unit: 'MB/s',
      comparisons: await compare([pull(postern), pull(peer), staticFile], rounds),
    };

    const pushing = (subject: Subject): Contender => ({ name: subject.name, measure: () => push(subject, 'app', file, digest) });
    const hashing: Contender = {
      name: '`openssl dgst -sha256` of the same file on one core',
      measure: async () => {
        const start = performance.now();
        execFileSync('openssl', ['dgst', '-sha256', file]);
        return size / 1e3 / (performance.now() - start);
      },
    };
    yield {
      title: `Push of a blob of ${megabytes}, one stream, TLS`,
      note: 'The PUT of a monolithic upload by curl, up to its 201. Postern has synced file, folder and record by then; docker-registry syncs the file.',
      unit: 'MB/s',
      comparisons: await compare([pushing(postern), pushing(peer), hashing], rounds),
    };

    const accept = ['-H', `Accept: ${MANIFEST_TYPE}`];
    const seconds = quick ? 1 : 4;
    const getManifest = (subject: Subject): Contender => ({
      name: subject.name,
      measure: async () => requestsPerSecond(`${subject.base}/v2/app/manifests/v1`, [...(await subject.authorization()), ...accept], seconds),
    });
    yield {
      title: 'GET of a manifest by tag, 16 kept connections, TLS',
      note: `wrk with one thread for ${seconds} s a turn. Postern checks a bearer token and the caller's way in for every request; the peers check nothing. Postern and nginx use one core, docker-registry may use both.`,
      unit: 'requests/s',
      comparisons: await compare(
        [
          getManifest(postern),
          getManifest(peer),
          { name: 'nginx, the same bytes as a static file', measure: () => requestsPerSecond(`https://127.0.0.1:${web.port}/manifest`, accept, seconds) },
        ],
        rounds,
      ),
    };
  } finally {
    await web.stop();
    await other.stop();
    mustPostern(data, 'down');
  }
}
