/** The resource nouns: one table from which every `show`, `list` and `delete` follows. */
import type { JsonObject } from '#base/json.ts';
import { parseResourceId } from '#base/resource-id.ts';
import type { Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import type { Context } from './context.ts';
import { UsageError } from './failure.ts';
import { flatten } from './flatten.ts';
import { nameOption, type Option, RESOURCE_GROUP, YES } from './options.ts';
import type { Columns } from './output.ts';
import { apiVersionOf, findRegistry, groupPath, REGISTRY_TYPE, resourcePath } from './resources.ts';

export type Verb = 'show' | 'list' | 'delete';

interface Noun {
  /** The words before the verb. */
  readonly words: string;
  readonly singular: string;
  readonly plural: string;
  readonly type: string;
  /** What names the resource itself; absent where it can only be listed. */
  readonly name?: Option;
  /** What names its parents, outermost first. */
  readonly parents?: readonly Option[];
  /** `find`: a registry is found by name alone, so the group may be left out. `subscription`: not in a group at all. */
  readonly place: 'group' | 'find' | 'subscription';
  readonly verbs: readonly Verb[];
  /** az asks before it deletes these. */
  readonly confirm?: boolean;
  readonly columns?: Columns;
}

const ALL: readonly Verb[] = ['show', 'list', 'delete'];
const REGISTRY_NAME: Option = {
  name: 'registry-name',
  aliases: ['registry'],
  short: 'r',
  kind: 'text',
  placeholder: 'NAME',
  required: true,
  summary: 'Name of the registry.',
};
export const ZONE_NAME: Option = { name: 'zone-name', short: 'z', kind: 'text', placeholder: 'ZONE', required: true, summary: 'Name of the private DNS zone.' };
export const VNET_NAME: Option = { name: 'vnet-name', kind: 'text', placeholder: 'NAME', required: true, summary: 'Name of the virtual network.' };
const ENDPOINT_NAME: Option = { name: 'endpoint-name', kind: 'text', placeholder: 'NAME', required: true, summary: 'Name of the private endpoint.' };

/** az's columns for a registry. */
export const REGISTRY_COLUMNS: Columns = {
  NAME: 'name',
  'RESOURCE GROUP': 'resourceGroup',
  LOCATION: 'location',
  SKU: 'sku.name',
  'LOGIN SERVER': 'loginServer',
  'CREATION DATE': 'creationDate',
  'ADMIN ENABLED': 'adminUserEnabled',
};

const NOUNS: readonly Noun[] = [
  {
    words: 'group',
    singular: 'resource group',
    plural: 'resource groups',
    type: 'Microsoft.Resources/resourceGroups',
    name: nameOption('resource group', { aliases: ['resource-group'], short: 'n' }),
    place: 'subscription',
    verbs: ALL,
    confirm: true,
    columns: { Name: 'name', Location: 'location', Status: 'properties.provisioningState' },
  },
  {
    words: 'acr',
    singular: 'registry',
    plural: 'registries',
    type: REGISTRY_TYPE,
    name: nameOption('registry'),
    place: 'find',
    verbs: ALL,
    confirm: true,
    columns: REGISTRY_COLUMNS,
  },
  {
    words: 'acr private-endpoint-connection',
    singular: 'private endpoint connection of a registry',
    plural: 'private endpoint connections of a registry',
    type: `${REGISTRY_TYPE}/privateEndpointConnections`,
    name: nameOption('private endpoint connection'),
    parents: [REGISTRY_NAME],
    place: 'find',
    verbs: ALL,
    columns: {
      NAME: 'name',
      STATUS: 'privateLinkServiceConnectionState.status',
      DESCRIPTION: 'privateLinkServiceConnectionState.description',
      'PRIVATE ENDPOINT': 'privateEndpoint.id',
    },
  },
  {
    words: 'acr private-link-resource',
    singular: 'private link resource of a registry',
    plural: 'private link resources of a registry',
    type: `${REGISTRY_TYPE}/privateLinkResources`,
    parents: [nameOption('registry')],
    place: 'find',
    verbs: ['list'],
  },
  {
    words: 'network vnet',
    singular: 'virtual network',
    plural: 'virtual networks',
    type: 'Microsoft.Network/virtualNetworks',
    name: nameOption('virtual network'),
    place: 'group',
    verbs: ALL,
    columns: {
      Name: 'name',
      ResourceGroup: 'resourceGroup',
      Location: 'location',
      Prefixes: 'addressSpace.addressPrefixes',
      ProvisioningState: 'provisioningState',
    },
  },
  {
    words: 'network vnet subnet',
    singular: 'subnet',
    plural: 'subnets of a virtual network',
    type: 'Microsoft.Network/virtualNetworks/subnets',
    name: nameOption('subnet'),
    parents: [VNET_NAME],
    place: 'group',
    verbs: ALL,
  },
  {
    words: 'network private-endpoint',
    singular: 'private endpoint',
    plural: 'private endpoints',
    type: 'Microsoft.Network/privateEndpoints',
    name: nameOption('private endpoint'),
    place: 'group',
    verbs: ALL,
  },
  {
    words: 'network private-endpoint dns-zone-group',
    singular: 'private DNS zone group of a private endpoint',
    plural: 'private DNS zone groups of a private endpoint',
    type: 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups',
    name: nameOption('private DNS zone group'),
    parents: [ENDPOINT_NAME],
    place: 'group',
    verbs: ALL,
  },
  {
    words: 'network nic',
    singular: 'network interface',
    plural: 'network interfaces',
    type: 'Microsoft.Network/networkInterfaces',
    name: nameOption('network interface'),
    place: 'group',
    verbs: ALL,
  },
  {
    words: 'network private-dns zone',
    singular: 'private DNS zone',
    plural: 'private DNS zones',
    type: 'Microsoft.Network/privateDnsZones',
    name: nameOption('private DNS zone'),
    place: 'group',
    verbs: ALL,
    confirm: true,
  },
  {
    words: 'network private-dns link vnet',
    singular: 'link of a private DNS zone to a virtual network',
    plural: 'virtual network links of a private DNS zone',
    type: 'Microsoft.Network/privateDnsZones/virtualNetworkLinks',
    name: nameOption('virtual network link'),
    parents: [ZONE_NAME],
    place: 'group',
    verbs: ALL,
    confirm: true,
  },
  {
    words: 'network private-dns record-set a',
    singular: 'A record set',
    plural: 'A record sets of a private DNS zone',
    type: 'Microsoft.Network/privateDnsZones/a',
    name: nameOption('record set', { aliases: ['record-set-name'] }),
    parents: [ZONE_NAME],
    place: 'group',
    verbs: ALL,
    confirm: true,
  },
  {
    words: 'network private-dns record-set',
    singular: 'record set',
    plural: 'record sets of every type in a private DNS zone',
    type: 'Microsoft.Network/privateDnsZones/ALL',
    parents: [ZONE_NAME],
    place: 'group',
    verbs: ['list'],
  },
  {
    words: 'identity',
    singular: 'user-assigned managed identity',
    plural: 'user-assigned managed identities',
    type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
    name: nameOption('identity'),
    place: 'group',
    verbs: ALL,
  },
  {
    words: 'vm',
    singular: 'virtual machine',
    plural: 'virtual machines',
    type: 'Microsoft.Compute/virtualMachines',
    name: nameOption('virtual machine'),
    place: 'group',
    verbs: ALL,
    confirm: true,
    columns: { Name: 'name', ResourceGroup: 'resourceGroup', Location: 'location' },
  },
];

/** The command that the table gives for these words, e.g. `['acr', 'show']`. */
export function nounCommand(words: readonly string[]): Command | undefined {
  const verb = words.at(-1) as Verb;
  const noun = NOUNS.find((candidate) => candidate.words === words.slice(0, -1).join(' '));
  return noun?.verbs.includes(verb) ? commandOf(noun, verb) : undefined;
}

/** Every command of the table, for the help. */
export function nounCommands(): Command[] {
  return NOUNS.flatMap((noun) => noun.verbs.map((verb) => commandOf(noun, verb)));
}

const IDS: Option = { name: 'ids', kind: 'list', placeholder: 'ID', summary: 'One or more resource ids, in place of the names.' };

function commandOf(noun: Noun, verb: Verb): Command {
  const parents = noun.parents ?? [];
  if (verb === 'list') {
    const group = { ...RESOURCE_GROUP, required: noun.place === 'group' && parents.length > 0 };
    return {
      path: `${noun.words} list`,
      summary: `List the ${noun.plural}.`,
      options: [...(noun.place === 'subscription' ? [] : [group]), ...parents],
      columns: noun.columns,
      run: async (args, context) => flatten(await listOf(noun, args, context)),
    };
  }
  const optional = (option: Option): Option => ({ ...option, required: false });
  const naming = [noun.name as Option, ...parents, ...(noun.place === 'subscription' ? [] : [RESOURCE_GROUP])].map(optional);
  const ids = async (args: Arguments, context: Context): Promise<string[]> => {
    const given = args.list('ids');
    if (given) return given.map((id) => parseResourceId(id, 'ids').id);
    const needed = [noun.name as Option, ...parents, ...(noun.place === 'group' ? [RESOURCE_GROUP] : [])].filter(
      (option) => args.text(option.name) === undefined,
    );
    if (needed.length > 0) throw new UsageError(`the following arguments are required: ${needed.map((option) => `--${option.name}`).join(', ')} (or --ids)`);
    return [await pathOfNoun(noun, args, context)];
  };
  const version = apiVersionOf(noun.type);
  if (verb === 'show') {
    return {
      path: `${noun.words} show`,
      summary: `Show a ${noun.singular}.`,
      options: [...naming, IDS],
      columns: noun.columns,
      run: async (args, context) => {
        const paths = await ids(args, context);
        const server = await context.management();
        const shown = await Promise.all(paths.map((path) => server.get(path, version)));
        return flatten(shown.length === 1 ? (shown[0] as JsonObject) : shown);
      },
    };
  }
  return {
    path: `${noun.words} delete`,
    summary: `Delete a ${noun.singular}.`,
    options: [...naming, IDS, YES],
    run: async (args, context) => {
      const paths = await ids(args, context);
      if (noun.confirm && args.boolean('yes') !== true)
        await context.confirm(`Are you sure you want to delete the ${noun.singular} '${paths.map((path) => path.split('/').pop()).join("', '")}'?`);
      const server = await context.management();
      for (const path of paths) await server.delete(path, version);
      return undefined;
    },
  };
}

async function pathOfNoun(noun: Noun, args: Arguments, context: Context): Promise<string> {
  if (noun.place === 'subscription') return `${await context.subscriptionPath()}/resourcegroups/${encodeURIComponent(args.need('name'))}`;
  const names = [...(noun.parents ?? []), ...(noun.name ? [noun.name] : [])].map((option) => args.need(option.name));
  const segments = noun.type.split('/').slice(1);
  if (noun.place === 'find') {
    const registry = await findRegistry(context, names[0] as string, args.text('resource-group'));
    return [
      registry,
      ...segments.slice(1).flatMap((segment, index) => [segment, ...(names[index + 1] === undefined ? [] : [encodeURIComponent(names[index + 1] as string)])]),
    ].join('/');
  }
  return resourcePath(await groupPath(context, args.need('resource-group')), noun.type, names);
}

async function listOf(noun: Noun, args: Arguments, context: Context): Promise<JsonObject[]> {
  const server = await context.management();
  const version = apiVersionOf(noun.type);
  if (noun.place === 'subscription') return server.list(`${await context.subscriptionPath()}/resourcegroups`, version);
  const group = args.text('resource-group');
  const parents = (noun.parents ?? []).map((option) => args.need(option.name));
  if (noun.place === 'find' && parents.length > 0) {
    const registry = await findRegistry(context, parents[0] as string, group);
    return server.list(`${registry}/${noun.type.split('/').at(-1)}`, version);
  }
  const scope = group === undefined ? await context.subscriptionPath() : await groupPath(context, group);
  return server.list(resourcePath(scope, noun.type, parents), version);
}
