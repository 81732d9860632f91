/** The parent and its world, from the first command to the last trace, as root and as an ordinary user. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { monotonicMs } from '#base/clock.ts';
import { toolPath } from '#fabric/commands.ts';
import { quote } from '#fabric/machine-files.ts';
import { boundPort, close, openListener } from '#fabric/sockets.ts';
import type { Instance } from '../../src/instance.ts';
import { everybody, folderOf, ordinary, root, type Who } from './own-world.ts';

/** Who is killed stays listed until the machine's init has taken notice, which not every init does at once. */
const PATIENCE_MS = 20_000;

const PARENT = fileURLToPath(new URL('./stub-parent.ts', import.meta.url));

interface Up {
  readonly child: ChildProcess;
  readonly instance: Instance;
  /** What the server tells of itself, through the listener that was handed in. */
  readonly inside: { readonly pid: number; readonly parent: number; readonly machine: unknown };
  readonly data: string;
  readonly exit: Promise<number | null>;
  readonly errors: Promise<string>;
}

const start = (who: Who, args: readonly string[], environment: Record<string, string> = {}): ChildProcess => {
  const [program = '', ...rest] = [...who.become, process.execPath, PARENT, ...args];
  return spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: toolPath(), HOME: '/nonexistent', ...environment } });
};

/** A parent that is ready; ended with the test, whatever became of it. */
async function up(context: TestContext, who: Who, options: { fabric?: string; data?: string; graceMs?: number; stub?: string } = {}): Promise<Up> {
  let { data } = options;
  if (data === undefined) {
    const folder = folderOf(who);
    context.after(() => folder.remove());
    data = join(folder.path, 'data');
  }
  const child = start(who, ['up', data, options.fabric ?? 'world', '127.0.0.1:0', String(options.graceMs ?? 10_000)], { STUB: options.stub ?? '' });
  context.after(() => void child.kill('SIGKILL'));
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  const errors = text(child.stderr as NodeJS.ReadableStream as never);
  const line = await Promise.race([
    once(createInterface(child.stdout as never), 'line').then(([first]) => first as string),
    errors.then((said) => Promise.reject(new Error(said))),
  ]);
  const instance = JSON.parse(line) as Instance;
  return { child, instance, inside: JSON.parse(await read(instance.listen)), data, exit, errors };
}

async function read(hostPort: string): Promise<string> {
  const socket = connect(Number(hostPort.split(':').at(-1)), '127.0.0.1');
  return text(socket);
}

/** Processes that the parent with this id has started, directly or not. Only those that the caller may look at. */
function startedBy(pid: number): string[] {
  const mark = `POSTERN_HOST_PID=${pid}\0`;
  return readdirSync('/proc').filter((entry) => {
    try {
      return /^\d+$/.test(entry) && `${readFileSync(`/proc/${entry}/environ`, 'utf8')}\0`.includes(mark);
    } catch {
      return false;
    }
  });
}

async function until(holds: () => boolean): Promise<void> {
  const start = monotonicMs();
  while (!holds() && monotonicMs() - start < PATIENCE_MS) await wait(10);
  assert.ok(holds());
}

/** Everything of the world is gone: its processes (no namespace of it outlives them, for none is bound to a file of the host), its port, mounts and files. */
async function nothingLeft({ instance, data }: Up): Promise<void> {
  const left = (): string[] => [
    ...startedBy(instance.pid),
    ...[instance.worldPid].filter((pid) => pid !== undefined && existsSync(`/proc/${pid}`)).map(String),
  ];
  // The kernel takes a world down after its first process, not with it.
  await until(() => left().length === 0);
  assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(`${data}|postern`));
  assert.ok(!existsSync('/run/postern'));
  const refused = (): Promise<boolean> =>
    read(instance.listen).then(
      () => false,
      (error) => error.code === 'ECONNREFUSED',
    );
  for (const start = monotonicMs(); !(await refused()) && monotonicMs() - start < PATIENCE_MS; ) await wait(10);
  assert.ok(await refused());
}

const exec = (who: Who, { instance, inside }: Pick<Up, 'instance' | 'inside'>, ...command: readonly string[]): ChildProcess =>
  start(who, ['exec', JSON.stringify(instance), JSON.stringify(inside.machine), ...command], { SECRET: 'of the caller' });

