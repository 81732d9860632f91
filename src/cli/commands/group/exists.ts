/** `postern group exists`. */
import { command } from '../../command.ts';
import { refusal, versioned } from '../../management.ts';
import { nameOption } from '../../options.ts';
import { RESOURCES_VERSION } from '../../versions.ts';

export default command({
  path: 'group exists',
  summary: 'Check whether a resource group exists: prints true or false.',
  options: [nameOption('resource group', { aliases: ['resource-group', 'g'] })],
  run: async (args, context) => {
    const path = `${await context.subscriptionPath()}/resourcegroups/${encodeURIComponent(args.need('name'))}`;
    const answer = await (await context.management()).send('HEAD', versioned(path, RESOURCES_VERSION));
    if (answer.status >= 400 && answer.status !== 404) throw refusal(answer);
    return answer.status !== 404;
  },
});
