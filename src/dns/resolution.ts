/**
 * Resolution as one virtual network sees it. Pure.
 * Azure's resolver (docs/sources.md#resolver): of the private zones linked to the asker's network the one with the longest matching suffix is authoritative
 * for the name, and a name that it lacks does not exist, whatever the public side says. The target of a CNAME is resolved by the same rule, which is how a
 * public name ends at a private address.
 */
import { type DomainName, isWithinDomain } from '#base/domain-name.ts';
import type { IpAddress } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { ResolveAddresses } from '#topology/paths.ts';
import type { NetworkPart, Snapshot, ZonePart } from '#topology/snapshot.ts';
import { lookupPublic } from './public-names.ts';
import type { Question, ResourceRecord } from './record.ts';
import { lookup } from './zone.ts';

export interface Answer {
  /** With NXDOMAIN the answers still hold the CNAMEs that led there (RFC 6604 section 3). */
  readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL';
  /** CNAMEs in the order they were followed, then the records asked for. */
  readonly answers: readonly ResourceRecord[];
  /** The SOA of the zone that says no; empty otherwise. */
  readonly authority: readonly ResourceRecord[];
}

/** Longer than any chain of ours; a chain that goes on is a loop. */
const MAX_ALIASES = 16;

/** The answer to a question asked in a network. A network that the snapshot does not have sees the public side only. ANY is answered with A (RFC 8482 section 4.1). */
export function resolve(snapshot: Snapshot, network: ResourceKey, question: Question): Answer {
  const part = snapshot.networks.get(network);
  const type = question.type === 'ANY' ? 'A' : question.type;
  const answers: ResourceRecord[] = [];
  let name = question.name;
  for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
    const zone = part && zoneFor(snapshot, part, name);
    const found = zone ? lookup(zone, name, type) : lookupPublic(snapshot, name, type);
    switch (found.kind) {
      case 'answer':
        return { rcode: 'NOERROR', answers: [...answers, ...found.records], authority: [] };
      case 'alias':
        answers.push(found.record);
        name = found.record.data;
        break;
      default:
        return { rcode: found.kind === 'nxdomain' ? 'NXDOMAIN' : 'NOERROR', answers, authority: [found.soa] };
    }
  }
  return { rcode: 'SERVFAIL', answers: [], authority: [] };
}

/** The A records of a name in a network: undefined when it does not exist there. */
export const resolveAddresses: ResolveAddresses = (snapshot, network, name) => {
  const { rcode, answers } = resolve(snapshot, network, { name, type: 'A' });
  return rcode === 'NOERROR' ? answers.flatMap((record) => (record.type === 'A' ? [record.data as IpAddress] : [])) : undefined;
};

/** The linked zone with the longest suffix of the name. Azure links no two of one name; if they were, the first key holds. */
export function zoneFor(snapshot: Snapshot, network: NetworkPart, name: DomainName): ZonePart | undefined {
  let best: ZonePart | undefined;
  for (const key of network.zones) {
    const zone = snapshot.names.zones.get(key);
    if (zone && isWithinDomain(name, zone.name) && (!best || zone.name.length > best.name.length)) best = zone;
  }
  return best;
}
