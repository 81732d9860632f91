/** What networks and machines do on the wire. Each scenario has a world to itself. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { dial, dialFromOutside, inMachine, listen, machine, network, open, reach, snapshot } from './small-world.ts';

export const scenarios: Record<string, () => Promise<void>> = {
  async 'a machine reaches a listener at an endpoint address of its network'() {
    const { fabric } = await open();
    await reach(fabric, snapshot({ 'vnet-app': { endpoints: ['10.0.1.4', '10.0.1.5'], machines: { 'vm-app': ['10.0.0.4'] } } }));
    await listen(fabric, network('vnet-app'), 'app');
    assert.equal(await dial(fabric, 'vm-app', '10.0.1.4'), 'app: 10.0.0.4 to 10.0.1.4');
    assert.equal(await dial(fabric, 'vm-app', '10.0.1.5'), 'app: 10.0.0.4 to 10.0.1.5');
  },

  async 'a public front is reached at the own network, and the listener says so'() {
    const { fabric } = await open();
    await reach(fabric, snapshot({ 'vnet-app': { machines: { 'vm-app': ['10.0.0.4'] } } }));
    await listen(fabric, network('vnet-app'), 'app');
    assert.equal(await dial(fabric, 'vm-app', '198.18.1.7'), 'app: 10.0.0.4 to 198.18.1.7');
  },

  async 'another network does not reach it'() {
    const { fabric } = await open();
    await reach(fabric, snapshot({ 'vnet-app': { endpoints: ['10.0.1.4'] }, 'vnet-other': { machines: { 'vm-outside': ['10.1.0.4'] } } }));
    await listen(fabric, network('vnet-app'), 'app');
    await listen(fabric, network('vnet-other'), 'other');
    assert.match(await dial(fabric, 'vm-outside', '10.0.1.4'), /^(?:ENETUNREACH|EHOSTUNREACH|timeout)$/);
  },

  async 'the resolver address answers inside networks, by UDP and TCP, and nowhere else'() {
    const { fabric } = await open();
    await reach(fabric, snapshot({ 'vnet-app': { machines: { 'vm-app': ['10.0.0.4'] } } }));
    await listen(fabric, network('vnet-app'), 'resolver', 53, '168.63.129.16');
    const udp = createSocket('udp4');
    udp.on('message', (message, { address, port }) => udp.send(`${message} from ${address}`, port, address));
    // With a descriptor it listens before bind returns.
    udp.bind({ fd: fabric.sockets.udp(network('vnet-app'), '168.63.129.16', 53) });
    const ask = `const s=require('node:dgram').createSocket('udp4');s.on('message',m=>{console.log(String(m));s.close()});s.send('asked',53,'168.63.129.16')`;
    assert.equal((await inMachine(fabric, 'vm-app', process.execPath, '-e', ask)).output.trim(), 'asked from 10.0.0.4');
    assert.equal(await dial(fabric, 'vm-app', '168.63.129.16', 53), 'resolver: 10.0.0.4 to 168.63.129.16');
    assert.equal(await dialFromOutside('168.63.129.16', 53), 'ENETUNREACH');
    udp.close();
  },

  async 'two networks with equal prefixes do not meet'() {
    const { fabric } = await open();
    const same = (vm: string) => ({ endpoints: ['10.0.1.4'], machines: { [vm]: ['10.0.0.4'] } });
    await reach(fabric, snapshot({ one: same('vm-one'), two: same('vm-two') }));
    await listen(fabric, network('one'), 'one');
    await listen(fabric, network('two'), 'two');
    assert.equal(await dial(fabric, 'vm-one', '10.0.1.4'), 'one: 10.0.0.4 to 10.0.1.4');
    assert.equal(await dial(fabric, 'vm-two', '10.0.1.4'), 'two: 10.0.0.4 to 10.0.1.4');
  },

  async 'machines of one network reach each other, and none sends with an address that is not its own'() {
    const { fabric } = await open();
    await reach(fabric, snapshot({ one: { endpoints: ['10.0.1.4'], machines: { a: ['10.0.0.4'], b: ['10.0.0.5'] } } }));
    await listen(fabric, network('one'), 'one');
    await listen(fabric, machine('b'), 'b', 8080);
    assert.equal(await dial(fabric, 'a', '10.0.0.5', 8080), 'b: 10.0.0.4 to 10.0.0.5');
    // What comes from b's address is b's, so a cannot use it: of two datagrams only the one from its own address arrives.
    const udp = createSocket('udp4');
    const first = new Promise<string>((resolve) => void udp.once('message', (message, { address }) => resolve(`${message} from ${address}`)));
    udp.bind({ fd: fabric.sockets.udp(network('one'), '10.0.1.4', 53) });
    await inMachine(fabric, 'a', 'ip', 'address', 'add', '10.0.0.5/32', 'dev', 'eth0');
    const send = (from: string, text: string): string =>
      `const s=require('node:dgram').createSocket('udp4');s.bind({address:'${from}'},()=>s.send('${text}',53,'10.0.1.4',()=>s.close()))`;
    assert.deepEqual(await inMachine(fabric, 'a', process.execPath, '-e', send('10.0.0.5', 'forged')), { code: 0, output: '' });
    await inMachine(fabric, 'a', process.execPath, '-e', send('10.0.0.4', 'true'));
    assert.equal(await first, 'true from 10.0.0.4');
    udp.close();
  },

  async 'the metadata address is in the machine itself'() {
    const { fabric } = await open();
    await reach(fabric, snapshot({ one: { machines: { a: ['10.0.0.4'], b: ['10.0.0.5'] } } }));
    await listen(fabric, machine('a'), 'metadata of a', 80, '169.254.169.254');
    await listen(fabric, machine('b'), 'metadata of b', 80, '169.254.169.254');
    assert.match(await dial(fabric, 'a', '169.254.169.254', 80), /^metadata of a:/);
    assert.match(await dial(fabric, 'b', '169.254.169.254', 80), /^metadata of b:/);
  },

  async 'there is no way out of the world'() {
    const { fabric } = await open();
    await reach(fabric, snapshot({ one: { machines: { a: ['10.0.0.4'] } } }));
    assert.equal(await dialFromOutside('192.0.2.1', 443), 'ENETUNREACH');
    assert.match(await dial(fabric, 'a', '192.0.2.1'), /^(?:ENETUNREACH|EHOSTUNREACH)$/);
    assert.equal((await inMachine(fabric, 'a', 'ip', '-6', 'address')).output, '');
  },

  async 'a change of addresses leaves open connections alone'() {
    const { fabric } = await open();
    await reach(fabric, snapshot({ one: { endpoints: ['10.0.1.4'], machines: { a: ['10.0.0.4'] } } }));
    await listen(fabric, network('one'), 'one');
    await reach(fabric, snapshot({ one: { endpoints: ['10.0.1.5'], machines: { a: ['10.0.0.7', '10.0.0.4'] } } }));
    assert.equal(await dial(fabric, 'a', '10.0.1.5'), 'one: 10.0.0.7 to 10.0.1.5');
    assert.match(await dial(fabric, 'a', '10.0.1.4'), /^E/);
    await reach(fabric, snapshot({ one: { endpoints: ['10.0.1.5'], machines: { a: ['10.0.0.8'] } } }));
    assert.equal(await dial(fabric, 'a', '10.0.1.5'), 'one: 10.0.0.8 to 10.0.1.5');
  },

  async 'a machine moves to another network and keeps its namespace'() {
    const { fabric } = await open();
    await reach(fabric, snapshot({ one: { endpoints: ['10.0.1.4'], machines: { a: ['10.0.0.4'] } }, two: { endpoints: ['10.0.1.4'] } }));
    const before = fabric.machine(machine('a'));
    await listen(fabric, network('two'), 'two');
    await reach(fabric, snapshot({ one: { endpoints: ['10.0.1.4'] }, two: { endpoints: ['10.0.1.4'], machines: { a: ['10.0.0.9'] } } }));
    assert.deepEqual(fabric.machine(machine('a')), before);
    assert.equal(await dial(fabric, 'a', '10.0.1.4'), 'two: 10.0.0.9 to 10.0.1.4');
  },
};
