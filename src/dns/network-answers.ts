/** The answers of one network's resolver: a query in, a reply out, with whole answers kept as bytes while what they rest on stands. */
import type { DomainName } from '#base/domain-name.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import { exceeds, type Query, readQuery, replyTo, truncated, writeAnswer } from './message.ts';
import { lookupPublic } from './public-names.ts';
import { type Answer, resolve } from './resolution.ts';

export type Transport = 'udp' | 'tcp';

/** A guard against clients that ask for ever new names, not a size that real ones reach. */
const MAX_KEPT = 4096;

export class NetworkAnswers {
  readonly #network: ResourceKey;
  #snapshot: Snapshot;
  /** What the answers rest on: the network's zones, and the public side. */
  #basis: readonly unknown[];
  /** By question, apart for clients with and without EDNS. */
  readonly #kept = new Map<string, Buffer>();

  constructor(network: ResourceKey, snapshot: Snapshot) {
    this.#network = network;
    this.#snapshot = snapshot;
    this.#basis = basis(network, snapshot);
  }

  /** From now on answers come from this snapshot. Those kept are dropped only when a part that they rest on is another. */
  see(snapshot: Snapshot): void {
    const next = basis(this.#network, snapshot);
    this.#snapshot = snapshot;
    if (next.length === this.#basis.length && next.every((part, index) => part === this.#basis[index])) return;
    this.#basis = next;
    this.#kept.clear();
  }

  /** The reply to a packet, or undefined when none is due. Never throws: what cannot be understood is answered FORMERR, what goes wrong here SERVFAIL. */
  reply(packet: Buffer, transport: Transport): Buffer | undefined {
    const reading = readQuery(packet);
    if (!reading) return undefined;
    if ('error' in reading) return reading.error;
    const { query } = reading;
    const answer = this.#answer(query);
    return replyTo(query, exceeds(answer, query, transport) ? truncated(answer, query) : answer);
  }

  #answer(query: Query): Buffer {
    const key = query.edns ? `+${query.key}` : query.key;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    let answer: Answer;
    try {
      answer = this.#resolve(query);
    } catch {
      return writeAnswer(query, { rcode: 'SERVFAIL', answers: [], authority: [] });
    }
    const written = writeAnswer(query, answer);
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(key, written);
    return written;
  }

  #resolve({ name, type }: Query): Answer {
    if (name !== undefined) return resolve(this.#snapshot, this.#network, { name, type });
    // A name with octets that no name here has; the public side says so as of any other.
    const nothing = lookupPublic(this.#snapshot, 'invalid' as DomainName, 'A');
    return { rcode: 'NXDOMAIN', answers: [], authority: 'soa' in nothing ? [nothing.soa] : [] };
  }
}

/** The parts that decide a network's answers. */
function basis(network: ResourceKey, snapshot: Snapshot): readonly unknown[] {
  const zones = snapshot.networks.get(network)?.zones ?? [];
  return [snapshot.names.hosts, snapshot.registries, ...zones.map((key) => snapshot.names.zones.get(key))];
}
