/**
 * Where a registry's names lead, network by network, and what that means for each of its private endpoints. Pure: the answers are those of `resolve`, which is
 * what the networks' resolvers answer with, so that no verdict can differ from what a client meets.
 */
import { type DomainName, isWithinDomain } from '#base/domain-name.ts';
import { type IpAddress, prefixContains } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { ConnectionState } from '#topology/facts.ts';
import { type Path, pathTo } from '#topology/paths.ts';
import { hostsOf } from '#topology/registry-hosts.ts';
import type { EndpointAddress, NetworkPart, Snapshot, ZonePart } from '#topology/snapshot.ts';
import { privateLinkName } from './public-names.ts';
import { resolve, resolveAddresses, zoneFor } from './resolution.ts';

/**
 * What becomes of one name of an endpoint in the endpoint's own network.
 * `NotApproved`: the connection carries no traffic, whatever the name does. `MissingRecord`: the linked zone lacks the name, so it does not exist.
 * `WrongAddress`: the zone has another address. `AmbiguousAddress`: also that of something else. `ZoneNotLinked`: there is a zone with the name, which the network
 * does not see. `NoZone`: there is none. `Shadowed`: another linked zone answers first.
 */
export type NameStatus = 'Healthy' | 'NotApproved' | 'MissingRecord' | 'WrongAddress' | 'AmbiguousAddress' | 'ZoneNotLinked' | 'NoZone' | 'Shadowed';

export interface NameEvidence {
  readonly name: DomainName;
  /** The address of the endpoint that serves it. */
  readonly expected: IpAddress;
  readonly rcode: string;
  readonly resolved: readonly IpAddress[];
  readonly status: NameStatus;
  /** The zone that the verdict is about: the one that answered, or the one that should have. */
  readonly zone?: ResourceKey;
  /** Whose the wrong address is, when it is another endpoint's. */
  readonly leadsTo?: ResourceKey;
}

export interface ConnectionEvidence {
  readonly endpoint: ResourceKey;
  readonly state: ConnectionState;
  readonly network?: ResourceKey;
  readonly subnet?: ResourceKey;
  readonly addresses: readonly { readonly member: string; readonly address: IpAddress }[];
  /** The worst of its names; `NoAddress` for an endpoint that has none here, `NotVisible` for one that the asker may not read. */
  readonly status: NameStatus | 'NoAddress' | 'NotVisible';
  readonly names: readonly NameEvidence[];
}

export interface NetworkEvidence {
  readonly network: ResourceKey;
  /** Zones linked to it in which names of registries may be. */
  readonly zones: readonly ResourceKey[];
  /** How its machines come to each name of the registry, if at all. */
  readonly names: readonly ({ readonly name: DomainName } & Path)[];
}

export interface NameReport {
  readonly connections: readonly ConnectionEvidence[];
  readonly networks: readonly NetworkEvidence[];
}

/** What hurts most comes last: the status of a connection is the last of its names' in this order. */
const WORSE: readonly NameStatus[] = ['Healthy', 'AmbiguousAddress', 'NoZone', 'ZoneNotLinked', 'Shadowed', 'WrongAddress', 'MissingRecord', 'NotApproved'];

/** The report on a registry; undefined when there is none with the key. */
export function namesOfRegistry(snapshot: Snapshot, registry: ResourceKey): NameReport | undefined {
  const part = snapshot.registries.get(registry);
  if (!part) return undefined;
  const hosts = hostsOf(part);
  const found = endpointsOf(snapshot, new Set(part.connections.keys()));
  const connections = [...part.connections].map(([endpoint, state]): ConnectionEvidence => {
    const at = found.get(endpoint);
    if (!at) return { endpoint, state, addresses: [], status: 'NoAddress', names: [] };
    const { network, addresses } = at;
    const names = addresses.flatMap((address) => address.fqdns.map((name) => nameEvidence(snapshot, network, address, name)));
    const status = names.reduce<NameStatus>((worst, { status: own }) => (WORSE.indexOf(own) > WORSE.indexOf(worst) ? own : worst), 'Healthy');
    const subnet = subnetOf(network, addresses[0]?.address);
    return {
      endpoint,
      state,
      network: network.key,
      ...(subnet === undefined ? {} : { subnet }),
      addresses: addresses.map(({ member, address }) => ({ member, address })),
      status,
      names,
    };
  });
  const networks = [...snapshot.networks.values()].filter(
    (network) => zonesFor(snapshot, network).length > 0 || [...network.endpoints.values()].some(({ endpoint }) => part.connections.has(endpoint)),
  );
  return {
    connections: connections.sort((a, b) => (a.endpoint < b.endpoint ? -1 : 1)),
    networks: networks.map((network) => ({
      network: network.key,
      zones: zonesFor(snapshot, network).map(({ key }) => key),
      names: hosts.map(([name, host]) => ({ name, ...pathTo(snapshot, network, part, name, host, resolveAddresses) })),
    })),
  };
}

