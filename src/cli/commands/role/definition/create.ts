/** `postern role definition create`: a custom role from az's JSON. */
import { randomUUID } from 'node:crypto';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { command } from '../../../command.ts';
import { UsageError } from '../../../failure.ts';
import { flatten } from '../../../flatten.ts';
import { jsonArgument } from '../../../json-argument.ts';
import { DEFINITIONS } from '../../../roles.ts';
import { apiVersionOf } from '../../../versions.ts';

export default command({
  path: 'role definition create',
  summary: 'Create a custom role.',
  options: [
    {
      name: 'role-definition',
      kind: 'text',
      placeholder: 'JSON',
      required: true,
      summary:
        'The role as JSON or @FILE: {"Name", "Description", "Actions": [], "NotActions": [], "DataActions": [], "NotDataActions": [], "AssignableScopes": []}.',
    },
  ],
  run: async (args, context) => {
    const given = jsonArgument(args.need('role-definition'), 'role-definition');
    if (!isJsonObject(given)) throw new UsageError('argument --role-definition: a JSON object is expected');
    const body = definitionBody(given, await context.subscriptionPath());
    const scope = ((body.properties as JsonObject).assignableScopes as string[])[0] ?? '';
    return flatten(
      await (await context.management()).put(`${scope.replace(/\/$/, '')}/providers/${DEFINITIONS}/${randomUUID()}`, apiVersionOf(DEFINITIONS), body),
    );
  },
});

/** az's capitalised keys (in any case) as ARM's properties. */
export function definitionBody(given: JsonObject, subscription: string): JsonObject {
  const keys = new Map(Object.entries(given).map(([key, value]) => [key.toLowerCase(), value]));
  const list = (key: string): string[] => (Array.isArray(keys.get(key)) ? (keys.get(key) as unknown[]).map(String) : []);
  const name = keys.get('name') ?? keys.get('rolename');
  if (typeof name !== 'string' || name === '') throw new UsageError("argument --role-definition: 'Name' is missing");
  const scopes = list('assignablescopes');
  return {
    properties: {
      roleName: name,
      description: String(keys.get('description') ?? ''),
      type: 'CustomRole',
      assignableScopes: scopes.length === 0 ? [subscription] : scopes,
      permissions: [{ actions: list('actions'), notActions: list('notactions'), dataActions: list('dataactions'), notDataActions: list('notdataactions') }],
    },
  };
}
