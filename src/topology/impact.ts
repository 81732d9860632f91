/**
 * Impact: what becomes different for whom when one snapshot turns into another: paths to registries, names of private zones, connections, machines, networks,
 * roles. Pure. It looks only at what the two do not share, so that a question about one endpoint among thousands is answered at once.
 */
import type { DomainName } from '#base/domain-name.ts';
import type { IpAddress } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { ConnectionState } from './facts.ts';
import { type Path, pathTo, type ResolveAddresses } from './paths.ts';
import { hostsOf } from './registry-hosts.ts';
import { differences } from './shared-map.ts';
import type { NetworkPart, RegistryPart, Snapshot } from './snapshot.ts';

/** Ids are as they are shown. */
export interface Impact {
  /** Host names of registries that would be reached otherwise than now, by network. */
  readonly paths: readonly {
    readonly verdict: 'lost' | 'gained' | 'changed';
    readonly registry: string;
    readonly host: DomainName;
    readonly network: string;
    /** The machines of the network, by id. */
    readonly machines: readonly string[];
    readonly before: Path;
    readonly after: Path;
  }[];
  /** Names of private zones whose answer would change, with every network that resolves them. At most 100 of them; `namesInAll` counts all. */
  readonly names: readonly {
    readonly name: DomainName;
    readonly network: string;
    readonly before: readonly IpAddress[] | undefined;
    readonly after: readonly IpAddress[] | undefined;
  }[];
  readonly namesInAll: number;
  readonly connections: readonly {
    readonly registry: string;
    readonly endpoint: ResourceKey;
    readonly before: ConnectionState | undefined;
    readonly after: ConnectionState | undefined;
  }[];
  readonly machines: readonly { readonly id: string; readonly network: string; readonly verdict: 'lost' | 'gained' }[];
  readonly networks: readonly { readonly id: string; readonly verdict: 'lost' | 'gained' }[];
  /** Principals whose role assignments would change. */
  readonly principals: readonly { readonly principalId: string; readonly before: readonly string[]; readonly after: readonly string[] }[];
}

const MAX_NAMES = 100;

/** What turning `before` into `after` would change. `resolve` answers names as the networks' resolvers do. */
export function impact(before: Snapshot, after: Snapshot, resolve: ResolveAddresses): Impact {
  const networks = concernedNetworks(before, after);
  const names = namesOf(before, after, networks, resolve);
  return {
    paths: pathsOf(before, after, networks, resolve),
    names: names.slice(0, MAX_NAMES),
    namesInAll: names.length,
    connections: connectionsOf(before, after),
    machines: cameOrWent(before.machines, after.machines, (machine) => ({ id: machine.id, network: idOf(machine.network, before, after) })),
    networks: cameOrWent(before.networks, after.networks, ({ id }) => ({ id })),
    principals: [...differences(before.access.assignments, after.access.assignments)].map((difference) => ({
      principalId: difference.key,
      before: (difference.before ?? []).map(({ assignment }) => assignment),
      after: (difference.after ?? []).map(({ assignment }) => assignment),
    })),
  };
}

/** Networks that themselves change, and those that a zone that changes is linked to. */
function concernedNetworks(before: Snapshot, after: Snapshot): ReadonlySet<ResourceKey> {
  const keys = new Set([...differences(before.networks, after.networks)].map(({ key }) => key));
  const zones = new Set([...differences(before.names.zones, after.names.zones)].map(({ key }) => key));
  if (zones.size > 0)
    for (const snapshot of [before, after])
      for (const network of snapshot.networks.values()) if (network.zones.some((zone) => zones.has(zone))) keys.add(network.key);
  return keys;
}

