/** Microsoft.Network/privateEndpoints: a registry at addresses of a subnet. Owns its network interface and the connection under the registry. */
import { type HookContext, type OwnedResource, type Resource, type ResourceLookup, resourceType } from '#arm/resource-type.ts';
import { isoTime } from '#base/clock.ts';
import type { Json, JsonObject } from '#base/json.ts';
import { z } from '#base/schema.ts';
import {
  APPROVED_ONCE,
  afterMembers,
  connectionProperties,
  type Decision,
  GROUP_ID,
  type LinkState,
  linkStateOf,
  type Member,
  membersOf,
  REGISTRY_TYPE,
  wasApproved,
  withoutStanding,
} from '../container-registry/private-link.ts';
import { keyOf, siblingId } from '../references.ts';
import { choice, ipAddressText, propertiesSchema, reference, resourceIdText } from '../schema-parts.ts';
import { configurationsOf, type IpConfiguration } from './address-plan.ts';
import {
  type ConnectionRequest,
  changeFaults,
  limitFault,
  placeFaults,
  propertiesOf,
  requestFault,
  requestOf,
  staticAddressFaults,
  targetFaults,
} from './private-endpoint-rules.ts';
import { subnets } from './subnets.ts';

const requests = z
  .array(
    z.object({
      name: z.string().min(1).max(80),
      properties: z.object({
        privateLinkServiceId: resourceIdText(),
        groupIds: z.array(z.string()).default([]),
        requestMessage: z.string().max(140).optional(),
        privateLinkServiceConnectionState: z.object({ status: z.string() }).optional(),
      }),
    }),
  )
  .default([]);

/** The id of the connection under the registry; fixed at creation. */
function connectionIdOf(endpoint: Pick<Resource, 'body' | 'hidden'>): string {
  return `${requestOf(endpoint).properties.privateLinkServiceId}/privateEndpointConnections/${endpoint.hidden.connectionName}`;
}

function nicIdOf(endpoint: Pick<Resource, 'id' | 'name' | 'body' | 'hidden'>): string {
  const name = propertiesOf(endpoint).customNetworkInterfaceName ?? `${endpoint.name}.nic.${endpoint.hidden.resourceGuid}`;
  return siblingId(endpoint.id, 'Microsoft.Network/networkInterfaces', name);
}

/** The network interface of an endpoint, with one IP configuration a member; undefined only while the endpoint is being made. */
export async function endpointNic(endpoint: Resource, reader: ResourceLookup): Promise<Resource | undefined> {
  return reader.get(keyOf(nicIdOf(endpoint)));
}

/** Of an endpoint whose connection the registry's owner has removed: for good (docs/sources.md#connection-states). */
const DISCONNECTED: LinkState = {
  status: 'Disconnected',
  description: 'The connection was removed by the owner of the registry.',
  actionsRequired: 'None',
};

/** The state both sides see. The interface keeps it, since the connection may be another tenant's, which the endpoint's own readers know nothing of. */
async function endpointState(endpoint: Resource, reader: ResourceLookup): Promise<LinkState> {
  const kept = (await endpointNic(endpoint, reader))?.hidden.state;
  if (kept !== undefined) return kept as unknown as LinkState;
  // An interface that an earlier version wrote.
  const connection = await reader.get(keyOf(connectionIdOf(endpoint)));
  return connection ? linkStateOf(connection) : DISCONNECTED;
}

/**
 * Whether the endpoint shows its names and addresses (docs/sources.md#names-after-rejection): from the first approval on, whatever the registry's owner says
 * later. In a linked network the name then leads to the refusal at the endpoint and never falls back to the public side. The interface remembers it.
 */
export async function showsNames(endpoint: Resource, reader: ResourceLookup): Promise<boolean> {
  return (await endpointNic(endpoint, reader))?.hidden.approvedOnce === true;
}

