/** How the world follows its snapshots: what is made, broken, left alone, and taken back. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { monotonicMs } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import { type Run, runCommand } from '#fabric/commands.ts';
import { changeLocalAddresses } from '#fabric/local-addresses.ts';
import { dial, inMachine, listen, machine, network, open, reach, snapshot } from './small-world.ts';

const full = () =>
  snapshot({ one: { endpoints: ['10.0.1.4'], machines: { a: ['10.0.0.4'] } }, two: { endpoints: ['10.0.1.4'], machines: { b: ['10.0.0.4'] } } });
const names = (): string[] =>
  readdirSync('/run/netns')
    .map((name) => name.replace(/\.\d+$/, ''))
    .sort();
const failsAt = (matches: (tool: string, args: readonly string[], input: string) => boolean): Run => {
  return async (tool, args, input = '') => {
    if (matches(tool, args, input)) throw new Fault('unavailable', 'CommandFailed', 'the kernel says no');
    return runCommand(tool, args, input);
  };
};

export const scenarios: Record<string, () => Promise<void>> = {
  async 'what the next snapshot has not is removed, and what it has stays'() {
    const { fabric } = await open();
    await reach(fabric, full());
    assert.deepEqual(names(), ['a', 'b', 'one', 'two']);
    await listen(fabric, network('two'), 'two');
    await reach(fabric, snapshot({ two: { endpoints: ['10.0.1.4'], machines: { b: ['10.0.0.4'] } } }));
    assert.deepEqual(names(), ['b', 'two']);
    assert.equal(fabric.machine(machine('a')), undefined);
    assert.throws(() => fabric.sockets.tcp(network('one'), '0.0.0.0', 443), /does not exist/);
    assert.equal(await dial(fabric, 'b', '10.0.1.4'), 'two: 10.0.0.4 to 10.0.1.4');
    await reach(fabric, snapshot({}));
    assert.deepEqual(names(), []);
    assert.deepEqual(readdirSync('/run/postern/machines'), ['common']);
    assert.deepEqual(fabric.faults(), []);
  },

  async 'the same snapshot again runs no command'() {
    const { fabric, commands } = await open();
    const next = full();
    await reach(fabric, next);
    const before = commands.length;
    await reach(fabric, next);
    await reach(fabric, full());
    assert.equal(commands.length, before);
  },

  async '200 endpoint addresses start no process'() {
    const { fabric, commands } = await open();
    await reach(fabric, snapshot({ one: {} }));
    const before = commands.length;
    const endpoints = Array.from({ length: 200 }, (_, index) => `10.0.2.${index + 4}`);
    const start = monotonicMs();
    await reach(fabric, snapshot({ one: { endpoints } }));
    console.log(`200 addresses: ${(monotonicMs() - start).toFixed(1)} ms`);
    assert.equal(commands.length, before);
    const shown = await runCommand('ip', ['-n', readdirSync('/run/netns')[0] as string, '-o', 'address', 'show', 'dev', 'lo']);
    assert.equal(endpoints.filter((address) => shown.includes(` ${address}/32`)).length, 200);
  },

  async 'a network that cannot be made is its own fault, and holds up no other'() {
    let refusing = true;
    const { fabric } = await open(
      [],
      failsAt((_tool, args, input) => refusing && args.some((arg) => arg.startsWith('one.')) && input.includes('168.63.129.16')),
    );
    const outcomes = await fabric.extend(full());
    const faults = new Map(outcomes.map(({ owner, fault }) => [owner, fault?.message]));
    assert.deepEqual([...faults.keys()].sort(), [machine('a'), machine('b'), network('one'), network('two')].sort());
    assert.equal(outcomes.length, 4);
    assert.equal(faults.get(network('one')), 'the kernel says no');
    assert.match(faults.get(machine('a')) ?? '', /its network is not there/i);
    assert.equal(faults.get(network('two')), undefined);
    assert.equal(faults.get(machine('b')), undefined);
    assert.equal(fabric.faults().length, 2);
    // What was begun has been taken back.
    assert.deepEqual(names(), ['a', 'b', 'two']);
    await listen(fabric, network('two'), 'two');
    assert.equal(await dial(fabric, 'b', '10.0.1.4'), 'two: 10.0.0.4 to 10.0.1.4');
    // The next snapshot tries again.
    refusing = false;
    await reach(fabric, full());
    assert.deepEqual(names(), ['a', 'b', 'one', 'two']);
    await listen(fabric, network('one'), 'one');
    assert.equal(await dial(fabric, 'a', '10.0.1.4'), 'one: 10.0.0.4 to 10.0.1.4');
    assert.deepEqual(fabric.faults(), []);
  },

  async 'an address that the kernel refuses takes back its batch'() {
    const refused = new Fault('unavailable', 'AddressNotChanged', 'the kernel says no');
    const { fabric } = await open([], undefined, (netns, change, addresses) => [
      ...changeLocalAddresses(
        netns,
        change,
        addresses.filter((address) => address !== '10.0.1.6'),
      ),
      ...(change === 'add' && addresses.includes('10.0.1.6' as never) ? [refused] : []),
    ]);
    await reach(fabric, snapshot({ one: { endpoints: ['10.0.1.4'] } }));
    const [outcome] = await fabric.extend(snapshot({ one: { endpoints: ['10.0.1.4', '10.0.1.5', '10.0.1.6'] } }));
    assert.equal(outcome?.fault, refused);
    const shown = await runCommand('ip', ['-n', readdirSync('/run/netns')[0] as string, '-o', 'address', 'show', 'dev', 'lo']);
    assert.ok(shown.includes('10.0.1.4/32') && !shown.includes('10.0.1.5'));
  },

  async 'a teardown that fails goes on, and tells'() {
    const { fabric } = await open(
      [],
      failsAt((_tool, args, input) => args.some((arg) => arg.startsWith('one.')) && input.startsWith('link del')),
    );
    await reach(fabric, full());
    const outcomes = await fabric.retire(snapshot({}));
    assert.deepEqual(
      outcomes.filter(({ fault }) => fault).map(({ owner }) => owner),
      [machine('a')],
    );
    assert.deepEqual(names(), []);
    assert.deepEqual(
      fabric.faults().map(({ owner }) => owner),
      [machine('a')],
    );
    // The same names can be had again at once.
    await reach(fabric, full());
    await listen(fabric, network('one'), 'one');
    assert.equal(await dial(fabric, 'a', '10.0.1.4'), 'one: 10.0.0.4 to 10.0.1.4');
  },

  async 'an address that is gone already does not keep the others'() {
    const { fabric } = await open();
    await reach(fabric, snapshot({ one: { endpoints: ['10.0.1.4', '10.0.1.5'] } }));
    const [namespace = ''] = readdirSync('/run/netns');
    await runCommand('ip', ['-n', namespace, 'address', 'del', '10.0.1.4/32', 'dev', 'lo']);
    const outcomes = await fabric.retire(snapshot({ one: {} }));
    assert.match(outcomes[0]?.fault?.message ?? '', /^The address 10\.0\.1\.4 could not be removed from .*: EADDRNOTAVAIL\.$/);
    assert.doesNotMatch(await runCommand('ip', ['-n', namespace, '-o', 'address', 'show', 'dev', 'lo']), /10\.0\.1\.5/);
  },

  async 'a machine that is removed takes its processes along'() {
    const { fabric } = await open();
    await reach(fabric, full());
    const place = fabric.machine(machine('a'));
    const child = spawn('nsenter', [`--net=${place?.networkNamespace}`, `--mount=${place?.mountNamespace}`, 'sh', '-c', 'echo here; exec sleep 600']);
    await once(child.stdout, 'data');
    const ended = once(child, 'exit');
    await reach(fabric, snapshot({ two: { endpoints: ['10.0.1.4'], machines: { b: ['10.0.0.4'] } } }));
    assert.deepEqual(await ended, [null, 'SIGKILL']);
    assert.equal((await inMachine(fabric, 'b', 'true')).code, 0);
  },

  async 'a socket in use is a fault that says where'() {
    const { fabric } = await open();
    await reach(fabric, full());
    await listen(fabric, network('one'), 'one');
    assert.throws(
      () => fabric.sockets.tcp(network('one'), '0.0.0.0', 443),
      (thrown: unknown) => thrown instanceof Fault && /0\.0\.0\.0:443.*EADDRINUSE/.test(thrown.message),
    );
    assert.throws(() => fabric.sockets.tcp(network('one'), '10.9.9.9', 443), /EADDRNOTAVAIL/);
  },

  async 'fifty networks with a machine each'() {
    const { fabric } = await open();
    const wish = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`n${index}`, { endpoints: ['10.0.1.4', '10.0.1.5'], machines: { [`m${index}`]: ['10.0.0.4'] } }]),
    );
    let start = monotonicMs();
    await reach(fabric, snapshot(wish));
    console.log(`50 networks and 50 machines: ${(monotonicMs() - start).toFixed(0)} ms`);
    start = monotonicMs();
    await reach(fabric, snapshot({}));
    console.log(`and away: ${(monotonicMs() - start).toFixed(0)} ms`);
    assert.deepEqual(names(), []);
  },
};