function pathsOf(before: Snapshot, after: Snapshot, networks: ReadonlySet<ResourceKey>, resolve: ResolveAddresses): Impact['paths'] {
  const changed = new Set([...differences(before.registries, after.registries)].map(({ key }) => key));
  const found: Impact['paths'][number][] = [];
  const compare = (network: ResourceKey, registry: ResourceKey): void => {
    const [networkBefore, networkAfter] = [before.networks.get(network), after.networks.get(network)];
    const [registryBefore, registryAfter] = [before.registries.get(registry), after.registries.get(registry)];
    const hosts = new Map([...(registryBefore ? hostsOf(registryBefore) : []), ...(registryAfter ? hostsOf(registryAfter) : [])]);
    for (const [name, host] of hosts) {
      const path = (snapshot: Snapshot, from: NetworkPart | undefined, to: RegistryPart | undefined): Path => {
        if (!from) return { addresses: undefined, by: 'nowhere', reached: false, why: 'the network does not exist' };
        if (!to) return { addresses: resolve(snapshot, network, name), by: 'nowhere', reached: false, why: 'the registry does not exist' };
        return pathTo(snapshot, from, to, name, host, resolve);
      };
      const [was, is] = [path(before, networkBefore, registryBefore), path(after, networkAfter, registryAfter)];
      if (was.reached === is.reached && was.by === is.by && String(was.addresses) === String(is.addresses)) continue;
      found.push({
        verdict: was.reached === is.reached ? 'changed' : was.reached ? 'lost' : 'gained',
        registry: (registryAfter ?? registryBefore)?.id ?? registry,
        host: name,
        network: (networkAfter ?? networkBefore)?.id ?? network,
        machines: (networkBefore ?? networkAfter)?.machines.map(({ id }) => id) ?? [],
        before: was,
        after: is,
      });
    }
  };
  const keysOf = (part: 'networks' | 'registries'): Set<ResourceKey> => new Set([...before[part].keys(), ...after[part].keys()]);
  for (const network of networks) for (const registry of keysOf('registries')) compare(network, registry);
  if (changed.size > 0) for (const network of keysOf('networks')) if (!networks.has(network)) for (const registry of changed) compare(network, registry);
  return found.sort((a, b) => order(a.verdict) - order(b.verdict) || (a.host < b.host ? -1 : a.host > b.host ? 1 : 0));
}

const order = (verdict: 'lost' | 'gained' | 'changed'): number => ['lost', 'changed', 'gained'].indexOf(verdict);

/** Names at which a concerned network gets other answers; that registries' private link names are among them is how their paths come to change. */
function namesOf(before: Snapshot, after: Snapshot, networks: ReadonlySet<ResourceKey>, resolve: ResolveAddresses): Impact['names'] {
  const changedZones = new Map([...differences(before.names.zones, after.names.zones)].map((difference) => [difference.key, difference]));
  const found: Impact['names'][number][] = [];
  for (const key of networks) {
    const [was, is] = [before.networks.get(key), after.networks.get(key)];
    const names = new Set<DomainName>();
    for (const zone of new Set([...(was?.zones ?? []), ...(is?.zones ?? [])])) {
      const linkChanged = was?.zones.includes(zone) !== is?.zones.includes(zone);
      const change = changedZones.get(zone);
      const records = (snapshot: Snapshot): Iterable<DomainName> => snapshot.names.zones.get(zone)?.records.keys() ?? [];
      if (linkChanged || (change && !(change.before && change.after)))
        for (const snapshot of [before, after]) for (const name of records(snapshot)) names.add(name);
      else if (change?.before && change.after) for (const difference of differences(change.before.records, change.after.records)) names.add(difference.key);
    }
    for (const name of names) {
      const [had, has] = [resolve(before, key, name), resolve(after, key, name)];
      if (String(had) !== String(has)) found.push({ name, network: (is ?? was)?.id ?? key, before: had, after: has });
    }
  }
  return found;
}

function connectionsOf(before: Snapshot, after: Snapshot): Impact['connections'] {
  const found: Impact['connections'][number][] = [];
  for (const difference of differences(before.registries, after.registries))
    for (const connection of differences(difference.before?.connections ?? NONE, difference.after?.connections ?? NONE))
      found.push({
        registry: (difference.after ?? difference.before)?.id ?? difference.key,
        endpoint: connection.key,
        before: connection.before,
        after: connection.after,
      });
  return found;
}

const NONE: ReadonlyMap<ResourceKey, ConnectionState> = new Map();

function cameOrWent<V, T>(
  before: ReadonlyMap<ResourceKey, V>,
  after: ReadonlyMap<ResourceKey, V>,
  tell: (part: V) => T,
): (T & { verdict: 'lost' | 'gained' })[] {
  const found: (T & { verdict: 'lost' | 'gained' })[] = [];
  for (const difference of differences(before, after)) {
    const part = difference.before ?? difference.after;
    if (part !== undefined && !(difference.before !== undefined && difference.after !== undefined))
      found.push({ ...tell(part), verdict: difference.before === undefined ? 'gained' : 'lost' });
  }
  return found;
}

function idOf(network: ResourceKey, before: Snapshot, after: Snapshot): string {
  return (after.networks.get(network) ?? before.networks.get(network))?.id ?? network;
}
