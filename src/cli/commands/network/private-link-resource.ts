/** `postern network private-link-resource list`: what of a resource private endpoints can connect to. */
import { commands } from '../../command.ts';
import { linkedPath, linkedTarget } from '../../linked-resource.ts';
import { REGISTRY_TYPE } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

export default commands({
  path: 'network private-link-resource list',
  summary: 'List what of a resource private endpoints can connect to.',
  options: linkedTarget('resource'),
  run: async (args, context) =>
    (await context.management()).list(`${await linkedPath(args, context, 'name')}/privateLinkResources`, apiVersionOf(REGISTRY_TYPE)),
});
