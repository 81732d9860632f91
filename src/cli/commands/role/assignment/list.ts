/** `postern role assignment list`. */
import { command } from '../../../command.ts';
import { flatten } from '../../../flatten.ts';
import { FILTERS, findAssignments } from '../../../role-assignments.ts';

export default command({
  path: 'role assignment list',
  summary: 'List who holds which role.',
  options: [
    ...FILTERS,
    { name: 'all', kind: 'flag', summary: 'Every assignment of the subscription, at whatever scope.' },
    { name: 'include-inherited', kind: 'flag', summary: 'Also those that come down from scopes above.' },
  ],
  columns: { Principal: 'principalId', Role: 'roleDefinitionName', Scope: 'scope' },
  run: async (args, context) =>
    flatten(await findAssignments(args, context, { all: args.boolean('all') === true, inherited: args.boolean('include-inherited') === true })),
});
