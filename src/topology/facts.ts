/**
 * Facts: what one resource makes true of the world, stated purely by its type. The fold of all facts is the Snapshot.
 * A fact names other resources by key only; whether they exist is for the fold to find out.
 */

import type { DomainName } from '#base/domain-name.ts';
import type { IpAddress, IpPrefix } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';

export type ConnectionState = 'Approved' | 'Pending' | 'Rejected' | 'Disconnected';

/** A virtual network exists. */
export interface NetworkFact {
  readonly kind: 'network';
  readonly network: ResourceKey;
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly prefixes: readonly IpPrefix[];
  /** The address that the public side sees for this network's machines (topology/addresses.ts `egressPool`), allocated at creation. */
  readonly egressAddress: IpAddress;
}

export interface SubnetFact {
  readonly kind: 'subnet';
  readonly network: ResourceKey;
  readonly subnet: ResourceKey;
  readonly name: string;
  readonly prefix: IpPrefix;
}

/** An address is taken in a subnet by a network interface; a private endpoint's addresses also say which member they serve. */
export interface AddressFact {
  readonly kind: 'address';
  readonly network: ResourceKey;
  readonly subnet: ResourceKey;
  readonly nic: ResourceKey;
  readonly address: IpAddress;
  readonly endpoint?: { readonly endpoint: ResourceKey; readonly member: string; readonly fqdns: readonly DomainName[] };
}

/** A virtual machine with its network interfaces and identities. */
export interface MachineFact {
  readonly kind: 'machine';
  readonly machine: ResourceKey;
  readonly id: string;
  readonly name: string;
  readonly nics: readonly ResourceKey[];
  /** User-assigned identities by resource key. */
  readonly identities: readonly ResourceKey[];
  /** The machine's own, when it has one. */
  readonly systemIdentity?: { readonly principalId: string; readonly clientId: string };
}

/** A user-assigned identity. */
export interface IdentityFact {
  readonly kind: 'identity';
  readonly identity: ResourceKey;
  readonly id: string;
  readonly principalId: string;
  readonly clientId: string;
  readonly tenantId: string;
}

export interface RegistryFact {
  readonly kind: 'registry';
  readonly registry: ResourceKey;
  readonly id: string;
  /** Lower case. */
  readonly name: string;
  readonly loginServer: DomainName;
  /** The home region; the regions of replicas are facts of their own. */
  readonly regions: readonly string[];
  readonly sku: 'Basic' | 'Standard' | 'Premium';
  readonly publicNetworkAccess: boolean;
  readonly defaultAction: 'Allow' | 'Deny';
  readonly ipRules: readonly IpPrefix[];
  readonly dataEndpointEnabled: boolean;
  readonly adminUserEnabled: boolean;
  readonly anonymousPullEnabled: boolean;
  /** Whether ARM-audience tokens are taken at `/oauth2/exchange`. */
  readonly armAudienceAccepted: boolean;
  /** Postern's own, of no subscription: everybody may read it, nobody may write to it or sign in. */
  readonly platform?: true;
}

/** A registry serves from a region. The home region is stated so too, from the first replication on that says how. */
export interface ReplicaFact {
  readonly kind: 'replica';
  readonly registry: ResourceKey;
  readonly region: string;
  /** Whether global routing may lead the login server here. */
  readonly globalEndpoint: boolean;
  readonly zoneRedundancy: boolean;
}

/** Somebody may sign in at one registry by name and password: the admin user, or a token with its scope map. Stated only while it is enabled. */
export interface RegistryCredentialFact {
  readonly kind: 'registry-credential';
  readonly registry: ResourceKey;
  /** Lower case. */
  readonly username: string;
  /** Of each password its SHA-256 in hex: they are of high entropy. `expiresAt` is ISO 8601; without it a password holds for ever. */
  readonly passwords: readonly { readonly sha256: string; readonly expiresAt?: string }[];
  /** What the scope map says; without such a scope map nothing. `admin` may do everything. */
  readonly actions: { readonly scopeMap: ResourceKey } | 'admin';
}

/** What tokens that have this scope map may do. */
export interface ScopeMapFact {
  readonly kind: 'scope-map';
  readonly scopeMap: ResourceKey;
  readonly registry: ResourceKey;
  /** `repositories/NAME/content/read` and so on, NAME with or without a `*` at its end. */
  readonly actions: readonly string[];
}

/** A private endpoint's connection to a registry, in the registry's eyes. */
export interface ConnectionFact {
  readonly kind: 'connection';
  readonly connection: ResourceKey;
  readonly registry: ResourceKey;
  readonly endpoint: ResourceKey;
  readonly state: ConnectionState;
  /** Whether it is Approved or was so before: from then on the registry has its private link name, whatever becomes of the state. */
  readonly approvedOnce: boolean;
  /** While it is Pending again for the members of new regions: the members that stay approved and go on serving. */
  readonly approvedMembers?: readonly string[];
}

export interface ZoneFact {
  readonly kind: 'zone';
  readonly zone: ResourceKey;
  readonly name: DomainName;
}

export interface ZoneLinkFact {
  readonly kind: 'zone-link';
  readonly link: ResourceKey;
  readonly zone: ResourceKey;
  readonly network: ResourceKey;
}

/** The types that record sets of a private zone have. */
export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'PTR' | 'SOA' | 'SRV' | 'TXT';

/** A record set of a private zone. `name` is absolute. `data` is what dns-packet takes for the type. */
export interface RecordSetFact {
  readonly kind: 'record-set';
  readonly recordSet: ResourceKey;
  readonly zone: ResourceKey;
  readonly name: DomainName;
  readonly type: RecordType;
  readonly ttlSeconds: number;
  readonly data: readonly unknown[];
}

export interface RoleDefinitionFact {
  readonly kind: 'role-definition';
  readonly role: ResourceKey;
  /** The GUID, lower case: assignments name roles by ids of any scope with the same GUID. */
  readonly name: string;
  readonly roleName: string;
  readonly permissions: readonly RolePermission[];
}

export interface RolePermission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

export interface RoleAssignmentFact {
  readonly kind: 'role-assignment';
  readonly assignment: ResourceKey;
  /** Lower-case scope id, `/` for the tenant. */
  readonly scope: string;
  /** The role definition's GUID, lower case. */
  readonly role: string;
  readonly principalId: string;
  /** At the scope `/`, which every tenant has: the tenant whose it is. Below, the subscription says it. */
  readonly tenantId?: string;
  /** True: it has a condition, which is not evaluated. */
  readonly conditional?: boolean;
}

/** A subscription, and the tenant that it belongs to. */
export interface SubscriptionFact {
  readonly kind: 'subscription';
  readonly subscription: ResourceKey;
  readonly tenantId: string;
}

export type Fact =
  | NetworkFact
  | SubnetFact
  | AddressFact
  | MachineFact
  | IdentityFact
  | RegistryFact
  | ReplicaFact
  | RegistryCredentialFact
  | ScopeMapFact
  | ConnectionFact
  | ZoneFact
  | ZoneLinkFact
  | RecordSetFact
  | RoleDefinitionFact
  | RoleAssignmentFact
  | SubscriptionFact;
