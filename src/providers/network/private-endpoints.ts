/** Microsoft.Network/privateEndpoints: a registry at addresses of a subnet. Owns its network interface and the connection under the registry. */
import { type Draft, type HookContext, type OwnedResource, type Resource, type ResourceLookup, resourceType } from '#arm/resource-type.ts';
import { isoTime } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#base/json.ts';
import { normalizeRegion } from '#base/regions.ts';
import { parseResourceId } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import {
  APPROVED_ONCE,
  afterMembers,
  CONNECTION_TYPE,
  connectionProperties,
  type Decision,
  GROUP_ID,
  type LinkState,
  linkStateOf,
  type Member,
  membersOf,
  REGISTRY_TYPE,
  regionOfMember,
  wasApproved,
} from '../container-registry/private-link.ts';
import { registryPropertiesOf } from '../container-registry/registry-properties.ts';
import { endpointLimitOf, quotaExceeded, skuOf } from '../container-registry/tiers.ts';
import { invalidReference, keyOf, linkedRight, notChangeable, parentKeyOf, siblingId } from '../references.ts';
import { choice, ipAddressText, propertiesSchema, reference, resourceIdText } from '../schema-parts.ts';
import { configurationsOf, type IpConfiguration } from './address-plan.ts';
import { subnets } from './subnets.ts';

interface Connection {
  readonly name: string;
  readonly properties: { readonly privateLinkServiceId: string; readonly groupIds: readonly string[]; readonly requestMessage?: string };
}
interface Properties {
  readonly subnet: { readonly id: string };
  readonly privateLinkServiceConnections: readonly Connection[];
  readonly manualPrivateLinkServiceConnections: readonly Connection[];
  readonly customNetworkInterfaceName?: string;
  readonly ipConfigurations: readonly { readonly name: string; readonly properties: { groupId: string; memberName: string; privateIPAddress: string } }[];
}
type Bodied = Pick<Resource, 'body'>;

const propertiesOf = (resource: Bodied): Properties => resource.body.properties as unknown as Properties;

const connections = z
  .array(
    z.object({
      name: z.string().min(1).max(80),
      properties: z.object({
        privateLinkServiceId: resourceIdText(),
        groupIds: z.array(z.string()).default([]),
        requestMessage: z.string().max(140).optional(),
      }),
    }),
  )
  .default([]);

/** The endpoint's only connection. `admit` has seen that there is exactly one. */
function requestOf(resource: Bodied): Connection & { readonly manual: boolean } {
  const { privateLinkServiceConnections: automatic, manualPrivateLinkServiceConnections: manual } = propertiesOf(resource);
  return automatic[0] ? { ...automatic[0], manual: false } : { ...(manual[0] as Connection), manual: true };
}

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

/** The state both sides see. An endpoint whose connection the registry's owner has removed is Disconnected for good (docs/sources.md#connection-states). */
export async function endpointState(endpoint: Resource, reader: ResourceLookup): Promise<LinkState> {
  const connection = await reader.get(keyOf(connectionIdOf(endpoint)));
  if (connection) return linkStateOf(connection);
  return { status: 'Disconnected', description: 'The connection was removed by the owner of the registry.', actionsRequired: 'None' };
}

/**
 * Whether the endpoint shows its names and addresses (docs/sources.md#names-after-rejection): from the first approval on, whatever the registry's owner says
 * later. In a linked network the name then leads to the refusal at the endpoint and never falls back to the public side. The interface remembers when the
 * connection itself is gone.
 */
export async function showsNames(endpoint: Resource, reader: ResourceLookup): Promise<boolean> {
  const connection = await reader.get(keyOf(connectionIdOf(endpoint)));
  return connection ? wasApproved(connection) : (await endpointNic(endpoint, reader))?.hidden.approvedOnce === true;
}

