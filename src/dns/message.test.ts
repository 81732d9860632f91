/** Messages against dns-packet as the independent reader and writer, against the limits of UDP, and against noise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, type Packet } from 'dns-packet';
import fc from 'fast-check';
import type { DomainName } from '#base/domain-name.ts';
import { exceeds, type Query, readQuery, replyTo, truncated, writeAnswer } from './message.ts';
import type { ResourceRecord } from './record.ts';
import type { Answer } from './resolution.ts';

/** A message as dns-packet reads it; its own types leave most of that out. */
interface Message {
  id: number;
  rcode: string;
  flag_aa: boolean;
  flag_cd: boolean;
  flag_ra: boolean;
  flag_rd: boolean;
  flag_tc: boolean;
  questions: { name: string }[];
  answers: { name: string; type: string; ttl: number; data: unknown }[];
  authorities: Message['answers'];
  additionals: { type: string; udpPayloadSize: number; extendedRcode: number; flag_do: boolean }[];
}
const message = (bytes: Buffer): Message => decode(bytes) as unknown as Message;

interface Asked {
  name?: string;
  type?: string;
  id?: number;
  flags?: number;
  edns?: { size?: number; version?: number; dnssecOk?: boolean };
}
/** A query as dns-packet writes it. */
function asked({ name = 'mine.azurecr.io', type = 'A', id = 0x1234, flags = 0x0100, edns }: Asked = {}): Buffer {
  const additionals = edns
    ? [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: edns.size ?? 1232,
          extendedRcode: 0,
          ednsVersion: edns.version ?? 0,
          flags: edns.dnssecOk ? 0x8000 : 0,
          flag_do: edns.dnssecOk ?? false,
          options: [],
        },
      ]
    : [];
  return encode({ type: 'query', id, flags, questions: [{ name, type, class: 'IN' }], additionals } as unknown as Packet);
}
function queryOf(packet: Buffer): Query {
  const reading = readQuery(packet);
  return reading && 'query' in reading ? reading.query : assert.fail('no query');
}
function errorOf(packet: Buffer): Message {
  const reading = readQuery(packet);
  return reading && 'error' in reading ? message(reading.error) : assert.fail('no error');
}
const a = (name: string, data = '10.0.1.4'): ResourceRecord => ({ name: name as DomainName, type: 'A', ttlSeconds: 10, data });
const cname = (name: string, data: string): ResourceRecord => ({ name: name as DomainName, type: 'CNAME', ttlSeconds: 3600, data: data as DomainName });
const soa: ResourceRecord = {
  name: 'azurecr.io' as DomainName,
  type: 'SOA',
  ttlSeconds: 10,
  data: { mname: 'ns.example', rname: 'hostmaster.example', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 10 },
};
const answered = (...answers: ResourceRecord[]): Answer => ({ rcode: 'NOERROR', answers, authority: [] });

test('a query is read: name in lower case, type, EDNS', () => {
  const plain = queryOf(asked({ name: 'MiNe.AzureCR.io', type: 'AAAA' }));
  assert.deepEqual([plain.name, plain.type, plain.edns], ['mine.azurecr.io', 'AAAA', undefined]);
  const edns = queryOf(asked({ edns: { size: 4096, dnssecOk: true } }));
  assert.deepEqual(edns.edns, { udpBytes: 4096, dnssecOk: true });
  assert.equal(queryOf(asked({ name: '.', type: 'NS' })).name, '');
  assert.equal(queryOf(asked({ type: 'NS' })).type, 'TYPE2');
});

test('the key is the same for any case and differs by name and type', () => {
  const key = (name: string, type = 'A'): string => queryOf(asked({ name, type })).key;
  assert.equal(key('MINE.azurecr.IO'), key('mine.AZURECR.io'));
  assert.notEqual(key('mine.azurecr.io'), key('mine.azurecr.io', 'AAAA'));
  // 65 and 97 are 'A' and 'a' as octets: a type is no text.
  const typed = (code: number): string => {
    const packet = asked();
    packet.writeUInt16BE(code, packet.length - 4);
    return queryOf(packet).key;
  };
  assert.notEqual(typed(65), typed(97));
});

