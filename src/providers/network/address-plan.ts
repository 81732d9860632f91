/** Address rules of virtual networks that more than one type applies: prefixes, what is in use, public egress addresses. */
import type { Resource, ResourceLookup } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { formatPrefix, type IpAddress, type IpPrefix, parsePrefix, prefixesOverlap } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { capacity } from '#topology/address-pool.ts';
import { egressPool, PUBLIC_RANGES, RESOLVER } from '#topology/addresses.ts';

/** The prefix of text that a schema has checked. */
export function prefixOf(text: string): IpPrefix {
  const prefix = parsePrefix(text);
  if (!prefix) throw new RangeError(`'${text}' is no prefix`);
  return prefix;
}

function all(...texts: string[]): readonly IpPrefix[] {
  return texts.map(prefixOf);
}

/**
 * What no virtual network may span: multicast, broadcast, loopback, link-local and Azure's resolver, which Azure refuses too
 * (virtual-networks-faq), and the ranges that stand for the internet in this world.
 */
const NOT_FOR_NETWORKS = all('0.0.0.0/8', '127.0.0.0/8', `${RESOLVER}/32`, '169.254.0.0/16', ...PUBLIC_RANGES, '224.0.0.0/4', '255.255.255.255/32');

/** The reserved range that the prefix touches, or undefined. */
export function reservedRange(prefix: IpPrefix): string | undefined {
  const range = NOT_FOR_NETWORKS.find((reserved) => prefixesOverlap(reserved, prefix));
  return range && formatPrefix(range);
}

/** The first public egress address that no network has. @throws Fault when all are taken */
export function firstFreeEgress(taken: ReadonlySet<string>): IpAddress {
  for (const address of egressPool()) if (!taken.has(address)) return address;
  throw new Fault('conflict', 'PublicAddressesExhausted', 'No public egress address is left for another virtual network: delete networks that are not needed.');
}

/** The ids of the IP configurations that hold addresses of a subnet, in the order of their interfaces. */
export async function subnetUsers(subnet: ResourceKey, reader: ResourceLookup): Promise<string[]> {
  const interfaces = await reader.referrers(subnet, 'Microsoft.Network/networkInterfaces');
  return interfaces.flatMap((nic) => configurationsOf(nic).map((configuration) => `${nic.id}/ipConfigurations/${configuration.name}`));
}

/** How many addresses interfaces may have in a subnet, and how many of these nobody has. */
export async function subnetRoom(
  subnet: Pick<Resource, 'key' | 'body'>,
  reader: ResourceLookup,
): Promise<{ readonly prefix: string; readonly capacity: number; readonly free: number }> {
  const prefix = subnet.body.properties.addressPrefix as string;
  const all = capacity(prefixOf(prefix));
  return { prefix, capacity: all, free: all - (await subnetUsers(subnet.key, reader)).length };
}

/** Why a subnet cannot go: docs/sources.md#subnets `InUseSubnetCannotBeDeleted`. Undefined when it can. */
export async function subnetInUse(subnet: Pick<Resource, 'key' | 'name'>, reader: ResourceLookup): Promise<Fault | undefined> {
  const users = await subnetUsers(subnet.key, reader);
  if (users.length === 0) return undefined;
  return new Fault(
    'invalid',
    'InUseSubnetCannotBeDeleted',
    `Subnet ${subnet.name} is in use by ${users.slice(0, 10).join(', ')} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.`,
  );
}

/** One IP configuration of a network interface, as stored. */
export interface IpConfiguration {
  readonly name: string;
  readonly properties: {
    readonly subnet: { readonly id: string };
    readonly privateIPAddress: IpAddress;
    readonly privateIPAllocationMethod: 'Dynamic' | 'Static';
    readonly privateIPAddressVersion: 'IPv4';
    readonly primary: boolean;
    /** On interfaces of private endpoints. */
    readonly privateLinkConnectionProperties?: { readonly groupId: string; readonly requiredMemberName: string; readonly fqdns: readonly string[] };
  };
}

/** The stored IP configurations of a network interface. */
export function configurationsOf(nic: Pick<Resource, 'body'>): readonly IpConfiguration[] {
  return (nic.body.properties.ipConfigurations ?? []) as unknown as readonly IpConfiguration[];
}
