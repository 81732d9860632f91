/** A started Postern for tests and benchmarks: its folder, its ports, the command line against it, and its registries over HTTPS as a client on the host sees them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import { type Agent, request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..');
export const POSTERN = join(ROOT, 'bin/postern');

/** What `run/instance.json` says of a running server. */
export interface Instance {
  readonly pid: number;
  /** Absent without a world. */
  readonly worldPid?: number;
  readonly url: string;
  readonly public: string;
  readonly hostDomain: string;
}

/** Ports of the loopback address that nobody listens at. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map((server) => new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)))),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export interface Command {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The flags that start a server on its own folder and ports. */
export function upFlags(data: string, ports: readonly [number, number], fabric: 'world' | 'none'): string[] {
  return ['up', '--data', data, '--listen', `127.0.0.1:${ports[0]}`, '--public', `127.0.0.1:${ports[1]}`, '--fabric', fabric];
}

/** Runs `postern WORDS...` on a data folder to its end. */
export function postern(data: string, ...words: string[]): Command {
  const { status, stdout, stderr, error } = spawnSync(POSTERN, words, { env: { ...process.env, POSTERN_DATA: data }, encoding: 'utf8', timeout: 120_000 });
  if (error) throw error;
  return { status, stdout, stderr };
}

/** The same, which must end with 0; gives what it printed. */
export function mustPostern(data: string, ...words: string[]): string {
  const { status, stdout, stderr } = postern(data, ...words);
  if (status !== 0) throw new Error(`postern ${words.join(' ')} ended with ${status}\n${stdout}${stderr}\n${serverLog(data)}`);
  return stdout;
}

/** The end of the server's log, for messages. */
export function serverLog(data: string): string {
  const path = join(data, 'log/server.log');
  return existsSync(path) ? `server.log:\n${readFileSync(path, 'utf8').slice(-4000)}` : '';
}

export function instanceOf(data: string): Instance | undefined {
  try {
    return JSON.parse(readFileSync(join(data, 'run/instance.json'), 'utf8')) as Instance;
  } catch {
    return undefined;
  }
}

/** Whether a process is there and not only waiting to be collected. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** The process, and all that descend from it. */
export function familyOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  const family = [pid];
  for (const member of family) for (const [child, parent] of parents) if (parent === member) family.push(child);
  return family;
}

/** SIGKILL to the server and its parent; ends when all are gone, so that the folder is free. */
export async function killServer(instance: Instance): Promise<void> {
  // The server before its parent, which could otherwise tell it to stop in order.
  const pids = familyOf(instance.pid).reverse();
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  const deadline = performance.now() + 10_000;
  while (pids.some(isAlive)) {
    if (performance.now() > deadline) throw new Error(`processes ${pids.join(', ')} outlived SIGKILL`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | undefined>;
  readonly body: Buffer;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer | string;
  readonly agent?: Agent;
  /** Told the local port of the connection before anything is sent. */
  readonly onPort?: (port: number) => void;
}

/** A registry's host name on the host, at the public listener; dialled by address, so that no name is ever looked up. */
export class HostClient {
  readonly host: string;
  readonly #port: number;
  readonly #address: string;
  readonly #ca: string;
  readonly #basic: string;

  constructor(data: string, registry: string) {
    const instance = instanceOf(data);
    if (!instance) throw new Error(`no server runs on ${data}`);
    const colon = instance.public.lastIndexOf(':');
    this.#address = instance.public.slice(0, colon).replace(/^\[|\]$/g, '');
    this.#port = Number(instance.public.slice(colon + 1));
    this.host = `${registry}.${instance.hostDomain}`;
    this.#ca = readFileSync(join(data, 'ca.pem'), 'utf8');
    const { appId, secret } = JSON.parse(readFileSync(join(data, 'operator.json'), 'utf8')) as { appId: string; secret: string };
    this.#basic = `Basic ${Buffer.from(`${appId}:${secret}`).toString('base64')}`;
  }

  /** One request to a path of the registry, or to an absolute URL of one of its hosts. */
  ask(target: string, { method = 'GET', headers = {}, body, agent, onPort }: Ask = {}): Promise<Answer> {
    const url = new URL(target, `https://${this.host}:${this.#port}`);
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest(
        {
          host: this.#address,
          port: this.#port,
          servername: url.hostname,
          method,
          path: url.pathname + url.search,
          headers: { host: url.host, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }), ...headers },
          ca: this.#ca,
          agent: agent ?? false,
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () =>
            resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers as Record<string, string | undefined>, body: Buffer.concat(chunks) }),
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.on('socket', (socket) => {
        if (onPort) socket.once('secureConnect', () => onPort(socket.localPort as number));
      });
      outgoing.end(body);
    });
  }

  /** A token of the operator for a repository, as an Authorization header. */
  async authorization(repository: string): Promise<string> {
    const scope = encodeURIComponent(`repository:${repository}:pull,push,delete`);
    const answer = await this.ask(`/oauth2/token?service=${this.host}&scope=${scope}`, { headers: { authorization: this.#basic } });
    if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${answer.body}`);
    return `Bearer ${(JSON.parse(answer.body.toString()) as { access_token: string }).access_token}`;
  }

  /** A GET that follows the one redirect to the data endpoint, without the token. */
  async get(path: string, authorization: string): Promise<Answer> {
    const answer = await this.ask(path, { headers: { authorization, accept: '*/*' } });
    return answer.status === 307 ? this.ask(answer.headers.location as string) : answer;
  }
}

/** Starts a program and ends when it has printed `ready`, or rejects when it ends before; its output is in the message. */
export async function startUntil(command: readonly string[], ready: RegExp, env: NodeJS.ProcessEnv = process.env): Promise<ChildProcess> {
  const [file, ...args] = command as [string, ...string[]];
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
        if (ready.test(printed)) resolve();
      });
    child.on('error', reject);
    child.on('exit', (code, signal) => reject(new Error(`${file} ended with ${code ?? signal} before it was ready:\n${printed}`)));
  });
  return child;
}
