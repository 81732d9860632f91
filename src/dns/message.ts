/**
 * DNS messages: queries off the wire, answers onto it. RFC 1035 section 4, EDNS by RFC 6891. Pure.
 *
 * Records are written by dns-packet, which has the grammar of every type. Frame, question and names are written here, for three reasons: dns-packet compresses no
 * names, and the chain of a long registry name uncompressed would not fit in 512 octets; the question must go back octet by octet (clients mix its case, "0x20", and
 * compare); and a query has to be read without building objects for it, since most are answered from a table.
 */
import { encode } from 'dns-packet';
import { type DomainName, parseDomainName } from '#base/domain-name.ts';
import type { ResourceRecord } from './record.ts';
import type { Answer } from './resolution.ts';

/** The largest UDP payload that we send or say we take: fits the smallest IPv6 path MTU (DNS Flag Day 2020). */
export const MAX_UDP_BYTES = 1232;
/** What a client without EDNS takes (RFC 1035 section 4.2.1). */
export const PLAIN_UDP_BYTES = 512;
const MAX_MESSAGE_BYTES = 65535;

const HEADER_BYTES = 12;
const OPT = 41;
const CLASS_IN = 1;
const FLAG_RESPONSE = 0x8000;
const FLAG_TRUNCATED = 0x0200;
const FLAG_RECURSION_DESIRED = 0x0100;
const FLAG_RECURSION_AVAILABLE = 0x0080;
const FLAG_CHECKING_DISABLED = 0x0010;
const OPCODE_MASK = 0x7800;
const DNSSEC_OK = 0x8000;

export const RCODES = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;
export type Rcode = keyof typeof RCODES;

/** The types that names of the world have, or that are answered in a way of their own. */
const TYPES: Readonly<Record<number, string>> = { 1: 'A', 5: 'CNAME', 6: 'SOA', 12: 'PTR', 15: 'MX', 16: 'TXT', 28: 'AAAA', 33: 'SRV', 255: 'ANY' };
const ZONE_TRANSFERS = new Set([251, 252]);

export interface Query {
  /** The whole packet. */
  readonly packet: Buffer;
  /** Where its question ends. */
  readonly questionEnd: number;
  /** The same for any case of the name: names the question in a table. */
  readonly key: string;
  /** Undefined when a label has octets that no name here has. */
  readonly name: DomainName | undefined;
  readonly type: string;
  readonly edns: { readonly udpBytes: number; readonly dnssecOk: boolean } | undefined;
}

/** A packet as read: a query to answer, one that is answered with an error at once, or nothing to answer at all (a response, or less than a header). */
export type Reading = { readonly query: Query } | { readonly error: Buffer } | undefined;

/** Room to write the lower-cased question of a query into: a name is 255 octets at most, type and class four. */
const scratch = Buffer.alloc(260);

/** Reads a packet. Never throws, and looks at no octet twice. */
export function readQuery(packet: Buffer): Reading {
  if (packet.length < HEADER_BYTES) return undefined;
  const flags = packet.readUInt16BE(2);
  if (flags & FLAG_RESPONSE) return undefined;
  if (flags & OPCODE_MASK) return { error: errorReply(packet, HEADER_BYTES, 'NOTIMP', undefined) };
  const malformed = { error: errorReply(packet, HEADER_BYTES, 'FORMERR', undefined) };
  if (packet.readUInt16BE(4) !== 1 || packet.readUInt16BE(6) !== 0 || packet.readUInt16BE(8) !== 0) return malformed;

  const nameEnd = lowerCased(packet);
  if (nameEnd === undefined || nameEnd + 4 > packet.length) return malformed;
  const questionEnd = nameEnd + 4;
  packet.copy(scratch, nameEnd - HEADER_BYTES, nameEnd, questionEnd);
  const additional = readAdditional(packet, questionEnd);
  if (additional === undefined) return malformed;
  const { edns, version } = additional;
  const type = packet.readUInt16BE(nameEnd);
  const refuse = (rcode: Rcode): Reading => ({ error: errorReply(packet, questionEnd, rcode, edns) });
  if (version !== 0) return refuse('BADVERS');
  if (type === OPT) return refuse('FORMERR');
  if (packet.readUInt16BE(nameEnd + 2) !== CLASS_IN || ZONE_TRANSFERS.has(type)) return refuse('REFUSED');
  const key = scratch.toString('latin1', 0, questionEnd - HEADER_BYTES);
  return { query: { packet, questionEnd, key, name: nameIn(scratch), type: TYPES[type] ?? `TYPE${type}`, edns } };
}

