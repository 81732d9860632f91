/** `postern network private-endpoint-connection ...`: connections of any resource, by their id or by the resource they belong to; printed as the server writes them, as az does. */
import type { Arguments } from '../../arguments.ts';
import { type Command, commands } from '../../command.ts';
import { decideAt } from '../../connection-decision.ts';
import type { Context } from '../../context.ts';
import { linkedPath, linkedTarget } from '../../linked-resource.ts';
import { WHAT_IF, YES } from '../../options.ts';
import { REGISTRY_TYPE } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

const VERSION = apiVersionOf(REGISTRY_TYPE);
const NAMING = linkedTarget('connection', 'resource-name');

const connectionPath = (args: Arguments, context: Context): Promise<string> => linkedPath(args, context, 'resource-name', 'privateEndpointConnections');

function deciding(verb: string, status: 'Approved' | 'Rejected'): Command {
  return {
    path: `network private-endpoint-connection ${verb}`,
    summary: `${verb === 'approve' ? 'Approve' : 'Reject'} a private endpoint connection.`,
    options: [...NAMING, { name: 'description', short: 'd', kind: 'text', summary: 'Why, in words that both sides see.' }, WHAT_IF],
    run: async (args, context) => decideAt(context, await connectionPath(args, context), args.text('description'), status),
  };
}

export default commands(
  deciding('approve', 'Approved'),
  deciding('reject', 'Rejected'),
  {
    path: 'network private-endpoint-connection show',
    summary: 'Show a private endpoint connection.',
    options: NAMING,
    run: async (args, context) => (await context.management()).get(await connectionPath(args, context), VERSION),
  },
  {
    path: 'network private-endpoint-connection list',
    summary: 'List the private endpoint connections of a resource.',
    options: linkedTarget('resource'),
    run: async (args, context) => (await context.management()).list(`${await linkedPath(args, context, 'name')}/privateEndpointConnections`, VERSION),
  },
  {
    path: 'network private-endpoint-connection delete',
    summary: 'Delete a private endpoint connection.',
    options: [...NAMING, YES, WHAT_IF],
    run: async (args, context) => {
      const path = await connectionPath(args, context);
      if (args.boolean('yes') !== true && args.boolean('what-if') !== true)
        await context.confirm(`Are you sure you want to delete the private endpoint connection '${path.split('/').pop()}'?`);
      await (await context.management()).delete(path, VERSION);
      return undefined;
    },
  },
);
