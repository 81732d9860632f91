/**
 * The fold: all facts -> Snapshot. Stateful, so that one changed resource costs what it touches and not the whole world; yet the result depends only on the
 * facts that stand, not on the order or the batches in which they came (see the property tests).
 *
 * Facts are filed under the places they claim (claims.ts). An update goes through the joins in one direction only:
 * facts -> connections, links -> machines, endpoint addresses -> networks, registries, names, access; each step notes what the next has to rebuild.
 */
import { isDeepStrictEqual } from 'node:util';
import type { DomainName } from '#base/domain-name.ts';
import { type IpAddress, ipNumber } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { Claims, MapEdit, Relation } from './claims.ts';
import type {
  AddressFact,
  ConnectionFact,
  Fact,
  IdentityFact,
  MachineFact,
  NetworkFact,
  RecordSetFact,
  RegistryFact,
  RoleAssignmentFact,
  RoleDefinitionFact,
  SubnetFact,
  ZoneFact,
  ZoneLinkFact,
} from './facts.ts';
import { dataHosts, hostsOf } from './registry-hosts.ts';
import {
  type AccessPart,
  type EndpointAddress,
  emptySnapshot,
  type Machine,
  type MachineIdentity,
  type NamesPart,
  type NetworkPart,
  type RegistryHost,
  type RegistryPart,
  type Snapshot,
  type ZonePart,
  type ZoneRecordSet,
} from './snapshot.ts';
import { Touched } from './touched.ts';

/** The one group of facts that have none: they stand in the world itself. */
const WORLD = '';

export class Derivation {
  readonly #domain: DomainName;
  #snapshot: Snapshot;
  /** What each resource last said. */
  readonly #facts = new Map<ResourceKey, readonly Fact[]>();

  readonly #networks = new Claims<NetworkFact>();
  readonly #subnets = new Claims<SubnetFact>();
  readonly #addresses = new Claims<AddressFact>();
  readonly #nics = new Claims<AddressFact>();
  readonly #machineFacts = new Claims<MachineFact>();
  readonly #identities = new Claims<IdentityFact>();
  readonly #registries = new Claims<RegistryFact>();
  /** By endpoint. A connection that still leads somewhere wins over one that was left behind. */
  readonly #connections = new Claims<ConnectionFact>((a, b) => Number(a.state === 'Disconnected') - Number(b.state === 'Disconnected'));
  readonly #zones = new Claims<ZoneFact>();
  readonly #links = new Claims<ZoneLinkFact>();
  readonly #records = new Claims<RecordSetFact>();
  readonly #roles = new Claims<RoleDefinitionFact>();
  readonly #assignments = new Claims<RoleAssignmentFact>();
  readonly #hosts = new Claims<RegistryHost>();

  /** Results of the joins, kept to know what an update takes back. */
  readonly #connectionOf = new Map<ResourceKey, ConnectionFact>();
  readonly #machineOf = new Map<ResourceKey, Machine>();
  readonly #endpointAt = new Map<string, EndpointAddress>();
  readonly #endpointsOfRegistry = new Relation<ResourceKey, ResourceKey>();
  readonly #machinesOfNic = new Relation<ResourceKey, ResourceKey>();
  readonly #machinesOfIdentity = new Relation<ResourceKey, ResourceKey>();
  readonly #machinesOfNetwork = new Relation<ResourceKey, ResourceKey>();
  readonly #addressesOfEndpoint = new Relation<ResourceKey, string>();
  readonly #networksOfZone = new Relation<ResourceKey, ResourceKey>();
  readonly #namesOfZone = new Relation<ResourceKey, DomainName>();
  readonly #watched = new Map<ResourceKey, MachineFact>();

