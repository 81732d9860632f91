/** `postern acr network-rule ...`: which public addresses and subnets a registry lets in. Every change is a PATCH of the whole rule set. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Arguments } from '../../arguments.ts';
import { commands } from '../../command.ts';
import type { Context } from '../../context.ts';
import { UsageError } from '../../failure.ts';
import { flatten } from '../../flatten.ts';
import { nameOption, type Option, REGISTRY_GROUP, WHAT_IF } from '../../options.ts';
import { findRegistry, REGISTRY_TYPE, resourcePath } from '../../resources.ts';
import { SUBNET_TYPE } from '../../subnet-settings.ts';
import { apiVersionOf } from '../../versions.ts';

const VERSION = apiVersionOf(REGISTRY_TYPE);
const RULE: readonly Option[] = [
  { name: 'ip-address', kind: 'text', placeholder: 'ADDRESS_OR_CIDR', summary: 'An IPv4 address, or a range of them.' },
  { name: 'subnet', kind: 'text', placeholder: 'NAME_OR_ID', summary: 'Name (with --vnet-name) or id of a subnet that has the service endpoint.' },
  { name: 'vnet-name', kind: 'text', placeholder: 'NAME', summary: 'Name of the virtual network of the subnet.' },
];

interface Rules {
  readonly ipRules: readonly JsonObject[];
  readonly virtualNetworkRules: readonly JsonObject[];
  readonly defaultAction: string;
}

function rulesOf(registry: JsonObject): Rules {
  const set = isJsonObject(registry.properties) && isJsonObject(registry.properties.networkRuleSet) ? registry.properties.networkRuleSet : {};
  const list = (key: string): JsonObject[] => (Array.isArray(set[key]) ? set[key].filter(isJsonObject) : []);
  return { defaultAction: String(set.defaultAction ?? 'Allow'), ipRules: list('ipRules'), virtualNetworkRules: list('virtualNetworkRules') };
}

/** The id of the subnet, in the registry's group when it is named. @throws UsageError unless exactly one of the two kinds of rule is given */
function subnetOf(args: Arguments, registry: string): string | undefined {
  const subnet = args.text('subnet');
  const network = args.text('vnet-name');
  if ((subnet === undefined) === (args.text('ip-address') === undefined))
    throw new UsageError('usage error: --subnet ID | --subnet NAME --vnet-name NAME | --ip-address ADDRESS');
  if (subnet === undefined || subnet.startsWith('/')) return subnet;
  if (network === undefined) throw new UsageError('usage error: --subnet ID | --subnet NAME --vnet-name NAME');
  return resourcePath(registry.slice(0, registry.toLowerCase().indexOf('/providers/')), SUBNET_TYPE, [network, subnet]);
}

async function changed(
  args: Arguments,
  context: Context,
  change: (rules: Rules, subnet: string | undefined, address: string | undefined) => Partial<Rules>,
): Promise<unknown> {
  const path = await findRegistry(context, args.need('name'), args.text('resource-group'));
  const subnet = subnetOf(args, path);
  const server = await context.management();
  const rules = rulesOf(await server.get(path, VERSION));
  const networkRuleSet = { ...rules, ...change(rules, subnet, args.text('ip-address')) } as unknown as JsonObject;
  return flatten(await server.patch(path, VERSION, { properties: { networkRuleSet } }));
}

const same = (a: unknown, b: string): boolean => String(a).toLowerCase() === b.toLowerCase();
const bare = (address: unknown): string => String(address).replace(/\/32$/, '');

export default commands(
  {
    path: 'acr network-rule add',
    summary: 'Let in a public address, a range of them, or a subnet.',
    options: [nameOption('registry'), REGISTRY_GROUP, ...RULE, WHAT_IF],
    examples: ['postern acr network-rule add -n myregistry --ip-address 203.0.113.7', 'postern acr network-rule add -n myregistry --subnet "$SUBNET_ID"'],
    run: (args, context) =>
      changed(args, context, (rules, subnet, address) =>
        subnet === undefined
          ? { ipRules: [...rules.ipRules.filter(({ value }) => bare(value) !== bare(address)), { action: 'Allow', value: address as string }] }
          : { virtualNetworkRules: [...rules.virtualNetworkRules.filter(({ id }) => !same(id, subnet)), { action: 'Allow', id: subnet }] },
      ),
  },
  {
    path: 'acr network-rule list',
    summary: 'List what a registry lets in.',
    options: [nameOption('registry'), REGISTRY_GROUP],
    run: async (args, context) => {
      const path = await findRegistry(context, args.need('name'), args.text('resource-group'));
      const { ipRules, virtualNetworkRules } = rulesOf(await (await context.management()).get(path, VERSION));
      return flatten({ ipRules: [...ipRules], virtualNetworkRules: [...virtualNetworkRules] });
    },
  },
  {
    path: 'acr network-rule remove',
    summary: 'Take a rule away.',
    options: [nameOption('registry'), REGISTRY_GROUP, ...RULE, WHAT_IF],
    examples: ['postern acr network-rule remove -n myregistry --subnet "$SUBNET_ID" --what-if'],
    run: (args, context) =>
      changed(args, context, (rules, subnet, address) =>
        subnet === undefined
          ? { ipRules: rules.ipRules.filter(({ value }) => bare(value) !== bare(address)) }
          : { virtualNetworkRules: rules.virtualNetworkRules.filter(({ id }) => !same(id, subnet)) },
      ),
  },
);
