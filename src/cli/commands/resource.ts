/** `postern resource ...`: any resource there is, by its id or by its type and name. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { parseResourceId } from '#base/resource-id.ts';
import type { Arguments } from '../arguments.ts';
import { commands } from '../command.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../failure.ts';
import { flattenEnvelope } from '../flatten.ts';
import { GENERIC_UPDATE, genericallyUpdated } from '../generic-update.ts';
import { jsonArgument } from '../json-argument.ts';
import type { Management } from '../management.ts';
import { namedResource, RESOURCE_OPTIONS, typeOfPath } from '../named-resource.ts';
import { IDS, LOCATION, NO_WAIT, nameOption, type Option, TAGS, WHAT_IF } from '../options.ts';
import { groupPath } from '../resources.ts';
import { RESOURCES_VERSION } from '../versions.ts';

const API_VERSION: Option = { name: 'api-version', kind: 'text', placeholder: 'YYYY-MM-DD', summary: 'Default: the newest stable one of the type.' };
const PREVIEW: Option = { name: 'latest-include-preview', short: 'v', kind: 'flag', summary: 'The newest one of all, if a preview.' };
const BODY: Option = { name: 'include-response-body', kind: 'boolean', summary: 'Accepted for scripts.' };
const NAMING: readonly Option[] = [nameOption('resource', { required: false }), ...RESOURCE_OPTIONS, IDS, API_VERSION, PREVIEW];
const COLUMNS = { Name: 'name', ResourceGroup: 'resourceGroup', Location: 'location', Type: 'type' };

async function pathsOf(args: Arguments, context: Context): Promise<string[]> {
  const ids = args.list('ids');
  if (ids) return ids.map((id) => parseResourceId(id, 'ids').id);
  const name = args.text('name');
  if (name === undefined) throw new UsageError('usage error: --ids ID ... | --resource-group GROUP --resource-type NAMESPACE/TYPE --name NAME');
  return [await namedResource(args, context, name)];
}

/** The version to ask by: as given, else the newest of the type, stable where there is one; groups have a version of their own. */
async function versionOf(args: Arguments, context: Context, server: Management, path: string): Promise<string> {
  const given = args.text('api-version');
  if (given !== undefined) return given;
  const { namespace, type } = typeOfPath(path);
  if (!path.toLowerCase().includes('/providers/')) return RESOURCES_VERSION;
  const provider = await server.get(`${await context.subscriptionPath()}/providers/${encodeURIComponent(namespace)}`, RESOURCES_VERSION);
  const types = Array.isArray(provider.resourceTypes) ? provider.resourceTypes.filter(isJsonObject) : [];
  const found = types.find(({ resourceType }) => String(resourceType).toLowerCase() === type.toLowerCase());
  if (!found) throw new UsageError(`Resource type ${type} not found in ${namespace}.`);
  const versions = (Array.isArray(found.apiVersions) ? found.apiVersions.map(String) : []).sort().reverse();
  const stable = args.boolean('latest-include-preview') ? undefined : versions.find((version) => !version.includes('preview'));
  return stable ?? versions[0] ?? RESOURCES_VERSION;
}

/** Does something with each resource that was named; one gives its result, several a list. */
async function each(args: Arguments, context: Context, what: (server: Management, path: string, version: string) => Promise<unknown>): Promise<unknown> {
  const server = await context.management();
  const results: unknown[] = [];
  for (const path of await pathsOf(args, context)) results.push(await what(server, path, await versionOf(args, context, server, path)));
  return results.length === 1 ? results[0] : results;
}

