/** What private endpoints ask for, and every objection to it: of the registry, of the place, of the caller's rights. Changes nothing. */
import type { Draft, HookContext, Resource } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { normalizeRegion } from '#base/regions.ts';
import { parseResourceId } from '#base/resource-id.ts';
import { CONNECTION_TYPE, GROUP_ID, type Member, membersOf, REGISTRY_TYPE, regionOfMember } from '../container-registry/private-link.ts';
import { registryPropertiesOf } from '../container-registry/registry-properties.ts';
import { endpointLimitOf, quotaExceeded, skuOf } from '../container-registry/tiers.ts';
import { invalidReference, keyOf, linkedRight, notChangeable, notRegistered, parentKeyOf, siblingId } from '../references.ts';

/** A request for a connection, in an endpoint's body. */
export interface ConnectionRequest {
  readonly name: string;
  readonly properties: {
    readonly privateLinkServiceId: string;
    readonly groupIds: readonly string[];
    readonly requestMessage?: string;
    /** As written; never stored. */
    readonly privateLinkServiceConnectionState?: { readonly status: string };
  };
}

/** An endpoint's properties as written. */
export interface EndpointProperties {
  readonly subnet: { readonly id: string };
  readonly privateLinkServiceConnections: readonly ConnectionRequest[];
  readonly manualPrivateLinkServiceConnections: readonly ConnectionRequest[];
  readonly customNetworkInterfaceName?: string;
  readonly ipConfigurations: readonly { readonly name: string; readonly properties: { groupId: string; memberName: string; privateIPAddress: string } }[];
}

/** An endpoint's properties. */
export function propertiesOf(endpoint: Pick<Resource, 'body'>): EndpointProperties {
  return endpoint.body.properties as unknown as EndpointProperties;
}

/** The endpoint's only request, and whether the registry's owner is to approve it by hand. `admit` has seen that there is exactly one. */
export function requestOf(endpoint: Pick<Resource, 'body'>): ConnectionRequest & { readonly manual: boolean } {
  const { privateLinkServiceConnections: automatic, manualPrivateLinkServiceConnections: manual } = propertiesOf(endpoint);
  return automatic[0] ? { ...automatic[0], manual: false } : { ...(manual[0] as ConnectionRequest), manual: true };
}

const WRITE = 'Microsoft.Network/privateEndpoints/write';

/** docs/sources.md#endpoint-limit and, for the words, docs/sources.md#tier-faults. */
export async function limitFault(draft: Draft, { reader, known }: HookContext): Promise<Fault | undefined> {
  const { privateLinkServiceConnections: automatic, manualPrivateLinkServiceConnections: manual } = propertiesOf(draft);
  const asked = automatic[0] ?? manual[0];
  const registry = asked && (await (automatic[0] ? known : reader).get(keyOf(asked.properties.privateLinkServiceId)));
  // `admit` refuses the tiers that have none.
  if (registry?.type !== REGISTRY_TYPE || skuOf(registry) !== 'Premium') return undefined;
  const limit = endpointLimitOf(registry);
  if ((await reader.countChildren(registry.key, CONNECTION_TYPE)) < limit) return undefined;
  return quotaExceeded('privateEndpointConnections', 'Premium', `: registry '${registry.name}' has its limit of ${limit}`);
}

/** Whether there is exactly one request. */
export function requestFault(draft: Draft): Fault | undefined {
  const { privateLinkServiceConnections: automatic, manualPrivateLinkServiceConnections: manual } = propertiesOf(draft);
  const count = automatic.length + manual.length;
  if (count === 1) return undefined;
  return new Fault(
    'invalid',
    'PrivateEndpointMustHaveOneConnection',
    `Private endpoint '${draft.resourceId.name}' has ${count} connections in privateLinkServiceConnections and manualPrivateLinkServiceConnections; it must have exactly one.`,
    { target: 'properties.privateLinkServiceConnections' },
  );
}

/**
 * What must hold of the registry and of the right to it when an endpoint is made. A registry of another tenant is only asked by hand, and one that cannot be
 * reached is told as one that is not there.
 */
