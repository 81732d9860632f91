/** `postern acr replication ...`: the regions a registry is served from. */
import type { Arguments } from '../../arguments.ts';
import { commands } from '../../command.ts';
import { UsageError } from '../../failure.ts';
import { flatten } from '../../flatten.ts';
import { GENERIC_UPDATE, genericallyUpdated, hasGenericUpdate } from '../../generic-update.ts';
import { REPLICATION_COLUMNS } from '../../nouns.ts';
import { LOCATION, NO_WAIT, nameOption, type Option, REGISTRY, REGISTRY_GROUP, TAGS, WHAT_IF } from '../../options.ts';
import { locationNamed, ofRegistry, REGISTRY_TYPE } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

const VERSION = apiVersionOf(REGISTRY_TYPE);
const ROUTED: Option = {
  name: 'global-endpoint-routing',
  aliases: ['region-endpoint-enabled'],
  kind: 'boolean',
  summary: "Whether the registry's own name leads here too.",
};

function routed(args: Arguments): { regionEndpointEnabled?: boolean } {
  const enabled = args.boolean('global-endpoint-routing');
  return enabled === undefined ? {} : { regionEndpointEnabled: enabled };
}

export default commands(
  {
    path: 'acr replication create',
    summary: 'Serve a registry from a further region. Every private endpoint of it gets one more address.',
    options: [
      REGISTRY,
      REGISTRY_GROUP,
      { ...LOCATION, required: true, summary: 'Region, for example eastus.' },
      nameOption('replication', { required: false, summary: "Name of the replication. Default: the region's." }),
      ROUTED,
      { name: 'zone-redundancy', kind: 'text', choices: ['Disabled', 'Enabled'], summary: 'Whether it is zone redundant.' },
      TAGS,
      NO_WAIT,
    ],
    columns: REPLICATION_COLUMNS,
    examples: ['postern acr replication create -r myregistry -l eastus'],
    run: async (args, context) => {
      const location = await locationNamed(context, args.need('location'));
      const zoneRedundancy = args.text('zone-redundancy');
      const tags = args.pairs('tags');
      const properties = { ...routed(args), ...(zoneRedundancy === undefined ? {} : { zoneRedundancy }) };
      const path = await ofRegistry(args, context, 'replications', args.text('name') ?? location.toLowerCase());
      return flatten(await (await context.management()).put(path, VERSION, { location, ...(tags ? { tags } : {}), properties }));
    },
  },
  {
    path: 'acr replication update',
    summary: 'Update a replication.',
    options: [nameOption('replication'), REGISTRY, REGISTRY_GROUP, ROUTED, TAGS, ...GENERIC_UPDATE, WHAT_IF],
    columns: REPLICATION_COLUMNS,
    run: async (args, context) => {
      const path = await ofRegistry(args, context, 'replications', args.need('name'));
      const server = await context.management();
      const tags = args.pairs('tags');
      const properties = routed(args);
      if (hasGenericUpdate(args)) return flatten(await server.put(path, VERSION, genericallyUpdated(await server.get(path, VERSION), args)));
      if (tags === undefined && Object.keys(properties).length === 0) throw new UsageError('nothing to update: give at least one setting');
      return flatten(await server.patch(path, VERSION, { ...(tags ? { tags } : {}), properties }));
    },
  },
);