export default commands(
  {
    path: 'resource list',
    summary: 'List resources of every type.',
    options: [
      ...RESOURCE_OPTIONS.filter(({ name }) => name !== 'parent'),
      nameOption('resource', { required: false }),
      LOCATION,
      { name: 'tag', kind: 'text', placeholder: 'KEY[=VALUE]', summary: 'Those with this tag.' },
    ],
    columns: COLUMNS,
    examples: ['postern resource list -g rg -o table', 'postern resource list --resource-type Microsoft.Network/privateEndpoints'],
    run: async (args, context) => {
      const [group, type, tag] = [args.text('resource-group'), args.text('resource-type'), args.text('tag')];
      const namespace = args.text('namespace');
      const full = type === undefined || type.includes('/') || namespace === undefined ? type : `${namespace}/${type}`;
      const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
      const equal: [string, string | undefined][] = [
        ['resourceType', full],
        ['resourceGroup', group],
        ['name', args.text('name')],
        ['location', args.text('location')],
      ];
      const at = tag?.indexOf('=') ?? -1;
      const filters = [
        ...equal.flatMap(([key, value]) => (value === undefined ? [] : [`${key} eq ${quote(value)}`])),
        ...(tag === undefined ? [] : [`tagname eq ${quote(at < 0 ? tag : tag.slice(0, at))}`, ...(at < 0 ? [] : [`tagvalue eq ${quote(tag.slice(at + 1))}`])]),
      ];
      // ARM takes a filter by tag alone: the rest is done here, as az does it.
      const sent = tag === undefined ? filters : filters.filter((filter) => filter.startsWith('tag'));
      const query = `${sent.length === 0 ? '' : `$filter=${encodeURIComponent(sent.join(' and '))}&`}$expand=createdTime,changedTime,provisioningState`;
      const all = await (await context.management()).list(`${await context.subscriptionPath()}/resources?${query}`, RESOURCES_VERSION);
      const matches = (resource: JsonObject): boolean =>
        [
          [resource.type, full],
          [resource.name, args.text('name')],
          [resource.location, args.text('location')],
          [String(resource.id).split('/')[4], group],
        ].every(([value, wanted]) => wanted === undefined || String(value).toLowerCase() === String(wanted).toLowerCase());
      return flattenEnvelope(tag === undefined ? all : all.filter(matches));
    },
  },
  {
    path: 'resource show',
    summary: 'Show a resource, with its properties as the server has them.',
    options: [...NAMING, BODY],
    columns: COLUMNS,
    run: (args, context) => each(args, context, async (server, path, version) => flattenEnvelope(await server.get(path, version))),
  },
  {
    path: 'resource delete',
    summary: 'Delete resources.',
    options: [...NAMING, NO_WAIT, WHAT_IF],
    run: async (args, context) => void (await each(args, context, (server, path, version) => server.delete(path, version))),
  },
  {
    path: 'resource create',
    summary: 'Create a resource from JSON.',
    options: [
      ...NAMING.filter(({ name }) => name !== 'ids'),
      { name: 'id', kind: 'text', placeholder: 'ID', summary: 'Its id, in place of the names.' },
      { name: 'properties', short: 'p', kind: 'text', placeholder: 'JSON', required: true, summary: 'Its properties, or @FILE.' },
      { name: 'is-full-object', kind: 'flag', summary: 'The JSON is the whole resource: location, tags, sku and properties.' },
      LOCATION,
    ],
    run: async (args, context) => {
      const server = await context.management();
      const path = args.text('id') === undefined ? ((await pathsOf(args, context))[0] as string) : parseResourceId(args.need('id'), 'id').id;
      const given = jsonArgument(args.need('properties'), 'properties') as JsonObject;
      const group = parseResourceId(path).resourceGroup ?? '';
      const location =
        args.text('location') ??
        (args.boolean('is-full-object')
          ? undefined
          : String((await server.get((await groupPath(context, group)).replace('/resourceGroups/', '/resourcegroups/'), RESOURCES_VERSION)).location));
      const body = args.boolean('is-full-object') ? given : { properties: given };
      return flattenEnvelope(
        await server.put(path, await versionOf(args, context, server, path), { ...(location === undefined ? {} : { location }), ...body }),
      );
    },
  },
  {
    path: 'resource update',
    summary: 'Change a resource by paths within it.',
    options: [...NAMING, BODY, ...GENERIC_UPDATE, WHAT_IF],
    examples: ['postern resource update --ids "$REGISTRY_ID" --set properties.adminUserEnabled=true'],
    run: (args, context) =>
      each(args, context, async (server, path, version) =>
        flattenEnvelope(await server.put(path, version, genericallyUpdated(await server.get(path, version), args))),
      ),
  },
  {
    path: 'resource patch',
    summary: 'Change a resource by JSON that is merged into it.',
    options: [
      ...NAMING,
      { name: 'properties', short: 'p', kind: 'text', placeholder: 'JSON', required: true, summary: 'The properties, or @FILE.' },
      { name: 'is-full-object', kind: 'flag', summary: 'The JSON is of the whole resource.' },
      WHAT_IF,
    ],
    run: (args, context) => {
      const given = jsonArgument(args.need('properties'), 'properties') as JsonObject;
      return each(args, context, async (server, path, version) =>
        flattenEnvelope(await server.patch(path, version, args.boolean('is-full-object') ? given : { properties: given })),
      );
    },
  },
  {
    path: 'resource tag',
    summary: 'Set the tags of resources.',
    options: [...NAMING, { ...TAGS, required: true }, { name: 'is-incremental', short: 'i', kind: 'flag', summary: 'Add to the tags that are there.' }],
    run: (args, context) =>
      each(args, context, async (server, path, version) => {
        const read = await server.get(path, version);
        const tags = { ...(args.boolean('is-incremental') && isJsonObject(read.tags) ? read.tags : {}), ...args.pairs('tags') };
        return flattenEnvelope(await server.put(path, version, { ...read, tags }));
      }),
  },
  {
    path: 'resource invoke-action',
    summary: 'Call an action of a resource.',
    options: [
      ...NAMING,
      { name: 'action', kind: 'text', required: true, summary: 'Its name, for example listCredentials.' },
      { name: 'request-body', kind: 'text', placeholder: 'JSON', summary: 'What is sent.' },
      NO_WAIT,
    ],
    run: (args, context) => {
      const body = args.text('request-body');
      return each(args, context, (server, path, version) =>
        server.post(`${path}/${args.need('action')}`, version, body === undefined ? undefined : (jsonArgument(body, 'request-body') as JsonObject)),
      );
    },
  },
);
