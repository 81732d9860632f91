/** `postern lock ...`: locks that keep a subscription, a group or a resource from being deleted or changed. */
import type { JsonObject } from '#base/json.ts';
import { parseResourceId } from '#base/resource-id.ts';
import type { Arguments } from '../arguments.ts';
import { commands } from '../command.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../failure.ts';
import { flatten } from '../flatten.ts';
import { namedResource, RESOURCE_OPTIONS } from '../named-resource.ts';
import { IDS, nameOption, type Option, WHAT_IF } from '../options.ts';
import { groupPath } from '../resources.ts';
import { apiVersionOf } from '../versions.ts';

const TYPE = 'Microsoft.Authorization/locks';
const VERSION = apiVersionOf(TYPE);
const COLUMNS = { Name: 'name', ResourceGroup: 'resourceGroup', Level: 'level', Notes: 'notes' };
const SCOPE: readonly Option[] = [
  ...RESOURCE_OPTIONS,
  {
    name: 'resource',
    aliases: ['resource-name'],
    kind: 'text',
    placeholder: 'NAME_OR_ID',
    summary: 'Name or id of the resource; the group or the subscription is locked without.',
  },
];
const LEVEL: Option = {
  name: 'lock-type',
  short: 't',
  kind: 'text',
  choices: ['CanNotDelete', 'ReadOnly'],
  summary: 'What is forbidden: deleting, or any change.',
};
const NOTES: Option = { name: 'notes', kind: 'text', summary: 'Why.' };
const NAMING: readonly Option[] = [nameOption('lock', { required: false }), ...SCOPE, IDS];

/** What is locked: the resource, else the group, else the subscription. */
async function scopeOf(args: Arguments, context: Context): Promise<string> {
  const resource = args.text('resource');
  if (resource !== undefined) return namedResource(args, context, resource);
  const group = args.text('resource-group');
  return group === undefined ? context.subscriptionPath() : groupPath(context, group);
}

async function lockPaths(args: Arguments, context: Context): Promise<string[]> {
  const ids = args.list('ids');
  if (ids) return ids.map((id) => parseResourceId(id, 'ids').id);
  const name = args.text('name');
  if (name === undefined) throw new UsageError('the following arguments are required: --name/-n (or --ids)');
  return [`${await scopeOf(args, context)}/providers/${TYPE}/${encodeURIComponent(name)}`];
}

const one = (all: readonly unknown[]): unknown => (all.length === 1 ? all[0] : all);

export default commands(
  {
    path: 'lock create',
    summary: 'Put a lock on a subscription, a group or a resource.',
    options: [nameOption('lock'), { ...LEVEL, required: true }, ...SCOPE, NOTES],
    columns: COLUMNS,
    examples: ['postern lock create -n keep -g rg -t CanNotDelete', 'postern lock create -n keep -t ReadOnly --resource "$REGISTRY_ID"'],
    run: async (args, context) => {
      const notes = args.text('notes');
      const body = { properties: { level: args.need('lock-type'), ...(notes === undefined ? {} : { notes }) } };
      const path = `${await scopeOf(args, context)}/providers/${TYPE}/${encodeURIComponent(args.need('name'))}`;
      return flatten(await (await context.management()).put(path, VERSION, body));
    },
  },
  {
    path: 'lock list',
    summary: 'List the locks of a subscription, a group or a resource.',
    options: [...SCOPE, { name: 'filter-string', kind: 'text', summary: 'An OData filter, for example atScope().' }],
    columns: COLUMNS,
    run: async (args, context) => {
      const filter = args.text('filter-string');
      const path = `${await scopeOf(args, context)}/providers/${TYPE}${filter === undefined ? '' : `?$filter=${encodeURIComponent(filter)}`}`;
      return flatten(await (await context.management()).list(path, VERSION));
    },
  },
  {
    path: 'lock show',
    summary: 'Show a lock.',
    options: NAMING,
    columns: COLUMNS,
    run: async (args, context) => {
      const server = await context.management();
      return one(await Promise.all((await lockPaths(args, context)).map(async (path) => flatten(await server.get(path, VERSION)))));
    },
  },
  {
    path: 'lock update',
    summary: 'Update a lock.',
    options: [...NAMING, LEVEL, NOTES],
    columns: COLUMNS,
    run: async (args, context) => {
      const server = await context.management();
      const updated: unknown[] = [];
      for (const path of await lockPaths(args, context)) {
        const { level, notes } = ((await server.get(path, VERSION)).properties ?? {}) as JsonObject;
        const kept = args.text('notes') ?? notes;
        const properties = { level: args.text('lock-type') ?? (level as string), ...(kept === undefined ? {} : { notes: kept }) };
        updated.push(flatten(await server.put(path, VERSION, { properties })));
      }
      return one(updated);
    },
  },
  {
    path: 'lock delete',
    summary: 'Take a lock away.',
    options: [...NAMING, WHAT_IF],
    run: async (args, context) => {
      const server = await context.management();
      for (const path of await lockPaths(args, context)) await server.delete(path, VERSION);
      return undefined;
    },
  },
);
