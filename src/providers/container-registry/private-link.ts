/** What a registry offers to private endpoints: its regions, its members with their host names, and its connections. */
import type { Resource, ResourceLookup } from '#arm/resource-type.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { ConnectionState } from '#topology/facts.ts';
import { keyOf } from '../references.ts';

export const CONNECTION_TYPE = 'Microsoft.ContainerRegistry/registries/privateEndpointConnections';
export const REGISTRY_TYPE = 'Microsoft.ContainerRegistry/registries';
export const REPLICATION_TYPE = 'Microsoft.ContainerRegistry/registries/replications';

/** The one group that a registry offers. */
export const GROUP_ID = 'registry';

/** A part of a registry that gets an address of its own in every endpoint. */
export interface Member {
  /** `registry`, or `registry_data_REGION`. */
  readonly member: string;
  readonly fqdns: readonly string[];
}

const DATA_MEMBER = 'registry_data_';

/** The member that serves a region's data endpoint. */
export function dataMember(region: string): string {
  return `${DATA_MEMBER}${region}`;
}

/** The region of a data endpoint's member; undefined for the login server's. */
export function regionOfMember(member: string): string | undefined {
  return member.startsWith(DATA_MEMBER) ? member.slice(DATA_MEMBER.length) : undefined;
}

/** The members of a registry: the login server, then the data endpoint of each region (docs/sources.md#private-link-resources). */
export async function membersOf(registry: Pick<Resource, 'key' | 'name' | 'body'>, reader: ResourceLookup, domain: string): Promise<readonly Member[]> {
  const name = registry.name.toLowerCase();
  return [
    { member: 'registry', fqdns: [`${name}.${domain}`] },
    ...(await regionsOf(registry, reader)).map((region) => ({ member: dataMember(region), fqdns: [`${name}.${region}.data.${domain}`] })),
  ];
}

/** The regions a registry serves from: the home region first, then those of its replications by name. */
export async function regionsOf(registry: Pick<Resource, 'key' | 'body'>, reader: ResourceLookup): Promise<readonly string[]> {
  const replicas = await reader.list(REPLICATION_TYPE, registry.key);
  return [...new Set([homeRegionOf(registry), ...replicas.map(({ body }) => body.location ?? '').sort()])];
}

/** The region that a registry was made in. */
export function homeRegionOf(registry: Pick<Resource, 'body'>): string {
  return registry.body.location ?? '';
}

/** `properties.privateLinkServiceConnectionState` of a connection, the same on both sides. */
export interface LinkState {
  readonly status: ConnectionState;
  readonly description: string;
  readonly actionsRequired: 'None' | 'Recreate';
}

/** The stored state of a connection resource. */
export function linkStateOf(connection: Pick<Resource, 'body'>): LinkState {
  return connection.body.properties.privateLinkServiceConnectionState as unknown as LinkState;
}

/** What a connection and its endpoint's interface keep in `hidden` from the first approval on: the names of the endpoint outlive a rejection. */
export const APPROVED_ONCE = { approvedOnce: true } as const;

/** Whether the connection is Approved or was so before. */
export function wasApproved(connection: Pick<Resource, 'body' | 'hidden'>): boolean {
  return connection.hidden.approvedOnce === true || linkStateOf(connection).status === 'Approved';
}

/** Who put a connection into the state it is in, and when: kept in its `hidden.decision`, whatever is written of it later. */
export interface Decision {
  readonly status: ConnectionState;
  /** Object id of the principal. */
  readonly by: string;
  /** RFC 3339, UTC. */
  readonly at: string;
}

/**
 * What a connection that is Pending again for a new region keeps in `hidden` of the time before: the members that stay approved and serve on,
 * and the approval's description, which comes back when the region goes before it was approved (docs/sources.md#replica-connections).
 */
export interface StandingApproval {
  readonly members: readonly string[];
  readonly description: string;
}

/** What stays approved of a connection while it is Pending again; undefined otherwise. */
export function standingApproval(connection: Pick<Resource, 'body' | 'hidden'>): StandingApproval | undefined {
  return linkStateOf(connection).status === 'Pending' ? (connection.hidden.standing as unknown as StandingApproval | undefined) : undefined;
}

/** `hidden` without a standing approval: a word of the registry's owner is about all members. */
export function withoutStanding(hidden: JsonObject): JsonObject {
  const { standing: _standing, ...rest } = hidden;
  return rest;
}

/**
 * A manually approved connection when the registry's members have become others: Pending for the new ones, while those it had go on; Approved again when
 * nothing waits any more. `held` are the members that its interface had. Undefined when it stays as it is.
 */
export function afterMembers(
  connection: Pick<Resource, 'body' | 'hidden'>,
  held: readonly string[],
  members: readonly string[],
): { readonly state: LinkState; readonly hidden: JsonObject } | undefined {
  const state = linkStateOf(connection);
  const before = state.status === 'Approved' ? { members: held, description: state.description } : standingApproval(connection);
  if (!before) return undefined;
  const standing = before.members.filter((member) => members.includes(member));
  const waiting = members.filter((member) => !standing.includes(member));
  const rest = withoutStanding(connection.hidden);
  if (waiting.length === 0)
    return state.status === 'Approved' ? undefined : { state: { ...state, status: 'Approved', description: before.description }, hidden: rest };
  const regions = waiting.map((member) => regionOfMember(member) ?? member).join(', ');
  return {
    state: {
      status: 'Pending',
      description: `The registry was replicated to ${regions}. Approve again to open the data endpoint there; traffic to ${standing.join(', ')} goes on.`,
      actionsRequired: 'None',
    },
    hidden: { ...rest, standing: { members: standing, description: before.description } },
  };
}

/** The private endpoint's id that a connection resource names. */
export function endpointIdOf(connection: Pick<Resource, 'body'>): string {
  return (connection.body.properties.privateEndpoint as unknown as { id: string }).id;
}

/** The connection's properties as stored and shown (docs/sources.md#connection-shape). */
export function connectionProperties(endpointId: string, state: LinkState): JsonObject {
  return { privateEndpoint: { id: endpointId }, privateLinkServiceConnectionState: { ...state } };
}

/** The connections of a registry. */
export async function connectionsOf(registry: Pick<Resource, 'key'>, reader: ResourceLookup): Promise<Resource[]> {
  return reader.list(CONNECTION_TYPE, registry.key);
}

/** The zone groups of an endpoint. */
export async function zoneGroupsOf(endpoint: ResourceKey, reader: ResourceLookup): Promise<ResourceKey[]> {
  const groups = (await reader.children(endpoint)).filter((child) => child.type === 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups');
  return groups.map((group) => group.key);
}

/** The endpoints that are connected to a registry, then their zone groups: what follows its members. */
export async function endpointsAndGroups(registry: ResourceKey, reader: ResourceLookup): Promise<ResourceKey[]> {
  const endpoints = (await connectionsOf({ key: registry }, reader)).map((connection) => keyOf(endpointIdOf(connection)));
  const groups: ResourceKey[] = [];
  for (const endpoint of endpoints) groups.push(...(await zoneGroupsOf(endpoint, reader)));
  return [...endpoints, ...groups];
}