  constructor(options: { readonly domain: DomainName }) {
    this.#domain = options.domain;
    this.#snapshot = emptySnapshot(options.domain);
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /**
   * Takes in what changed: each resource with all the facts it now states, none when it is gone. Returns the snapshot of `revision`; parts that no change
   * touched are the same objects as before.
   */
  update(revision: number, changed: Iterable<readonly [ResourceKey, readonly Fact[]]>): Snapshot {
    const touched = new Touched();
    for (const [owner, facts] of changed) {
      const before = this.#facts.get(owner) ?? [];
      if (before === facts || isDeepStrictEqual(before, facts)) continue;
      for (const fact of before) this.#file(fact, owner, touched, false);
      for (const fact of facts) this.#file(fact, owner, touched, true);
      if (facts.length === 0) this.#facts.delete(owner);
      else this.#facts.set(owner, facts);
    }
    this.#joinConnections(touched);
    this.#joinLinks(touched);
    this.#joinMachines(touched);
    this.#joinEndpointAddresses(touched);
    const before = this.#snapshot;
    const networks = this.#foldNetworks(touched);
    const registries = this.#foldRegistries(touched);
    const next: Snapshot = {
      revision,
      networks,
      registries,
      machines: this.#foldMachines(touched, networks),
      names: this.#foldNames(touched),
      access: this.#foldAccess(touched),
    };
    const same = (Object.keys(next) as (keyof Snapshot)[]).every((part) => next[part] === before[part]);
    if (!same) this.#snapshot = next;
    return this.#snapshot;
  }

  /** Files a fact under its places, or takes it out, and notes what that touches. */
  #file(fact: Fact, owner: ResourceKey, touched: Touched, add: boolean): void {
    const put = <F>(claims: Claims<F>, group: string, place: string, item: F): void =>
      add ? claims.add(group, place, owner, item) : claims.remove(group, place, item);
    switch (fact.kind) {
      case 'network':
        put(this.#networks, WORLD, fact.network, fact);
        touched.networks.add(fact.network);
        touched.network(fact.network);
        return;
      case 'subnet':
        put(this.#subnets, fact.network, fact.subnet, fact);
        touched.network(fact.network).subnets = true;
        return;
      case 'address':
        put(this.#addresses, fact.network, fact.address, fact);
        put(this.#nics, fact.nic, addressPlace(fact), fact);
        touched.addresses.set(addressPlace(fact), fact);
        touched.nics.add(fact.nic);
        return;
      case 'machine':
        put(this.#machineFacts, WORLD, fact.machine, fact);
        touched.machines.add(fact.machine);
        return;
      case 'identity':
        put(this.#identities, WORLD, fact.identity, fact);
        touched.identities.add(fact.identity);
        return;
      case 'registry':
        put(this.#registries, WORLD, fact.registry, fact);
        touched.registryFacts.add(fact.registry);
        return;
      case 'connection':
        put(this.#connections, WORLD, fact.endpoint, fact);
        touched.endpoints.add(fact.endpoint);
        return;
      case 'zone':
        put(this.#zones, WORLD, fact.zone, fact);
        touched.zones.add(fact.zone);
        return;
      case 'zone-link':
        put(this.#links, fact.network, fact.zone, fact);
        touched.links.add(fact.network, fact.zone);
        return;
      case 'record-set':
        put(this.#records, `${fact.zone} ${fact.name}`, fact.type, fact);
        touched.records.add(fact.zone, fact.name);
        return;
      case 'role-definition':
        put(this.#roles, WORLD, fact.name, fact);
        touched.roles.add(fact.name);
        return;
      case 'role-assignment':
        put(this.#assignments, fact.principalId.toLowerCase(), fact.assignment, fact);
        touched.principals.add(fact.principalId.toLowerCase());
        return;
    }
  }

  /** Endpoint -> its connection; registries learn of both the old and the new one. A registry that comes or goes touches all its endpoints. */
  #joinConnections(touched: Touched): void {
    for (const registry of touched.registryFacts) for (const endpoint of this.#endpointsOfRegistry.of(registry)) touched.endpoints.add(endpoint);
    for (const endpoint of touched.endpoints) {
      const before = this.#connectionOf.get(endpoint);
      const after = this.#connections.get(WORLD, endpoint);
      if (before) {
        this.#endpointsOfRegistry.delete(before.registry, endpoint);
        touched.connections.add(before.registry, endpoint);
        this.#connectionOf.delete(endpoint);
      }
      if (after) {
        this.#endpointsOfRegistry.add(after.registry, endpoint);
        touched.connections.add(after.registry, endpoint);
        this.#connectionOf.set(endpoint, after);
      }
    }
  }

  /** Networks see the zones that are linked and exist. */
  #joinLinks(touched: Touched): void {
    for (const [network, zones] of touched.links.entries())
      for (const zone of zones) {
        if (this.#links.get(network, zone)) this.#networksOfZone.add(zone, network);
        else this.#networksOfZone.delete(zone, network);
        touched.network(network).zones = true;
      }
    for (const zone of touched.zones) for (const network of this.#networksOfZone.of(zone)) touched.network(network).zones = true;
  }

  /** Machine -> addresses of its interfaces -> network. */
  #joinMachines(touched: Touched): void {
    // Who lost or won an address is touched as well as who said so.
    for (const { network, address } of touched.addresses.values()) for (const claim of this.#addresses.all(network, address)) touched.nics.add(claim.nic);
    for (const nic of touched.nics) for (const machine of this.#machinesOfNic.of(nic)) touched.machines.add(machine);
    for (const identity of touched.identities) for (const machine of this.#machinesOfIdentity.of(identity)) touched.machines.add(machine);
    for (const key of touched.machines) {
      const fact = this.#machineFacts.get(WORLD, key);
      this.#watch(key, fact);
      const before = this.#machineOf.get(key);
      const after = fact && this.#machine(fact);
      if (isDeepStrictEqual(before, after)) continue;
      if (before) {
        this.#machinesOfNetwork.delete(before.network, key);
        touched.network(before.network).machines.add(key);
        this.#machineOf.delete(key);
      }
      if (after) {
        this.#machinesOfNetwork.add(after.network, key);
        touched.network(after.network).machines.add(key);
        this.#machineOf.set(key, after);
      }
    }
  }

  /** Keeps the relations from interfaces and identities to the machine in step with its standing fact. */
  #watch(key: ResourceKey, fact: MachineFact | undefined): void {
    const before = this.#watched.get(key);
    for (const nic of before?.nics ?? []) this.#machinesOfNic.delete(nic, key);
    for (const identity of before?.identities ?? []) this.#machinesOfIdentity.delete(identity, key);
    for (const nic of fact?.nics ?? []) this.#machinesOfNic.add(nic, key);
    for (const identity of fact?.identities ?? []) this.#machinesOfIdentity.add(identity, key);
    if (fact) this.#watched.set(key, fact);
    else this.#watched.delete(key);
  }

  /** The machine in the network of its first interface that has an address; undefined while none has. Interfaces in other networks do not count (Azure refuses them). */
  #machine(fact: MachineFact): Machine | undefined {
    const addresses: IpAddress[] = [];
    let network: ResourceKey | undefined;
    for (const nic of fact.nics) {
      const held = [...this.#nics.places(nic)]
        .map((place) => this.#nics.get(nic, place) as AddressFact)
        .filter((address) => this.#addresses.get(address.network, address.address) === address)
        .sort((a, b) => compare(a.network, b.network) || (ipNumber(a.address) ?? 0) - (ipNumber(b.address) ?? 0));
      network ??= held[0]?.network;
      for (const address of held) if (address.network === network) addresses.push(address.address);
    }
    if (network === undefined) return undefined;
    const identities: MachineIdentity[] = [];
    if (fact.systemIdentity) identities.push({ resourceId: fact.id, system: true, ...fact.systemIdentity });
    for (const key of fact.identities) {
      const identity = this.#identities.get(WORLD, key);
      if (identity) identities.push({ resourceId: identity.id, system: false, principalId: identity.principalId, clientId: identity.clientId });
    }
    return { key: fact.machine, id: fact.id, name: fact.name, network, addresses, identities };
  }

  /** Endpoint address -> connection -> registry. */
  #joinEndpointAddresses(touched: Touched): void {
    for (const endpoint of touched.endpoints)
      for (const place of this.#addressesOfEndpoint.of(endpoint)) {
        const [network = '', address = ''] = place.split(' ');
        touched.addresses.set(place, { network: network as ResourceKey, address: address as IpAddress });
      }
    for (const [place, { network, address }] of touched.addresses) {
      const before = this.#endpointAt.get(place);
      const after = this.#endpointAddress(network, address);
      if (isDeepStrictEqual(before, after)) continue;
      if (before) {
        this.#addressesOfEndpoint.delete(before.endpoint, place);
        this.#endpointAt.delete(place);
      }
      if (after) {
        this.#addressesOfEndpoint.add(after.endpoint, place);
        this.#endpointAt.set(place, after);
      }
      touched.network(network).endpoints.add(address);
    }
  }

  #endpointAddress(network: ResourceKey, address: IpAddress): EndpointAddress | undefined {
    const fact = this.#addresses.get(network, address);
    if (!fact?.endpoint) return undefined;
    const { endpoint, member, fqdns } = fact.endpoint;
    const connection = this.#connectionOf.get(endpoint);
    const reached = connection !== undefined && this.#registries.get(WORLD, connection.registry) !== undefined;
    return { address, endpoint, member, fqdns, registry: reached ? connection.registry : undefined, state: reached ? connection.state : 'Disconnected' };
  }

  #foldNetworks(touched: Touched): Snapshot['networks'] {
    const edit = new MapEdit(this.#snapshot.networks);
    for (const [key, dirt] of touched.dirtyNetworks) {
      const fact = this.#networks.get(WORLD, key);
      const old = edit.get(key);
      if (!fact) {
        edit.delete(key);
        continue;
      }
      if (old && !touched.networks.has(key) && !dirt.any()) continue;
      edit.set(key, {
        key,
        id: fact.id,
        name: fact.name,
        prefixes: fact.prefixes,
        egressAddress: fact.egressAddress,
        subnets: old && !dirt.subnets ? old.subnets : this.#subnetsOf(key),
        machines: old && dirt.machines.size === 0 ? old.machines : this.#machinesIn(key, old?.machines, dirt.machines),
        endpoints: old && dirt.endpoints.size === 0 ? old.endpoints : this.#endpointsIn(key, old?.endpoints, dirt.endpoints),
        zones: old && !dirt.zones ? old.zones : this.#zonesOf(key),
      });
    }
    return edit.result;
  }

  #subnetsOf(network: ResourceKey): NetworkPart['subnets'] {
    return [...this.#subnets.places(network)]
      .map((place) => this.#subnets.get(network, place) as SubnetFact)
      .map(({ subnet, name, prefix }) => ({ key: subnet, name, prefix }))
      .sort((a, b) => compare(a.key, b.key));
  }

  #machinesIn(network: ResourceKey, old: readonly Machine[] | undefined, changed: ReadonlySet<ResourceKey>): readonly Machine[] {
    const kept = old?.filter((machine) => !changed.has(machine.key)) ?? [];
    for (const key of old ? changed : this.#machinesOfNetwork.of(network)) {
      const machine = this.#machineOf.get(key);
      if (machine?.network === network) kept.push(machine);
    }
    return kept.sort((a, b) => compare(a.key, b.key));
  }

  #endpointsIn(network: ResourceKey, old: NetworkPart['endpoints'] | undefined, changed: ReadonlySet<IpAddress>): NetworkPart['endpoints'] {
    const endpoints = new Map(old);
    for (const address of old ? changed : (this.#addresses.places(network) as Iterable<IpAddress>)) {
      const endpoint = this.#endpointAt.get(addressPlace({ network, address }));
      if (endpoint) endpoints.set(address, endpoint);
      else endpoints.delete(address);
    }
    return endpoints;
  }

  #zonesOf(network: ResourceKey): readonly ResourceKey[] {
    return ([...this.#links.places(network)] as ResourceKey[]).filter((zone) => this.#zones.get(WORLD, zone) !== undefined).sort(compare);
  }

  /** Machines of networks that exist. */
  #foldMachines(touched: Touched, networks: Snapshot['networks']): Snapshot['machines'] {
    for (const network of touched.networks) for (const key of this.#machinesOfNetwork.of(network)) touched.machines.add(key);
    const edit = new MapEdit(this.#snapshot.machines);
    for (const key of touched.machines) {
      const machine = this.#machineOf.get(key);
      if (machine && networks.has(machine.network)) edit.set(key, machine);
      else edit.delete(key);
    }
    return edit.result;
  }

  #foldRegistries(touched: Touched): Snapshot['registries'] {
    const edit = new MapEdit(this.#snapshot.registries);
    for (const key of touched.registryFacts) {
      const old = edit.get(key);
      const fact = this.#registries.get(WORLD, key);
      for (const [name, host] of old ? hostsOf(old) : []) {
        this.#removeHost(name, host);
        touched.hosts.add(name);
      }
      if (!fact) {
        edit.delete(key);
        continue;
      }
      const part: RegistryPart = { ...fact, ...reached(fact, this.#connectionsOf(key), this.#approvedOnce(key)), dataHosts: dataHosts(fact, this.#domain) };
      edit.set(key, part);
      for (const [name, host] of hostsOf(part)) {
        this.#hosts.add(WORLD, name, key, host);
        touched.hosts.add(name);
      }
    }
    for (const [key, endpoints] of touched.connections.entries()) {
      const old = edit.get(key);
      if (!old || touched.registryFacts.has(key)) continue;
      const connections = new MapEdit(old.connections);
      for (const endpoint of endpoints) {
        const connection = this.#connectionOf.get(endpoint);
        connections.put(endpoint, connection?.registry === key ? connection.state : undefined);
      }
      const fact = this.#registries.get(WORLD, key);
      const approvedOnce = this.#approvedOnce(key);
      if (fact && (connections.result !== old.connections || approvedOnce !== old.approvedOnce))
        edit.set(key, { ...old, ...reached(fact, connections.result, approvedOnce) });
    }
    return edit.result;
  }

  #removeHost(name: DomainName, host: RegistryHost): void {
    const filed = this.#hosts.all(WORLD, name).find((other) => other.registry === host.registry);
    if (filed) this.#hosts.remove(WORLD, name, filed);
  }

  #connectionsOf(registry: ResourceKey): RegistryPart['connections'] {
    return new Map([...this.#endpointsOfRegistry.of(registry)].map((endpoint) => [endpoint, (this.#connectionOf.get(endpoint) as ConnectionFact).state]));
  }

  #approvedOnce(registry: ResourceKey): boolean {
    for (const endpoint of this.#endpointsOfRegistry.of(registry)) if (this.#connectionOf.get(endpoint)?.approvedOnce) return true;
    return false;
  }

  #foldNames(touched: Touched): NamesPart {
    const old = this.#snapshot.names;
    const hosts = new MapEdit(old.hosts);
    for (const name of touched.hosts) {
      const host = this.#hosts.get(WORLD, name);
      if (!host) hosts.delete(name);
      else if (!isDeepStrictEqual(hosts.get(name), host)) hosts.set(name, host);
    }
    const zones = new MapEdit(old.zones);
    for (const [zone, names] of touched.records.entries()) {
      touched.zones.add(zone);
      for (const name of names)
        if (this.#records.has(`${zone} ${name}`)) this.#namesOfZone.add(zone, name);
        else this.#namesOfZone.delete(zone, name);
    }
    for (const key of touched.zones) {
      const fact = this.#zones.get(WORLD, key);
      if (fact) zones.set(key, this.#zone(fact, zones.get(key), touched.records.of(key)));
      else zones.delete(key);
    }
    if (hosts.result === old.hosts && zones.result === old.zones) return old;
    return { domain: old.domain, hosts: hosts.result, zones: zones.result };
  }

  #zone(fact: ZoneFact, old: ZonePart | undefined, changed: ReadonlySet<DomainName>): ZonePart {
    const records = new Map(old?.records);
    for (const name of old ? changed : this.#namesOfZone.of(fact.zone)) {
      const sets = this.#recordSetsAt(`${fact.zone} ${name}`);
      if (sets.length > 0) records.set(name, sets);
      else records.delete(name);
    }
    return { key: fact.zone, name: fact.name, records };
  }

  #recordSetsAt(group: string): readonly ZoneRecordSet[] {
    return [...this.#records.places(group)]
      .sort()
      .map((type) => this.#records.get(group, type) as RecordSetFact)
      .map(({ type, ttlSeconds, data }) => ({ type, ttlSeconds, data }));
  }

  #foldAccess(touched: Touched): AccessPart {
    const old = this.#snapshot.access;
    const roles = new MapEdit(old.roles);
    for (const name of touched.roles) roles.put(name, this.#roles.get(WORLD, name));
    const assignments = new MapEdit(old.assignments);
    for (const principal of touched.principals) {
      const facts = [...this.#assignments.places(principal)].map((place) => this.#assignments.get(principal, place) as RoleAssignmentFact);
      // A scope that holds another is shorter: the widest assignment is found first.
      facts.sort((a, b) => a.scope.length - b.scope.length || compare(a.assignment, b.assignment));
      assignments.put(principal, facts.length === 0 ? undefined : facts);
    }
    const identities = new MapEdit(old.identities);
    for (const key of touched.identities) identities.put(key, this.#identities.get(WORLD, key));
    if (roles.result === old.roles && assignments.result === old.assignments && identities.result === old.identities) return old;
    return { roles: roles.result, assignments: assignments.result, identities: identities.result };
  }
}

/** A registry that private endpoints lead to serves its layers from data endpoints, asked or not: each member has an address (docs/sources.md#data-endpoints). */
function reached(
  fact: RegistryFact,
  connections: RegistryPart['connections'],
  approvedOnce: boolean,
): Pick<RegistryPart, 'connections' | 'approvedOnce' | 'dataEndpointEnabled'> {
  return { connections, approvedOnce, dataEndpointEnabled: fact.dataEndpointEnabled || connections.size > 0 };
}

function addressPlace(fact: { readonly network: ResourceKey; readonly address: IpAddress }): string {
  return `${fact.network} ${fact.address}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
