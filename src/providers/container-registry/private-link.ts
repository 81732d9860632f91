/** What a registry offers to private endpoints: its members with their host names, and its connections. */
import type { Resource, ResourceLookup } from '#arm/resource-type.ts';
import type { JsonObject } from '#base/json.ts';
import type { ConnectionState } from '#topology/facts.ts';

export const CONNECTION_TYPE = 'Microsoft.ContainerRegistry/registries/privateEndpointConnections';
export const REGISTRY_TYPE = 'Microsoft.ContainerRegistry/registries';

/** The one group that a registry offers. */
export const GROUP_ID = 'registry';

/** A part of a registry that gets an address of its own in every endpoint. */
export interface Member {
  /** `registry`, or `registry_data_REGION`. */
  readonly member: string;
  readonly fqdns: readonly string[];
}

/** The members of a registry: the login server, then the data endpoint of each region (docs/sources.md#private-link-resources). */
export function membersOf(registry: Pick<Resource, 'name' | 'body'>, domain: string): readonly Member[] {
  const name = registry.name.toLowerCase();
  return [
    { member: 'registry', fqdns: [`${name}.${domain}`] },
    ...regionsOf(registry).map((region) => ({ member: `registry_data_${region}`, fqdns: [`${name}.${region}.data.${domain}`] })),
  ];
}

/** The regions a registry serves from, the home region first. */
export function regionsOf(registry: Pick<Resource, 'body'>): readonly string[] {
  return [registry.body.location ?? ''];
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
  return (await reader.children(registry.key)).filter((child) => child.type === CONNECTION_TYPE);
}
