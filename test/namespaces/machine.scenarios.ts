/** What a machine sees of the file system and of itself. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { mountScript } from '#fabric/machine-files.ts';
import { runScript } from '#fabric/run-script.ts';
import { CA_PEM, inMachine, machine, open, reach, snapshot } from './small-world.ts';

const folder = process.env.FOLDER as string;
const one = () => snapshot({ one: { machines: { 'vm-app': ['10.0.0.4'], 'vm-build': ['10.0.0.5'] } } });
const PROJECT = join(import.meta.dirname, '../..');

export const scenarios: Record<string, () => Promise<void>> = {
  async 'a machine has its own resolver, name and trust'() {
    const { fabric } = await open();
    await reach(fabric, one());
    const shown = async (file: string): Promise<string> => (await inMachine(fabric, 'vm-app', 'cat', file)).output;
    assert.match(await shown('/etc/resolv.conf'), /^nameserver 168\.63\.129\.16\n/);
    assert.match(await shown('/etc/nsswitch.conf'), /^hosts: files dns$/m);
    assert.match(await shown('/etc/hosts'), /^127\.0\.1\.1 vm-app$/m);
    assert.equal(await shown('/etc/hostname'), 'vm-app\n');
    assert.equal((await inMachine(fabric, 'vm-app', 'uname', '-n')).output, 'vm-app\n');
    assert.equal((await inMachine(fabric, 'vm-build', 'uname', '-n')).output, 'vm-build\n');
    const bundle = '/etc/ssl/certs/ca-certificates.crt';
    const host = existsSync(bundle) ? readFileSync(bundle, 'utf8') : '';
    const trusted = await shown(bundle);
    assert.ok(trusted.endsWith(CA_PEM) && trusted.includes(host.trim()));
    assert.equal(existsSync(bundle) ? readFileSync(bundle, 'utf8') : '', host);
    assert.equal((await inMachine(fabric, 'vm-app', 'getent', 'hosts', 'vm-app')).output.split(/\s+/)[0], '127.0.1.1');
    assert.notEqual((await inMachine(fabric, 'vm-app', 'sh', '-c', 'echo changed > /etc/resolv.conf')).code, 0);
  },

  async 'what a machine writes to its home, /run, to places for passing files and to /var/lib is its own'() {
    const { fabric } = await open();
    await reach(fabric, one());
    for (const place of ['/root', '/run', '/tmp', '/var/tmp', '/dev/shm', '/var/lib']) {
      assert.deepEqual(await inMachine(fabric, 'vm-app', 'sh', '-c', `echo mine > ${place}/postern-test && cat ${place}/postern-test`), {
        code: 0,
        output: 'mine\n',
      });
      assert.notEqual((await inMachine(fabric, 'vm-build', 'cat', `${place}/postern-test`)).code, 0, place);
      assert.ok(!existsSync(`${place}/postern-test`), place);
    }
    // But for the way to the project, which stays visible wherever it lies.
    const own = (place: string): string[] => ['postern-test', ...(PROJECT.startsWith(`${place}/`) ? [PROJECT.split('/')[2] as string] : [])].sort();
    for (const place of ['/root', '/tmp']) assert.deepEqual((await inMachine(fabric, 'vm-app', 'ls', place)).output.trim().split('\n').sort(), own(place));
    // What the host's engines keep is closed to an ordinary user, and must be in nobody's way.
    if (existsSync('/var/lib/containers')) assert.deepEqual(await inMachine(fabric, 'vm-app', 'ls', '/var/lib/containers'), { code: 0, output: '' });
  },

  async 'the data folder looks empty, the project and its Node do not'() {
    const data = join(folder, 'data');
    mkdirSync(data);
    writeFileSync(join(data, 'operator.json'), 'secret');
    const { fabric } = await open([data, '/usr/share']);
    await reach(fabric, one());
    // Below /tmp, which is the machine's own, it is not even there; a folder elsewhere is covered.
    assert.doesNotMatch((await inMachine(fabric, 'vm-app', 'sh', '-c', `ls -a ${data}; cat ${data}/operator.json`)).output, /secret|^operator\.json/m);
    assert.deepEqual(await inMachine(fabric, 'vm-app', 'ls', '/usr/share'), { code: 0, output: '' });
    assert.equal(readFileSync(join(data, 'operator.json'), 'utf8'), 'secret');
    assert.equal((await inMachine(fabric, 'vm-app', 'cat', join(PROJECT, 'package.json'))).output, readFileSync(join(PROJECT, 'package.json'), 'utf8'));
    assert.equal((await inMachine(fabric, 'vm-app', process.execPath, '-p', '6*7')).output, '42\n');
  },

  async 'a project below /tmp stays visible in the own /tmp, and /etc is a copy where overlayfs cannot be had'() {
    const kept = join(folder, "clone's");
    mkdirSync(join(kept, 'data'), { recursive: true });
    writeFileSync(join(kept, 'package.json'), 'kept');
    writeFileSync(join(kept, 'data', 'operator.json'), 'secret');
    mkdirSync('/run/m/etc', { recursive: true });
    mkdirSync('/run/common');
    writeFileSync('/run/m/etc/hostname', 'copied');
    writeFileSync('/run/common/resolv.conf', 'ours');
    const script = mountScript({ name: 'vm', folder: '/run/m', common: '/run/common', keep: [kept], hide: [join(kept, 'data')], overlay: false });
    const look = `cd '${folder}'; ls /tmp | wc -l; cat "$PWD/clone's/package.json" /etc/hostname /etc/resolv.conf; ls "$PWD/clone's/data"; ls /etc/passwd; echo x > /etc/x`;
    const { stdout, stderr } = spawnSync('unshare', ['--mount', '--uts', 'sh', '-ec', `${script}\n${look}`], { encoding: 'utf8' });
    assert.equal(stdout, 'ready\n1\nkeptcopiedours/etc/passwd\n', stderr);
    assert.match(stderr, /Read-only file system/);
    assert.equal(readFileSync(join(kept, 'data', 'operator.json'), 'utf8'), 'secret');
  },

  async 'a script runs as the machine, with its parameters, and what it wrote last is told'() {
    const { fabric } = await open();
    await reach(fabric, one());
    const run = (lines: string[], parameters: { name: string; value: string }[] = []) => runScript(fabric, machine('vm-app'), { lines, parameters });
    assert.deepEqual(
      await run(
        ['uname -n', 'echo "$1/$2/$greeting" >&2', 'exit 3'],
        [
          { name: 'greeting', value: 'good day' },
          { name: 'x-y', value: '2' },
        ],
      ),
      {
        exitCode: 3,
        stdout: 'vm-app\n',
        stderr: 'good day/2/good day\n',
      },
    );
    const having = 'for each in /proc/[0-9]*; do tr "\\0" "\\n" <$each/environ | grep -q "^greeting=86398$" && cat $each/comm; done 2>/dev/null | sort -u';
    const named = (await run([having], [{ name: 'greeting', value: '86398' }])).stdout;
    assert.match(named, /^sh$/m);
    assert.doesNotMatch(named, /setpriv|nsenter|unshare/, 'a parameter is no variable of what brings the script into the machine');
    const home = await run(['echo $HOME'], [{ name: 'HOME', value: '/elsewhere' }]);
    assert.equal(home.stdout, '/root\n');
    assert.equal((await run(['#!/bin/cat', 'as it is'])).stdout, '#!/bin/cat\nas it is');
    const { stdout } = await run(['seq 100000; cat; echo "$0"']);
    assert.equal(Buffer.byteLength(stdout), 4096);
    const [, file = ''] = /99999\n100000\n(\/tmp\/tmp\.\w+)\n$/.exec(stdout) ?? assert.fail(stdout.slice(-40));
    assert.equal((await run([`test -e ${file}; echo $?`])).stdout, '1\n', 'nothing is left of earlier ones');
    await assert.rejects(runScript(fabric, machine('nobody'), { lines: [], parameters: [] }), { code: 'MachineNotReal' });
  },

  async 'a script ends at its limit with all that it started, however it started it'() {
    const { fabric } = await open();
    await reach(fabric, one());
    // The kernel ends them one after the other; a scenario that waits too long has failed.
    const sleepers = (): string[] => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes('86399'));
    const lines = ['setsid sh -c "trap : TERM INT; sleep 86399 & wait" &', '(nohup sleep 86399 >/dev/null 2>&1 &)', 'echo started', 'sleep 86399'];
    await assert.rejects(runScript(fabric, machine('vm-app'), { lines, parameters: [] }, { timeMs: 500, outputBytes: 100 }), { code: 'ScriptTimedOut' });
    while (sleepers().length > 0) await setImmediate();
    // One that ends before its limit leaves nothing behind either.
    assert.equal(
      (await runScript(fabric, machine('vm-app'), { lines: ['setsid sleep 86399 >/dev/null 2>&1 &', 'echo done'], parameters: [] })).stdout,
      'done\n',
    );
    while (sleepers().length > 0) await setImmediate();
  },

  async 'control groups and devices are as on the host'() {
    const { fabric } = await open();
    await reach(fabric, one());
    assert.equal(
      (await inMachine(fabric, 'vm-app', 'ls', '/sys/fs/cgroup')).output,
      `${readdirSync('/sys/fs/cgroup').sort().join('\n')}\n`.replace(/^\n$/, ''),
    );
    assert.equal((await inMachine(fabric, 'vm-app', 'sh', '-c', 'echo x > /dev/null')).code, 0);
  },

  async 'the paths of a machine can be opened by other processes of the world'() {
    const { fabric } = await open();
    await reach(fabric, one());
    assert.match(fabric.machine(machine('vm-app'))?.mountNamespace ?? '', new RegExp(`^/proc/${process.pid}/fd/\\d+$`));
    assert.equal(fabric.machine(machine('nobody')), undefined);
  },
};

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
