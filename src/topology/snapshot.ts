/** The Snapshot: the immutable, numbered world that dns, edge, registry and fabric read. Parts are shared between snapshots while their facts stand. */
import type { DomainName } from '#base/domain-name.ts';
import type { IpAddress, IpPrefix } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type {
  ConnectionState,
  IdentityFact,
  RecordType,
  RegistryCredentialFact,
  RegistryFact,
  RoleAssignmentFact,
  RoleDefinitionFact,
  ScopeMapFact,
  SubscriptionFact,
} from './facts.ts';
import { SharedMap } from './shared-map.ts';

export interface Snapshot {
  /** The store revision whose facts these are. */
  readonly revision: number;
  readonly networks: ReadonlyMap<ResourceKey, NetworkPart>;
  readonly registries: ReadonlyMap<ResourceKey, RegistryPart>;
  /** Every machine of every network, by key. */
  readonly machines: ReadonlyMap<ResourceKey, Machine>;
  readonly names: NamesPart;
  readonly access: AccessPart;
}

/** One virtual network: all that its namespace, its resolver and its listeners need. */
export interface NetworkPart {
  readonly key: ResourceKey;
  readonly id: string;
  readonly name: string;
  readonly prefixes: readonly IpPrefix[];
  readonly egressAddress: IpAddress;
  readonly subnets: readonly { readonly key: ResourceKey; readonly name: string; readonly prefix: IpPrefix }[];
  readonly machines: readonly Machine[];
  /** Endpoint addresses of this network, by address. */
  readonly endpoints: ReadonlyMap<IpAddress, EndpointAddress>;
  /** Keys of the zones linked to this network. */
  readonly zones: readonly ResourceKey[];
}

export interface Machine {
  readonly key: ResourceKey;
  readonly id: string;
  readonly name: string;
  readonly network: ResourceKey;
  readonly addresses: readonly IpAddress[];
  readonly identities: readonly MachineIdentity[];
}

export interface MachineIdentity {
  /** The user-assigned identity's resource id, or the machine's own id for a system-assigned one. */
  readonly resourceId: string;
  readonly system: boolean;
  readonly principalId: string;
  readonly clientId: string;
}

export interface EndpointAddress {
  readonly address: IpAddress;
  readonly endpoint: ResourceKey;
  readonly member: string;
  readonly fqdns: readonly DomainName[];
  /** Undefined when the connection is gone on the registry's side. */
  readonly registry: ResourceKey | undefined;
  /** The state for this member: while a connection is Pending again for a new region, the members that were approved before are Approved. */
  readonly state: ConnectionState;
}

/** One registry: its policy and its connections. */
export interface RegistryPart extends RegistryFact {
  /** Every region it serves from: the home region first, then the replicas' by name. */
  readonly regions: readonly string[];
  /** Where global routing leads the login server: the home region, else the first of `regions` whose global endpoint is on, else home all the same. */
  readonly loginRegion: string;
  /** Connection state by private endpoint. */
  readonly connections: ReadonlyMap<ResourceKey, ConnectionState>;
  /** Members that stay approved while the connection is Pending again for others, by private endpoint. */
  readonly approvedMembers: ReadonlyMap<ResourceKey, readonly string[]>;
  /** Whether one of these connections is Approved or was so before: the public names then lead through `privatelink`. */
  readonly approvedOnce: boolean;
  /** Who may sign in here by name and password, by user name in lower case. */
  readonly credentials: ReadonlyMap<string, RegistryCredential>;
  /** What each of its scope maps permits; see the fact. */
  readonly scopeMaps: ReadonlyMap<ResourceKey, Pick<ScopeMapFact, 'actions'>>;
  /** Data host names by region: `NAME.REGION.data.DOMAIN`. */
  readonly dataHosts: ReadonlyMap<string, DomainName>;
}

/** Passwords and rights of one user of a registry; see the fact. */
export type RegistryCredential = Pick<RegistryCredentialFact, 'passwords' | 'actions'>;

/** Which host names lead to which registry, and the private zones. */
export interface NamesPart {
  /** The registries' DNS suffix; private link names lie below `privatelink.` of it. */
  readonly domain: DomainName;
  /** By login server and by data host name. */
  readonly hosts: ReadonlyMap<DomainName, RegistryHost>;
  readonly zones: ReadonlyMap<ResourceKey, ZonePart>;
}

export interface RegistryHost {
  readonly registry: ResourceKey;
  readonly role: 'login' | 'data';
  /** The region a data host serves; `loginRegion` for the login server. */
  readonly region: string;
}

export interface ZonePart {
  readonly key: ResourceKey;
  readonly name: DomainName;
  /** Absolute name -> record sets at it. The zone's own SOA is at the zone name. */
  readonly records: ReadonlyMap<DomainName, readonly ZoneRecordSet[]>;
}

export interface ZoneRecordSet {
  readonly type: RecordType;
  readonly ttlSeconds: number;
  readonly data: readonly unknown[];
}

/** Who may do what: read by `topology/access.ts`. */
export interface AccessPart {
  readonly roles: ReadonlyMap<string, RoleDefinitionFact>;
  readonly assignments: ReadonlyMap<string, readonly RoleAssignmentFact[]>;
  readonly identities: ReadonlyMap<ResourceKey, IdentityFact>;
  /** Which tenant each subscription belongs to. */
  readonly subscriptions: ReadonlyMap<ResourceKey, SubscriptionFact>;
}

/** The world before anything was said of it. */
export function emptySnapshot(domain: DomainName): Snapshot {
  return {
    revision: 0,
    networks: SharedMap.empty(),
    registries: SharedMap.empty(),
    machines: SharedMap.empty(),
    names: { domain, hosts: SharedMap.empty(), zones: SharedMap.empty() },
    access: { roles: SharedMap.empty(), assignments: SharedMap.empty(), identities: SharedMap.empty(), subscriptions: SharedMap.empty() },
  };
}
