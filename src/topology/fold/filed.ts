/** Every fact that stands, filed under the place that it claims. Only the fold uses it. */
import type { ResourceKey } from '#base/resource-id.ts';
import type {
  AddressFact,
  ConnectionFact,
  Fact,
  IdentityFact,
  MachineFact,
  NetworkFact,
  RecordSetFact,
  RegistryCredentialFact,
  RegistryFact,
  ReplicaFact,
  RoleAssignmentFact,
  RoleDefinitionFact,
  ScopeMapFact,
  SubnetFact,
  SubscriptionFact,
  ZoneFact,
  ZoneLinkFact,
} from '../facts.ts';
import { Claims } from './claims.ts';
import { addressPlace, type Touched } from './touched.ts';

/** The one group of facts that have none: they stand in the world itself. */
export const WORLD = '';

export class Filed {
  readonly networks = new Claims<NetworkFact>();
  /** By network. */
  readonly subnets = new Claims<SubnetFact>();
  /** By network, then address. */
  readonly addresses = new Claims<AddressFact>();
  /** The same, by network interface. */
  readonly nics = new Claims<AddressFact>();
  readonly machines = new Claims<MachineFact>();
  readonly identities = new Claims<IdentityFact>();
  readonly registries = new Claims<RegistryFact>();
  /** By registry, then region. */
  readonly replicas = new Claims<ReplicaFact>();
  /** By registry, then user name. */
  readonly credentials = new Claims<RegistryCredentialFact>();
  /** By registry, then scope map. */
  readonly scopeMaps = new Claims<ScopeMapFact>();
  /** By endpoint. A connection that still leads somewhere wins over one that was left behind. */
  readonly connections = new Claims<ConnectionFact>((a, b) => Number(a.state === 'Disconnected') - Number(b.state === 'Disconnected'));
  readonly zones = new Claims<ZoneFact>();
  /** By network, then zone. */
  readonly links = new Claims<ZoneLinkFact>();
  /** By zone and name, then type. */
  readonly records = new Claims<RecordSetFact>();
  readonly roles = new Claims<RoleDefinitionFact>();
  /** By principal, lower case. */
  readonly assignments = new Claims<RoleAssignmentFact>();
  readonly subscriptions = new Claims<SubscriptionFact>();

  /** Files a fact, or takes it out, and notes what that touches. */
  file(fact: Fact, owner: ResourceKey, touched: Touched, add: boolean): void {
    const put = <F>(claims: Claims<F>, group: string, place: string, item: F): void =>
      add ? claims.add(group, place, owner, item) : claims.remove(group, place, item);
    switch (fact.kind) {
      case 'network':
        put(this.networks, WORLD, fact.network, fact);
        touched.networks.add(fact.network);
        touched.network(fact.network);
        return;
      case 'subnet':
        put(this.subnets, fact.network, fact.subnet, fact);
        touched.network(fact.network).subnets = true;
        return;
      case 'address':
        put(this.addresses, fact.network, fact.address, fact);
        put(this.nics, fact.nic, addressPlace(fact), fact);
        touched.addresses.set(addressPlace(fact), fact);
        touched.nics.add(fact.nic);
        return;
      case 'machine':
        put(this.machines, WORLD, fact.machine, fact);
        touched.machines.add(fact.machine);
        return;
      case 'identity':
        put(this.identities, WORLD, fact.identity, fact);
        touched.identities.add(fact.identity);
        return;
      case 'registry':
        put(this.registries, WORLD, fact.registry, fact);
        touched.registryFacts.add(fact.registry);
        return;
      case 'replica':
        put(this.replicas, fact.registry, fact.region, fact);
        touched.registryFacts.add(fact.registry);
        return;
      case 'registry-credential':
        put(this.credentials, fact.registry, fact.username, fact);
        touched.credentials.add(fact.registry, fact.username);
        return;
      case 'scope-map':
        put(this.scopeMaps, fact.registry, fact.scopeMap, fact);
        touched.scopeMaps.add(fact.registry, fact.scopeMap);
        return;
      case 'connection':
        put(this.connections, WORLD, fact.endpoint, fact);
        touched.endpoints.add(fact.endpoint);
        return;
      case 'zone':
        put(this.zones, WORLD, fact.zone, fact);
        touched.zones.add(fact.zone);
        return;
      case 'zone-link':
        put(this.links, fact.network, fact.zone, fact);
        touched.links.add(fact.network, fact.zone);
        return;
      case 'record-set':
        put(this.records, `${fact.zone} ${fact.name}`, fact.type, fact);
        touched.records.add(fact.zone, fact.name);
        return;
      case 'role-definition':
        put(this.roles, WORLD, fact.name, fact);
        touched.roles.add(fact.name);
        return;
      case 'role-assignment':
        put(this.assignments, fact.principalId.toLowerCase(), fact.assignment, fact);
        touched.principals.add(fact.principalId.toLowerCase());
        return;
      case 'subscription':
        put(this.subscriptions, WORLD, fact.subscription, fact);
        touched.subscriptions.add(fact.subscription);
        return;
    }
  }
}
