/** `postern group create`. */
import { command } from '../../command.ts';
import { flatten } from '../../flatten.ts';
import { LOCATION, nameOption, TAGS } from '../../options.ts';
import { locationOf } from '../../resources.ts';
import { RESOURCES_VERSION } from '../../versions.ts';

export default command({
  path: 'group create',
  summary: 'Create a resource group.',
  options: [
    nameOption('new resource group', { aliases: ['resource-group', 'g'] }),
    { ...LOCATION, required: true, summary: 'Region, for example westeurope.' },
    TAGS,
  ],
  examples: ['postern group create -n rg -l westeurope'],
  run: async (args, context) => {
    const tags = args.pairs('tags');
    const name = args.need('name');
    const body = { location: await locationOf(args, context, name), ...(tags ? { tags } : {}) };
    return flatten(
      await (await context.management()).put(`${await context.subscriptionPath()}/resourcegroups/${encodeURIComponent(name)}`, RESOURCES_VERSION, body),
    );
  },
});