/** What must hold of the registry and of the right to it when an endpoint is made. */
async function targetFaults(draft: Draft, { reader, caller, domain }: HookContext): Promise<Fault[]> {
  const { manual, properties } = requestOf(draft);
  const list = manual ? 'manualPrivateLinkServiceConnections' : 'privateLinkServiceConnections';
  const target = `properties.${list}[0].properties`;
  const id = properties.privateLinkServiceId;
  const registry = parseResourceId(id).type.toLowerCase() === REGISTRY_TYPE.toLowerCase() ? await reader.get(keyOf(id)) : undefined;
  if (!registry) {
    const why = parseResourceId(id).type.toLowerCase() === REGISTRY_TYPE.toLowerCase() ? 'does not exist' : `is no '${REGISTRY_TYPE}'`;
    return [
      new Fault('invalid', 'InvalidPrivateLinkServiceId', `The private link resource ${id} of private endpoint '${draft.resourceId.name}' ${why}.`, {
        target: `${target}.privateLinkServiceId`,
      }),
    ];
  }
  const faults: Fault[] = [];
  const rules = registryPropertiesOf(registry).networkRuleSet.virtualNetworkRules;
  if (rules.length > 0) {
    // docs/sources.md#rules-or-endpoints; the code is ours.
    const commands = rules.slice(0, 10).map((rule) => `az acr network-rule remove -n ${registry.name} --subnet ${rule.id}`);
    faults.push(
      new Fault(
        'invalid',
        'PrivateEndpointsWithVirtualNetworkRulesNotSupported',
        `Registry '${registry.name}' has ${rules.length} virtual network rules: they and private endpoints exclude each other. Remove the rules first: ${commands.join('; ')}.`,
        { target: `${target}.privateLinkServiceId` },
      ),
    );
  }
  const sku = registry.body.sku?.name;
  if (sku !== 'Premium') {
    faults.push(
      new Fault('invalid', 'PrivateEndpointNotSupported', `The requested feature private endpoint connection is not supported for the SKU ${sku}.`, {
        target: `${target}.privateLinkServiceId`,
      }),
    );
  }
  if (properties.groupIds.length !== 1 || properties.groupIds[0]?.toLowerCase() !== GROUP_ID) {
    faults.push(
      new Fault(
        'invalid',
        'InvalidGroupId',
        `A registry offers the group '${GROUP_ID}' only; private endpoint '${draft.resourceId.name}' asks for [${properties.groupIds.join(', ')}].`,
        {
          target: `${target}.groupIds`,
        },
      ),
    );
  }
  const refused =
    !manual &&
    linkedRight(
      caller,
      { action: 'Microsoft.Network/privateEndpoints/write', scope: draft.resourceId.id },
      { action: `${CONNECTION_TYPE}Approval/action`, id, shownAction: 'PrivateEndpointConnectionsApproval/action' },
      `${target}.privateLinkServiceId`,
    );
  if (refused) faults.push(refused);
  faults.push(...staticAddressFaults(draft, await membersOf(registry, reader, domain)));
  return faults;
}

/** With static addresses every member needs one (docs/sources.md#static-addresses). */
function staticAddressFaults(draft: Draft, members: readonly Member[]): Fault[] {
  const given = propertiesOf(draft).ipConfigurations;
  if (given.length === 0) return [];
  const target = 'properties.ipConfigurations';
  const faults: Fault[] = [];
  const missing = members.filter(({ member }) => !given.some(({ properties }) => properties.memberName.toLowerCase() === member.toLowerCase()));
  if (missing.length > 0) {
    const wanted = missing.map(({ member }) => `[GroupId: ${GROUP_ID}, MemberName: ${member}, IpVersion: IPv4]`).join(', ');
    faults.push(
      new Fault(
        'invalid',
        'PrivateEndpointIpConfigurationMissingMemberNamesRequiredByFps',
        `Private Endpoint ${draft.resourceId.id} contains static ipconfigurations: [${given.map(({ name }) => name).join(', ')}] and it's missing these membernames/groupids requested by Private Link service ${wanted}. Private Endpoint needs to be reconfigured with missing memberNames.`,
        { target },
      ),
    );
  }
  for (const [index, { properties }] of given.entries()) {
    const member = properties.memberName.toLowerCase();
    // One of a region that the registry does not serve from yet is kept for its replication, which asks for it.
    const offered = members.some((one) => one.member.toLowerCase() === member) || isRegion(regionOfMember(member));
    const known = offered && properties.groupId.toLowerCase() === GROUP_ID;
    const repeated = given.findIndex((other) => other.properties.memberName.toLowerCase() === member) < index;
    if (given.findIndex((other) => other.properties.privateIPAddress === properties.privateIPAddress) < index) {
      faults.push(
        new Fault('invalid', 'PrivateIPAddressInUse', `Private static IP address ${properties.privateIPAddress} is given to two members.`, {
          target: `${target}[${index}].properties.privateIPAddress`,
        }),
      );
    }
    if (known && !repeated) continue;
    const why = known ? 'is given twice' : 'is not one of the registry';
    faults.push(
      new Fault('invalid', 'InvalidMemberName', `Member '${properties.memberName}' of group '${properties.groupId}' ${why}.`, {
        target: `${target}[${index}].properties.memberName`,
      }),
    );
  }
  return faults;
}

function isRegion(name: string | undefined): boolean {
  return name !== undefined && normalizeRegion(name) === name;
}

