/** `postern acr update`: PATCH with only what was given. */
import type { JsonObject } from '#base/json.ts';
import { command } from '../../command.ts';
import { UsageError } from '../../failure.ts';
import { flatten } from '../../flatten.ts';
import { REGISTRY_COLUMNS } from '../../nouns.ts';
import { nameOption, RESOURCE_GROUP, TAGS } from '../../options.ts';
import { DISABLING_WARNING, registrySettings, SETTINGS } from '../../registry-settings.ts';
import { apiVersionOf, findRegistry, REGISTRY_TYPE } from '../../resources.ts';

export default command({
  path: 'acr update',
  summary: 'Update a registry.',
  options: [
    nameOption('registry'),
    { ...RESOURCE_GROUP, required: false },
    { name: 'sku', kind: 'text', choices: ['Basic', 'Standard', 'Premium'], summary: 'The SKU.' },
    TAGS,
    ...SETTINGS,
    { name: 'allow-exports', kind: 'boolean', summary: 'Whether images may be exported.' },
  ],
  columns: REGISTRY_COLUMNS,
  examples: ['postern acr update -n myregistry --public-network-enabled false'],
  run: async (args, context) => {
    const tags = args.pairs('tags');
    const sku = args.text('sku');
    const exports = args.boolean('allow-exports');
    const properties: JsonObject = {
      ...registrySettings(args),
      ...(exports === undefined ? {} : { policies: { exportPolicy: { status: exports ? 'enabled' : 'disabled' } } }),
    };
    const body: JsonObject = {
      ...(tags ? { tags } : {}),
      ...(sku ? { sku: { name: sku } } : {}),
      ...(Object.keys(properties).length > 0 ? { properties } : {}),
    };
    if (Object.keys(body).length === 0) throw new UsageError('nothing to update: give at least one setting');
    if (args.boolean('public-network-enabled') === false) context.err(DISABLING_WARNING);
    const path = await findRegistry(context, args.need('name'), args.text('resource-group'));
    return flatten(await (await context.management()).patch(path, apiVersionOf(REGISTRY_TYPE), body));
  },
});
