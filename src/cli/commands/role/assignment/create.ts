/** `postern role assignment create`. */
import { randomUUID } from 'node:crypto';
import { command } from '../../../command.ts';
import { UsageError } from '../../../failure.ts';
import { flatten } from '../../../flatten.ts';
import { RESOURCE_GROUP, WHAT_IF } from '../../../options.ts';
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
      summary: 'What the principal is.',
    },
    SCOPE,
    { ...RESOURCE_GROUP, required: false },
    { name: 'name', short: 'n', kind: 'text', placeholder: 'GUID', summary: 'Name of the assignment. Default: a new GUID.' },
    { name: 'description', kind: 'text', summary: 'Why.' },
    { name: 'condition', kind: 'text', summary: 'A condition that limits it.' },
    { name: 'condition-version', kind: 'text', choices: ['2.0'], summary: 'Version of the condition. Default: 2.0.' },
    WHAT_IF,
  ],
  examples: ['postern role assignment create --assignee-object-id OID --assignee-principal-type ServicePrincipal --role AcrPull --scope ID'],
  run: async (args, context) => {
    const given = args.text('assignee');
    const objectId = args.text('assignee-object-id') ?? (given === undefined ? undefined : await principalId(context, given, { known: true }));
    if (objectId === undefined) throw new UsageError('usage error: --assignee STRING | --assignee-object-id GUID');
    const scope = await scopeOf(args, context);
    // Of one that was looked up the server knows best what it is.
    const type = args.text('assignee-principal-type') ?? (given === undefined ? 'ServicePrincipal' : undefined);
    const description = args.text('description');
    const condition = args.text('condition');
    const body = {
      properties: {
        roleDefinitionId: await roleId(context, args.need('role'), scope),
        principalId: objectId,
        ...(type === undefined ? {} : { principalType: type }),
        ...(description === undefined ? {} : { description }),
        ...(condition === undefined ? {} : { condition, conditionVersion: args.text('condition-version') ?? '2.0' }),
      },
    };
    const path = `${scope}/providers/${ASSIGNMENTS}/${args.text('name') ?? randomUUID()}`;
    return flatten(await (await context.management()).put(path, apiVersionOf(ASSIGNMENTS), body));
  },
});
