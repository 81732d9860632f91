/** The peers: programs from Debian that do the same work, each started from its configuration in `peers/`. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

export interface Peer {
  readonly port: number;
  stop(): Promise<void>;
}

/** An ECDSA P-256 certificate for every peer: the kind that Postern's own leaf is. */
export function certificate(folder: string): { CERTIFICATE: string; KEY: string } {
  const CERTIFICATE = join(folder, 'peer.pem');
  const KEY = join(folder, 'peer.key');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', KEY, '-out', CERTIFICATE, ...subject],
    {
      stdio: 'pipe',
    },
  );
  return { CERTIFICATE, KEY };
}

/** A peer's configuration with its @NAMES@ filled in. */
function filled(name: string, values: Record<string, string>): string {
  return readFileSync(join(import.meta.dirname, 'peers', name), 'utf8').replace(/@([A-Z]+)@/g, (_, key: string) => values[key] ?? '');
}

/** Writes the configuration and gives its path. */
function configuration(name: string, folder: string, values: Record<string, string>): string {
  const path = join(folder, name);
  writeFileSync(path, filled(name, values));
  return path;
}

async function started(command: readonly string[], port: number, address = '127.0.0.1'): Promise<Peer> {
  const [file, ...args] = command as [string, ...string[]];
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr?.on('data', (chunk) => {
    complaint += chunk;
  });
  for (let left = 200; !(await accepts(port, address)); left--) {
    if (left === 0 || child.exitCode !== null) throw new Error(`${file} does not accept at ${address}:${port}: ${complaint}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return { port, stop: () => ended(child) };
}

function accepts(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.on('exit', () => resolve());
    child.kill();
  });
}

export function nginx(folder: string, port: number, root: string, tls: Record<string, string>): Promise<Peer> {
  const path = configuration('nginx.conf', folder, { FOLDER: folder, PORT: String(port), ROOT: root, ...tls });
  return started(['nginx', '-c', path, '-p', folder, '-e', join(folder, 'nginx-error.log')], port);
}

export function dockerRegistry(folder: string, port: number, tls: Record<string, string>): Promise<Peer> {
  mkdirSync(join(folder, 'docker-registry'), { recursive: true });
  return started(['docker-registry', 'serve', configuration('docker-registry.yml', folder, { FOLDER: folder, PORT: String(port), ...tls })], port);
}

/** The files of dnsmasq answering `hosts` (name -> address) at `address:port`, by their paths: a configuration and its hosts. */
export function dnsmasqFiles(address: string, port: number, hosts: ReadonlyMap<string, string>): { configuration: string; hosts: string } {
  return {
    configuration: filled('dnsmasq.conf', { FOLDER: '/tmp', ADDRESS: address, PORT: String(port) }),
    hosts: [...hosts].map(([name, to]) => `${to} ${name}\n`).join(''),
  };
}
