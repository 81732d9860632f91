/**
 * Runs the tests: `node test/run.ts` every tier that this machine can run, `node test/run.ts TIER...` the named ones.
 * What cannot run is told with its reason; with CI=true it counts as a failure, as does every skipped test. A caller that runs part of it elsewhere
 * says so: RUN_ELSEWHERE='needs root, played as root' takes reasons with one of these phrases as answered for.
 * Ends with the line `N passed, N failed`, and with 0 only when nothing failed and every test file was seen to run.
 */
import { spawn, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { importsOf, scan } from './architecture/source.ts';
import { phrasesElsewhere } from './elsewhere.ts';
import type { Counts } from './reporter.ts';

interface Tier {
  readonly name: string;
  readonly about: string;
  readonly files: readonly string[];
  /** One process for all files: quick, for tests that leave nothing behind. */
  readonly together: boolean;
  readonly testSeconds: number;
  /** Programs that the tier starts. */
  readonly programs: readonly string[];
  /** Whether it makes network namespaces. */
  readonly world: boolean;
}

const ROOT = join(import.meta.dirname, '..');
const NAMESPACES = ['test/namespaces/**/*.test.ts'];
const CLIENTS = ['test/clients/clients.test.ts'];
const DURABILITY = ['test/durability/push.test.ts', 'test/durability/kill.test.ts'];

const TIERS: readonly Tier[] = [
  {
    name: 'room',
    about: 'each room by itself, the architecture, and the test tools: no root, no network beyond loopback',
    files: list(['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'], [...NAMESPACES, ...CLIENTS, ...DURABILITY]),
    together: true,
    testSeconds: 60,
    programs: [],
    world: false,
  },
  {
    name: 'namespaces',
    about: 'real networks, each test in a world of its own',
    files: list(NAMESPACES),
    together: false,
    testSeconds: 180,
    programs: ['unshare', 'nsenter', 'setpriv', 'ip'],
    world: true,
  },
  {
    name: 'durability',
    about: 'what a push promises: system calls in order, and SIGKILL at many points',
    files: list(DURABILITY),
    together: false,
    testSeconds: 300,
    programs: ['strace'],
    world: false,
  },
  {
    name: 'clients',
    about: 'real clients against a started server, by the scripts of test/clients/',
    files: list(CLIENTS),
    together: false,
    testSeconds: 600,
    programs: ['skopeo', 'dig', 'curl', 'openssl', 'script', 'docker', 'dockerd', 'containerd', 'unshare', 'nsenter', 'setpriv', 'ip'],
    world: true,
  },
];

function list(patterns: readonly string[], except: readonly string[] = []): string[] {
  const left = new Set(except.flatMap((pattern) => globSync(pattern, { cwd: ROOT })));
  return patterns
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
    .filter((path) => !left.has(path))
    .sort();
}

/** Why this machine cannot run the tier; empty when it can. */
function lacks(tier: Tier): string[] {
  const missing = tier.programs.filter((program) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin; command -v ${program}`]).status !== 0);
  const reasons = missing.map((program) => `${program} is not installed: npm run test:tools`);
  if (tier.world && missing.length === 0) {
    // Probed by doing the whole thing: some systems grant a user namespace without rights in it.
    const user = process.getuid?.() === 0 ? [] : ['-Ur'];
    const probe = spawnSync('unshare', [
      ...user,
      '-nmpf',
      '--mount-proc',
      '--kill-child',
      'sh',
      '-c',
      'ip link set lo up && mount -t tmpfs none /run && ip netns add probe',
    ]);
    if (probe.status !== 0) reasons.push(`this machine grants no namespaces: unshare says '${String(probe.stderr).trim()}'`);
  }
  return reasons;
}

/** The files beside a test file that it imports: a test that a shared suite defines is counted there. */
function suitesOf(file: string): string[] {
  const { imports } = importsOf(scan(readFileSync(join(ROOT, file), 'utf8')));
  return imports.filter(({ specifier }) => specifier.startsWith('./')).map(({ specifier }) => join(dirname(file), specifier));
}

/** Runs one tier and gives what was counted. Files that run together are dealt out to as many processes as there are processors, up to four. */
async function run(tier: Tier, folder: string): Promise<Counts> {
  const processes = tier.together ? Math.min(4, availableParallelism(), tier.files.length) : 1;
  const hands = Array.from({ length: processes }, (_, hand) => tier.files.filter((_, index) => index % processes === hand));
  const all = await Promise.all(hands.map((files, hand) => runFiles(tier, files, join(folder, `${tier.name}-${hand}.json`))));
  return {
    passed: all.reduce((sum, { passed }) => sum + passed, 0),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
    skipped: all.flatMap(({ skipped }) => skipped),
    files: [...new Set(all.flatMap(({ files }) => files))],
  };
}

/** Runs files of a tier in one process; a run that broke off or missed a file is a failure of its own. */
async function runFiles(tier: Tier, files: readonly string[], countsFile: string): Promise<Counts> {
  const flags = ['--test', `--test-timeout=${tier.testSeconds * 1000}`, '--test-reporter=./test/reporter.ts', '--test-reporter-destination=stdout'];
  flags.push(...(tier.together ? ['--test-isolation=none'] : ['--test-concurrency=1']));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...flags, ...files], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, TEST_COUNTS: countsFile, TEST_LINES: tier.together ? 'file' : 'test', NODE_TEST_CONTEXT: undefined },
  });
  const status = await new Promise<number | string | null>((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? signal));
    child.on('error', (error) => resolve(String(error)));
  });
  let counts: Counts = { passed: 0, failed: 0, skipped: [], files: [] };
  try {
    counts = JSON.parse(readFileSync(countsFile, 'utf8')) as Counts;
  } catch {
    console.log(`  FAIL a run of tier '${tier.name}' broke off (${status}) and counted nothing: ${files.join(' ')}`);
    counts.failed++;
    return counts;
  }
  const ran = new Set(counts.files);
  const silent = files.filter((file) => !ran.has(file) && !suitesOf(file).some((suite) => ran.has(suite)));
  for (const file of silent) console.log(`  FAIL ${file}: no test of it ran`);
  counts.failed += silent.length;
  if (status !== 0 && counts.failed === 0) {
    console.log(`  FAIL a run of tier '${tier.name}' ended with ${status} though no test failed`);
    counts.failed++;
  }
  return counts;
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !TIERS.some((tier) => tier.name === name));
if (unknown.length > 0) {
  console.error(`no such tier: ${unknown.join(', ')}; there are ${TIERS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const strict = process.env.CI === 'true';
const folder = mkdtempSync(join(tmpdir(), 'postern-tests-'));
const leftOut: string[] = [];
let passed = 0;
let failed = 0;
for (const tier of TIERS) {
  if (asked.length > 0 && !asked.includes(tier.name)) continue;
  console.log(`${tier.name}: ${tier.about} (${tier.files.length} files)`);
  if (tier.files.length === 0) {
    console.log('  FAIL no test file was found');
    failed++;
    continue;
  }
  const reasons = lacks(tier);
  if (reasons.length > 0) {
    for (const reason of reasons) console.log(`  left out: ${reason}`);
    leftOut.push(...reasons.map((reason) => `tier '${tier.name}': ${reason}`));
    continue;
  }
  const begun = performance.now();
  const counts = await run(tier, folder);
  passed += counts.passed;
  failed += counts.failed;
  leftOut.push(...counts.skipped);
  console.log(
    `  ${counts.files.length} of ${tier.files.length} files, ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped, ${((performance.now() - begun) / 1000).toFixed(1)} s`,
  );
}
rmSync(folder, { recursive: true, force: true });
const elsewhere = phrasesElsewhere();
const isElsewhere = (what: string): boolean => elsewhere.some((phrase) => what.includes(phrase));
const tell = (heading: string, list: readonly string[]): void => {
  if (list.length > 0) console.log([`\n${heading}:`, ...list.map((what) => `  ${what}`)].join('\n'));
};
const missing = leftOut.filter((what) => !isElsewhere(what));
tell('run elsewhere', leftOut.filter(isElsewhere));
tell(`left out${strict ? ' (CI=true: each is a failure)' : ''}`, missing);
if (strict) failed += missing.length;
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