/** The interface of an endpoint: an address for each member, the given one, else the one it has, else the lowest free. The same when asked again. */
async function nicOf(endpoint: Resource, existing: Resource | undefined, members: readonly Member[], context: HookContext): Promise<OwnedResource> {
  const id = nicIdOf(endpoint);
  const { subnet, ipConfigurations: given } = propertiesOf(endpoint);
  const had = new Map(
    (existing ? configurationsOf(existing) : []).map((configuration) => [
      configuration.properties.privateLinkConnectionProperties?.requiredMemberName,
      configuration,
    ]),
  );
  const staticOf = (member: string) => given.find(({ properties }) => properties.memberName.toLowerCase() === member.toLowerCase());
  const addresses = new Map<string, string>();
  const fresh: string[] = [];
  for (const { member } of members) {
    const held = had.get(member)?.properties.privateIPAddress;
    const wanted = staticOf(member)?.properties.privateIPAddress ?? held;
    if (wanted === undefined) fresh.push(member);
    else addresses.set(member, wanted === held ? held : await context.allocateAddress(keyOf(subnet.id), { wanted, keepFor: keyOf(id) }));
  }
  // New addresses last: they must not take what a member of this endpoint holds or was given.
  for (const member of fresh) addresses.set(member, await context.allocateAddress(keyOf(subnet.id)));
  const ipConfigurations = members.map(({ member, fqdns }, index) => ({
    name: staticOf(member)?.name ?? (given.length === 0 ? had.get(member)?.name : undefined) ?? `privateEndpointIpConfig.${context.newGuid()}`,
    properties: {
      privateIPAddress: addresses.get(member),
      privateIPAllocationMethod: staticOf(member) ? 'Static' : 'Dynamic',
      privateIPAddressVersion: 'IPv4',
      primary: index === 0,
      subnet: { id: subnet.id },
      privateLinkConnectionProperties: { groupId: GROUP_ID, requiredMemberName: member, fqdns: [...fqdns] },
    },
  }));
  return {
    id,
    body: {
      location: endpoint.body.location ?? '',
      properties: {
        privateEndpoint: { id: endpoint.id },
        ipConfigurations: ipConfigurations as unknown as Json,
        enableAcceleratedNetworking: false,
        enableIPForwarding: false,
      },
    },
  };
}

/** The members an endpoint has addresses for: what the registry offers now, or offered last once the connection is gone. */
async function membersFor(endpoint: Resource, { reader, domain }: HookContext): Promise<readonly Member[]> {
  const nic = await endpointNic(endpoint, reader);
  const connection = await reader.get(keyOf(connectionIdOf(endpoint)));
  const registry = await reader.get(keyOf(requestOf(endpoint).properties.privateLinkServiceId));
  if (registry && (connection || !nic)) return membersOf(registry, reader, domain);
  return (nic ? configurationsOf(nic) : []).map(({ properties: { privateLinkConnectionProperties: link } }) => ({
    member: link?.requiredMemberName ?? '',
    fqdns: link?.fqdns ?? [],
  }));
}

/** The state of a request that nobody has judged. */
function pending(request: ConnectionRequest): LinkState {
  return { status: 'Pending', description: request.properties.requestMessage ?? '', actionsRequired: 'None' };
}

/** The body without the states of its requests: a client writes back what it read, but they are the connection's. */
function withoutStates(body: Resource['body']): Resource['body'] {
  const stateless = (list: Json | undefined): Json =>
    (list as unknown as ConnectionRequest[]).map(({ name, properties: { privateLinkServiceConnectionState: _state, ...properties } }) => ({
      name,
      properties,
    })) as unknown as Json;
  const { privateLinkServiceConnections: automatic, manualPrivateLinkServiceConnections: manual } = body.properties;
  return {
    ...body,
    properties: { ...body.properties, privateLinkServiceConnections: stateless(automatic), manualPrivateLinkServiceConnections: stateless(manual) },
  };
}

