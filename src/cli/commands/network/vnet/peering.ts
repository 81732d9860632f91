/** `postern network vnet peering ...`. */
import type { JsonObject } from '#base/json.ts';
import type { Arguments } from '../../../arguments.ts';
import { commands } from '../../../command.ts';
import { flatten } from '../../../flatten.ts';
import { updateOf } from '../../../noun-commands.ts';
import { VNET_NAME } from '../../../nouns.ts';
import { NO_WAIT, nameOption, type Option, RESOURCE_GROUP } from '../../../options.ts';
import { groupPath, idOf, resourcePath } from '../../../resources.ts';
import { apiVersionOf } from '../../../versions.ts';

const TYPE = 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings';
const SETTINGS: readonly (readonly [Option, string])[] = [
  [{ name: 'allow-vnet-access', kind: 'boolean', summary: 'Whether the machines of both reach each other.' }, 'allowVirtualNetworkAccess'],
  [{ name: 'allow-forwarded-traffic', kind: 'boolean', summary: 'Whether traffic from beyond the other network is let in.' }, 'allowForwardedTraffic'],
  [{ name: 'allow-gateway-transit', kind: 'boolean', summary: "Whether the other network may use this one's gateway." }, 'allowGatewayTransit'],
  [{ name: 'use-remote-gateways', kind: 'boolean', summary: "Whether the other network's gateway is used." }, 'useRemoteGateways'],
];

/** All of them, off unless said otherwise, as az sends them at creation. */
function settings(args: Arguments, before?: JsonObject): JsonObject {
  return Object.fromEntries(SETTINGS.map(([{ name }, property]) => [property, args.boolean(name) ?? before?.[property] ?? false]));
}

export default commands(
  {
    path: 'network vnet peering create',
    summary: 'Peer a virtual network with another; the other must be peered with it as well.',
    options: [
      nameOption('peering'),
      VNET_NAME,
      RESOURCE_GROUP,
      { name: 'remote-vnet', kind: 'text', placeholder: 'NAME_OR_ID', required: true, summary: 'Name or id of the other virtual network.' },
      ...SETTINGS.map(([option]) => option),
      NO_WAIT,
    ],
    examples: ['postern network vnet peering create -n to-hub -g rg --vnet-name vnet-app --remote-vnet vnet-hub --allow-vnet-access'],
    run: async (args, context) => {
      const group = args.need('resource-group');
      const remote = await idOf(context, args.need('remote-vnet'), group, 'Microsoft.Network/virtualNetworks');
      const path = resourcePath(await groupPath(context, group), TYPE, [args.need('vnet-name'), args.need('name')]);
      const body = { name: args.need('name'), properties: { ...settings(args), remoteVirtualNetwork: { id: remote } } };
      return flatten(await (await context.management()).put(path, apiVersionOf(TYPE), body));
    },
  },
  updateOf('network vnet peering', {
    summary: 'Update a peering.',
    options: SETTINGS.map(([option]) => option),
    change: (properties, args) => ({ ...properties, ...settings(args, properties) }),
  }),
);