/** The report without what its reader may not read: an endpoint or its network, networks, zones. */
export function visibleNames(report: NameReport, mayRead: (resource: ResourceKey) => boolean): NameReport {
  const name = ({ zone, leadsTo, ...rest }: NameEvidence): NameEvidence => ({
    ...rest,
    ...(zone !== undefined && mayRead(zone) ? { zone } : {}),
    ...(leadsTo !== undefined && mayRead(leadsTo) ? { leadsTo } : {}),
  });
  return {
    connections: report.connections.map((connection) => {
      const { endpoint, state, network } = connection;
      const visible = mayRead(endpoint) && (network === undefined || mayRead(network));
      return visible ? { ...connection, names: connection.names.map(name) } : { endpoint, state, addresses: [], status: 'NotVisible', names: [] };
    }),
    networks: report.networks.filter(({ network }) => mayRead(network)).map((network) => ({ ...network, zones: network.zones.filter(mayRead) })),
  };
}

function nameEvidence(snapshot: Snapshot, network: NetworkPart, { address: expected, state }: EndpointAddress, name: DomainName): NameEvidence {
  const { rcode, resolved, last } = resolved4(snapshot, network, name);
  const told = { name, expected, rcode, resolved };
  if (state !== 'Approved') return { ...told, status: 'NotApproved' };
  const others = resolved.filter((address) => address !== expected);
  const answering = zoneFor(snapshot, network, last);
  const zone = answering && { zone: answering.key };
  if (resolved.includes(expected)) return { ...told, ...zone, status: others.length === 0 ? 'Healthy' : 'AmbiguousAddress' };
  // Where the name ought to be found: a zone that has it right, whether the network sees it or not; a linked one before others.
  const linkName = privateLinkName(name, snapshot.names.domain);
  const right = [...snapshot.names.zones.values()]
    .filter((candidate) => isWithinDomain(linkName, candidate.name) && addressesAt(candidate, linkName).includes(expected))
    .sort((a, b) => Number(network.zones.includes(b.key)) - Number(network.zones.includes(a.key)))[0];
  if (answering) {
    if (right && right.key !== answering.key && network.zones.includes(right.key)) return { ...told, ...zone, status: 'Shadowed' };
    if (last === name) return { ...told, ...zone, status: 'Shadowed' };
    if (resolved.length === 0) return { ...told, ...zone, status: 'MissingRecord' };
    const other = network.endpoints.get(others[0] as IpAddress)?.endpoint ?? ownerOf(snapshot, others[0] as IpAddress, name);
    return { ...told, ...zone, status: 'WrongAddress', ...(other === undefined ? {} : { leadsTo: other }) };
  }
  const named = right ?? [...snapshot.names.zones.values()].find((candidate) => candidate.name === `privatelink.${snapshot.names.domain}`);
  return named ? { ...told, zone: named.key, status: 'ZoneNotLinked' } : { ...told, status: 'NoZone' };
}

/** Addresses of a name in a network, and the last name that the aliases led to. */
function resolved4(snapshot: Snapshot, network: NetworkPart, name: DomainName): { rcode: string; resolved: IpAddress[]; last: DomainName } {
  const { rcode, answers } = resolve(snapshot, network.key, { name, type: 'A' });
  const resolved = answers.flatMap((record) => (record.type === 'A' ? [record.data as IpAddress] : []));
  const alias = answers.findLast((record) => record.type === 'CNAME');
  return { rcode, resolved, last: alias?.type === 'CNAME' ? alias.data : name };
}

/** The zones linked to a network that private link names, or names above them, may be in. */
function zonesFor(snapshot: Snapshot, network: NetworkPart): ZonePart[] {
  const link = `privatelink.${snapshot.names.domain}` as DomainName;
  return network.zones
    .map((key) => snapshot.names.zones.get(key))
    .filter((zone): zone is ZonePart => zone !== undefined && (isWithinDomain(link, zone.name) || isWithinDomain(zone.name, snapshot.names.domain)));
}

function addressesAt(zone: ZonePart, name: DomainName): readonly unknown[] {
  return zone.records.get(name)?.find(({ type }) => type === 'A')?.data ?? [];
}

function endpointsOf(snapshot: Snapshot, endpoints: ReadonlySet<ResourceKey>): Map<ResourceKey, { network: NetworkPart; addresses: EndpointAddress[] }> {
  const found = new Map<ResourceKey, { network: NetworkPart; addresses: EndpointAddress[] }>();
  for (const network of snapshot.networks.values())
    for (const address of network.endpoints.values()) {
      if (!endpoints.has(address.endpoint)) continue;
      const at = found.get(address.endpoint);
      if (at) at.addresses.push(address);
      else found.set(address.endpoint, { network, addresses: [address] });
    }
  for (const { addresses } of found.values()) addresses.sort((a, b) => (a.member < b.member ? -1 : 1));
  return found;
}

/** The endpoint of any network that has the address for the name. */
function ownerOf(snapshot: Snapshot, address: IpAddress, name: DomainName): ResourceKey | undefined {
  for (const network of snapshot.networks.values()) {
    const at = network.endpoints.get(address);
    if (at?.fqdns.includes(name)) return at.endpoint;
  }
  return undefined;
}

function subnetOf(network: NetworkPart, address: IpAddress | undefined): ResourceKey | undefined {
  return address === undefined ? undefined : network.subnets.find(({ prefix }) => prefixContains(prefix, address))?.key;
}

/** The report on registries of the newest snapshot, for each reader what it may read. */
export function visibleNamesOf(snapshot: () => Snapshot): (registry: ResourceKey, mayRead: (resource: ResourceKey) => boolean) => NameReport | undefined {
  return (registry, mayRead) => {
    const report = namesOfRegistry(snapshot(), registry);
    return report && visibleNames(report, mayRead);
  };
}
