/** `postern network private-dns zone create`. */
import { command } from '../../../../command.ts';
import { flatten } from '../../../../flatten.ts';
import { NO_WAIT, nameOption, RESOURCE_GROUP, TAGS } from '../../../../options.ts';
import { groupPath, resourcePath } from '../../../../resources.ts';
import { apiVersionOf } from '../../../../versions.ts';

const TYPE = 'Microsoft.Network/privateDnsZones';

export default command({
  path: 'network private-dns zone create',
  summary: 'Create a private DNS zone.',
  options: [nameOption('private DNS zone', { summary: 'Name of the zone, for example privatelink.azurecr.io.' }), RESOURCE_GROUP, TAGS, NO_WAIT],
  run: async (args, context) => {
    const tags = args.pairs('tags');
    const path = resourcePath(await groupPath(context, args.need('resource-group')), TYPE, [args.need('name')]);
    const server = await context.management();
    return flatten(await server.put(path, apiVersionOf(TYPE), { location: 'global', ...(tags ? { tags } : {}) }, { 'if-none-match': '*' }));
  },
});
