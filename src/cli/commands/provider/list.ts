/** `postern provider list`. */
import { command } from '../../command.ts';
import { RESOURCES_VERSION } from '../../versions.ts';

export default command({
  path: 'provider list',
  summary: 'List the resource providers.',
  options: [],
  columns: { Namespace: 'namespace', RegistrationState: 'registrationState' },
  run: async (_args, context) => (await context.management()).list(`${await context.subscriptionPath()}/providers`, RESOURCES_VERSION),
});
