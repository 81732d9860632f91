/** Finding role assignments, for `role assignment list` and `delete`. */
import type { JsonObject } from '#base/json.ts';
import type { Arguments } from './arguments.ts';
import type { Context } from './context.ts';
import { type Option, RESOURCE_GROUP } from './options.ts';
import { ASSIGNEE, ASSIGNMENTS, DEFINITIONS, principalId, propertiesOf, SCOPE, scopeOf } from './roles.ts';
import { apiVersionOf } from './versions.ts';

export const FILTERS: readonly Option[] = [
  ASSIGNEE,
  { name: 'role', kind: 'text', placeholder: 'NAME_OR_ID', summary: 'Name, GUID or id of the role.' },
  SCOPE,
  { ...RESOURCE_GROUP, required: false },
];

/** The assignments that hold exactly at the scope (and above or below it as asked), each with its role's name. */
export async function findAssignments(args: Arguments, context: Context, reach: { inherited?: boolean; all?: boolean }): Promise<JsonObject[]> {
  const server = await context.management();
  const scope = reach.all ? await context.subscriptionPath() : await scopeOf(args, context);
  const assignee = args.text('assignee');
  const holder = assignee === undefined ? undefined : (await principalId(context, assignee)).toLowerCase();
  const filter = reach.all ? '' : `?$filter=${encodeURIComponent('atScope()')}`;
  const [assignments, definitions] = await Promise.all([
    server.list(`${scope}/providers/${ASSIGNMENTS}${filter}`, apiVersionOf(ASSIGNMENTS)),
    server.list(`${scope}/providers/${DEFINITIONS}`, apiVersionOf(DEFINITIONS)),
  ]);
  const names = new Map(definitions.map((definition) => [guidOf(String(definition.id)), String(propertiesOf(definition).roleName)]));
  const role = args.text('role')?.toLowerCase();
  return assignments
    .map((assignment) => ({ ...assignment, roleDefinitionName: names.get(guidOf(String(propertiesOf(assignment).roleDefinitionId))) ?? '' }))
    .filter((assignment) => {
      const properties = propertiesOf(assignment);
      const roleDefinitionId = String(properties.roleDefinitionId).toLowerCase();
      if (holder !== undefined && String(properties.principalId).toLowerCase() !== holder) return false;
      if (role !== undefined && ![assignment.roleDefinitionName.toLowerCase(), roleDefinitionId, guidOf(roleDefinitionId)].includes(role)) return false;
      return reach.all || reach.inherited || String(properties.scope).toLowerCase().replace(/\/$/, '') === scope.toLowerCase();
    });
}

function guidOf(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1).toLowerCase();
}
