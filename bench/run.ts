/**
 * `npm run bench`: Postern beside its peers, in alternation, on this machine; writes docs/benchmarks.md.
 * Everything runs in a network namespace without uplink. `-- --quick` takes a few short rounds and writes nothing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { mustPostern, ROOT } from '../test/server.ts';
import { endpointCases } from './endpoint-cases.ts';
import { registryCases } from './registry-cases.ts';
import { type Result, render } from './report.ts';
import { worldCases } from './world-cases.ts';

/** Starts this program again where it cannot reach anything but itself, with `bench.localhost` in its hosts file. */
function enterSandbox(): never {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
  const hosts = join(folder, 'hosts');
  writeFileSync(hosts, '127.0.0.1 localhost bench.localhost\n');
  const user = process.getuid?.() === 0 ? [] : ['-Ur'];
  const script = `mount --bind ${hosts} /etc/hosts && ip link set lo up && exec "$0" "$@"`;
  const { status } = spawnSync('unshare', [...user, '-nm', 'sh', '-c', script, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, POSTERN_BENCH: folder },
  });
  rmSync(folder, { recursive: true, force: true });
  process.exit(status ?? 1);
}

const folder = process.env.POSTERN_BENCH ?? enterSandbox();
const quick = process.argv.includes('--quick');
const rounds = quick ? 2 : 7;
const data = join(folder, 'data');
const say = (text: string): void => console.log(text);

const results: Result[] = [];
try {
  for await (const result of registryCases({ folder, data, rounds, quick })) {
    results.push(result);
    say(render([result]));
  }
  for await (const result of worldCases({ folder, data: join(folder, 'world'), rounds, quick })) {
    results.push(result);
    say(render([result]));
  }
  for await (const result of endpointCases({ data: join(folder, 'full'), quick })) {
    results.push(result);
    say(render([result]));
  }
} finally {
  for (const started of [data, join(folder, 'world'), join(folder, 'full')])
    try {
      mustPostern(started, 'down');
    } catch {
      // It never started, or is down already.
    }
}
if (!quick) {
  const version = (command: string, ...args: string[]): string =>
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).split('\n')[0] as string;
  const head = `# Benchmarks

\`npm run bench\`, last run on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${version('uname', '-r')},
Node ${process.versions.node}, ${version('openssl', 'version')}. One machine, shared by client and server, noisy: only ratios mean anything.
Each case is measured in ${rounds} rounds; in a round every contender has its turn, and the order turns. A ratio is Postern divided by the peer, per round:
median, and the least and greatest. Above 1, Postern is faster. The peers' configurations are in \`bench/peers/\`; all serve TLS with an ECDSA P-256 key.

`;
  writeFileSync(join(ROOT, 'docs/benchmarks.md'), `${head}${render(results)}`);
  say('docs/benchmarks.md is written.');
}
