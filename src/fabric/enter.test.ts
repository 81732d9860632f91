import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#base/fault.ts';
import { enterCommand, runInMachine } from './enter.ts';

const machine = { name: 'vm', networkNamespace: '/run/netns/vm.1', mountNamespace: '/proc/3/fd/20', utsNamespace: '/proc/3/fd/21' };

test("a machine's namespaces are found through the world's first process", () => {
  const command = enterCommand({ worldPid: 77, rootless: false, machine }, ['dig', '-t', 'A'], '/work');
  for (const word of ['--pid=/proc/77/ns/pid', '--net=/proc/77/root/run/netns/vm.1', '--mount=/proc/77/root/proc/3/fd/20', '--uts=/proc/77/root/proc/3/fd/21'])
    assert.ok(command.includes(word), word);
  assert.deepEqual(command.slice(-4), ['/work', 'dig', '-t', 'A']);
  assert.ok(!command.some((word) => word.startsWith('--user')));
});

test("an ordinary user keeps its credentials; root becomes the world's owner first", () => {
  const rootless = { worldPid: 77, rootless: true, machine };
  assert.ok(enterCommand(rootless, ['true'], '/').includes('--preserve-credentials'));
  const command = enterCommand(rootless, ['true'], '/', { uid: 1000, gid: 100 });
  assert.ok(command.indexOf('--reuid') < command.indexOf('nsenter') && command[command.indexOf('--reuid') + 1] === '1000');
});

test('a world that is gone is a fault', async () => {
  await assert.rejects(
    runInMachine({ worldPid: 2 ** 22 + 1, rootless: false, machine }, ['true']),
    (thrown: unknown) => thrown instanceof Fault && thrown.code === 'WorldGone',
  );
});
