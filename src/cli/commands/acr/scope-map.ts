/** `postern acr scope-map ...`: what tokens may do in which repositories. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { commands } from '../../command.ts';
import { UsageError } from '../../failure.ts';
import { flatten } from '../../flatten.ts';
import { SCOPE_MAP_COLUMNS } from '../../nouns.ts';
import { nameOption, type Option, REGISTRY, REGISTRY_GROUP, WHAT_IF } from '../../options.ts';
import { ofRegistry, REGISTRY_TYPE } from '../../resources.ts';
import { actionsOf, GATEWAY, REPOSITORY } from '../../scope-actions.ts';
import { apiVersionOf } from '../../versions.ts';

const DESCRIPTION: Option = { name: 'description', kind: 'text', summary: 'What it is for.' };
const VERSION = apiVersionOf(REGISTRY_TYPE);

export default commands(
  {
    path: 'acr scope-map create',
    summary: 'Create a scope map.',
    options: [nameOption('scope map'), REGISTRY, REGISTRY_GROUP, REPOSITORY, GATEWAY, DESCRIPTION],
    columns: SCOPE_MAP_COLUMNS,
    examples: ['postern acr scope-map create -n readers -r myregistry --repository app content/read metadata/read'],
    run: async (args, context) => {
      const actions = actionsOf(args.lists('repository'), args.lists('gateway'));
      if (actions.length === 0) throw new UsageError('give at least one --repository or --gateway with its actions');
      const path = await ofRegistry(args, context, 'scopeMaps', args.need('name'));
      const description = args.text('description');
      return flatten(await (await context.management()).put(path, VERSION, { properties: { ...(description === undefined ? {} : { description }), actions } }));
    },
  },
  {
    path: 'acr scope-map update',
    summary: 'Add actions to a scope map, or take some out.',
    options: [
      nameOption('scope map'),
      REGISTRY,
      REGISTRY_GROUP,
      { ...REPOSITORY, name: 'add-repository', aliases: ['add-repo'], summary: 'A repository and the actions to add.' },
      { ...REPOSITORY, name: 'remove-repository', aliases: ['remove-repo'], summary: 'A repository and the actions to take out.' },
      { ...GATEWAY, name: 'add-gateway', summary: 'A connected registry and the actions to add.' },
      { ...GATEWAY, name: 'remove-gateway', summary: 'A connected registry and the actions to take out.' },
      DESCRIPTION,
      WHAT_IF,
    ],
    columns: SCOPE_MAP_COLUMNS,
    run: async (args, context) => {
      const path = await ofRegistry(args, context, 'scopeMaps', args.need('name'));
      const server = await context.management();
      const { properties } = await server.get(path, VERSION);
      const added = actionsOf(args.lists('add-repository'), args.lists('add-gateway'));
      const removed = new Set(actionsOf(args.lists('remove-repository'), args.lists('remove-gateway')));
      const description = args.text('description');
      const actions = [...new Set([...actionsIn(properties), ...added])].filter((action) => !removed.has(action));
      return flatten(await server.patch(path, VERSION, { properties: { actions, ...(description === undefined ? {} : { description }) } }));
    },
  },
);

function actionsIn(properties: JsonObject['properties']): string[] {
  return isJsonObject(properties) && Array.isArray(properties.actions) ? properties.actions.map(String) : [];
}
