/** Microsoft.Network/networkSecurityGroups/securityRules: one rule of a group. docs/sources.md#security-rules */
import { resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { parsePrefix } from '#base/ip.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { choice, propertiesSchema, reference } from '../schema-parts.ts';

export const SECURITY_RULE_TYPE = 'Microsoft.Network/networkSecurityGroups/securityRules';

/** `*`, a port, or a range of ports. */
const ports = z.string().refine(
  (text) => {
    if (text === '*') return true;
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
    const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    return match !== null && from <= to && to <= 65535;
  },
  { error: (issue) => `'${issue.input}' is not '*', a port or a range such as 80-443` },
);

/** `*`, an address, a prefix, or a service tag such as VirtualNetwork or AzureContainerRegistry.WestEurope. Which tags there are is not checked. */
const addresses = z.string().refine((text) => text === '*' || parsePrefix(text) !== undefined || /^[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)?$/.test(text), {
  error: (issue) => `'${issue.input}' is not '*', an IPv4 address or prefix, or a service tag`,
});

const group = reference('Microsoft.Network/applicationSecurityGroups');

export const securityRules = resourceType({
  type: SECURITY_RULE_TYPE,
  scope: 'resourceGroup',
  apiVersions: ['2026-01-01', '2025-05-01', '2024-05-01', '2022-01-01'],
  location: 'none',
  asyncOperationPath: 'location',
  name: {
    pattern: /^[A-Za-z0-9]$|^[A-Za-z0-9][\w.-]{0,78}\w$/,
    message: "a rule's name has 1-80 letters, digits, '_', '.' and '-', starts with a letter or digit and ends with one of these or '_'",
  },
  properties: propertiesSchema({
    description: z.string().max(140).optional(),
    protocol: choice('*', 'Tcp', 'Udp', 'Icmp', 'Esp', 'Ah'),
    sourcePortRange: ports.optional(),
    sourcePortRanges: z.array(ports).default([]),
    destinationPortRange: ports.optional(),
    destinationPortRanges: z.array(ports).default([]),
    sourceAddressPrefix: addresses.optional(),
    sourceAddressPrefixes: z.array(addresses).default([]),
    sourceApplicationSecurityGroups: z.array(group).optional(),
    destinationAddressPrefix: addresses.optional(),
    destinationAddressPrefixes: z.array(addresses).default([]),
    destinationApplicationSecurityGroups: z.array(group).optional(),
    access: choice('Allow', 'Deny'),
    priority: z.int().min(100).max(4096),
    direction: choice('Inbound', 'Outbound'),
  }),

  async admit(draft, _previous, { reader }) {
    const { properties } = draft.body;
    const { name, key, parent } = draft.resourceId;
    const faults: Fault[] = [];
    for (const side of ['source', 'destination'] as const) {
      const list = (suffix: string): readonly unknown[] => (properties[`${side}${suffix}`] as readonly unknown[] | undefined) ?? [];
      const missing = (what: string, target: string): Fault =>
        new Fault('invalid', 'InvalidRequestFormat', `Security rule '${name}' names no ${side} ${what}.`, { target: `properties.${side}${target}` });
      if (properties[`${side}PortRange`] === undefined && list('PortRanges').length === 0) faults.push(missing('ports', 'PortRange'));
      if (properties[`${side}AddressPrefix`] === undefined && list('AddressPrefixes').length === 0 && list('ApplicationSecurityGroups').length === 0)
        faults.push(missing('addresses', 'AddressPrefix'));
    }
    for (const other of await reader.children(parent as ResourceKey)) {
      if (other.type !== SECURITY_RULE_TYPE || other.key === key) continue;
      if (other.body.properties.priority !== properties.priority || other.body.properties.direction !== properties.direction) continue;
      faults.push(
        new Fault(
          'invalid',
          'SecurityRuleConflict',
          `Security rule ${name} conflicts with rule ${other.name}. Rules cannot have the same Priority and Direction. To learn more, see aka.ms/nsgrules.`,
          { target: 'properties.priority' },
        ),
      );
    }
    return faults;
  },

  unenforced: () => ['security rule: packets are not filtered'],
});

/** The rules that every group has beneath its own (docs/sources.md#security-rules). */
export const DEFAULT_RULES: readonly (readonly [name: string, properties: JsonObject])[] = [
  defaultRule('AllowVnetInBound', 'Allow inbound traffic from all VMs in VNET', 'Inbound', 65000, 'Allow', 'VirtualNetwork', 'VirtualNetwork'),
  defaultRule('AllowAzureLoadBalancerInBound', 'Allow inbound traffic from azure load balancer', 'Inbound', 65001, 'Allow', 'AzureLoadBalancer', '*'),
  defaultRule('DenyAllInBound', 'Deny all inbound traffic', 'Inbound', 65500, 'Deny', '*', '*'),
  defaultRule('AllowVnetOutBound', 'Allow outbound traffic from all VMs to all VMs in VNET', 'Outbound', 65000, 'Allow', 'VirtualNetwork', 'VirtualNetwork'),
  defaultRule('AllowInternetOutBound', 'Allow outbound traffic from all VMs to Internet', 'Outbound', 65001, 'Allow', '*', 'Internet'),
  defaultRule('DenyAllOutBound', 'Deny all outbound traffic', 'Outbound', 65500, 'Deny', '*', '*'),
];

function defaultRule(
  name: string,
  description: string,
  direction: string,
  priority: number,
  access: string,
  source: string,
  destination: string,
): readonly [string, JsonObject] {
  return [
    name,
    {
      provisioningState: 'Succeeded',
      description,
      protocol: '*',
      sourcePortRange: '*',
      destinationPortRange: '*',
      sourceAddressPrefix: source,
      destinationAddressPrefix: destination,
      access,
      priority,
      direction,
      sourcePortRanges: [],
      destinationPortRanges: [],
      sourceAddressPrefixes: [],
      destinationAddressPrefixes: [],
    },
  ];
}
