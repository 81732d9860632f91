/** `postern acr check-name`. */
import { command } from '../../command.ts';
import { nameOption } from '../../options.ts';
import { REGISTRY_TYPE } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

export default command({
  path: 'acr check-name',
  summary: 'Check whether a registry name is valid and free.',
  options: [nameOption('registry')],
  run: async (args, context) =>
    (await context.management()).post(
      `${await context.subscriptionPath()}/providers/Microsoft.ContainerRegistry/checkNameAvailability`,
      apiVersionOf(REGISTRY_TYPE),
      {
        name: args.need('name'),
        type: REGISTRY_TYPE,
      },
    ),
});
