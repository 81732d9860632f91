/** `postern identity create`. */
import { command } from '../../command.ts';
import { flatten } from '../../flatten.ts';
import { LOCATION, nameOption, RESOURCE_GROUP, TAGS } from '../../options.ts';
import { groupPath, locationOf, resourcePath } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

const TYPE = 'Microsoft.ManagedIdentity/userAssignedIdentities';

export default command({
  path: 'identity create',
  summary: 'Create a user-assigned managed identity.',
  options: [nameOption('identity'), RESOURCE_GROUP, LOCATION, TAGS],
  run: async (args, context) => {
    const group = args.need('resource-group');
    const tags = args.pairs('tags');
    const body = { location: await locationOf(args, context, group), ...(tags ? { tags } : {}) };
    return flatten(await (await context.management()).put(resourcePath(await groupPath(context, group), TYPE, [args.need('name')]), apiVersionOf(TYPE), body));
  },
});
