/** The commands that follow from the table of nouns: `show`, `list` and `delete`. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { parseResourceId } from '#base/resource-id.ts';
import type { Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import type { Context } from './context.ts';
import { UsageError } from './failure.ts';
import { flatten } from './flatten.ts';
import { GENERIC_UPDATE, genericallyUpdated } from './generic-update.ts';
import { NOUNS, type Noun, type Verb } from './nouns.ts';
import { IDS, NO_WAIT, type Option, RESOURCE_GROUP, WHAT_IF, YES } from './options.ts';
import { findRegistry, groupPath, resourcePath } from './resources.ts';
import { apiVersionOf } from './versions.ts';

/** The command that the table gives for these words, e.g. `['acr', 'show']`. */
export function nounCommand(words: readonly string[]): Command | undefined {
  const verb = words.at(-1) as Verb;
  const noun = NOUNS.find((candidate) => candidate.words === words.slice(0, -1).join(' '));
  return noun?.verbs.includes(verb) ? commandOf(noun, verb) : undefined;
}

/** Every command of the table, for the help. */
export function nounCommands(): Command[] {
  return NOUNS.flatMap((noun) => noun.verbs.map((verb) => commandOf(noun, verb)));
}

/** The row of the table for these words, for commands that are written out and name their resource in the same way. */
export function nounOf(words: string): Noun {
  const noun = NOUNS.find((candidate) => candidate.words === words);
  if (!noun) throw new Error(`no noun '${words}'`);
  return noun;
}

/** The options that name resources of a kind: its own name, its parents' and its group's, or ids in their place. */
export function namingOf(noun: Noun): readonly Option[] {
  const named = [noun.name as Option, ...(noun.parents ?? []), ...(noun.place === 'subscription' ? [] : [RESOURCE_GROUP])];
  return [...named.map((option) => ({ ...option, required: false })), IDS];
}

/** The ids that were given, or the one of the resource that was named. @throws UsageError when neither is complete */
export async function targetsOf(noun: Noun, args: Arguments, context: Context): Promise<string[]> {
  const given = args.list('ids');
  if (given) return given.map((id) => parseResourceId(id, 'ids').id);
  const needed = [noun.name as Option, ...(noun.parents ?? []), ...(noun.place === 'group' ? [RESOURCE_GROUP] : [])].filter(
    (option) => args.text(option.name) === undefined,
  );
  if (needed.length > 0) throw new UsageError(`the following arguments are required: ${needed.map((option) => `--${option.name}`).join(', ')} (or --ids)`);
  return [await pathOfNoun(noun, args, context)];
}

/**
 * An update as az does it: the resource is read, changed by what was given by name and then by path, and written back.
 * `change` gets the properties as they were read; tags are set where they are among the options. Several ids give a list.
 */
export function updateOf(
  words: string,
  definition: {
    summary: string;
    options: readonly Option[];
    examples?: readonly string[];
    change?(properties: JsonObject, args: Arguments, context: Context, path: string): Promise<JsonObject> | JsonObject;
  },
): Command {
  const noun = nounOf(words);
  const version = apiVersionOf(noun.type);
  return {
    path: `${words} update`,
    summary: definition.summary,
    options: [...namingOf(noun), ...definition.options, ...GENERIC_UPDATE, NO_WAIT, WHAT_IF],
    ...(definition.examples ? { examples: definition.examples } : {}),
    ...(noun.columns ? { columns: noun.columns } : {}),
    run: async (args, context) => {
      const server = await context.management();
      const updated: JsonObject[] = [];
      for (const path of await targetsOf(noun, args, context)) {
        const { etag: _, ...read } = await server.get(path, version);
        const { provisioningState: __, ...properties } = isJsonObject(read.properties) ? read.properties : {};
        const given = args.pairs('tags');
        const changed = await (definition.change?.(properties, args, context, path) ?? properties);
        updated.push(await server.put(path, version, genericallyUpdated({ ...read, ...(given ? { tags: given } : {}), properties: changed }, args)));
      }
      return flatten(updated.length === 1 ? (updated[0] as JsonObject) : updated);
    },
  };
}

function commandOf(noun: Noun, verb: Verb): Command {
  const parents = noun.parents ?? [];
  if (verb === 'list') {
    const group = { ...RESOURCE_GROUP, required: noun.place === 'group' && parents.length > 0 };
    return {
      path: `${noun.words} list`,
      summary: `List the ${noun.plural}.`,
      options: [...(noun.place === 'subscription' ? [] : [group]), ...parents],
      columns: noun.columns,
      run: async (args, context) => flatten(await listOf(noun, args, context)),
    };
  }
  const naming = namingOf(noun);
  const ids = (args: Arguments, context: Context): Promise<string[]> => targetsOf(noun, args, context);
  const version = apiVersionOf(noun.type);
  if (verb === 'show') {
    return {
      path: `${noun.words} show`,
      summary: `Show a ${noun.singular}.`,
      options: naming,
      columns: noun.columns,
      run: async (args, context) => {
        const paths = await ids(args, context);
        const server = await context.management();
        const shown = await Promise.all(paths.map((path) => server.get(path, version)));
        return flatten(shown.length === 1 ? (shown[0] as JsonObject) : shown);
      },
    };
  }
  return {
    path: `${noun.words} delete`,
    summary: `Delete a ${noun.singular}.`,
    options: [...naming, YES, NO_WAIT, WHAT_IF],
    run: async (args, context) => {
      const paths = await ids(args, context);
      if (noun.confirm && args.boolean('yes') !== true && args.boolean('what-if') !== true)
        await context.confirm(`Are you sure you want to delete the ${noun.singular} '${paths.map((path) => path.split('/').pop()).join("', '")}'?`);
      const server = await context.management();
      for (const path of paths) await server.delete(path, version);
      return undefined;
    },
  };
}

async function pathOfNoun(noun: Noun, args: Arguments, context: Context): Promise<string> {
  if (noun.place === 'subscription') return `${await context.subscriptionPath()}/resourcegroups/${encodeURIComponent(args.need('name'))}`;
  const names = [...(noun.parents ?? []), ...(noun.name ? [noun.name] : [])].map((option) => args.need(option.name));
  const segments = noun.type.split('/').slice(1);
  if (noun.place === 'find') {
    const registry = await findRegistry(context, names[0] as string, args.text('resource-group'));
    return [
      registry,
      ...segments.slice(1).flatMap((segment, index) => [segment, ...(names[index + 1] === undefined ? [] : [encodeURIComponent(names[index + 1] as string)])]),
    ].join('/');
  }
  return resourcePath(await groupPath(context, args.need('resource-group')), noun.type, names);
}

async function listOf(noun: Noun, args: Arguments, context: Context): Promise<JsonObject[]> {
  const server = await context.management();
  const version = apiVersionOf(noun.type);
  if (noun.place === 'subscription') return server.list(`${await context.subscriptionPath()}/resourcegroups`, version);
  const group = args.text('resource-group');
  const parents = (noun.parents ?? []).map((option) => args.need(option.name));
  if (noun.place === 'find' && parents.length > 0) {
    const registry = await findRegistry(context, parents[0] as string, group);
    return server.list(`${registry}/${noun.type.split('/').at(-1)}`, version);
  }
  const scope = group === undefined ? await context.subscriptionPath() : await groupPath(context, group);
  return server.list(resourcePath(scope, noun.type, parents), version);
}
