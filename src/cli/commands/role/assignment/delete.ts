/** `postern role assignment delete`. */
import { Fault } from '#base/fault.ts';
import { command } from '../../../command.ts';
import { UsageError } from '../../../failure.ts';
import { WHAT_IF, YES } from '../../../options.ts';
import { FILTERS, findAssignments } from '../../../role-assignments.ts';
import { ASSIGNMENTS } from '../../../roles.ts';
import { apiVersionOf } from '../../../versions.ts';

export default command({
  path: 'role assignment delete',
  summary: 'Take roles away: every assignment that the arguments describe.',
  options: [
    { name: 'ids', kind: 'list', placeholder: 'ID', summary: 'Ids of the assignments.' },
    ...FILTERS,
    { name: 'include-inherited', kind: 'flag', summary: 'Also those that come down from scopes above.' },
    YES,
    WHAT_IF,
  ],
  run: async (args, context) => {
    const given = args.list('ids');
    if (given === undefined && ['assignee', 'role', 'scope', 'resource-group'].every((name) => args.text(name) === undefined)) {
      if (args.boolean('yes') !== true)
        throw new UsageError('this would delete every role assignment of the subscription: name --assignee, --role or --scope, or confirm with --yes');
    }
    const ids =
      given ?? (await findAssignments(args, context, { inherited: args.boolean('include-inherited') === true })).map((assignment) => String(assignment.id));
    if (ids.length === 0) throw new Fault('notFound', 'RoleAssignmentNotFound', 'No matched assignments were found to delete.');
    const server = await context.management();
    for (const id of ids) await server.delete(id, apiVersionOf(ASSIGNMENTS));
    return undefined;
  },
});
