import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toolPath } from './commands.ts';
import { missingTools, needsUserNamespace, refusalOf, worldCommand } from './launch.ts';

test('a user namespace is taken only by who has no rights without', () => {
  assert.deepEqual(worldCommand(['node', 'main.ts'], true).slice(0, 6), ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--user', '--map-root-user']);
  assert.ok(!worldCommand(['node'], false).includes('--user'));
  for (const rootless of [true, false]) {
    const command = worldCommand(['node', 'main.ts'], rootless);
    for (const flag of ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child']) assert.ok(command.includes(flag), flag);
    assert.deepEqual(command.slice(-3), ['sh', 'node', 'main.ts']);
  }
});

test('capabilities decide who has rights', () => {
  assert.equal(needsUserNamespace('Name:\tnode\nCapEff:\t000001ffffffffff\n'), false);
  assert.equal(needsUserNamespace('CapEff:\t0000000000000000\n'), true);
  // What docker gives root: neither the network nor the system's administration.
  assert.equal(needsUserNamespace('CapEff:\t00000000a80425fb\n'), true);
});

test('missing tools are named with the packages that have them', () => {
  const fault = missingTools('/nonexistent');
  assert.equal(fault?.code, 'MissingTool');
  assert.match(
    fault?.message ?? '',
    /lacks 'setpriv', 'unshare', 'nsenter', 'mount', 'ip'[\s\S]*sudo apt-get install -y util-linux mount iproute2\n[\s\S]*--fabric none/,
  );
});

test('the folders of an ordinary Debian user lack ip; the tools are looked for where they are', () => {
  assert.deepEqual(toolPath('/home/me/bin:/usr/bin').split(':').slice(0, 2), ['/home/me/bin', '/usr/bin']);
  assert.ok(toolPath('/usr/bin').split(':').includes('/usr/sbin'));
});

test('a refusal names the switch that this machine has turned off', () => {
  const settings = (values: Record<string, string>) => (name: string) => values[name];
  const refused = (said: string, rootless: boolean, values: Record<string, string>) => refusalOf(1, said, rootless, settings(values))?.message ?? '';
  assert.match(
    refused('unshare: unshare failed: Operation not permitted', true, { 'kernel/unprivileged_userns_clone': '0' }),
    /sudo sysctl -w kernel\.unprivileged_userns_clone=1/,
  );
  assert.match(
    refused('unshare: cannot change root filesystem propagation: Permission denied', true, { 'kernel/apparmor_restrict_unprivileged_userns': '1' }),
    /sudo sysctl -w kernel\.apparmor_restrict_unprivileged_userns=0/,
  );
  assert.match(refused('unshare: unshare failed: No space left on device', true, { 'user/max_user_namespaces': '0' }), /user\.max_user_namespaces=/);
  assert.match(refused('unshare: unshare failed: Operation not permitted', true, {}), /Run it as root[\s\S]*--privileged/);
  assert.match(refused('unshare: unshare failed: Operation not permitted', false, { 'kernel/unprivileged_userns_clone': '0' }), /--privileged/);
});

test('a user namespace without rights is a refusal too; a server that failed is none', () => {
  assert.equal(refusalOf(97, 'mount: /run: permission denied.', true, () => undefined)?.code, 'NamespacesRefused');
  assert.equal(
    refusalOf(1, 'Error: unshare: of a program', true, () => undefined),
    undefined,
  );
  assert.equal(
    refusalOf(1, 'SyntaxError: x', false, () => undefined),
    undefined,
  );
});
