/** `postern provider unregister`. */
import { command } from '../../command.ts';
import { nameOption } from '../../options.ts';
import { RESOURCES_VERSION } from '../../versions.ts';

export default command({
  path: 'provider unregister',
  summary: 'Take a resource provider out of the subscription.',
  options: [
    nameOption('provider', { aliases: ['namespace'], placeholder: 'NAMESPACE', summary: 'Namespace, for example Microsoft.ContainerRegistry.' }),
    { name: 'wait', kind: 'flag', summary: 'Accepted for scripts; it is done when the command returns.' },
  ],
  run: async (args, context) => {
    await (await context.management()).post(
      `${await context.subscriptionPath()}/providers/${encodeURIComponent(args.need('name'))}/unregister`,
      RESOURCES_VERSION,
    );
    return undefined;
  },
});