/** Copies the question's name to the scratch, in lower case, and returns where it ends; undefined when it is no uncompressed name of at most 255 octets. */
function lowerCased(packet: Buffer): number | undefined {
  let offset = HEADER_BYTES;
  for (;;) {
    const length = packet[offset];
    // Nothing stands before the question for a pointer to point at.
    if (length === undefined || length > 63) return undefined;
    const end = offset + 1 + length;
    if (end - HEADER_BYTES > 255 || end > packet.length) return undefined;
    scratch[offset - HEADER_BYTES] = length;
    for (let at = offset + 1; at < end; at++) {
      const octet = packet[at] as number;
      scratch[at - HEADER_BYTES] = octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
    }
    if (length === 0) return end;
    offset = end;
  }
}

/** The name at the start of the scratch; undefined when an octet of it is no part of any name here (a dot inside a label, a control character). */
function nameIn(bytes: Buffer): DomainName | undefined {
  const labels: string[] = [];
  for (let offset = 0; bytes[offset] !== 0; offset += 1 + (bytes[offset] as number)) {
    const label = bytes.toString('latin1', offset + 1, offset + 1 + (bytes[offset] as number));
    if (label.includes('.')) return undefined;
    labels.push(label);
  }
  return labels.length === 0 ? ('' as DomainName) : parseDomainName(labels.join('.'));
}

/** The OPT record among the additional ones; undefined when they are malformed, hold two OPTs, or octets follow the last. */
function readAdditional(packet: Buffer, start: number): { edns: Query['edns']; version: number } | undefined {
  let offset = start;
  let edns: Query['edns'];
  let version = 0;
  for (let left = packet.readUInt16BE(10); left > 0; left--) {
    const owner = offset;
    const end = skipName(packet, offset);
    if (end === undefined || end + 10 > packet.length) return undefined;
    const next = end + 10 + packet.readUInt16BE(end + 8);
    if (next > packet.length) return undefined;
    if (packet.readUInt16BE(end) === OPT) {
      if (edns || packet[owner] !== 0) return undefined;
      version = packet[end + 5] as number;
      edns = { udpBytes: packet.readUInt16BE(end + 2), dnssecOk: (packet.readUInt16BE(end + 6) & DNSSEC_OK) !== 0 };
    }
    offset = next;
  }
  return offset === packet.length ? { edns, version } : undefined;
}

/** Where a name ends, a pointer taken unread. */
function skipName(packet: Buffer, start: number): number | undefined {
  let offset = start;
  for (;;) {
    const length = packet[offset];
    if (length === undefined) return undefined;
    if (length === 0) return offset + 1;
    if (length >= 0xc0) return offset + 2 <= packet.length ? offset + 2 : undefined;
    if (length > 63) return undefined;
    offset += 1 + length;
  }
}

/** An error for a packet whose question may not have been understood: header, question as far as it was, OPT if the query had one (RFC 6891 section 6.1.1). */
function errorReply(packet: Buffer, questionEnd: number, rcode: Rcode, edns: Query['edns']): Buffer {
  const reply = Buffer.concat([packet.subarray(0, questionEnd), edns ? optRecord(RCODES[rcode], edns.dnssecOk) : Buffer.alloc(0)]);
  const kept = packet.readUInt16BE(2) & (OPCODE_MASK | FLAG_RECURSION_DESIRED | FLAG_CHECKING_DISABLED);
  reply.writeUInt16BE(FLAG_RESPONSE | FLAG_RECURSION_AVAILABLE | kept | (RCODES[rcode] & 15), 2);
  reply.fill(0, 4, HEADER_BYTES);
  if (questionEnd > HEADER_BYTES) reply.writeUInt16BE(1, 4);
  if (edns) reply.writeUInt16BE(1, 10);
  return reply;
}

function optRecord(rcode: number, dnssecOk: boolean): Buffer {
  const record = Buffer.alloc(11);
  record.writeUInt16BE(OPT, 1);
  record.writeUInt16BE(MAX_UDP_BYTES, 3);
  record[5] = rcode >>> 4;
  record.writeUInt16BE(dnssecOk ? DNSSEC_OK : 0, 7);
  return record;
}

/**
 * The whole answer to a query, for any number of later queries with the same key and the same want of EDNS: `replyTo` makes each one's own of it.
 * RA is set and AA is not, as Azure's resolver does: it is a resolver to its clients, also where a private zone is authoritative behind it.
 */