async function outcomeOf(child: ChildProcess, input = ''): Promise<{ code: number | null; output: string }> {
  // A command that reads nothing may be gone before it is given anything.
  child.stdin?.on('error', () => {}).end(input);
  const [output, errors, [code]] = await Promise.all([text(child.stdout as never), text(child.stderr as never), once(child, 'exit')]);
  return { code: code as number | null, output: `${output}${errors}` };
}

for (const who of everybody) {
  describe(`as ${who.name}`, { skip: who.missing ?? false }, () => {
    for (const fabric of ['world', 'none']) {
      test(`${fabric}: starts, serves on both listeners, says where it is, and stops without a trace`, async (context) => {
        const run = await up(context, who, { fabric });
        assert.equal(run.instance.fabric, fabric);
        assert.equal(run.instance.rootless, fabric === 'world' && who.rootless);
        assert.equal(run.instance.url, `https://${run.instance.listen}`);
        assert.equal(await read(run.instance.public), await read(run.instance.listen));
        const file = join(run.data, 'run', 'instance.json');
        assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), run.instance);
        assert.equal(statSync(file).mode & 0o777, 0o600);
        assert.equal(statSync(run.data).mode & 0o777, 0o700);
        if (fabric === 'world') {
          assert.equal(run.inside.parent, 1);
          assert.match(readFileSync(`/proc/${run.instance.worldPid}/status`, 'utf8'), /^NSpid:.*\t1$/m);
          const { stdout } = spawnSync('ps', ['-o', 'stat=', '--ppid', String(run.instance.worldPid)], { encoding: 'utf8' });
          assert.doesNotMatch(stdout, /Z/, 'orphans are taken in');
        }
        run.child.kill('SIGTERM');
        assert.equal(await run.exit, 0);
        assert.equal(await run.errors, '');
        await nothingLeft(run);
        assert.ok(!existsSync(file));
      });

      test(`${fabric}: kill -9 of the parent ends everything, and the next start goes well`, async (context) => {
        // In a world the kernel sees to it, whatever the server does; without one the server sees that its channel is gone.
        const run = await up(context, who, { fabric, stub: fabric === 'world' ? 'deaf' : '' });
        run.child.kill('SIGKILL');
        await run.exit;
        await nothingLeft(run);
        const again = await up(context, who, { fabric, data: run.data });
        again.child.kill('SIGINT');
        assert.equal(await again.exit, 0);
      });

      test(`${fabric}: kill -9 of the server ends everything, and the parent tells`, async (context) => {
        const run = await up(context, who, { fabric });
        const server = startedBy(run.instance.pid).find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[1]?.includes('stub-server'));
        mkdirSync(join(run.data, 'log'), { recursive: true });
        writeFileSync(join(run.data, 'log', 'server.log'), 'one\ntwo\n');
        process.kill(Number(server), 'SIGKILL');
        assert.equal(await run.exit, 1);
        assert.match(await run.errors, /The server ended by itself[\s\S]*two/);
        await nothingLeft(run);
      });
    }

    test('the world has no uplink', async (context) => {
      const run = await up(context, who);
      assert.notEqual(readFileSync(`/proc/${run.instance.worldPid}/net/route`, 'utf8').split('\n')[0], '');
      assert.equal(readFileSync(`/proc/${run.instance.worldPid}/net/route`, 'utf8').trim().split('\n').length, 1);
    });

    test('Ctrl-C in a terminal under npm, which passes it on once more', async (context) => {
      const folder = folderOf(who);
      context.after(() => folder.remove());
      const data = join(folder.path, 'data');
      writeFileSync(join(folder.path, 'package.json'), JSON.stringify({ scripts: { start: `'${process.execPath}' '${PARENT}' up '${data}'` } }));
      const [program = '', ...args] = [...who.become, 'script', '-qec', `cd ${folder.path} && npm start --silent --no-update-notifier`, '/dev/null'];
      const child = spawn(program, args, {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { PATH: `${join(process.execPath, '..')}:${toolPath()}`, HOME: folder.path },
      });
      context.after(() => void child.kill('SIGKILL'));
      const lines = createInterface(child.stdout);
      const [line] = (await once(lines, 'line')) as [string];
      const instance = JSON.parse(line) as Instance;
      const ended = once(child, 'exit');
      child.stdin.write('\x03');
      await ended;
      await nothingLeft({ instance, data } as Up);
      assert.ok(!existsSync(join(data, 'run', 'instance.json')), 'stopped in order, not killed');
    });

    test('a server that does not stop: two signals wait for it, a third does not, nor does the grace', async (context) => {
      const patient = await up(context, who, { stub: 'deaf' });
      patient.child.kill('SIGINT');
      patient.child.kill('SIGTERM');
      await read(patient.instance.listen);
      patient.child.kill('SIGHUP');
      assert.equal(await patient.exit, 1);
      assert.match(await patient.errors, /before it had stopped in order/);
      await nothingLeft(patient);
      const brief = await up(context, who, { stub: 'deaf', graceMs: 50 });
      brief.child.kill('SIGTERM');
      assert.equal(await brief.exit, 1);
      await nothingLeft(brief);
    });

    test('what goes wrong at the start is told, with an exit code', async (context) => {
      const folder = folderOf(who);
      context.after(() => folder.remove());
      const run = async (args: readonly string[], stub = '') => outcomeOf(start(who, ['up', ...args], { STUB: stub }));
      const data = join(folder.path, 'data');
      assert.deepEqual(await run([data], 'fault'), { code: 1, output: 'The data folder was written by a newer version.\n' });
      const crash = await run([data], 'crash');
      assert.equal(crash.code, 1);
      assert.match(crash.output, /The server ended by itself[\s\S]*told to crash/);
      const fd = openListener('127.0.0.1', 0);
      const port = boundPort(fd);
      const busy = await run([data, 'world', `127.0.0.1:${port}`]);
      close(fd);
      assert.equal(busy.code, 2);
      assert.match(busy.output, new RegExp(`127\\.0\\.0\\.1:${port} is in use by .*--listen`));
      const other = join(folder.path, 'other');
      mkdirSync(other);
      writeFileSync(join(other, 'letter.txt'), '');
      const mistaken = await run([other]);
      assert.equal(mistaken.code, 2);
      assert.match(mistaken.output, /holds other things/);
      const below = await run(['/run/postern-test-data']);
      assert.equal(below.code, 2);
      assert.match(below.output, /below \/run/);
      assert.deepEqual(await run(['/proc/postern-test-data']), {
        code: 2,
        output: '--data: /proc/postern-test-data is not on a disk. Choose a folder elsewhere.\n',
      });
      const held = await up(context, who, { data });
      const second = await run([data]);
      assert.equal(second.code, 1);
      assert.match(second.output, new RegExp(`${data} is in use by process ${held.instance.pid}\\b`));
      // Its socket is held by the world's wrapper too; who can be stopped is its parent.
      const beside = await run([join(folder.path, 'beside'), 'world', held.instance.listen]);
      assert.match(beside.output, new RegExp(`is in use by process ${held.instance.pid} \\(another Postern\\)`));
    });

    test('a command in the machine: its surroundings, input, exit codes, signals', async (context) => {
      const run = await up(context, who);
      const said = async (...command: string[]) => outcomeOf(exec(who, run, ...command), 'typed');
      assert.deepEqual(await said('cat'), { code: 0, output: 'typed' });
      assert.deepEqual(await said('uname', '-n'), { code: 0, output: 'vm-app\n' });
      assert.match((await said('ip', '-4', '-brief', 'address', 'show', 'eth0')).output, /10\.0\.0\.4\/32/);
      assert.match((await said('cat', '/etc/resolv.conf')).output, /^nameserver 168\.63\.129\.16/);
      assert.match((await said('env')).output, /^HOME=\/root$/m);
      assert.doesNotMatch((await said('env')).output, /SECRET/);
      assert.doesNotMatch((await said('ls', '-A', run.data)).output, /lock|instance/);
      assert.equal((await said('id', '-u')).output, '0\n');
      assert.deepEqual(await said('sh', '-c', 'exit 7'), { code: 7, output: '' });
      assert.deepEqual(await said('sh', '-c', 'kill -TERM $$'), { code: 143, output: '' });
      assert.equal((await said('no-such-command')).code, 127);
      // A signal to exec is a signal to the command, which may answer it.
      const trapping = exec(who, run, 'sh', '-c', 'trap "echo caught; exit 3" TERM; echo ready; while :; do sleep 0.01; done');
      await once(trapping.stdout as never, 'data');
      trapping.kill('SIGTERM');
      assert.deepEqual(await outcomeOf(trapping), { code: 3, output: 'caught\n' });
    });

    test('Ctrl-C in a terminal reaches the command once, and exec waits for what it does', async (context) => {
      const run = await up(context, who);
      // It goes on for a while after the signal: a terminal that closes may swallow the last that was written.
      const script = 'trap "echo caught; left=20" INT; left=-1; echo ready; while [ $left -ne 0 ]; do sleep 0.01; left=$((left-1)); done; exit 5';
      const words = [process.execPath, PARENT, 'exec', JSON.stringify(run.instance), JSON.stringify(run.inside.machine), 'sh', '-c', script];
      const [program = '', ...args] = [...who.become, 'script', '-qec', `exec ${words.map(quote).join(' ')}`, '/dev/null'];
      const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: toolPath() } });
      context.after(() => void child.kill('SIGKILL'));
      const rest: string[] = [];
      for await (const line of createInterface(child.stdout)) {
        if (line.includes('ready')) child.stdin.write('\x03');
        else rest.push(line);
      }
      assert.equal(rest.filter((line) => line.includes('caught')).length, 1);
      assert.equal(child.exitCode ?? (await once(child, 'exit'))[0], 5);
    });

    test('kill -9 of exec ends the command, and so does the end of the world', async (context) => {
      const run = await up(context, who);
      const inWorld = (): number => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && nameOf(pid).endsWith('sleep\x00987654')).length;
      for (const end of [(child: ChildProcess) => child.kill('SIGKILL'), () => run.child.kill('SIGKILL')]) {
        const child = exec(who, run, 'sh', '-c', 'echo ready; exec sleep 987654 ');
        await once(child.stdout as never, 'data');
        await until(() => inWorld() === 1);
        end(child);
        await until(() => inWorld() === 0);
      }
      await nothingLeft(run);
    });

    test('how long a command takes to be in the machine', async (context) => {
      const run = await up(context, who);
      const { runInMachine } = await import('#fabric/enter.ts');
      if (who.become.length > 0) return context.diagnostic('measured as root, and when the tests run as this user');
      const times: number[] = [];
      for (let i = 0; i < 9; i++) {
        const start = monotonicMs();
        assert.equal(
          await runInMachine({ worldPid: run.instance.worldPid as number, rootless: run.instance.rootless, machine: run.inside.machine as never }, ['true']),
          0,
        );
        times.push(monotonicMs() - start);
      }
      context.diagnostic(`exec: ${times.sort((a, b) => a - b)[4]?.toFixed(1)} ms (median of 9)`);
    });
  });
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0$/, '');
  } catch {
    return '';
  }
}