test('an answer is what dns-packet reads back, with RA, without AA, and under the query id, bits and case', () => {
  const packet = asked({ name: 'MiNe.azurecr.IO', id: 0xbeef, flags: 0x0110, edns: { dnssecOk: true } });
  const query = queryOf(packet);
  const written = writeAnswer(queryOf(asked({ edns: {} })), {
    rcode: 'NXDOMAIN',
    answers: [cname('mine.azurecr.io', 'mine.privatelink.azurecr.io'), a('mine.privatelink.azurecr.io')],
    authority: [soa],
  });
  const reply = replyTo(query, written);
  const read = message(reply);
  assert.deepEqual(
    [read.id, read.rcode, read.flag_aa, read.flag_ra, read.flag_rd, read.flag_cd, read.flag_tc],
    [0xbeef, 'NXDOMAIN', false, true, true, true, false],
  );
  assert.equal(read.questions[0]?.name, 'MiNe.azurecr.IO');
  assert.deepEqual(
    read.answers.map(({ name, type, ttl, data }) => [name, type, ttl, data]),
    [
      ['MiNe.azurecr.IO', 'CNAME', 3600, 'mine.privatelink.azurecr.IO'],
      ['mine.privatelink.azurecr.IO', 'A', 10, '10.0.1.4'],
    ],
    'names point at the question and take its case',
  );
  assert.deepEqual(read.authorities[0]?.data, soa.data);
  const [opt] = read.additionals;
  assert.deepEqual([opt?.type, opt?.udpPayloadSize, opt?.flag_do], ['OPT', 1232, true]);
});

test('the bits of one query do not stick to the answer that is kept', () => {
  const kept = writeAnswer(queryOf(asked({ edns: {} })), answered(a('mine.azurecr.io')));
  const before = Buffer.from(kept);
  replyTo(queryOf(asked({ name: 'MINE.AZURECR.IO', id: 1, flags: 0x0110, edns: { dnssecOk: true } })), kept);
  assert.deepEqual(kept, before);
  const read = message(replyTo(queryOf(asked({ flags: 0, edns: {} })), kept));
  assert.equal(read.flag_rd, false);
});

test('the longest chain of a registry fits in 512 octets', () => {
  const name = `${'r'.repeat(50)}.australiasoutheast.data.azurecr.io`;
  const link = `${'r'.repeat(50)}.australiasoutheast.data.privatelink.azurecr.io`;
  const steps = [
    name,
    link,
    'australiasoutheast-data.fe.azcr.io',
    'australiasoutheast-acr-data.trafficmanager.net',
    'r0-data-az.australiasoutheast.cloudapp.azure.com',
  ];
  const chain = steps.slice(1).map((target, index) => cname(steps[index] as string, target));
  const query = queryOf(asked({ name }));
  const answer = writeAnswer(query, answered(...chain, a(steps.at(-1) as string)));
  assert.ok(!exceeds(answer, query, 'udp'), `${answer.length} octets`);
  assert.deepEqual(
    message(answer).answers.map((record) => record.name),
    steps,
  );
});

