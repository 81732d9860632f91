/**
 * The certificates that listeners show: an own one of the operator's where it covers the name, else leaves of the local authority, renewed without a restart.
 * Looked at when a handshake asks, so that nothing here needs a timer but the leaf of clients that name no server.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { Clock } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { type CertificateAuthority, LEAF_RENEWAL_MS, type Leaf } from '#identity/certificate-authority.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import type { Config } from '../config.ts';
import { AZURE_HOSTS, IMAGES_HOST } from './hosts.ts';

/** TLS 1.2 and 1.3; HTTP/1.1 is the only protocol offered. */
export const TLS_OPTIONS = { minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] } as const satisfies SecureContextOptions & { ALPNProtocols: string[] };

/** The files of an own certificate are looked at no more often than this. */
const LOOK_MS = 2_000;
/** Leaves that are kept; there is one for all wildcards, and one a registry under a domain of one label. */
const KEPT = 2_000;

interface Kept {
  readonly context: SecureContext;
  readonly leaf: Leaf;
}

interface Own {
  readonly context: SecureContext;
  readonly certificate: X509Certificate;
  /** Modification times and sizes of both files, to see a change. */
  readonly version: string;
}

export class Certificates {
  readonly #ca: CertificateAuthority;
  readonly #config: Pick<Config, 'certificate' | 'domain' | 'hostDomain' | 'listen'>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #leaves = new Map<string, Kept>();
  #own: Own | undefined;
  /** Why the own certificate could not be loaded the last time. */
  #trouble: unknown;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  /** @throws Fault `CertificateUnusable` (invalid) when an own certificate is configured and cannot be loaded. */
  constructor(options: { ca: CertificateAuthority; config: Pick<Config, 'certificate' | 'domain' | 'hostDomain' | 'listen'>; clock: Clock; log: Log }) {
    this.#ca = options.ca;
    this.#config = options.config;
    this.#clock = options.clock;
    this.#log = options.log;
    const files = this.#config.certificate;
    if (files && !this.#ownCertificate())
      throw new Fault(
        'invalid',
        'CertificateUnusable',
        `The certificate '${files.certificateFile}' with the key '${files.keyFile}' cannot be used: ${(this.#trouble as Error).message}. Give PEM files that belong together by --certificate and --key.`,
        { cause: this.#trouble },
      );
  }

  /** For a server name that is ours. */
  forName(name: string, snapshot: Snapshot): SecureContext {
    const own = this.#ownCertificate();
    if (own?.certificate.checkHost(name) !== undefined) return own?.context as SecureContext;
    return this.#kept(this.#namesWith(name, snapshot)).context;
  }

  /** For clients of the management listener that name no server, since they dial an address. */
  forAddresses(): Leaf {
    const { host } = this.#config.listen;
    return this.#kept([...new Set(['localhost', '127.0.0.1', '::1', ...(host.startsWith('127.') ? [host] : [])])]).leaf;
  }

  /** The names of the leaf that covers a name: all of one kind share one. */
  #namesWith(name: string, snapshot: Snapshot): readonly string[] {
    if (name === 'localhost') return ['localhost', '127.0.0.1', '::1'];
    const { domain, hostDomain } = this.#config;
    for (const suffix of new Set([domain, hostDomain])) {
      if (!name.endsWith(`.${suffix}`)) continue;
      const data = /^[^.]+\.([^.]+)\.data\./.exec(name)?.[1];
      // OpenSSL and Node take no wildcard in front of a single label: under such a domain each registry has a leaf of its own.
      if (!suffix.includes('.')) return data === undefined ? [name] : [`*.${data}.data.${suffix}`];
      const regions = new Set([...snapshot.registries.values()].flatMap((registry) => registry.regions));
      return [`*.${suffix}`, ...[...regions].sort().map((region) => `*.${region}.data.${suffix}`)];
    }
    return [...AZURE_HOSTS, IMAGES_HOST];
  }

  #kept(names: readonly string[]): Kept {
    const key = names.join(' ');
    const kept = this.#leaves.get(key);
    if (kept && kept.leaf.notAfterMs - this.#clock.now() > LEAF_RENEWAL_MS) return kept;
    const leaf = this.#ca.leaf(names);
    const made = { leaf, context: createSecureContext({ key: leaf.key, cert: leaf.certificate, minVersion: TLS_OPTIONS.minVersion }) };
    if (this.#leaves.size >= KEPT) this.#leaves.clear();
    this.#leaves.set(key, made);
    this.#log.info({ names: names.slice(0, 5), notAfter: new Date(leaf.notAfterMs).toISOString() }, kept ? 'certificate renewed' : 'certificate made');
    return made;
  }

  /** A certificate for other names would lie there unused without a word. */
  #requireOurNames(certificate: X509Certificate): void {
    const names = [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^,\s]+)/g)].map((match) => (match[1] as string).toLowerCase());
    const suffixes = [...new Set([this.#config.domain, this.#config.hostDomain])];
    const ours = (name: string): boolean =>
      // Clients take no wildcard in front of a single label, as `*.localhost`.
      suffixes.some((suffix) => name.endsWith(`.${suffix}`) && !(name.startsWith('*.') && name.split('.').length < 3));
    if (!names.some(ours))
      throw new Error(
        `it is for ${names.slice(0, 5).join(', ') || 'no DNS name'}, but registries are served below ${suffixes.join(' and ')} (--domain, --host-domain)`,
      );
  }

  /** The operator's certificate as its files are now; the last good one while they are damaged or half-written. */
  #ownCertificate(): Own | undefined {
    const files = this.#config.certificate;
    if (!files) return undefined;
    if (this.#clock.now() - this.#lookedAtMs < LOOK_MS) return this.#own;
    this.#lookedAtMs = this.#clock.now();
    try {
      const version = [files.certificateFile, files.keyFile].map((file) => statSync(file)).map(({ mtimeMs, size }) => `${mtimeMs}:${size}`);
      if (this.#own?.version === version.join()) return this.#own;
      const [cert, key] = [readFileSync(files.certificateFile), readFileSync(files.keyFile)];
      // Throws when the key is not the certificate's.
      const context = createSecureContext({ cert, key, minVersion: TLS_OPTIONS.minVersion });
      const certificate = new X509Certificate(cert);
      this.#requireOurNames(certificate);
      this.#own = { context, certificate, version: version.join() };
      this.#log.info({ file: files.certificateFile, notAfter: this.#own.certificate.validTo }, 'own certificate loaded');
    } catch (error) {
      this.#trouble = error;
      this.#log.error(
        { file: files.certificateFile, error: String(error) },
        this.#own ? 'own certificate not reloaded; the last one stays' : 'own certificate not loaded',
      );
    }
    return this.#own;
  }
}
