/** Name servers over loopback sockets: each network by its own view, over UDP and TCP, while snapshots come and go. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { after, test } from 'node:test';
import { decode, encode, type Packet } from 'dns-packet';
import type { DomainName } from '#base/domain-name.ts';
import { Fault } from '#base/fault.ts';
import { formatIp } from '#base/ip.ts';
import { silentLog } from '#base/log.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { NetworkSockets } from '#fabric/fabric.ts';
import { AF_INET, bindSocket, openSocket, SOCK_DGRAM } from '#fabric/libc.ts';
import { boundPort, openListener } from '#fabric/sockets.ts';
import { Derivation } from '#topology/derive.ts';
import { networkFact, registryFact } from '#topology/facts.fixture.ts';
import type { ConnectionState, Fact } from '#topology/facts.ts';
import { NetworkAnswers } from './network-answers.ts';
import { NameServer } from './server.ts';
import { answerConnections } from './transport.ts';

const key = (text: string): ResourceKey => `/x/${text}` as ResourceKey;
const network = (n: string): Fact => networkFact(key(n), n, { id: n });
const link = (n: string): Fact => ({ kind: 'zone-link', link: key(`link-${n}`), zone: key('zone'), network: key(n) });
const record = (name: string, ...data: string[]): Fact => ({
  kind: 'record-set',
  recordSet: key(name),
  zone: key('zone'),
  name: `${name}.privatelink.azurecr.io` as DomainName,
  type: 'A',
  ttlSeconds: 10,
  data,
});
const registry = registryFact(key('mine'), 'mine');
const connection = (state: ConnectionState): Fact => ({
  kind: 'connection',
  connection: key('c'),
  registry: key('mine'),
  endpoint: key('pe'),
  state,
  approvedOnce: state === 'Approved',
});
const many = Array.from({ length: 100 }, (_, i) => formatIp(0x0a000100 + i));

/** A derivation that takes facts by owner. */
class World {
  readonly #derivation = new Derivation({ domain: 'azurecr.io' as DomainName });
  #revision = 0;
  constructor() {
    this.say('base', registry, connection('Approved'), { kind: 'zone', zone: key('zone'), name: 'privatelink.azurecr.io' as DomainName });
    this.say('linked', network('linked'), link('linked'));
    this.say('apart', network('apart'));
    this.say('mine', record('mine', '10.0.1.4'));
    this.say('many', record('many', ...many));
  }
  get snapshot() {
    return this.#derivation.snapshot;
  }
  say(owner: string, ...facts: Fact[]) {
    return this.#derivation.update(++this.#revision, [[key(owner), facts]]);
  }
}

/** Loopback in place of networks: any address and port asked for becomes a free port, kept by network. */
class Loopback implements NetworkSockets {
  readonly ports = new Map<string, number>();
  readonly refused = new Map<string, Error>();
  readonly asked: string[] = [];
  tcp(place: ResourceKey, address: string, port: number): number {
    return this.#open('tcp', place, address, port, () => openListener('127.0.0.1', 0));
  }
  udp(place: ResourceKey, address: string, port: number): number {
    return this.#open('udp', place, address, port, () => {
      const fd = openSocket(AF_INET, SOCK_DGRAM);
      bindSocket(fd, Buffer.from([AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
      return fd;
    });
  }
  #open(protocol: string, place: ResourceKey, address: string, port: number, open: () => number): number {
    const name = `${protocol} ${place}`;
    this.asked.push(`${name} ${address}:${port}`);
    const refusal = this.refused.get(name);
    if (refusal) throw refusal;
    const fd = open();
    this.ports.set(name, boundPort(fd));
    return fd;
  }
  port(protocol: string, n: string): number {
    return this.ports.get(`${protocol} ${key(n)}`) ?? assert.fail(`no ${protocol} in ${n}`);
  }
}

