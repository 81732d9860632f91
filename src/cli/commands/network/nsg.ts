/** `postern network nsg ...`: network security groups and their rules. */
import type { Json, JsonObject } from '#base/json.ts';
import type { Arguments } from '../../arguments.ts';
import { commands } from '../../command.ts';
import { flatten } from '../../flatten.ts';
import { updateOf } from '../../noun-commands.ts';
import { NSG_NAME } from '../../nouns.ts';
import { LOCATION, NO_WAIT, nameOption, type Option, RESOURCE_GROUP, TAGS } from '../../options.ts';
import { groupPath, locationOf, resourcePath } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

const TYPE = 'Microsoft.Network/networkSecurityGroups';
const RULE_TYPE = `${TYPE}/securityRules`;
const VERSION = apiVersionOf(TYPE);
const PRIORITY: Option = { name: 'priority', kind: 'integer', placeholder: 'N', summary: 'Its place among the rules, from 100 to 4096; the lowest holds.' };
const SIDES = ['source', 'destination'] as const;
const SETTINGS: readonly Option[] = [
  { name: 'access', kind: 'text', choices: ['Allow', 'Deny'], summary: 'Default: Allow.' },
  { name: 'direction', kind: 'text', choices: ['Inbound', 'Outbound'], summary: 'Default: Inbound.' },
  { name: 'protocol', kind: 'text', choices: ['*', 'Ah', 'Esp', 'Icmp', 'Tcp', 'Udp'], summary: 'Default: *, any.' },
  { name: 'description', kind: 'text', summary: 'Why.' },
  ...SIDES.flatMap((side): Option[] => [
    {
      name: `${side}-address-prefixes`,
      aliases: [`${side}-address-prefix`],
      kind: 'list',
      placeholder: 'CIDR',
      summary: `Addresses of the ${side}. Default: *, any.`,
    },
    { name: `${side}-port-ranges`, aliases: [`${side}-port-range`], kind: 'list', placeholder: 'PORTS', summary: `Ports of the ${side}.` },
  ]),
];

/** One value goes by the singular property, several by the plural, as az writes them. */
function either(property: string, values: readonly string[]): JsonObject {
  return values.length === 1 ? { [property]: values[0] as string, [plural(property)]: [] } : { [property]: null, [plural(property)]: [...values] };
}

function plural(property: string): string {
  return property.replace(/Prefix$/, 'Prefixes').replace(/Range$/, 'Ranges');
}

/** Only what was given. */
function settings(args: Arguments): JsonObject {
  const scalars: [string, Json | undefined][] = [
    ['access', args.text('access')],
    ['direction', args.text('direction')],
    ['protocol', args.text('protocol')],
    ['description', args.text('description')],
    ['priority', args.integer('priority')],
  ];
  const lists = SIDES.flatMap((side): [string, readonly string[] | undefined][] => [
    [`${side}AddressPrefix`, args.list(`${side}-address-prefixes`)],
    [`${side}PortRange`, args.list(`${side}-port-ranges`)],
  ]);
  return Object.assign(
    Object.fromEntries(scalars.filter(([, value]) => value !== undefined)),
    ...lists.map(([property, values]) => (values === undefined ? {} : either(property, values))),
  ) as JsonObject;
}

export default commands(
  {
    path: 'network nsg create',
    summary: 'Create a network security group.',
    options: [nameOption('network security group'), RESOURCE_GROUP, LOCATION, TAGS, NO_WAIT],
    run: async (args, context) => {
      const group = args.need('resource-group');
      const tags = args.pairs('tags');
      const body = { location: await locationOf(args, context, group), ...(tags ? { tags } : {}), properties: {} };
      return {
        NewNSG: flatten(await (await context.management()).put(resourcePath(await groupPath(context, group), TYPE, [args.need('name')]), VERSION, body)),
      };
    },
  },
  updateOf('network nsg', { summary: 'Update a network security group.', options: [TAGS] }),
  {
    path: 'network nsg rule create',
    summary: 'Create a rule of a network security group.',
    options: [nameOption('rule'), NSG_NAME, RESOURCE_GROUP, { ...PRIORITY, required: true }, ...SETTINGS, NO_WAIT],
    examples: [
      'postern network nsg rule create -g rg --nsg-name nsg -n no-registry --priority 100 --direction Outbound --access Deny --destination-port-ranges 443',
    ],
    run: async (args, context) => {
      const path = resourcePath(await groupPath(context, args.need('resource-group')), RULE_TYPE, [args.need('nsg-name'), args.need('name')]);
      const defaults = {
        access: 'Allow',
        direction: 'Inbound',
        protocol: '*',
        ...either('sourceAddressPrefix', ['*']),
        ...either('sourcePortRange', ['*']),
        ...either('destinationAddressPrefix', ['*']),
        ...either('destinationPortRange', ['80']),
      };
      return flatten(await (await context.management()).put(path, VERSION, { name: args.need('name'), properties: { ...defaults, ...settings(args) } }));
    },
  },
  updateOf('network nsg rule', {
    summary: 'Update a rule of a network security group.',
    options: [PRIORITY, ...SETTINGS],
    change: (properties, args) => ({ ...properties, ...settings(args) }),
  }),
);
