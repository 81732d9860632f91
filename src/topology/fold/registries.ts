/** The registries of the snapshot, with their connections. */
import type { DomainName } from '#base/domain-name.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { ConnectionFact, ConnectionState, RegistryCredentialFact, RegistryFact, ReplicaFact, ScopeMapFact } from '../facts.ts';
import { dataHosts, hostsOf } from '../registry-hosts.ts';
import { SharedMap } from '../shared-map.ts';
import type { RegistryHost, RegistryPart, Snapshot } from '../snapshot.ts';
import { Claims, compare } from './claims.ts';
import type { ConnectionJoin } from './connections.ts';
import { type Filed, WORLD } from './filed.ts';
import type { Touched } from './touched.ts';

export class RegistryFold {
  /** By host name. */
  readonly hosts = new Claims<RegistryHost>();

  fold(old: Snapshot['registries'], domain: DomainName, filed: Filed, connections: ConnectionJoin, touched: Touched): Snapshot['registries'] {
    const changes = new Map<ResourceKey, RegistryPart | undefined>();
    for (const key of touched.registryFacts) {
      const fact = filed.registries.get(WORLD, key);
      const part = old.get(key);
      for (const [name, host] of part ? hostsOf(part) : []) {
        this.#removeHost(name, host);
        touched.hosts.add(name);
      }
      if (!fact) {
        changes.set(key, undefined);
        continue;
      }
      const { states, members } = connectionsOf(key, connections);
      const { credentials, scopeMaps } = part ?? usersOf(key, filed);
      const now = { ...partOf(fact, replicasOf(key, filed), states, members, connections.approvedOnce(key), domain), credentials, scopeMaps };
      changes.set(key, now);
      for (const [name, host] of hostsOf(now)) {
        this.hosts.add(WORLD, name, key, host);
        touched.hosts.add(name);
      }
    }
    for (const [key, endpoints] of touched.connections.entries()) {
      const part = old.get(key);
      const fact = filed.registries.get(WORLD, key);
      if (!part || !fact || touched.registryFacts.has(key)) continue;
      const states = SharedMap.from(part.connections).with(
        [...endpoints].map((endpoint): [ResourceKey, ConnectionState | undefined] => {
          const connection = connections.of(endpoint);
          return [endpoint, connection?.registry === key ? connection.state : undefined];
        }),
      );
      const members = SharedMap.from(part.approvedMembers).with([...endpoints].map((endpoint) => [endpoint, approvedMembers(key, connections.of(endpoint))]));
      const approvedOnce = connections.approvedOnce(key);
      if (states !== part.connections || members !== part.approvedMembers || approvedOnce !== part.approvedOnce)
        changes.set(key, { ...part, ...reached(fact, states, members, approvedOnce) });
    }
    for (const key of new Set([...touched.credentials.keys(), ...touched.scopeMaps.keys()])) {
      const part = changes.has(key) ? changes.get(key) : old.get(key);
      if (!part) continue;
      const credentials = SharedMap.from(part.credentials).with([...touched.credentials.of(key)].map((user) => [user, filed.credentials.get(key, user)]));
      const scopeMaps = SharedMap.from(part.scopeMaps).with([...touched.scopeMaps.of(key)].map((map) => [map, filed.scopeMaps.get(key, map)]));
      if (credentials !== part.credentials || scopeMaps !== part.scopeMaps) changes.set(key, { ...part, credentials, scopeMaps });
    }
    return SharedMap.from(old).with(changes);
  }

  #removeHost(name: DomainName, host: RegistryHost): void {
    const filed = this.hosts.all(WORLD, name).find((other) => other.registry === host.registry);
    if (filed) this.hosts.remove(WORLD, name, filed);
  }
}

function partOf(
  fact: RegistryFact,
  replicas: readonly ReplicaFact[],
  connections: RegistryPart['connections'],
  members: RegistryPart['approvedMembers'],
  approvedOnce: boolean,
  domain: DomainName,
): Omit<RegistryPart, keyof Users> {
  const regions = [...new Set([...fact.regions, ...replicas.map(({ region }) => region)])];
  const offGlobal = new Set(replicas.filter(({ globalEndpoint }) => !globalEndpoint).map(({ region }) => region));
  const loginRegion = regions.find((region) => !offGlobal.has(region)) ?? regions[0] ?? '';
  return { ...fact, ...reached(fact, connections, members, approvedOnce), regions, loginRegion, dataHosts: dataHosts({ name: fact.name, regions }, domain) };
}

/** By region. */
function replicasOf(registry: ResourceKey, filed: Filed): ReplicaFact[] {
  return [...filed.replicas.places(registry)].sort(compare).map((region) => filed.replicas.get(registry, region) as ReplicaFact);
}

type Users = Pick<RegistryPart, 'credentials' | 'scopeMaps'>;

/** Of a registry that is new here, whose users may have been stated before it. */
function usersOf(registry: ResourceKey, { credentials, scopeMaps }: Filed): Users {
  return {
    credentials: SharedMap.of([...credentials.places(registry)].map((user) => [user, credentials.get(registry, user) as RegistryCredentialFact])),
    scopeMaps: SharedMap.of([...scopeMaps.places(registry)].map((map) => [map as ResourceKey, scopeMaps.get(registry, map) as ScopeMapFact])),
  };
}

function connectionsOf(
  registry: ResourceKey,
  connections: ConnectionJoin,
): { readonly states: RegistryPart['connections']; readonly members: RegistryPart['approvedMembers'] } {
  const all = [...connections.endpointsOf(registry)].map((endpoint) => [endpoint, connections.of(endpoint) as ConnectionFact] as const);
  return {
    states: SharedMap.of(all.map(([endpoint, { state }]) => [endpoint, state])),
    members: SharedMap.empty<ResourceKey, readonly string[]>().with(all.map(([endpoint, fact]) => [endpoint, approvedMembers(registry, fact)])),
  };
}

function approvedMembers(registry: ResourceKey, connection: ConnectionFact | undefined): readonly string[] | undefined {
  return connection?.registry === registry ? connection.approvedMembers : undefined;
}

/** A registry that private endpoints lead to serves its layers from data endpoints, asked or not: each member has an address (docs/sources.md#data-endpoints). */
function reached(
  fact: RegistryFact,
  connections: RegistryPart['connections'],
  members: RegistryPart['approvedMembers'],
  approvedOnce: boolean,
): Pick<RegistryPart, 'connections' | 'approvedMembers' | 'approvedOnce' | 'dataEndpointEnabled'> {
  return { connections, approvedMembers: members, approvedOnce, dataEndpointEnabled: fact.dataEndpointEnabled || connections.size > 0 };
}