test('names and records survive the way through any message', () => {
  const label = fc.string({ unit: fc.constantFrom('a', 'b', '-', '_', '0', 'xyz'), minLength: 1, maxLength: 20 });
  const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.') as DomainName);
  const address = fc.ipV4();
  const record: fc.Arbitrary<ResourceRecord> = fc.oneof(
    fc.tuple(name, address).map(([owner, data]) => a(owner, data)),
    fc.tuple(name, name).map(([owner, data]) => cname(owner, data)),
    name.map((owner) => ({ ...soa, name: owner }) as ResourceRecord),
    fc
      .tuple(name, fc.constantFrom('::1', 'fd00::a:1', '2001:db8:1:2:3:4:5:6'))
      .map(([owner, data]): ResourceRecord => ({ name: owner, type: 'AAAA', ttlSeconds: 1, data })),
    fc.tuple(name, name).map(([owner, data]): ResourceRecord => ({ name: owner, type: 'PTR', ttlSeconds: 1, data })),
    fc.tuple(name, name).map(([owner, exchange]): ResourceRecord => ({ name: owner, type: 'MX', ttlSeconds: 1, data: { preference: 65535, exchange } })),
    fc
      .tuple(name, name)
      .map(([owner, target]): ResourceRecord => ({ name: owner, type: 'SRV', ttlSeconds: 1, data: { priority: 1, weight: 2, port: 3, target } })),
  );
  fc.assert(
    fc.property(name, fc.array(record, { maxLength: 60 }), fc.array(record, { maxLength: 2 }), (question, answers, authority) => {
      const read = message(writeAnswer(queryOf(asked({ name: question, edns: {} })), { rcode: 'NOERROR', answers, authority }));
      const told = (records: Message['answers']) => records.map(({ name, type, ttl, data }) => ({ name, type, ttlSeconds: ttl, data }));
      assert.equal(read.questions[0]?.name, question);
      assert.deepEqual(told(read.answers), answers);
      assert.deepEqual(told(read.authorities), authority);
    }),
    { numRuns: 300 },
  );
});

test('a TXT record goes out string by string, octet by octet', () => {
  const strings = ['v=1', 'x'.repeat(255), 'grüße', ''];
  const written = writeAnswer(
    queryOf(asked({ type: 'TXT', edns: {} })),
    answered({ name: 'mine.azurecr.io' as DomainName, type: 'TXT', ttlSeconds: 5, data: strings }),
  );
  const data = message(written).answers[0]?.data as unknown as readonly Buffer[];
  assert.deepEqual(data.map(String), strings);
});

test('names beyond the reach of a pointer are written out', () => {
  const records = Array.from({ length: 1200 }, (_, i) => a(`host${i >> 1}.some.long.enough.zone.example`));
  const read = message(writeAnswer(queryOf(asked()), answered(...records)));
  assert.equal(read.answers.length, 1200);
  assert.equal(read.answers.at(-1)?.name, 'host599.some.long.enough.zone.example');
});

test('an answer over 65535 octets is SERVFAIL, not a broken message', () => {
  const records = Array.from({ length: 5000 }, (_, i) => a(`host${i}.zone.example`));
  assert.equal(message(writeAnswer(queryOf(asked()), answered(...records))).rcode, 'SERVFAIL');
});

test('what is too long for the client over UDP is truncated to question and OPT', () => {
  const many = (count: number): Answer => answered(...Array.from({ length: count }, (_, i) => a('mine.azurecr.io', `10.0.0.${i}`)));
  const over = (count: number, edns?: Asked['edns']): boolean => {
    const query = queryOf(asked({ edns }));
    return exceeds(writeAnswer(query, many(count)), query, 'udp');
  };
  // 33 octets of header and question, 11 of OPT, 16 a record.
  assert.deepEqual([over(29), over(30)], [false, true], 'no EDNS: 512');
  assert.deepEqual([over(29, { size: 512 }), over(30, { size: 512 }), over(29, { size: 1 })], [false, true, false], 'EDNS counts from 512 up');
  assert.deepEqual([over(74, { size: 65535 }), over(75, { size: 65535 })], [false, true], 'and to 1232');
  const query = queryOf(asked({ edns: { dnssecOk: true } }));
  const answer = writeAnswer(query, many(100));
  assert.ok(!exceeds(answer, query, 'tcp'));
  const short = message(replyTo(query, truncated(answer, query)));
  assert.deepEqual([short.flag_tc, short.answers.length, short.authorities.length, short.additionals.length, short.questions.length], [true, 0, 0, 1, 1]);
});

