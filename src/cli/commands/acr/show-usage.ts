/** `postern acr show-usage`. */
import { command } from '../../command.ts';
import { nameOption, RESOURCE_GROUP } from '../../options.ts';
import { findRegistry, REGISTRY_TYPE } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

export default command({
  path: 'acr show-usage',
  summary: 'Show what a registry uses of its limits.',
  options: [nameOption('registry'), { ...RESOURCE_GROUP, required: false }],
  columns: { NAME: 'name', LIMIT: 'limit', 'CURRENT VALUE': 'currentValue', UNIT: 'unit' },
  run: async (args, context) => {
    const path = await findRegistry(context, args.need('name'), args.text('resource-group'));
    const usage = await (await context.management()).get(`${path}/listUsages`, apiVersionOf(REGISTRY_TYPE));
    // Without a query az prints the list alone as a table.
    return context.format === 'table' && args.text('query') === undefined ? (usage.value as unknown) : usage;
  },
});
