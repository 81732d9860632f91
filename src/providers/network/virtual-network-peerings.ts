/** Microsoft.Network/virtualNetworks/virtualNetworkPeerings: one side of a peering. Both sides together make it Connected. Packets do not cross yet. */
import { type Draft, type HookContext, type Resource, type ResourceLookup, resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { prefixesOverlap } from '#base/ip.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { invalidReference, keyOf, linkedRight } from '../references.ts';
import { propertiesSchema, reference } from '../schema-parts.ts';
import { prefixOf } from './address-plan.ts';

const NETWORK_TYPE = 'Microsoft.Network/virtualNetworks';
export const PEERING_TYPE = `${NETWORK_TYPE}/virtualNetworkPeerings`;

const remoteIdOf = (peering: { body: { properties: JsonObject } }): string => (peering.body.properties.remoteVirtualNetwork as { id: string }).id;

const spaceOf = (network: Pick<Resource, 'body'>): string[] =>
  (network.body.properties.addressSpace as unknown as { addressPrefixes: string[] }).addressPrefixes;

/** The peerings of a network. */
async function peeringsOf(network: ResourceKey, reader: ResourceLookup): Promise<Resource[]> {
  return (await reader.children(network)).filter((child) => child.type === PEERING_TYPE);
}

/** The other side: the remote network's peering with this one's network. */
async function counterpart(
  peering: { readonly parent: ResourceKey | undefined; readonly body: Resource['body'] },
  reader: ResourceLookup,
): Promise<Resource | undefined> {
  return (await peeringsOf(keyOf(remoteIdOf(peering)), reader)).find((other) => keyOf(remoteIdOf(other)) === peering.parent);
}

type State = 'Initiated' | 'Connected' | 'Disconnected';

/**
 * docs/sources.md#peerings. Each side remembers the other that it met, by the GUID of its life (`hidden.met`): one that is gone, or that came back as another,
 * leaves this side Disconnected.
 */
function stateOf(peering: Pick<Resource, 'hidden'>, other: Pick<Resource, 'hidden'> | undefined): State {
  const { met } = peering.hidden;
  if (!other) return met === undefined ? 'Initiated' : 'Disconnected';
  if (met !== undefined && met !== other.hidden.life) return 'Disconnected';
  return other.hidden.met === undefined || other.hidden.met === peering.hidden.life ? 'Connected' : 'Initiated';
}

/** Prefixes of one list that overlap any of the other. */
function overlapping(some: readonly string[], others: readonly string[]): string[] {
  return some.filter((one) => others.some((other) => prefixesOverlap(prefixOf(one), prefixOf(other))));
}

/** Why a network may not have an address space: it would overlap that of a network it is peered with (docs/sources.md#peerings). */
export async function peeredSpaceFaults(
  network: { readonly key: ResourceKey; readonly id: string },
  space: readonly string[],
  reader: ResourceLookup,
): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const peering of await peeringsOf(network.key, reader)) {
    const remote = await reader.get(keyOf(remoteIdOf(peering)));
    const prefixes = remote ? overlapping(space, spaceOf(remote)) : [];
    if (remote && prefixes.length > 0) faults.push(spacesOverlap(peering.id, network.id, remote.id, prefixes, 'properties.addressSpace.addressPrefixes'));
  }
  return faults;
}

function spacesOverlap(peering: string, a: string, b: string, prefixes: readonly string[], target: string): Fault {
  return new Fault(
    'invalid',
    'VnetAddressSpacesOverlap',
    `Cannot create or update peering ${peering}. Virtual networks ${a} and ${b} cannot be peered because their address spaces overlap. Overlapping address prefixes: ${prefixes.join(', ')}. For more information please refer to https://aka.ms/VnetPeeringInfo`,
    { target },
  );
}

/** Networks that one side is peered with and whose space overlaps that of the other side. */
async function overlapsWithPeered(id: string, sides: readonly [near: Resource, far: Resource], reader: ResourceLookup, target: string): Promise<Fault[]> {
  const faults: Fault[] = [];
  const [near, far] = sides;
  for (const peering of await peeringsOf(far.key, reader)) {
    const third = await reader.get(keyOf(remoteIdOf(peering)));
    if (!third || third.key === near.key) continue;
    const prefixes = overlapping(spaceOf(near), spaceOf(third));
    if (prefixes.length === 0) continue;
    faults.push(
      new Fault(
        'invalid',
        'VnetAddressSpaceOverlapsWithAlreadyPeeredVnet',
        `Cannot create or update peering ${id}. Virtual networks ${near.id} and ${far.id} cannot be peered because address space of the first virtual network overlaps with address space of virtual network ${third.id} already peered with the second virtual network. Overlapping address prefixes: ${prefixes.join(', ')}. For more information please refer to https://aka.ms/VnetPeeringInfo`,
        { target },
      ),
    );
  }
  return faults;
}