const asked = (name: string, id = 1): Buffer => encode({ type: 'query', id, flags: 0x0100, questions: [{ name, type: 'A', class: 'IN' }] });
interface Message extends Packet {
  rcode: string;
  flag_tc: boolean;
}
const told = (reply: Buffer): string => {
  const { id, rcode, flag_tc, answers } = decode(reply) as unknown as Message;
  return `${id} ${rcode}${flag_tc ? ' TC' : ''} ${answers?.map((answer) => (answer as { data: unknown }).data).join(' ')}`.trim();
};
async function overUdp(port: number, packet: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4');
  try {
    socket.send(packet, port, '127.0.0.1');
    return (await once(socket, 'message'))[0] as Buffer;
  } finally {
    socket.close();
  }
}
const framed = (packet: Buffer): Buffer => Buffer.concat([Buffer.from([packet.length >> 8, packet.length & 255]), packet]);
/** Sends the chunks on one connection and reads so many messages. */
async function overTcp(port: number, chunks: readonly Buffer[], count: number): Promise<Buffer[]> {
  const socket = connect(port, '127.0.0.1');
  const messages: Buffer[] = [];
  let pending = Buffer.alloc(0);
  for (const chunk of chunks) socket.write(chunk);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    pending = Buffer.concat([pending, chunk]);
    for (; pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0); pending = pending.subarray(2 + pending.readUInt16BE(0)))
      messages.push(pending.subarray(2, 2 + pending.readUInt16BE(0)));
    if (messages.length >= count) break;
  }
  socket.destroy();
  return messages;
}

const running: NameServer[] = [];
after(() => {
  for (const server of running) server.close();
});
function started(world = new World(), sockets = new Loopback()) {
  const server = new NameServer({ sockets, log: silentLog });
  running.push(server);
  return { world, sockets, server, outcomes: server.see(world.snapshot) };
}

test('each network is answered from its own view, on the resolver address', async () => {
  const { sockets, outcomes } = started();
  assert.deepEqual(outcomes, []);
  assert.deepEqual(
    sockets.asked.toSorted(),
    ['apart', 'linked'].flatMap((n) => [`tcp ${key(n)} 168.63.129.16:53`, `udp ${key(n)} 168.63.129.16:53`]).toSorted(),
  );
  assert.equal(told(await overUdp(sockets.port('udp', 'linked'), asked('mine.azurecr.io', 7))), '7 NOERROR mine.privatelink.azurecr.io 10.0.1.4');
  const apart = told(await overUdp(sockets.port('udp', 'apart'), asked('mine.azurecr.io', 8)));
  assert.match(apart, /^8 NOERROR mine\.privatelink\.azurecr\.io westeurope\.fe\.azcr\.io .* 198\.18\.1\.\d+$/);
  const [tcp] = await overTcp(sockets.port('tcp', 'linked'), [framed(asked('mine.azurecr.io', 9))], 1);
  assert.equal(told(tcp as Buffer), '9 NOERROR mine.privatelink.azurecr.io 10.0.1.4');
});

test('a long answer is truncated over UDP and whole over TCP', async () => {
  const { sockets } = started();
  assert.equal(told(await overUdp(sockets.port('udp', 'linked'), asked('many.privatelink.azurecr.io'))), '1 NOERROR TC');
  const [whole] = await overTcp(sockets.port('tcp', 'linked'), [framed(asked('many.privatelink.azurecr.io'))], 1);
  assert.equal(told(whole as Buffer), `1 NOERROR ${many.join(' ')}`);
});

test('one connection takes any number of queries, in any pieces, answered in order', async () => {
  const { sockets } = started();
  const all = Buffer.concat(Array.from({ length: 50 }, (_, i) => framed(asked(i % 2 ? 'many.privatelink.azurecr.io' : 'none.example', i))));
  const ids = (messages: Buffer[]): number[] => messages.map((message) => message.readUInt16BE(0));
  const expected = Array.from({ length: 50 }, (_, i) => i);
  assert.deepEqual(ids(await overTcp(sockets.port('tcp', 'linked'), [all], 50)), expected);
  const pieces = Array.from({ length: Math.ceil(all.length / 7) }, (_, i) => all.subarray(7 * i, 7 * i + 7));
  assert.deepEqual(ids(await overTcp(sockets.port('tcp', 'linked'), pieces, 50)), expected);
});

test('what is malformed is FORMERR and the server goes on; what is no query closes its connection', async () => {
  const { sockets } = started();
  const port = sockets.port('udp', 'linked');
  assert.equal(told(await overUdp(port, asked('mine.azurecr.io').subarray(0, 20))), '1 FORMERR');
  assert.match(told(await overUdp(port, asked('mine.azurecr.io'))), /10\.0\.1\.4$/);
  const replies = await overTcp(sockets.port('tcp', 'linked'), [framed(asked('a.example', 1)), framed(Buffer.alloc(3)), framed(asked('a.example', 2))], 3);
  assert.equal(replies.length, 1);
});