test('what is not a plain query has its own answer', () => {
  const patched = (edit: (packet: Buffer) => void, base: Asked = {}): Buffer => {
    const packet = asked(base);
    edit(packet);
    return packet;
  };
  assert.equal(readQuery(Buffer.alloc(11)), undefined, 'no header');
  assert.equal(readQuery(patched((packet) => packet.writeUInt16BE(0x8180, 2))), undefined, 'a response');
  assert.equal(errorOf(patched((packet) => packet.writeUInt16BE(0x2000, 2))).rcode, 'NOTIMP', 'NOTIFY');
  assert.equal(errorOf(patched((packet) => packet.writeUInt16BE(3, packet.length - 2))).rcode, 'REFUSED', 'class CH');
  assert.equal(errorOf(asked({ type: 'AXFR' })).rcode, 'REFUSED');
  assert.equal(errorOf(patched((packet) => packet.writeUInt16BE(0, 4))).rcode, 'FORMERR', 'no question');
  assert.equal(errorOf(patched((packet) => packet.writeUInt16BE(2, 4))).rcode, 'FORMERR', 'two questions');
  assert.equal(errorOf(asked().subarray(0, 20)).rcode, 'FORMERR', 'cut in the name');
  assert.equal(errorOf(Buffer.concat([asked(), Buffer.from([0])])).rcode, 'FORMERR', 'octets after the end');
  assert.equal(errorOf(patched((packet) => packet.writeUInt16BE(0xc00c, 12))).rcode, 'FORMERR', 'a pointer to itself');
  const versioned = errorOf(asked({ edns: { version: 1 } }));
  assert.equal(versioned.additionals[0]?.extendedRcode, 1, 'BADVERS');
  assert.equal(versioned.questions[0]?.name, 'mine.azurecr.io');
  const twice = Buffer.concat([asked({ edns: {} }), asked({ edns: {} }).subarray(-11)]);
  twice.writeUInt16BE(2, 10);
  assert.equal(errorOf(twice).rcode, 'FORMERR', 'two OPTs');
});

test('errors keep id, opcode and RD, and nothing else of the query flags', () => {
  const packet = asked({ id: 77 });
  packet.writeUInt16BE(0x2f7f, 2);
  const reading = readQuery(packet);
  assert.ok(reading && 'error' in reading);
  assert.equal(reading.error.readUInt16BE(0), 77);
  assert.equal(reading.error.readUInt16BE(2), 0x8000 | 0x2800 | 0x0100 | 0x0080 | 0x0010 | 4);
});

test('a label with a dot or a control character is no name of ours, and its question goes back as it came', () => {
  const packet = asked({ name: 'aXb.azurecr.io' });
  packet[14] = 0x2e;
  const query = queryOf(packet);
  assert.equal(query.name, undefined);
  const reply = replyTo(query, writeAnswer(query, { rcode: 'NXDOMAIN', answers: [], authority: [soa] }));
  assert.deepEqual(reply.subarray(12, query.questionEnd), packet.subarray(12, query.questionEnd));
});

test('no packet makes the reader throw, and every error is a message', () => {
  const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const mutated = fc
    .tuple(
      fc.constantFrom(asked(), asked({ edns: {} }), asked({ name: 'a.b.c.d.e.f' })),
      fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 255 })), { maxLength: 4 }),
      fc.nat({ max: 70 }),
    )
    .map(([packet, edits, cut]) => {
      const copy = Buffer.from(packet);
      for (const [at, octet] of edits) if (at < copy.length) copy[at] = octet;
      return copy.subarray(0, copy.length - Math.max(0, cut - 50));
    });
  fc.assert(
    fc.property(fc.oneof(noise, mutated), (packet) => {
      const reading = readQuery(packet);
      if (!reading) return;
      const reply = 'error' in reading ? reading.error : replyTo(reading.query, writeAnswer(reading.query, answered(a('mine.azurecr.io'))));
      assert.deepEqual(reply.subarray(0, 2), packet.subarray(0, 2));
      assert.ok(reply.readUInt16BE(2) & 0x8000);
      decode(reply);
    }),
    { numRuns: 3000 },
  );
});
