/** Microsoft.Network/virtualNetworks: address space, and the public address that the world outside sees for it. Subnets are children, carried inline by clients. */
import { type Resource, resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { formatPrefix, type IpAddress, prefixContains, prefixCovers, prefixesOverlap } from '#base/ip.ts';
import type { JsonObject } from '#base/json.ts';
import { z } from '#base/schema.ts';
import { choice, ipAddressText, prefixText, propertiesSchema, reference } from '../schema-parts.ts';
import { firstFreeEgress, prefixOf, reservedRange, subnetInUse } from './address-plan.ts';
import { subnets } from './subnets.ts';
import { PEERING_TYPE, peeredSpaceFaults } from './virtual-network-peerings.ts';

interface Properties {
  readonly addressSpace: { readonly addressPrefixes: readonly string[] };
  readonly dhcpOptions?: { readonly dnsServers: readonly string[] };
  readonly enableDdosProtection: boolean;
  readonly encryption?: { readonly enabled: boolean };
}

const propertiesOf = (resource: { body: { properties: JsonObject } }): Properties => resource.body.properties as unknown as Properties;

export const virtualNetworks = resourceType({
  type: 'Microsoft.Network/virtualNetworks',
  scope: 'resourceGroup',
  apiVersions: ['2026-01-01', '2025-05-01', '2024-05-01', '2022-01-01'],
  location: 'required',
  tags: true,
  asyncOperationPath: 'location',
  name: {
    pattern: /^[A-Za-z0-9]$|^[A-Za-z0-9][\w.-]{0,62}\w$/,
    message: "a virtual network's name has 1-64 letters, digits, '_', '.' and '-', starts with a letter or digit and ends with one of these or '_'",
  },
  properties: propertiesSchema({
    addressSpace: z.object({ addressPrefixes: z.array(prefixText).min(1) }),
    dhcpOptions: z.object({ dnsServers: z.array(ipAddressText).default([]) }).optional(),
    enableDdosProtection: z.boolean().default(false),
    enableVmProtection: z.boolean().optional(),
    ddosProtectionPlan: reference().optional(),
    encryption: z.object({ enabled: z.boolean(), enforcement: choice('DropUnencrypted', 'AllowUnencrypted').default('AllowUnencrypted') }).optional(),
    flowTimeoutInMinutes: z.int().min(4).max(30).optional(),
    privateEndpointVNetPolicies: choice('Disabled', 'Basic').default('Disabled'),
  }),
  embeds: { subnets: subnets.type, virtualNetworkPeerings: PEERING_TYPE },

  async admit(draft, previous, { reader }) {
    const faults: Fault[] = [];
    const texts = propertiesOf(draft).addressSpace.addressPrefixes;
    const prefixes = texts.map(prefixOf);
    for (const [index, prefix] of prefixes.entries()) {
      const target = `properties.addressSpace.addressPrefixes[${index}]`;
      const reserved = reservedRange(prefix);
      if (prefix.bits < 8 || prefix.bits > 29) {
        faults.push(
          new Fault(
            'invalid',
            'InvalidAddressPrefix',
            `Address prefix ${texts[index]} of virtual network '${draft.resourceId.name}' is not between /8 and /29.`,
            { target },
          ),
        );
      }
      if (reserved) {
        faults.push(
          new Fault(
            'invalid',
            'AddressPrefixNotAllowed',
            `Address prefix ${texts[index]} of virtual network '${draft.resourceId.name}' spans ${reserved}, which no virtual network may use.`,
            {
              target,
            },
          ),
        );
      }
      const other = prefixes.findIndex((earlier, at) => at < index && prefixesOverlap(earlier, prefix));
      if (other >= 0) {
        faults.push(
          new Fault(
            'invalid',
            'AddressPrefixesOverlap',
            `Address prefixes ${texts[other]} and ${texts[index]} of virtual network '${draft.resourceId.name}' overlap.`,
            { target },
          ),
        );
      }
    }
    faults.push(...(previous ? await peeredSpaceFaults(previous, texts, reader) : []));
    // With `subnets` in the body every subnet that stays is admitted by itself, against the new address space.
    if (previous && draft.embedded?.subnets === undefined) {
      for (const subnet of await reader.children(draft.resourceId.key)) {
        if (subnet.type !== subnets.type) continue;
        const prefix = prefixOf(subnet.body.properties.addressPrefix as string);
        if (prefixes.some((outer) => prefixCovers(outer, prefix))) continue;
        faults.push(
          new Fault(
            'invalid',
            'NetcfgInvalidSubnet',
            `Subnet '${subnet.name}' is not valid in virtual network '${draft.resourceId.name}'. Its address prefix ${formatPrefix(prefix)} is outside the address space.`,
            { target: 'properties.addressSpace.addressPrefixes' },
          ),
        );
      }
    }
    return faults;
  },

  async prepare(draft, previous, { reader, newGuid }) {
    if (previous) return { body: draft.body, hidden: draft.hidden };
    const taken = new Set((await reader.list('Microsoft.Network/virtualNetworks', '/')).map((network) => network.hidden.egressAddress as string));
    return { body: draft.body, hidden: { ...draft.hidden, egressAddress: firstFreeEgress(taken), resourceGuid: newGuid() } };
  },

  facts: (resource) => [
    {
      kind: 'network',
      network: resource.key,
      id: resource.id,
      name: resource.name,
      location: resource.body.location ?? '',
      prefixes: propertiesOf(resource).addressSpace.addressPrefixes.map(prefixOf),
      egressAddress: resource.hidden.egressAddress as IpAddress,
    },
  ],

  async present(resource): Promise<JsonObject> {
    return { ...resource.body.properties, resourceGuid: resource.hidden.resourceGuid };
  },

  async mayDelete(resource, { reader }) {
    const faults: Fault[] = [];
    for (const subnet of await reader.children(resource.key)) {
      const fault = subnet.type === subnets.type ? await subnetInUse(subnet, reader) : undefined;
      if (fault) faults.push(fault);
    }
    return faults;
  },

  /** docs/sources.md#zone-links: a network takes its links along. */
  async takes(resource, reader) {
    return (await reader.referrers(resource.key, 'Microsoft.Network/privateDnsZones/virtualNetworkLinks')).map((link) => link.key);
  },

  actions: {
    /** Whether an interface could have the address; if not, five that it could have (docs/sources.md#address-availability). */
    CheckIPAddressAvailability: {
      method: 'GET',
      permission: 'Microsoft.Network/virtualNetworks/checkIpAddressAvailability/read',
      request: z.object({ ipAddress: ipAddressText }),
      async run(resource, request, { reader, allocateAddress }) {
        const { ipAddress } = request as { ipAddress: string };
        const within = (subnet: Resource): boolean => prefixContains(prefixOf(subnet.body.properties.addressPrefix as string), ipAddress);
        const all = (await reader.children(resource.key)).filter((child) => child.type === subnets.type);
        // az asks for the network's first address to list free ones, which need not lie in any subnet.
        const subnet = all.find(within) ?? all[0];
        if (!subnet) return { body: { available: false, availableIPAddresses: [], isPlatformReserved: false } };
        // Nothing is kept of what is handed out here: this request writes nothing.
        const free = async (wanted?: string): Promise<string | Fault> =>
          allocateAddress(subnet.key, wanted === undefined ? {} : { wanted }).catch((error: unknown) => {
            if (error instanceof Fault) return error;
            throw error;
          });
        const answer = await free(ipAddress);
        if (typeof answer === 'string') return { body: { available: true, availableIPAddresses: [], isPlatformReserved: false } };
        const others: string[] = [];
        for (let other = await free(); typeof other === 'string' && others.length < 5; other = await free()) others.push(other);
        return { body: { available: false, availableIPAddresses: others, isPlatformReserved: answer.code === 'PrivateIPAddressInReservedRange' } };
      },
    },
  },

  unenforced(resource) {
    const { dhcpOptions, enableDdosProtection, encryption } = propertiesOf(resource);
    return [
      ...(dhcpOptions && dhcpOptions.dnsServers.length > 0 ? ['dhcpOptions.dnsServers: machines ask 168.63.129.16 whatever stands here'] : []),
      ...(enableDdosProtection ? ['enableDdosProtection'] : []),
      ...(encryption?.enabled ? ['encryption'] : []),
    ];
  },
});
