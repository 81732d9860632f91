/** Roles and who holds them: what the role commands share. */
import { Fault } from '#base/fault.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Arguments } from './arguments.ts';
import type { Context } from './context.ts';
import { listObjects, quoted } from './directory.ts';
import type { Option } from './options.ts';
import { groupPath } from './resources.ts';
import { apiVersionOf } from './versions.ts';

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
  summary: "A user principal name, an appId or object id, a group's object id, or a managed identity's client id or resource id.",
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

/**
 * The object id behind what people have at hand: an object id, an appId or client id, a managed identity's resource id.
 * Assignments outlive their principals, so a GUID that nobody has is taken for the object id of one that was; `known` refuses it.
 */
export async function principalId(context: Context, assignee: string, options: { known?: true } = {}): Promise<string> {
  const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
  const server = await context.management();
  if (assignee.startsWith('/')) return String(propertiesOf(await server.get(assignee, apiVersionOf(type))).principalId);
  if (assignee.includes('@')) {
    const [user] = await listObjects(server, 'users', `userPrincipalName eq ${quoted(assignee)}`);
    if (user) return String(user.id);
    throw new Fault('notFound', 'PrincipalNotFound', `Cannot find user or service principal in graph database for '${assignee}'.`);
  }
  if (!GUID.test(assignee)) throw new Fault('invalid', 'Assignee', `'${assignee}' is not a user principal name, an appId, an object id or a resource id.`);
  const [match] = await listObjects(server, 'servicePrincipals', `servicePrincipalNames/any(c:c eq ${quoted(assignee)})`);
  if (match) return String(match.id);
  const { body } = options.known
    ? await server.ask('POST', '/v1.0/directoryObjects/getByIds', { ids: [assignee], types: ['user', 'group', 'servicePrincipal'] })
    : {};
  if (!body || ((body as JsonObject).value as JsonObject[]).length > 0) return assignee;
  throw new Fault(
    'notFound',
    'PrincipalNotFound',
    `No user, group or service principal has the id '${assignee}'. See: postern ad sp list (or give --assignee-object-id, which is not looked up)`,
  );
}
