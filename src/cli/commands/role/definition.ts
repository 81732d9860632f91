/** `postern role definition show|update|delete`: custom roles. */
import { Fault } from '#base/fault.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Arguments } from '../../arguments.ts';
import { commands } from '../../command.ts';
import type { Context } from '../../context.ts';
import { UsageError } from '../../failure.ts';
import { flatten } from '../../flatten.ts';
import { jsonArgument } from '../../json-argument.ts';
import { nameOption, RESOURCE_GROUP, WHAT_IF } from '../../options.ts';
import { DEFINITIONS, propertiesOf, SCOPE, scopeOf } from '../../roles.ts';
import { apiVersionOf } from '../../versions.ts';
import { definitionBody } from './definition/create.ts';

const VERSION = apiVersionOf(DEFINITIONS);
const NAMING = [nameOption('role', { summary: "The role's name or GUID." }), SCOPE, { ...RESOURCE_GROUP, required: false }];

/** The roles of the name or GUID at the scope. @throws Fault when there is none */
async function found(args: Arguments, context: Context, name: string): Promise<JsonObject[]> {
  const all = await (await context.management()).list(`${await scopeOf(args, context)}/providers/${DEFINITIONS}`, VERSION);
  const matching = all.filter((role) => [propertiesOf(role).roleName, role.name].some((text) => String(text).toLowerCase() === name.toLowerCase()));
  if (matching.length === 0) throw new Fault('notFound', 'RoleNotFound', `Role '${name}' doesn't exist. See: postern role definition list`);
  return matching;
}

export default commands(
  {
    path: 'role definition show',
    summary: 'Show a role.',
    options: [
      { ...NAMING[0], required: false } as (typeof NAMING)[number],
      { name: 'id', kind: 'text', placeholder: 'ID', summary: 'Id of the role.' },
      ...NAMING.slice(1),
    ],
    run: async (args, context) => {
      const [id, name] = [args.text('id'), args.text('name')];
      if (id === undefined && name === undefined) throw new UsageError('usage error: --id ID | --name NAME');
      return flatten(id === undefined ? (await found(args, context, name as string))[0] : await (await context.management()).get(id, VERSION));
    },
  },
  {
    path: 'role definition update',
    summary: "Update a custom role by az's JSON.",
    options: [
      {
        name: 'role-definition',
        kind: 'text',
        placeholder: 'JSON',
        required: true,
        summary: 'The role as `role definition list` prints it, or as `create` takes it; or @FILE.',
      },
      WHAT_IF,
    ],
    run: async (args, context) => {
      const given = jsonArgument(args.need('role-definition'), 'role-definition');
      if (!isJsonObject(given)) throw new UsageError('argument --role-definition: a JSON object is expected');
      const body = definitionBody(given, await context.subscriptionPath());
      const properties = body.properties as JsonObject;
      const scope = (properties.assignableScopes as string[])[0] ?? '';
      const at = scope.replace(/\/$/, '');
      const server = await context.management();
      const all = await server.list(`${at}/providers/${DEFINITIONS}`, VERSION);
      const existing = all.find((role) => propertiesOf(role).roleName === properties.roleName || String(role.name) === String(given.name ?? given.Name ?? ''));
      if (!existing) throw new Fault('notFound', 'RoleNotFound', `Role '${properties.roleName}' doesn't exist. See: postern role definition create`);
      return flatten(await server.put(String(existing.id), VERSION, body));
    },
  },
  {
    path: 'role definition delete',
    summary: 'Delete a custom role.',
    options: [...NAMING, { name: 'custom-role-only', kind: 'boolean', summary: 'Accepted for scripts: no other role can be deleted.' }, WHAT_IF],
    run: async (args, context) => {
      const server = await context.management();
      for (const role of await found(args, context, args.need('name'))) await server.delete(String(role.id), VERSION);
      return undefined;
    },
  },
);