export function writeAnswer(query: Query, answer: Answer): Buffer {
  const parts = [query.packet.subarray(0, query.questionEnd)];
  const names = new Names();
  names.note(query.name ?? ('' as DomainName), HEADER_BYTES);
  let offset = query.questionEnd;
  const push = (bytes: Buffer): void => {
    parts.push(bytes);
    offset += bytes.length;
  };
  for (const record of [...answer.answers, ...answer.authority]) {
    push(names.write(record.name, offset));
    const rest = typeTtlAndData(record);
    if (record.type === 'CNAME') {
      const target = names.write(record.data, offset + 10);
      const head = Buffer.from(rest.subarray(0, 10));
      head.writeUInt16BE(target.length, 8);
      push(head);
      push(target);
    } else push(rest);
  }
  if (query.edns) push(optRecord(0, false));
  if (offset > MAX_MESSAGE_BYTES) return writeAnswer(query, { rcode: 'SERVFAIL', answers: [], authority: [] });
  const message = Buffer.concat(parts);
  message.writeUInt16BE(FLAG_RESPONSE | FLAG_RECURSION_AVAILABLE | RCODES[answer.rcode], 2);
  message.writeUInt16BE(answer.answers.length, 6);
  message.writeUInt16BE(answer.authority.length, 8);
  message.writeUInt16BE(query.edns ? 1 : 0, 10);
  return message;
}

/** A record after its owner name: type, class, TTL, data length, data; by dns-packet, under the root name. */
function typeTtlAndData(record: ResourceRecord): Buffer {
  const { type, ttlSeconds: ttl } = record;
  // dns-packet turns the strings of the array that it is given into buffers; ours is the snapshot's.
  const data = record.type === 'TXT' ? [...record.data] : record.data;
  const message = encode({ type: 'response', answers: [{ name: '.', type, class: 'IN', ttl, data } as never] });
  return message.subarray(HEADER_BYTES + 1);
}

/** The names of a message with their places, for compression (RFC 1035 section 4.1.4). */
class Names {
  readonly #offsets = new Map<string, number>();

  /** A name stands at `offset`; from there on its suffixes can be pointed at. */
  note(name: DomainName, offset: number): void {
    for (let rest: string = name, at = offset; rest !== '' && at < 0x4000; ) {
      if (!this.#offsets.has(rest)) this.#offsets.set(rest, at);
      const dot = rest.indexOf('.');
      at += 1 + (dot < 0 ? rest.length : dot);
      rest = dot < 0 ? '' : rest.slice(dot + 1);
    }
  }

  /** The name as written at `offset`: its labels up to the first suffix that stands before, then a pointer to that. */
  write(name: DomainName, offset: number): Buffer {
    let rest: string = name;
    const bytes: number[] = [];
    while (rest !== '') {
      const place = this.#offsets.get(rest);
      if (place !== undefined) {
        bytes.push(0xc0 | (place >>> 8), place & 0xff);
        break;
      }
      const dot = rest.indexOf('.');
      const label = dot < 0 ? rest : rest.slice(0, dot);
      bytes.push(label.length, ...Buffer.from(label, 'latin1'));
      rest = dot < 0 ? '' : rest.slice(dot + 1);
    }
    if (rest === '') bytes.push(0);
    this.note(name, offset);
    return Buffer.from(bytes);
  }
}

/** Whether an answer must be truncated for this query: over UDP, longer than what the client takes and what we send. */
export function exceeds(answer: Buffer, query: Query, transport: 'udp' | 'tcp'): boolean {
  if (transport === 'tcp') return false;
  const takes = query.edns ? Math.max(PLAIN_UDP_BYTES, Math.min(query.edns.udpBytes, MAX_UDP_BYTES)) : PLAIN_UDP_BYTES;
  return answer.length > takes;
}

/** The truncated form: no records but OPT, so that no client takes half an answer for the whole (RFC 2181 section 9). */
export function truncated(answer: Buffer, query: Query): Buffer {
  const reply = Buffer.concat([answer.subarray(0, query.questionEnd), query.edns ? optRecord(0, false) : Buffer.alloc(0)]);
  reply.writeUInt16BE(reply.readUInt16BE(2) | FLAG_TRUNCATED, 2);
  reply.fill(0, 6, 10);
  return reply;
}

/** An answer made this query's own: its id, its RD and CD bits, its question with the case it was asked in, its DO bit. Copies. */
export function replyTo(query: Query, answer: Buffer): Buffer {
  const { packet, questionEnd, edns } = query;
  const reply = Buffer.from(answer);
  packet.copy(reply, 0, 0, 2);
  const kept = packet.readUInt16BE(2) & (FLAG_RECURSION_DESIRED | FLAG_CHECKING_DISABLED);
  reply.writeUInt16BE(reply.readUInt16BE(2) | kept, 2);
  packet.copy(reply, HEADER_BYTES, HEADER_BYTES, questionEnd);
  // OPT is the last record and has no options: its flags are four octets from the end.
  if (edns?.dnssecOk) reply.writeUInt16BE(DNSSEC_OK, reply.length - 4);
  return reply;
}