test('a connection on which nothing moves is closed', async () => {
  const server = createServer();
  answerConnections(server, () => undefined, 20);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
  socket.write(Buffer.from([0, 40, 1]));
  await once(socket.resume(), 'close');
  server.close();
});

test('a network that goes takes its sockets and connections with it; one that comes is answered', async () => {
  const { world, sockets, server } = started();
  const socket = connect(sockets.port('tcp', 'apart'), '127.0.0.1');
  socket.write(framed(asked('a.example')));
  await once(socket, 'data');
  assert.deepEqual(server.see(world.say('apart')), []);
  await once(socket, 'close');
  const refused = connect(sockets.port('tcp', 'apart'), '127.0.0.1');
  assert.equal(((await once(refused, 'error'))[0] as { code: string }).code, 'ECONNREFUSED');
  // The UDP port is free again.
  const again = createSocket('udp4').bind(sockets.port('udp', 'apart'), '127.0.0.1');
  await once(again, 'listening');
  again.close();
  server.see(world.say('late', network('late')));
  assert.match(told(await overUdp(sockets.port('udp', 'late'), asked('nobody.azurecr.io'))), /NXDOMAIN/);
});

test('a socket that cannot be opened is the outcome of its network alone, and is tried again', async () => {
  for (const protocol of ['udp', 'tcp']) {
    const sockets = new Loopback();
    sockets.refused.set(`${protocol} ${key('apart')}`, new Fault('unavailable', 'SocketFailed', 'No socket could be bound.'));
    const { world, server, outcomes } = started(new World(), sockets);
    assert.deepEqual(
      outcomes.map(({ owner, revision, fault }) => [owner, revision, fault?.code]),
      [[key('apart'), world.snapshot.revision, 'ResolverNotListening']],
    );
    assert.match(outcomes[0]?.fault?.message ?? '', /168\.63\.129\.16 of 'apart' does not listen: No socket could be bound/);
    assert.match(told(await overUdp(sockets.port('udp', 'linked'), asked('mine.azurecr.io'))), /10\.0\.1\.4$/);
    if (protocol === 'tcp') {
      // The UDP socket that was opened before TCP failed is given back.
      const again = createSocket('udp4').bind(sockets.port('udp', 'apart'), '127.0.0.1');
      await once(again, 'listening');
      again.close();
    }
    sockets.refused.clear();
    assert.deepEqual(server.see(world.snapshot), []);
    assert.match(told(await overUdp(sockets.port('udp', 'apart'), asked('mine.azurecr.io'))), /198\.18\.1\.\d+$/);
  }
});

test('where networks are not real there is no resolver, and no fault', () => {
  const sockets = new Loopback();
  for (const n of ['apart', 'linked']) sockets.refused.set(`udp ${key(n)}`, new Fault('unavailable', 'NetworksAreNotReal', 'not here'));
  assert.deepEqual(started(new World(), sockets).outcomes, []);
});

test('a descriptor that is no UDP socket is an outcome, and is closed', () => {
  const world = new World();
  const given: number[] = [];
  const wrong: NetworkSockets = {
    tcp: () => assert.fail('UDP comes first'),
    udp: () => {
      given.push(openListener('127.0.0.1', 0));
      return given.at(-1) as number;
    },
  };
  const outcomes = new NameServer({ sockets: wrong, log: silentLog }).see(world.snapshot);
  assert.equal(outcomes.length, 2);
  for (const fd of new Set(given)) assert.throws(() => closeSync(fd), { code: 'EBADF' });
});

test('kept answers are those that a fresh start would give, after every kind of change', () => {
  const world = new World();
  const changes: [string, ...Fact[]][] = [
    ['mine', record('mine', '10.0.1.9')],
    ['base', registry, connection('Rejected'), { kind: 'zone', zone: key('zone'), name: 'privatelink.azurecr.io' as DomainName }],
    ['base', registry, connection('Approved'), { kind: 'zone', zone: key('zone'), name: 'privatelink.azurecr.io' as DomainName }],
    ['linked', network('linked')],
    ['linked', network('linked'), link('linked')],
    ['mine'],
    ['base', registry, connection('Approved')],
    ['base'],
    ['apart', network('apart'), link('apart')],
  ];
  const questions = [
    'mine.azurecr.io',
    'MINE.azurecr.io',
    'mine.privatelink.azurecr.io',
    'many.privatelink.azurecr.io',
    'mine.westeurope.data.azurecr.io',
    'a.example',
  ];
  const kept = ['linked', 'apart'].map((n) => ({ n, answers: new NetworkAnswers(key(n), world.snapshot) }));
  let different = 0;
  let before = '';
  for (const change of [undefined, ...changes]) {
    if (change) world.say(change[0], ...(change.slice(1) as Fact[]));
    let now = '';
    for (const { n, answers } of kept) {
      answers.see(world.snapshot);
      const fresh = new NetworkAnswers(key(n), world.snapshot);
      for (const question of questions)
        for (const transport of ['udp', 'tcp', 'udp'] as const) {
          const reply = answers.reply(asked(question), transport);
          assert.deepEqual(reply, fresh.reply(asked(question), transport), `${n} ${question} ${transport}`);
          now += reply?.toString('hex');
        }
    }
    if (now !== before) different++;
    before = now;
  }
  assert.ok(different >= changes.length, 'the changes are seen in the answers');
});

