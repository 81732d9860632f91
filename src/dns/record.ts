/** Resource records and questions as values: what zone lookup, resolution and messages pass to each other. */
import type { DomainName } from '#base/domain-name.ts';

export interface SoaData {
  readonly mname: string;
  /** The mailbox as a name: `hostmaster.example`. */
  readonly rname: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  /** How long a negative answer may be kept, in seconds (RFC 2308 section 4). */
  readonly minimum: number;
}

/** A server of a service (RFC 2782). */
export interface ServerData {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: DomainName;
}

/** One record. `data` of A and AAAA is the address as text, of CNAME and PTR the target, of TXT its strings. */
export type ResourceRecord =
  | { readonly name: DomainName; readonly type: 'A' | 'AAAA'; readonly ttlSeconds: number; readonly data: string }
  | { readonly name: DomainName; readonly type: 'CNAME'; readonly ttlSeconds: number; readonly data: DomainName }
  | { readonly name: DomainName; readonly type: 'PTR'; readonly ttlSeconds: number; readonly data: DomainName }
  | {
      readonly name: DomainName;
      readonly type: 'MX';
      readonly ttlSeconds: number;
      readonly data: { readonly preference: number; readonly exchange: DomainName };
    }
  | { readonly name: DomainName; readonly type: 'SRV'; readonly ttlSeconds: number; readonly data: ServerData }
  | { readonly name: DomainName; readonly type: 'TXT'; readonly ttlSeconds: number; readonly data: readonly string[] }
  | { readonly name: DomainName; readonly type: 'SOA'; readonly ttlSeconds: number; readonly data: SoaData };

/** A question of class IN. `type` is the mnemonic, or `TYPE65` (RFC 3597 section 5) for one that no name here has. */
export interface Question {
  readonly name: DomainName;
  readonly type: string;
}

/** What one zone says of a name. NODATA (the name exists, the type does not) and NXDOMAIN are different answers (RFC 2308 section 2). */
export type Lookup =
  | { readonly kind: 'answer'; readonly records: readonly ResourceRecord[] }
  | { readonly kind: 'alias'; readonly record: ResourceRecord & { readonly type: 'CNAME' } }
  | { readonly kind: 'nodata' | 'nxdomain'; readonly soa: ResourceRecord };

/** An SOA as it stands in the authority section of a negative answer: it lives no longer than its own minimum (RFC 2308 section 3). */
export function negativeSoa(name: DomainName, ttlSeconds: number, data: SoaData): ResourceRecord {
  return { name, type: 'SOA', ttlSeconds: Math.min(ttlSeconds, data.minimum), data };
}
