/** `postern acr create`. */
import type { JsonObject } from '#base/json.ts';
import { command } from '../../command.ts';
import { flatten } from '../../flatten.ts';
import { REGISTRY_COLUMNS } from '../../nouns.ts';
import { LOCATION, nameOption, type Option, RESOURCE_GROUP, TAGS } from '../../options.ts';
import { DISABLING_WARNING, registrySettings, SETTINGS } from '../../registry-settings.ts';
import { apiVersionOf, groupPath, locationOf, REGISTRY_TYPE, resourcePath } from '../../resources.ts';

const SKU: Option = {
  name: 'sku',
  kind: 'text',
  choices: ['Basic', 'Standard', 'Premium'],
  required: true,
  summary: 'The SKU. Private endpoints need Premium.',
};

export default command({
  path: 'acr create',
  summary: 'Create a registry.',
  options: [
    nameOption('registry', { summary: 'Name of the registry: 5 to 50 letters and digits, unique.' }),
    RESOURCE_GROUP,
    SKU,
    LOCATION,
    TAGS,
    ...SETTINGS,
    { name: 'zone-redundancy', kind: 'text', choices: ['Disabled', 'Enabled'], summary: 'Whether the registry is zone redundant.' },
    { name: 'allow-exports', kind: 'boolean', summary: 'Whether images may be exported.' },
  ],
  columns: REGISTRY_COLUMNS,
  examples: ['postern acr create -n myregistry -g rg --sku Premium'],
  run: async (args, context) => {
    const group = args.need('resource-group');
    const { networkRuleSet, ...settings } = registrySettings(args);
    const tags = args.pairs('tags');
    const zoneRedundancy = args.text('zone-redundancy');
    const exports = args.boolean('allow-exports');
    const body: JsonObject = {
      location: await locationOf(args, context, group),
      ...(tags ? { tags } : {}),
      sku: { name: args.need('sku') },
      properties: {
        adminUserEnabled: false,
        anonymousPullEnabled: false,
        ...settings,
        ...(networkRuleSet ? { networkRuleSet } : {}),
        ...(zoneRedundancy ? { zoneRedundancy } : {}),
        ...(exports === undefined ? {} : { policies: { exportPolicy: { status: exports ? 'enabled' : 'disabled' } } }),
      },
    };
    if (args.boolean('public-network-enabled') === false) context.err(DISABLING_WARNING);
    const path = resourcePath(await groupPath(context, group), REGISTRY_TYPE, [args.need('name')]);
    return flatten(await (await context.management()).put(path, apiVersionOf(REGISTRY_TYPE), body));
  },
});
