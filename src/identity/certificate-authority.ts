/**
 * The local certificate authority: made at first start, trusted inside machines and by whoever asks for it, and constrained to our names
 * (RFC 5280 section 4.2.1.10), so that trusting it gives nobody power over any other name. curl, Go, Node and Python honour the constraint.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { writePrivateFile } from './keys.ts';
import {
  authorityKeyIdentifier,
  basicConstraints,
  certificate,
  keyUsage,
  nameConstraints,
  pem,
  serverAuthentication,
  subjectAlternativeName,
  subjectKeyIdentifier,
} from './x509.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const CA_LIFETIME_MS = 3650 * DAY_MS;
/** An authority this close to its end is replaced at the next start, so that it never signs a leaf that outlives it. */
const CA_LEFT_MS = 365 * DAY_MS;
export const LEAF_LIFETIME_MS = 90 * DAY_MS;
/** A leaf with less than this left is due for renewal. */
export const LEAF_RENEWAL_MS = 30 * DAY_MS;
/** Certificates hold from a little before they are made: clients' clocks differ. */
const BACKDATE_MS = 60 * 60 * 1000;

/** Azure's names that the world serves; the registries' own domains are added to them. */
const AZURE_NAMES: readonly string[] = [
  'management.azure.com',
  'login.microsoftonline.com',
  'graph.microsoft.com',
  'mcr.microsoft.com',
  'blob.core.windows.net',
];
const LOOPBACK = [
  ['127.0.0.0', '255.0.0.0'],
  ['::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
] as const;

export interface Leaf {
  /** PKCS #8 in PEM. */
  readonly key: string;
  /** PEM, the leaf first. The authority itself is not in it: who trusts it has it. */
  readonly certificate: string;
  readonly notAfterMs: number;
}

export class CertificateAuthority {
  /** The authority's certificate, for trust stores. */
  readonly caPem: string;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #key: KeyObject;

  private constructor(clock: Clock, caPem: string, key: KeyObject) {
    this.#clock = clock;
    this.caPem = caPem;
    this.#name = new X509Certificate(caPem).subject.slice('CN='.length);
    this.#key = key;
  }

  /**
   * Opens the authority of a folder (`ca-key.pem` 0600, `ca-certificate.pem`), or makes one: at first, when other domains are to be
   * permitted than it was made for, or when it nears its end. Clients must then be given the new `caPem`.
   */
  static async open(options: { folder: string; clock: Clock; permittedDomains: readonly string[] }): Promise<CertificateAuthority> {
    const { folder, clock } = options;
    const constraints = nameConstraints([...new Set([...options.permittedDomains, ...AZURE_NAMES])], LOOPBACK);
    const keyFile = join(folder, 'ca-key.pem');
    const certificateFile = join(folder, 'ca-certificate.pem');
    if (existsSync(keyFile) && existsSync(certificateFile)) {
      chmodSync(keyFile, 0o600);
      const [kept, key] = [new X509Certificate(readFileSync(certificateFile)), createPrivateKey(readFileSync(keyFile))];
      const fits = kept.raw.includes(constraints.value) && kept.checkPrivateKey(key);
      if (fits && Date.parse(kept.validTo) - clock.now() > CA_LEFT_MS) return new CertificateAuthority(clock, kept.toString(), key);
    }
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const now = clock.now();
    // A name of its own, so that the authorities of two servers in one trust store are told apart.
    const name = `Postern local authority ${randomBytes(4).toString('hex')}`;
    const der = certificate({
      serialNumber: serialNumber(),
      issuer: name,
      subject: name,
      notBeforeMs: now - BACKDATE_MS,
      notAfterMs: now + CA_LIFETIME_MS,
      publicKey,
      extensions: [basicConstraints(true), keyUsage('signs certificates'), constraints, subjectKeyIdentifier(publicKey)],
      issuerKey: privateKey,
    });
    writePrivateFile(keyFile, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    writePrivateFile(certificateFile, pem('CERTIFICATE', der));
    return new CertificateAuthority(clock, pem('CERTIFICATE', der), privateKey);
  }

  /**
   * A server certificate for names (DNS names, `*.` allowed in front, and IP addresses) with a key of its own. 90 days.
   * Names outside the constraints can be signed but no client takes them.
   */
  leaf(names: readonly string[]): Leaf {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const now = this.#clock.now();
    const notAfterMs = now - (now % 1000) + LEAF_LIFETIME_MS;
    const der = certificate({
      serialNumber: serialNumber(),
      issuer: this.#name,
      // Clients look at the alternative names only (RFC 9525 section 2); the subject is for people.
      subject: `Postern ${createHash('sha256').update(names.join(',')).digest('hex').slice(0, 8)}`,
      notBeforeMs: now - BACKDATE_MS,
      notAfterMs,
      publicKey,
      extensions: [
        basicConstraints(false),
        keyUsage('signs'),
        serverAuthentication(),
        subjectAlternativeName(names),
        authorityKeyIdentifier(createPublicKey(this.#key)),
        subjectKeyIdentifier(publicKey),
      ],
      issuerKey: this.#key,
    });
    return { key: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string, certificate: pem('CERTIFICATE', der), notAfterMs };
  }
}

/** 16 random octets, positive and without a leading zero octet (RFC 5280 section 4.1.2.2). */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes;
}