export async function targetFaults(draft: Draft, { reader, known, caller, domain }: HookContext): Promise<Fault[]> {
  const { manual, properties } = requestOf(draft);
  const list = manual ? 'manualPrivateLinkServiceConnections' : 'privateLinkServiceConnections';
  const target = `properties.${list}[0].properties`;
  const id = properties.privateLinkServiceId;
  const isRegistry = parseResourceId(id).type.toLowerCase() === REGISTRY_TYPE.toLowerCase();
  const absent = (): Fault =>
    new Fault(
      'invalid',
      'InvalidPrivateLinkServiceId',
      `The private link resource ${id} of private endpoint '${draft.resourceId.name}' ${isRegistry ? 'does not exist' : `is no '${REGISTRY_TYPE}'`}.`,
      { target: `${target}.privateLinkServiceId` },
    );
  const refused =
    isRegistry &&
    !manual &&
    linkedRight(
      caller,
      { action: WRITE, scope: draft.resourceId.id },
      { action: `${CONNECTION_TYPE}Approval/action`, id, shownAction: 'PrivateEndpointConnectionsApproval/action' },
      `${target}.privateLinkServiceId`,
    );
  if (refused) return [refused];
  const registry = isRegistry ? await (manual ? reader : known).get(keyOf(id)) : undefined;
  if (!registry) return [absent()];
  const ours = (await known.get(registry.key)) !== undefined;
  const faults: Fault[] = [];
  const rules = registryPropertiesOf(registry).networkRuleSet.virtualNetworkRules;
  const sku = skuOf(registry);
  if (!ours && (rules.length > 0 || sku !== 'Premium')) return [absent()];
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
        { target: `${target}.groupIds` },
      ),
    );
  }
  faults.push(...staticAddressFaults(draft, await membersOf(registry, reader, domain)));
  return faults;
}

/** What must hold of the place: its subnet, in the endpoint's own region and subscription, which knows registries; the right to it; the interface's name. */
export async function placeFaults(draft: Draft, { reader, known, caller, isRegistered }: HookContext): Promise<Fault[]> {
  const { subnet, customNetworkInterfaceName } = propertiesOf(draft);
  const { id, name, key, subscription } = draft.resourceId;
  const faults: Fault[] = [];
  const target = 'properties.subnet.id';
  const refused = linkedRight(caller, { action: WRITE, scope: id }, { action: 'Microsoft.Network/virtualNetworks/subnets/join/action', id: subnet.id }, target);
  const network = await known.get(parentKeyOf(subnet.id));
  if (refused) faults.push(refused);
  else if (!network || !(await known.get(keyOf(subnet.id)))) faults.push(invalidReference(subnet.id, id, target));
  else {
    // docs/sources.md#endpoint-placement
    const differences: string[] = [];
    if (network.body.location !== draft.body.location) differences.push(`region ${draft.body.location}, the network in ${network.body.location}`);
    if (network.resourceId.subscription !== subscription) differences.push(`subscription ${subscription}, the network in ${network.resourceId.subscription}`);
    if (differences.length > 0)
      faults.push(invalidReference(subnet.id, id, target, ` Private endpoint '${name}' is in ${differences.join(' and ')}: both must be in the same.`));
  }
  // docs/sources.md#endpoint-registration
  if (!(await isRegistered('Microsoft.ContainerRegistry', key))) faults.push(notRegistered('Microsoft.ContainerRegistry', subscription ?? ''));
  if (customNetworkInterfaceName === undefined) return faults;
  const nic = siblingId(id, 'Microsoft.Network/networkInterfaces', customNetworkInterfaceName);
  if (await reader.get(keyOf(nic))) {
    faults.push(
      new Fault('conflict', 'CustomNetworkInterfaceNameInUse', `Network interface ${nic} exists and does not belong to private endpoint '${name}'.`, {
        target: 'properties.customNetworkInterfaceName',
      }),
    );
  }
  return faults;
}

/** With static addresses every member needs one (docs/sources.md#static-addresses). */
export function staticAddressFaults(draft: Draft, members: readonly Member[]): Fault[] {
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
export function changeFaults(draft: Draft, previous: Resource): Fault[] {
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