async function admission(draft: Draft, previous: Resource | undefined, { reader, known }: Pick<HookContext, 'reader' | 'known'>): Promise<Fault[]> {
  const target = 'properties.remoteVirtualNetwork.id';
  const { id, parent, name } = draft.resourceId;
  const near = await reader.get(parent as ResourceKey);
  const far = await known.get(keyOf(remoteIdOf(draft)));
  if (!near) return [];
  if (!far) return previous ? [] : [invalidReference(remoteIdOf(draft), id, target)];
  if (far.key === near.key) return [new Fault('invalid', 'InvalidResourceReference', `Virtual network ${near.id} cannot be peered with itself.`, { target })];
  const faults: Fault[] = [];
  const other = (await peeringsOf(near.key, reader)).find((peering) => keyOf(remoteIdOf(peering)) === far.key && peering.key !== draft.resourceId.key);
  if (other)
    faults.push(
      new Fault(
        'invalid',
        'AnotherPeeringAlreadyReferencesRemoteVnet',
        `Peering ${name} referencing remote virtual network ${far.id} cannot be created because virtual network ${near.id} already has another peering ${other.id} referencing the same remote virtual network.`,
        { target },
      ),
    );
  const remote = await counterpart({ parent: near.key, body: draft.body }, reader);
  if (!previous && remote && remote.hidden.met !== undefined)
    faults.push(
      new Fault(
        'invalid',
        'RemotePeeringIsDisconnected',
        `Cannot create or update peering ${id} because remote peering ${remote.id} referencing parent virtual network ${near.id} is in Disconnected state. Update or re-create the remote peering to get it back to Initiated state. Peering gets Disconnected when remote vnet or remote peering is deleted and re-created.`,
        { target },
      ),
    );
  const direct = overlapping(spaceOf(near), spaceOf(far));
  if (direct.length > 0) faults.push(spacesOverlap(id, near.id, far.id, direct, target));
  faults.push(...(await overlapsWithPeered(id, [near, far], reader, target)), ...(await overlapsWithPeered(id, [far, near], reader, target)));
  return faults;
}

export const virtualNetworkPeerings = resourceType({
  type: PEERING_TYPE,
  scope: 'resourceGroup',
  apiVersions: ['2026-01-01', '2025-05-01', '2024-05-01', '2022-01-01'],
  location: 'none',
  asyncOperationPath: 'location',
  name: {
    pattern: /^[A-Za-z0-9]$|^[A-Za-z0-9][\w.-]{0,78}\w$/,
    message: "a peering's name has 1-80 letters, digits, '_', '.' and '-', starts with a letter or digit and ends with one of these or '_'",
  },
  properties: propertiesSchema({
    remoteVirtualNetwork: reference(NETWORK_TYPE),
    allowVirtualNetworkAccess: z.boolean().default(true),
    allowForwardedTraffic: z.boolean().default(false),
    allowGatewayTransit: z.boolean().default(false),
    useRemoteGateways: z.boolean().default(false),
    doNotVerifyRemoteGateways: z.boolean().default(false),
    peerCompleteVnets: z.boolean().default(true),
    enableOnlyIPv6Peering: z.boolean().default(false),
    localSubnetNames: z.array(z.string()).optional(),
    remoteSubnetNames: z.array(z.string()).optional(),
  }),
  immutable: ['remoteVirtualNetwork.id'],

  async admit(draft, previous, context) {
    const id = remoteIdOf(draft);
    const refused = previous
      ? undefined
      : linkedRight(
          context.caller,
          { action: `${PEERING_TYPE}/write`, scope: draft.resourceId.id },
          { action: `${NETWORK_TYPE}/peer/action`, id },
          'properties.remoteVirtualNetwork.id',
        );
    return refused ? [refused] : admission(draft, previous, context);
  },

  /** A write brings the remote address space up to date, and a Disconnected side whose other is gone back to Initiated. */
  async prepare(draft, previous, { reader, newGuid }) {
    const { met, ...hidden } = draft.hidden;
    const far = await reader.get(keyOf(remoteIdOf(draft)));
    const other = await counterpart({ parent: draft.resourceId.parent, body: draft.body }, reader);
    return {
      body: draft.body,
      hidden: {
        life: newGuid(),
        remoteSpace: [],
        ...hidden,
        ...(met !== undefined && (other || !previous) ? { met } : {}),
        ...(far ? { remoteSpace: spaceOf(far) } : {}),
      },
    };
  },

  async remembers(resource, reader) {
    if (resource.hidden.met !== undefined) return resource.hidden;
    const other = await counterpart(resource, reader);
    return other ? { ...resource.hidden, met: other.hidden.life } : resource.hidden;
  },

  /** The other side learns that this one is there. */
  async affects(resource, reader) {
    const other = await counterpart(resource, reader);
    return other ? [other.key] : [];
  },

  async present(resource, { reader }): Promise<JsonObject> {
    const other = await counterpart(resource, reader);
    const near = await reader.get(resource.parent as ResourceKey);
    const far = await reader.get(keyOf(remoteIdOf(resource)));
    const known = resource.hidden.remoteSpace as string[];
    const current = far ? spaceOf(far) : known;
    const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((prefix, index) => prefix === b[index]);
    const remoteInSync = same(known, current);
    const localInSync = !other || !near || same(other.hidden.remoteSpace as string[], spaceOf(near));
    const { remoteVirtualNetwork, ...rest } = resource.body.properties;
    return {
      peeringState: stateOf(resource, other),
      peeringSyncLevel: remoteInSync ? (localInSync ? 'FullyInSync' : 'LocalNotInSync') : localInSync ? 'RemoteNotInSync' : 'LocalAndRemoteNotInSync',
      ...rest,
      remoteVirtualNetwork,
      remoteAddressSpace: { addressPrefixes: known },
      remoteVirtualNetworkAddressSpace: { addressPrefixes: current },
      resourceGuid: resource.hidden.life as string,
    };
  },

  unenforced: () => ['peering: packets do not cross between networks'],
});