test("root runs commands in an ordinary user's world", { skip: root.missing ?? false }, async (context) => {
  const run = await up(context, ordinary);
  assert.deepEqual(await outcomeOf(exec(root, run, 'sh', '-c', 'id -u; uname -n')), { code: 0, output: '0\nvm-app\n' });
});

test("an ordinary user does not get into root's world", { skip: root.missing ?? false }, async (context) => {
  const run = await up(context, root);
  const { code, output } = await outcomeOf(exec(ordinary, run, 'true'));
  assert.notEqual(code, 0);
  assert.match(output, /belongs to user 0/);
});

test('a machine without namespaces for users is told which switch to turn', { skip: root.missing ?? false }, async (context) => {
  const folder = folderOf(ordinary);
  context.after(() => folder.remove());
  // Within a user namespace of its own that grants no further ones, and without the rights that would make them needless.
  const script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-sys_admin,-net_admin --inh-caps=-all "$@"';
  const [program = '', ...args] = [
    ...ordinary.become,
    'unshare',
    '--user',
    '--map-root-user',
    'sh',
    '-c',
    script,
    'sh',
    process.execPath,
    PARENT,
    'up',
    join(folder.path, 'data'),
  ];
  const { code, output } = await outcomeOf(spawn(program, args, { env: { PATH: toolPath(), HOME: folder.path } }));
  assert.match(output, /sudo sysctl -w user\.max_user_namespaces=15000[\s\S]*--fabric none/);
  assert.equal(code, 3);
});
