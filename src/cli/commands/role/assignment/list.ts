/** `postern role assignment list`. */
import type { JsonObject } from '#base/json.ts';
import { command } from '../../../command.ts';
import { objectsWithIds } from '../../../directory.ts';
import { flatten } from '../../../flatten.ts';
import { FILTERS, findAssignments } from '../../../role-assignments.ts';
import { propertiesOf } from '../../../roles.ts';

export default command({
  path: 'role assignment list',
  summary: 'List who holds which role.',
  options: [
    ...FILTERS,
    { name: 'all', kind: 'flag', summary: 'Every assignment of the subscription, at whatever scope.' },
    { name: 'include-inherited', kind: 'flag', summary: 'Also those that come down from scopes above.' },
    { name: 'include-groups', kind: 'flag', summary: 'Accepted for scripts.' },
  ],
  columns: { Principal: 'principalName', Role: 'roleDefinitionName', Scope: 'scope' },
  run: async (args, context) => {
    const found = await findAssignments(args, context, { all: args.boolean('all') === true, inherited: args.boolean('include-inherited') === true });
    const principalId = (assignment: JsonObject): string => String(propertiesOf(assignment).principalId);
    const known = await objectsWithIds(await context.management(), found.map(principalId));
    return flatten(found.map((assignment) => ({ ...assignment, principalName: nameOf(known.get(principalId(assignment).toLowerCase())) })));
  },
});

/** What az calls a principal: a user by the name they sign in by, a service principal by its appId, a group by its name; empty for one that is gone. */
function nameOf(object: JsonObject | undefined): string {
  return String(object?.userPrincipalName ?? object?.appId ?? object?.displayName ?? '');
}
