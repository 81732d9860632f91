/** `postern acr update`: PATCH with only what was given. */
import type { JsonObject } from '#base/json.ts';
import { command } from '../../command.ts';
import { UsageError } from '../../failure.ts';
import { flatten } from '../../flatten.ts';
import { GENERIC_UPDATE, genericallyUpdated, hasGenericUpdate } from '../../generic-update.ts';
import { REGISTRY_COLUMNS } from '../../nouns.ts';
import { NO_WAIT, nameOption, REGISTRY_GROUP, TAGS, WHAT_IF } from '../../options.ts';
import { ALL_SETTINGS, DISABLING_WARNING, registrySettings, warnOfUnkept } from '../../registry-settings.ts';
import { findRegistry, REGISTRY_TYPE } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

export default command({
  path: 'acr update',
  summary: 'Update a registry.',
  options: [
    nameOption('registry'),
    REGISTRY_GROUP,
    { name: 'sku', kind: 'text', choices: ['Basic', 'Standard', 'Premium'], summary: 'The SKU.' },
    TAGS,
    ...ALL_SETTINGS,
    ...GENERIC_UPDATE,
    NO_WAIT,
    WHAT_IF,
  ],
  columns: REGISTRY_COLUMNS,
  examples: [
    'postern acr update -n myregistry --public-network-enabled false',
    'postern acr update -n myregistry --public-network-enabled false --what-if',
    'postern acr update -n myregistry --set networkRuleSet.defaultAction=Allow',
  ],
  run: async (args, context) => {
    const tags = args.pairs('tags');
    const sku = args.text('sku');
    const properties = registrySettings(args);
    const body: JsonObject = {
      ...(tags ? { tags } : {}),
      ...(sku ? { sku: { name: sku } } : {}),
      ...(Object.keys(properties).length > 0 ? { properties } : {}),
    };
    if (Object.keys(body).length === 0 && !hasGenericUpdate(args)) throw new UsageError('nothing to update: give at least one setting');
    if (args.boolean('public-network-enabled') === false) context.warn(DISABLING_WARNING);
    const path = await findRegistry(context, args.need('name'), args.text('resource-group'));
    const server = await context.management();
    const version = apiVersionOf(REGISTRY_TYPE);
    // As az does it: what is set by path is read, changed and written back in whole, under what was given by name.
    if (hasGenericUpdate(args)) {
      const { tags: allTags, sku: oldSku, properties: changed } = genericallyUpdated(await server.get(path, version), args);
      const whole = { tags: tags ?? allTags, sku: sku ? { name: sku } : oldSku, properties: { ...(changed as JsonObject), ...properties } };
      return flatten(await server.patch(path, version, whole as JsonObject));
    }
    const registry = await server.patch(path, version, body);
    warnOfUnkept(context, properties, registry);
    return flatten(registry);
  },
});
