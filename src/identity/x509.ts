/** X.509 certificates, written: the DER (X.690) of the few fields and extensions that our authority and its leaves have (RFC 5280 section 4). node:crypto signs. */
import { createHash, type KeyObject, sign } from 'node:crypto';
import { ipNumber } from '#base/ip.ts';

/** An extension, ready to be put into a certificate. */
export interface Extension {
  readonly id: string;
  readonly critical: boolean;
  /** DER of the extension's value. */
  readonly value: Buffer;
}

const [BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OBJECT_IDENTIFIER, UTF8_STRING, UTC_TIME, GENERALIZED_TIME] = [1, 2, 3, 4, 6, 0x0c, 0x17, 0x18] as const;
const [SEQUENCE, SET] = [0x30, 0x31] as const;
/** GeneralName (RFC 5280 section 4.2.1.6): context-specific, primitive. */
const [DNS_NAME, IP_ADDRESS] = [0x82, 0x87] as const;

/** A value under a tag, with its length in the shortest form; up to 64 KiB. */
function tagged(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(content);
  const length = value.length < 0x80 ? [value.length] : value.length < 0x100 ? [0x81, value.length] : [0x82, value.length >> 8, value.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}

function objectIdentifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tagged(OBJECT_IDENTIFIER, Buffer.from(bytes));
}

/** UTCTime until 2049, GeneralizedTime after (section 4.1.2.5). Whole seconds. */
function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  return text < '2050' ? tagged(UTC_TIME, Buffer.from(text.slice(2))) : tagged(GENERALIZED_TIME, Buffer.from(text));
}

function commonName(name: string): Buffer {
  return tagged(SEQUENCE, tagged(SET, tagged(SEQUENCE, objectIdentifier('2.5.4.3'), tagged(UTF8_STRING, Buffer.from(name)))));
}

function octets(address: string): Buffer {
  if (ipNumber(address) !== undefined) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const words = (text: string): number[] => (text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16)));
  const [before, after] = [words(head), words(tail ?? '')];
  const all = tail === undefined ? before : [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest()
    .subarray(0, 20);
}

/** `authority`: signs certificates, of leaves only (path length 0). */
export function basicConstraints(authority: boolean): Extension {
  const value = authority ? tagged(SEQUENCE, tagged(BOOLEAN, Buffer.from([0xff])), tagged(INTEGER, Buffer.from([0]))) : tagged(SEQUENCE);
  return { id: '2.5.29.19', critical: true, value };
}

export function keyUsage(use: 'signs certificates' | 'signs'): Extension {
  // keyCertSign and cRLSign are bits 5 and 6, digitalSignature is bit 0; the first octet counts the unused bits (section 4.2.1.3).
  return { id: '2.5.29.15', critical: true, value: tagged(BIT_STRING, Buffer.from(use === 'signs' ? [7, 0x80] : [1, 0x06])) };
}

export function serverAuthentication(): Extension {
  return { id: '2.5.29.37', critical: false, value: tagged(SEQUENCE, objectIdentifier('1.3.6.1.5.5.7.3.1')) };
}

/** DNS names (a leading `*.` allowed) and IP addresses. */
export function subjectAlternativeName(names: readonly string[]): Extension {
  const general = names.map((name) => (/^[0-9.]+$|:/.test(name) ? tagged(IP_ADDRESS, octets(name)) : tagged(DNS_NAME, Buffer.from(name, 'ascii'))));
  return { id: '2.5.29.17', critical: false, value: tagged(SEQUENCE, ...general) };
}

export function subjectKeyIdentifier(key: KeyObject): Extension {
  return { id: '2.5.29.14', critical: false, value: tagged(OCTET_STRING, keyIdentifier(key)) };
}

export function authorityKeyIdentifier(key: KeyObject): Extension {
  return { id: '2.5.29.35', critical: false, value: tagged(SEQUENCE, tagged(0x80, keyIdentifier(key))) };
}

/** Permits domains with all below them, and address ranges given as address and mask; nothing else of these two kinds (section 4.2.1.10). */
export function nameConstraints(domains: readonly string[], ranges: readonly (readonly [address: string, mask: string])[]): Extension {
  const names = [
    ...domains.map((domain) => tagged(DNS_NAME, Buffer.from(domain, 'ascii'))),
    ...ranges.map(([address, mask]) => tagged(IP_ADDRESS, octets(address), octets(mask))),
  ];
  return { id: '2.5.29.30', critical: true, value: tagged(SEQUENCE, tagged(0xa0, ...names.map((name) => tagged(SEQUENCE, name)))) };
}

/** The DER of a version 3 certificate, signed by an EC key with SHA-256. */
export function certificate(options: {
  /** Positive: the first bit is clear, and some of the first octet is set. At most 20 octets. */
  serialNumber: Buffer;
  issuer: string;
  subject: string;
  notBeforeMs: number;
  notAfterMs: number;
  publicKey: KeyObject;
  extensions: readonly Extension[];
  issuerKey: KeyObject;
}): Buffer {
  const algorithm = tagged(SEQUENCE, objectIdentifier('1.2.840.10045.4.3.2'));
  const extensions = options.extensions.map(({ id, critical, value }) =>
    tagged(SEQUENCE, objectIdentifier(id), ...(critical ? [tagged(BOOLEAN, Buffer.from([0xff]))] : []), tagged(OCTET_STRING, value)),
  );
  const toBeSigned = tagged(
    SEQUENCE,
    tagged(0xa0, tagged(INTEGER, Buffer.from([2]))),
    tagged(INTEGER, options.serialNumber),
    algorithm,
    commonName(options.issuer),
    tagged(SEQUENCE, time(options.notBeforeMs), time(options.notAfterMs)),
    commonName(options.subject),
    options.publicKey.export({ format: 'der', type: 'spki' }),
    tagged(0xa3, tagged(SEQUENCE, ...extensions)),
  );
  const signature = sign('sha256', toBeSigned, { key: options.issuerKey, dsaEncoding: 'der' });
  return tagged(SEQUENCE, toBeSigned, algorithm, tagged(BIT_STRING, Buffer.from([0]), signature));
}

/** PEM (RFC 7468). */
export function pem(label: string, der: Buffer): string {
  return `-----BEGIN ${label}-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`;
}