/** The members that an endpoint's interface has addresses for. */
function membersHeld(nic: Resource): string[] {
  return configurationsOf(nic).map(({ properties }) => properties.privateLinkConnectionProperties?.requiredMemberName ?? '');
}

/** Clients resolve these by themselves while no zone group does it: each host name of the endpoint with its address (docs/sources.md#endpoint-shape). */
function customDnsConfigs(configurations: readonly IpConfiguration[]): Json {
  return configurations.flatMap(({ properties }) =>
    (properties.privateLinkConnectionProperties?.fqdns ?? []).map((fqdn) => ({ fqdn, ipAddresses: [properties.privateIPAddress] })),
  );
}

export const privateEndpoints = resourceType({
  type: 'Microsoft.Network/privateEndpoints',
  scope: 'resourceGroup',
  apiVersions: ['2026-01-01', '2025-05-01', '2024-05-01', '2022-01-01'],
  location: 'required',
  tags: true,
  asyncOperationPath: 'location',
  name: {
    pattern: /^[A-Za-z0-9]$|^[A-Za-z0-9][\w.-]{0,62}\w$/,
    message: "a private endpoint's name has 1-64 letters, digits, '_', '.' and '-', starts with a letter or digit and ends with one of these or '_'",
  },
  properties: propertiesSchema({
    subnet: reference(subnets.type),
    privateLinkServiceConnections: requests,
    manualPrivateLinkServiceConnections: requests,
    customNetworkInterfaceName: z
      .string()
      .regex(/^[A-Za-z0-9][\w.-]{0,79}$/, 'it is no name of a network interface')
      .optional(),
    ipConfigurations: z
      .array(
        z.object({
          name: z.string().min(1).max(80),
          properties: z.object({ groupId: z.string().default(GROUP_ID), memberName: z.string().min(1), privateIPAddress: ipAddressText }),
        }),
      )
      .default([]),
    applicationSecurityGroups: z.array(reference()).default([]),
    ipVersionType: choice('IPv4').default('IPv4'),
  }),

  immutable: ['subnet.id', 'customNetworkInterfaceName'],

  limit: limitFault,

  async admit(draft, previous, context) {
    const fault = requestFault(draft);
    if (fault) return [fault];
    if (previous) return [...changeFaults(draft, previous), ...staticAddressFaults(draft, await membersFor(previous, context))];
    return [...(await targetFaults(draft, context)), ...(await placeFaults(draft, context))];
  },

  async prepare(draft, previous, { reader, newGuid }) {
    const asked = requestOf(draft).properties.privateLinkServiceConnectionState?.status;
    const body = withoutStates(draft.body);
    if (!previous) return { body, hidden: { ...draft.hidden, resourceGuid: newGuid(), connectionName: `${draft.resourceId.name}.${newGuid()}` } };
    const again = asked?.toLowerCase() === 'pending' && (await endpointState(previous, reader)).status === 'Rejected';
    return { body, hidden: again ? { ...draft.hidden, renewal: newGuid() } : draft.hidden };
  },

  async owns(resource, context) {
    const { reader } = context;
    const request = requestOf(resource);
    const nic = await endpointNic(resource, reader);
    const connectionId = connectionIdOf(resource);
    const connection = await reader.get(keyOf(connectionId));
    const members = await membersFor(resource, context);
    const ownNic = await nicOf(resource, nic, members, context);
    const approvedOnce = connection ? wasApproved(connection) : nic ? nic.hidden.approvedOnce === true : !request.manual;
    const nicWith = (state: LinkState): OwnedResource => ({
      ...ownNic,
      hidden: { ...nic?.hidden, ...(approvedOnce ? APPROVED_ONCE : {}), state: { ...state } },
    });
    // Interface and connection are made together: one without the other means that the registry's owner removed the connection, which nothing brings back.
    if (nic && !connection) return [nicWith(DISCONNECTED)];
    const first: LinkState = request.manual ? pending(request) : { status: 'Approved', description: 'Auto-Approved', actionsRequired: 'None' };
    const registry = await reader.get(keyOf(request.properties.privateLinkServiceId));
    // In the registry's own casing, whatever the client wrote.
    const id = registry ? `${registry.id}${connectionId.slice(registry.id.length)}` : connectionId;
    const decision: Decision = { status: first.status, by: context.caller.principalId, at: isoTime(context.clock) };
    const stored = connection ? { state: linkStateOf(connection), hidden: connection.hidden } : { state: first, hidden: { decision: { ...decision } } };
    // docs/sources.md#replica-connections: what was approved by hand is asked again for a new region.
    const again =
      connection && nic && request.manual
        ? afterMembers(
            connection,
            membersHeld(nic),
            members.map(({ member }) => member),
          )
        : undefined;
    // docs/sources.md#asking-again: a rejected request that is written as Pending is one more request.
    const { renewal } = resource.hidden;
    const renewed =
      connection && renewal !== undefined && connection.hidden.renewal !== renewal
        ? { state: pending(request), hidden: { ...withoutStanding(connection.hidden), renewal, decision: { ...decision, status: 'Pending' } } }
        : undefined;
    const { state, hidden } = renewed ?? again ?? stored;
    return [
      nicWith(state),
      { id, body: { properties: connectionProperties(resource.id, state) }, hidden: approvedOnce ? { ...hidden, ...APPROVED_ONCE } : hidden },
    ];
  },

  async affects(resource, reader) {
    return (await reader.children(resource.key)).map((group) => group.key);
  },

  async present(resource, { reader }) {
    const { manual, name, properties } = requestOf(resource);
    const nic = await endpointNic(resource, reader);
    const state = await endpointState(resource, reader);
    const hasZoneGroup = (await reader.children(resource.key)).length > 0;
    const list = manual ? 'manualPrivateLinkServiceConnections' : 'privateLinkServiceConnections';
    const shown: JsonObject = {
      name,
      id: `${resource.id}/${list}/${name}`,
      type: `Microsoft.Network/privateEndpoints/${list}`,
      properties: { provisioningState: 'Succeeded', ...properties, groupIds: [...properties.groupIds], privateLinkServiceConnectionState: { ...state } },
    };
    return {
      ...resource.body.properties,
      resourceGuid: resource.hidden.resourceGuid,
      privateLinkServiceConnections: manual ? [] : [shown],
      manualPrivateLinkServiceConnections: manual ? [shown] : [],
      networkInterfaces: nic ? [{ id: nic.id }] : [],
      customDnsConfigs: nic && !hasZoneGroup && (await showsNames(resource, reader)) ? customDnsConfigs(configurationsOf(nic)) : [],
    };
  },

  subscriptionActions: {
    /** What an endpoint may ask for: registries, and nothing else here. */
    availablePrivateEndpointTypes: {
      method: 'GET',
      permission: 'Microsoft.Network/locations/availablePrivateEndpointTypes/read',
      async run() {
        const name = 'Microsoft.ContainerRegistry.registries';
        const type = 'Microsoft.Network/AvailablePrivateEndpointTypes';
        return { value: [{ name, id: `/providers/${type}/${name}`, type, resourceName: REGISTRY_TYPE, displayName: 'Azure Container Registry' }] };
      },
    },
    /** Private link services of clients' own, which have aliases, are not served: none is visible. */
    checkPrivateLinkServiceVisibility: {
      permission: 'Microsoft.Network/locations/checkPrivateLinkServiceVisibility/action',
      request: z.object({ privateLinkServiceAlias: z.string() }),
      async run() {
        return { visible: false };
      },
    },
  },

  unenforced(resource) {
    const { applicationSecurityGroups } = resource.body.properties;
    return Array.isArray(applicationSecurityGroups) && applicationSecurityGroups.length > 0 ? ['applicationSecurityGroups'] : [];
  },
});