/** The connection is fixed when the endpoint is made. */
function changeFaults(draft: Draft, previous: Resource): Fault[] {
  const faults: Fault[] = [];
  const [asked, had] = [requestOf(draft), requestOf(previous)];
  const list = asked.manual ? 'manualPrivateLinkServiceConnections' : 'privateLinkServiceConnections';
  if (asked.manual !== had.manual) faults.push(notChangeable(`properties.${list}`));
  if (keyOf(asked.properties.privateLinkServiceId) !== keyOf(had.properties.privateLinkServiceId)) {
    faults.push(notChangeable(`properties.${list}[0].properties.privateLinkServiceId`));
  }
  if (asked.properties.groupIds.join().toLowerCase() !== had.properties.groupIds.join().toLowerCase()) {
    faults.push(notChangeable(`properties.${list}[0].properties.groupIds`));
  }
  return faults;
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
    privateLinkServiceConnections: connections,
    manualPrivateLinkServiceConnections: connections,
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

  /** docs/sources.md#endpoint-limit and, for the words, docs/sources.md#tier-faults. */
  async limit(draft, { reader }) {
    const [asked] = [...propertiesOf(draft).privateLinkServiceConnections, ...propertiesOf(draft).manualPrivateLinkServiceConnections];
    const registry = asked && (await reader.get(keyOf(asked.properties.privateLinkServiceId)));
    // `admit` refuses the tiers that have none.
    if (registry?.type !== REGISTRY_TYPE || skuOf(registry) !== 'Premium') return undefined;
    const limit = endpointLimitOf(registry);
    if ((await reader.countChildren(registry.key, CONNECTION_TYPE)) < limit) return undefined;
    return quotaExceeded('privateEndpointConnections', 'Premium', `: registry '${registry.name}' has its limit of ${limit}`);
  },

  async admit(draft, previous, context) {
    const { reader, caller } = context;
    const { privateLinkServiceConnections: automatic, manualPrivateLinkServiceConnections: manual, subnet, customNetworkInterfaceName } = propertiesOf(draft);
    if (automatic.length + manual.length !== 1) {
      return [
        new Fault(
          'invalid',
          'PrivateEndpointMustHaveOneConnection',
          `Private endpoint '${draft.resourceId.name}' has ${automatic.length + manual.length} connections in privateLinkServiceConnections and manualPrivateLinkServiceConnections; it must have exactly one.`,
          { target: 'properties.privateLinkServiceConnections' },
        ),
      ];
    }
    if (previous) return [...changeFaults(draft, previous), ...staticAddressFaults(draft, await membersFor(previous, context))];
    const faults = await targetFaults(draft, context);
    const network = await reader.get(parentKeyOf(subnet.id));
    if (!(await reader.get(keyOf(subnet.id))) || network?.body.location !== draft.body.location) {
      faults.push(invalidReference(subnet.id, draft.resourceId.id, 'properties.subnet.id'));
    } else {
      const refused = linkedRight(
        caller,
        { action: 'Microsoft.Network/privateEndpoints/write', scope: draft.resourceId.id },
        { action: 'Microsoft.Network/virtualNetworks/subnets/join/action', id: subnet.id },
        'properties.subnet.id',
      );
      if (refused) faults.push(refused);
    }
    if (customNetworkInterfaceName !== undefined) {
      const id = siblingId(draft.resourceId.id, 'Microsoft.Network/networkInterfaces', customNetworkInterfaceName);
      if (await reader.get(keyOf(id))) {
        faults.push(
          new Fault(
            'conflict',
            'CustomNetworkInterfaceNameInUse',
            `Network interface ${id} exists and does not belong to private endpoint '${draft.resourceId.name}'.`,
            {
              target: 'properties.customNetworkInterfaceName',
            },
          ),
        );
      }
    }
    return faults;
  },

  async prepare(draft, previous, { newGuid }) {
    if (previous) return { body: draft.body, hidden: draft.hidden };
    return { body: draft.body, hidden: { ...draft.hidden, resourceGuid: newGuid(), connectionName: `${draft.resourceId.name}.${newGuid()}` } };
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
    const keptNic = approvedOnce ? { ...ownNic, hidden: { ...nic?.hidden, ...APPROVED_ONCE } } : ownNic;
    // Interface and connection are made together: one without the other means that the registry's owner removed the connection, which nothing brings back.
    if (nic && !connection) return [keptNic];
    const first: LinkState = request.manual
      ? { status: 'Pending', description: request.properties.requestMessage ?? '', actionsRequired: 'None' }
      : { status: 'Approved', description: 'Auto-Approved', actionsRequired: 'None' };
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
    const { state, hidden } = again ?? stored;
    return [keptNic, { id, body: { properties: connectionProperties(resource.id, state) }, hidden: approvedOnce ? { ...hidden, ...APPROVED_ONCE } : hidden }];
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

  unenforced(resource) {
    const { applicationSecurityGroups } = resource.body.properties;
    return Array.isArray(applicationSecurityGroups) && applicationSecurityGroups.length > 0 ? ['applicationSecurityGroups'] : [];
  },

  table: {
    Name: 'name',
    ResourceGroup: 'resourceGroup',
    Location: 'location',
    Status: '(privateLinkServiceConnections || manualPrivateLinkServiceConnections)[0].privateLinkServiceConnectionState.status',
  },
});
