/** Roles and who holds them: what the role commands share. */
import { Fault } from '#base/fault.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Arguments } from './arguments.ts';
import type { Context } from './context.ts';
import type { Option } from './options.ts';
import { apiVersionOf, groupPath } from './resources.ts';

export const ASSIGNMENTS = 'Microsoft.Authorization/roleAssignments';
export const DEFINITIONS = 'Microsoft.Authorization/roleDefinitions';
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const SCOPE: Option = {
  name: 'scope',
  kind: 'text',
  placeholder: 'ID',
  summary: 'Where it holds: an id. Default: the resource group given, else the subscription.',
};
export const ASSIGNEE: Option = {
  name: 'assignee',
  kind: 'text',
  placeholder: 'ID',
  summary: "Object id of the principal, or a managed identity's client id or resource id.",
};

/** `--scope`, else the resource group, else the subscription. The tenant's `/` becomes empty, so that a provider path can follow. */
export async function scopeOf(args: Arguments, context: Context): Promise<string> {
  const scope = args.text('scope');
  if (scope !== undefined) return scope.replace(/\/+$/, '');
  const group = args.text('resource-group');
  return group === undefined ? context.subscriptionPath() : groupPath(context, group);
}

export function propertiesOf(resource: JsonObject): JsonObject {
  return isJsonObject(resource.properties) ? resource.properties : {};
}

/** The id of the role named by id, GUID or role name, at a scope. */
export async function roleId(context: Context, role: string, scope: string): Promise<string> {
  if (role.startsWith('/')) return role;
  if (GUID.test(role)) return `${await context.subscriptionPath()}/providers/${DEFINITIONS}/${role}`;
  const server = await context.management();
  const found = await server.list(
    `${scope}/providers/${DEFINITIONS}?$filter=${encodeURIComponent(`roleName eq '${role.replaceAll("'", "''")}'`)}`,
    apiVersionOf(DEFINITIONS),
  );
  const match = found.find((definition) => String(propertiesOf(definition).roleName).toLowerCase() === role.toLowerCase());
  if (!match) throw new Fault('notFound', 'RoleNotFound', `Role '${role}' doesn't exist. See: postern role definition list`);
  return String(match.id);
}

/** The object id behind what people have at hand: an object id, a managed identity's client id or resource id. */
export async function principalId(context: Context, assignee: string): Promise<string> {
  const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
  const server = await context.management();
  if (assignee.startsWith('/')) return String(propertiesOf(await server.get(assignee, apiVersionOf(type))).principalId);
  if (!GUID.test(assignee)) throw new Fault('invalid', 'Assignee', `'${assignee}' is not an object id, a client id or a resource id.`);
  const identities = await server.list(`${await context.subscriptionPath()}/providers/${type}`, apiVersionOf(type));
  const match = identities.find((identity) => String(propertiesOf(identity).clientId).toLowerCase() === assignee.toLowerCase());
  return match ? String(propertiesOf(match).principalId) : assignee;
}
