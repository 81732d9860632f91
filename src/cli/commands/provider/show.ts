/** `postern provider show`. */
import { command } from '../../command.ts';
import { nameOption } from '../../options.ts';
import { RESOURCES_VERSION } from '../../versions.ts';

export default command({
  path: 'provider show',
  summary: 'Show a resource provider: its registration, its types and their API versions.',
  options: [nameOption('provider', { aliases: ['namespace'], placeholder: 'NAMESPACE', summary: 'Namespace, for example Microsoft.ContainerRegistry.' })],
  examples: ['postern provider show -n Microsoft.ContainerRegistry --query registrationState -o tsv'],
  columns: { Namespace: 'namespace', RegistrationState: 'registrationState' },
  run: async (args, context) =>
    (await context.management()).get(`${await context.subscriptionPath()}/providers/${encodeURIComponent(args.need('name'))}`, RESOURCES_VERSION),
});
