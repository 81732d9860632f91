/** `postern acr encryption ...`. */
import { isJsonObject } from '#base/json.ts';
import { commands } from '../../command.ts';
import { nameOption, REGISTRY_GROUP } from '../../options.ts';
import { findRegistry, REGISTRY_TYPE } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

export default commands({
  path: 'acr encryption show',
  summary: 'Show whether a registry is encrypted with a key of its own.',
  options: [nameOption('registry'), REGISTRY_GROUP],
  run: async (args, context) => {
    const registry = await (await context.management()).get(
      await findRegistry(context, args.need('name'), args.text('resource-group')),
      apiVersionOf(REGISTRY_TYPE),
    );
    return isJsonObject(registry.properties) ? registry.properties.encryption : undefined;
  },
});