test('clients with and without EDNS are answered in their own way', () => {
  const answers = new NetworkAnswers(key('linked'), new World().snapshot);
  const edns = encode({
    type: 'query',
    id: 1,
    questions: [{ name: 'mine.azurecr.io', type: 'A', class: 'IN' }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }],
  });
  const additional = (packet: Buffer): number => (answers.reply(packet, 'udp') ?? assert.fail()).readUInt16BE(10);
  assert.deepEqual([asked('mine.azurecr.io'), edns, asked('mine.azurecr.io'), edns].map(additional), [0, 1, 0, 1]);
});

test('an answer is kept over an update that does not touch what it rests on', () => {
  const world = new World();
  const answers = new NetworkAnswers(key('linked'), world.snapshot);
  const first = answers.reply(asked('mine.azurecr.io'), 'udp');
  // Names whose domain cannot be read: only a kept answer gets past it.
  const { names, ...rest } = world.say('far', network('far'));
  const unreadable = {
    ...rest,
    names: {
      ...names,
      get domain(): never {
        throw new Error('resolved again');
      },
    },
  };
  answers.see(unreadable);
  assert.deepEqual(answers.reply(asked('mine.azurecr.io'), 'udp'), first);
  assert.match(told(answers.reply(asked('other.azurecr.io'), 'udp') as Buffer), /SERVFAIL/, 'what fails here is told, not thrown');
});

function withDig(run: (dig: (...args: string[]) => Promise<string>) => Promise<void>) {
  return async (t: { skip(message: string): void }) => {
    const dig = (...args: string[]): Promise<string> =>
      new Promise((resolve, reject) =>
        execFile('dig', args, (error, stdout) => (error && (error as { code?: unknown }).code === 'ENOENT' ? reject(error) : resolve(stdout))),
      );
    try {
      await dig('-v');
    } catch {
      return t.skip('dig is not installed');
    }
    await run(dig);
  };
}

test(
  'dig understands every kind of answer',
  withDig(async (dig) => {
    const { sockets } = started();
    const at = (n: string, protocol = 'udp'): string[] => ['-r', '@127.0.0.1', '-p', String(sockets.port(protocol, n)), '+tries=1', '+time=5'];
    assert.equal(await dig(...at('linked'), '+short', 'mine.azurecr.io'), 'mine.privatelink.azurecr.io.\n10.0.1.4\n');
    assert.match(
      await dig(...at('apart'), 'mine.azurecr.io'),
      /status: NOERROR[\s\S]*udp: 1232[\s\S]*mine\.azurecr\.io\.\s+3600\s+IN\s+CNAME\s+mine\.privatelink[\s\S]*cloudapp\.azure\.com\.\s+10\s+IN\s+A/,
    );
    assert.match(
      await dig(...at('linked'), 'none.privatelink.azurecr.io'),
      /status: NXDOMAIN[\s\S]*privatelink\.azurecr\.io\.\s+10\s+IN\s+SOA\s+azureprivatedns\.net\./,
    );
    assert.match(await dig(...at('linked'), '+edns=1', '+noednsnegotiation', 'mine.azurecr.io'), /status: BADVERS/);
    assert.match(await dig(...at('linked'), '-c', 'CH', '-t', 'TXT', 'version.bind'), /status: REFUSED/);
    assert.match(await dig(...at('linked', 'tcp'), '+tcp', '+noall', '+answer', 'many.privatelink.azurecr.io'), /10\.0\.1\.99/);
    assert.doesNotMatch(await dig(...at('linked'), 'MiNe.AzureCR.io', 'aaaa'), /WARNING|malformed/i);
  }),
);
