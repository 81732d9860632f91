/** `postern role assignment create`. */
import { randomUUID } from 'node:crypto';
import { command } from '../../../command.ts';
import { UsageError } from '../../../failure.ts';
import { flatten } from '../../../flatten.ts';
import { RESOURCE_GROUP } from '../../../options.ts';
import { ASSIGNEE, ASSIGNMENTS, principalId, roleId, SCOPE, scopeOf } from '../../../roles.ts';
import { apiVersionOf } from '../../../versions.ts';

export default command({
  path: 'role assignment create',
  summary: 'Give a principal a role.',
  options: [
    { name: 'role', kind: 'text', placeholder: 'NAME_OR_ID', required: true, summary: 'Name, GUID or id of the role, for example AcrPull.' },
    ASSIGNEE,
    { name: 'assignee-object-id', kind: 'text', placeholder: 'GUID', summary: 'Object id of the principal; nothing is looked up.' },
    {
      name: 'assignee-principal-type',
      kind: 'text',
      choices: ['ForeignGroup', 'Group', 'ServicePrincipal', 'User'],
      summary: 'What the principal is. Default: ServicePrincipal.',
    },
    SCOPE,
    { ...RESOURCE_GROUP, required: false },
    { name: 'name', short: 'n', kind: 'text', placeholder: 'GUID', summary: 'Name of the assignment. Default: a new GUID.' },
    { name: 'description', kind: 'text', summary: 'Why.' },
  ],
  examples: ['postern role assignment create --assignee-object-id OID --assignee-principal-type ServicePrincipal --role AcrPull --scope ID'],
  run: async (args, context) => {
    const given = args.text('assignee');
    const objectId = args.text('assignee-object-id') ?? (given === undefined ? undefined : await principalId(context, given, { known: true }));
    if (objectId === undefined) throw new UsageError('usage error: --assignee STRING | --assignee-object-id GUID');
    const scope = await scopeOf(args, context);
    const description = args.text('description');
    const body = {
      properties: {
        roleDefinitionId: await roleId(context, args.need('role'), scope),
        principalId: objectId,
        principalType: args.text('assignee-principal-type') ?? 'ServicePrincipal',
        ...(description === undefined ? {} : { description }),
      },
    };
    const path = `${scope}/providers/${ASSIGNMENTS}/${args.text('name') ?? randomUUID()}`;
    return flatten(await (await context.management()).put(path, apiVersionOf(ASSIGNMENTS), body));
  },
});
