/** `postern group update`. */
import { command } from '../../command.ts';
import { flatten } from '../../flatten.ts';
import { GENERIC_UPDATE, genericallyUpdated } from '../../generic-update.ts';
import { nameOption, TAGS } from '../../options.ts';
import { RESOURCES_VERSION } from '../../versions.ts';

export default command({
  path: 'group update',
  summary: 'Update a resource group.',
  options: [nameOption('resource group', { aliases: ['resource-group', 'g'], short: 'n' }), TAGS, ...GENERIC_UPDATE],
  examples: ['postern group update -n rg --set tags.team=app'],
  run: async (args, context) => {
    const path = `${await context.subscriptionPath()}/resourcegroups/${encodeURIComponent(args.need('name'))}`;
    const server = await context.management();
    const { properties: _, ...read } = await server.get(path, RESOURCES_VERSION);
    const tags = args.pairs('tags');
    return flatten(await server.put(path, RESOURCES_VERSION, genericallyUpdated({ ...read, ...(tags ? { tags } : {}) }, args)));
  },
});
