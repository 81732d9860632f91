/** `postern provider ...`: resource providers, and whether the subscription has them. */
import { type Command, commands } from '../command.ts';
import { nameOption } from '../options.ts';
import { RESOURCES_VERSION } from '../versions.ts';

const NAMESPACE = nameOption('provider', {
  aliases: ['namespace'],
  placeholder: 'NAMESPACE',
  summary: 'Namespace, for example Microsoft.ContainerRegistry.',
});
const COLUMNS = { Namespace: 'namespace', RegistrationState: 'registrationState' };

function registration(verb: 'register' | 'unregister', summary: string, wait: string): Command {
  return {
    path: `provider ${verb}`,
    summary,
    options: [NAMESPACE, { name: 'wait', kind: 'flag', summary: wait }],
    run: async (args, context) => {
      const server = await context.management();
      await server.post(`${await context.subscriptionPath()}/providers/${encodeURIComponent(args.need('name'))}/${verb}`, RESOURCES_VERSION);
      return undefined;
    },
  };
}

export default commands(
  registration('register', 'Register a resource provider with the subscription.', 'Accepted for scripts; registration is done when the command returns.'),
  registration('unregister', 'Take a resource provider out of the subscription.', 'Accepted for scripts; it is done when the command returns.'),
  {
    path: 'provider show',
    summary: 'Show a resource provider: its registration, its types and their API versions.',
    options: [NAMESPACE],
    examples: ['postern provider show -n Microsoft.ContainerRegistry --query registrationState -o tsv'],
    columns: COLUMNS,
    run: async (args, context) =>
      (await context.management()).get(`${await context.subscriptionPath()}/providers/${encodeURIComponent(args.need('name'))}`, RESOURCES_VERSION),
  },
  {
    path: 'provider list',
    summary: 'List the resource providers.',
    options: [],
    columns: COLUMNS,
    run: async (_args, context) => (await context.management()).list(`${await context.subscriptionPath()}/providers`, RESOURCES_VERSION),
  },
);
