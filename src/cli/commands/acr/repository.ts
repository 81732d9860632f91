/** `postern acr repository ...`: repositories and tags, by the registry's own plane. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Arguments } from '../../arguments.ts';
import { type Command, commands } from '../../command.ts';
import type { Context } from '../../context.ts';
import { UsageError } from '../../failure.ts';
import { imageName, metadataPath } from '../../image-reference.ts';
import { nameOption, type Option, REGISTRY_GROUP, YES } from '../../options.ts';
import { type RegistryClient, registryClient, SIGN_IN } from '../../registry-client.ts';

const REPOSITORY: Option = { name: 'repository', kind: 'text', placeholder: 'REPOSITORY', summary: 'Name of the repository.' };
const IMAGE: Option = { name: 'image', short: 't', kind: 'text', placeholder: 'REPOSITORY:TAG', summary: 'A tag, or REPOSITORY@DIGEST.' };
const TOP: Option = { name: 'top', kind: 'integer', placeholder: 'N', summary: 'At most so many.' };
const ORDER: Option = { name: 'orderby', kind: 'text', choices: ['time_asc', 'time_desc'], summary: 'By time instead of by name.' };
const DETAIL: Option = { name: 'detail', kind: 'flag', summary: 'All that is known of each.' };
const COMMON: readonly Option[] = [nameOption('registry'), REGISTRY_GROUP, ...SIGN_IN];
export const ATTRIBUTES: readonly Option[] = ['delete', 'list', 'read', 'write'].map((verb) => ({
  name: `${verb}-enabled`,
  kind: 'boolean',
  summary: `Whether it may be ${verb === 'list' ? 'listed' : verb === 'read' ? 'read' : verb === 'write' ? 'written' : 'deleted'}.`,
}));

export function attributesOf(args: Arguments): JsonObject {
  const given = ['delete', 'list', 'read', 'write']
    .map((verb) => [`${verb}Enabled`, args.boolean(`${verb}-enabled`)] as const)
    .filter(([, value]) => value !== undefined);
  if (given.length === 0) throw new UsageError('nothing to update: give at least one of --delete-enabled, --list-enabled, --read-enabled, --write-enabled');
  return Object.fromEntries(given) as JsonObject;
}

/** Runs with the registry's client, signed in as the arguments say. */
export async function withClient<T>(args: Arguments, context: Context, name: string, run: (client: RegistryClient) => Promise<T>): Promise<T> {
  const [username, password] = [args.text('username'), args.text('password')];
  if ((username === undefined) !== (password === undefined)) throw new UsageError('usage error: --username USER --password PASSWORD');
  const client = await registryClient(context, name, username === undefined ? undefined : { username, password: password as string });
  return run(client).finally(() => client.close());
}

const onClient = (args: Arguments, context: Context, run: (client: RegistryClient) => Promise<unknown>): Promise<unknown> =>
  withClient(args, context, args.need('name'), run);

/** The path and scope name of the repository or image that is given; exactly one of both. */
function subject(args: Arguments): { repository: string; path: string } {
  const [repository, image] = [args.text('repository'), args.text('image')];
  if ((repository === undefined) === (image === undefined)) throw new UsageError('usage error: --repository REPOSITORY | --image REPOSITORY:TAG');
  if (repository !== undefined) return { repository, path: `/acr/v1/${repository}` };
  const named = imageName(image as string, 'image');
  return { repository: named.repository, path: metadataPath(named) };
}

/** What an answer says of a tag or manifest lies one level below. */
export function inner(body: unknown): unknown {
  if (!isJsonObject(body)) return body;
  return isJsonObject(body.tag) ? body.tag : isJsonObject(body.manifest) ? body.manifest : body;
}

function listing(verb: string, summary: string, segment: string, key: string, plain: (item: JsonObject) => unknown): Command {
  return {
    path: `acr repository ${verb}`,
    summary,
    options: [...COMMON, { ...REPOSITORY, required: true }, TOP, ORDER, DETAIL],
    run: (args, context) =>
      onClient(args, context, async (client) => {
        const repository = args.need('repository');
        const order = args.text('orderby')?.replace('_', '');
        const path = `/acr/v1/${repository}/${segment}${order === undefined ? '' : `?orderby=${order}`}`;
        const items = (await client.list(path, `repository:${repository}:metadata_read`, key, args.integer('top'))).filter(isJsonObject);
        return args.boolean('detail') ? items : items.map(plain);
      }),
  };
}

export default commands(
  {
    path: 'acr repository list',
    summary: 'List the repositories in a registry.',
    options: [...COMMON, TOP],
    run: (args, context) => onClient(args, context, (client) => client.list('/v2/_catalog', 'registry:catalog:*', 'repositories', args.integer('top'))),
  },
  {
    path: 'acr repository show',
    summary: 'Show what is known of a repository, a tag or a manifest.',
    options: [...COMMON, REPOSITORY, IMAGE],
    run: (args, context) =>
      onClient(args, context, async (client) => {
        const { repository, path } = subject(args);
        return inner((await client.ask('GET', path, `repository:${repository}:metadata_read`)).body);
      }),
  },
  listing('show-tags', 'List the tags of a repository.', '_tags', 'tags', ({ name }) => name),
  listing('show-manifests', 'List the manifests of a repository.', '_manifests', 'manifests', (manifest) => manifest),
  {
    path: 'acr repository update',
    summary: 'Lock a repository, a tag or a manifest against deletion, writing, reading or listing.',
    options: [...COMMON, REPOSITORY, IMAGE, ...ATTRIBUTES],
    examples: ['postern acr repository update -n myregistry --image app:v1 --write-enabled false'],
    run: (args, context) =>
      onClient(args, context, async (client) => {
        const { repository, path } = subject(args);
        return inner((await client.ask('PATCH', path, `repository:${repository}:metadata_write,metadata_read`, { body: attributesOf(args) })).body);
      }),
  },
  {
    path: 'acr repository untag',
    summary: 'Remove a tag, and leave what it named.',
    options: [...COMMON, { ...IMAGE, required: true }],
    run: (args, context) =>
      onClient(args, context, async (client) => {
        const { repository, tag } = imageName(args.need('image'), 'image');
        if (tag === undefined) throw new UsageError('argument --image: name a tag, not a digest');
        await client.ask('DELETE', `/acr/v1/${repository}/_tags/${tag}`, `repository:${repository}:delete`);
        return undefined;
      }),
  },
  {
    path: 'acr repository delete',
    summary: 'Delete a repository, or a manifest with all its tags.',
    options: [...COMMON, REPOSITORY, IMAGE, YES],
    run: (args, context) =>
      onClient(args, context, async (client) => {
        const { repository, path } = subject(args);
        const scope = `repository:${repository}:delete,metadata_read`;
        if (args.text('image') === undefined) {
          if (args.boolean('yes') !== true) await context.confirm(`Are you sure you want to delete the repository '${repository}' and all images under it?`);
          return (await client.ask('DELETE', path, scope)).body;
        }
        const { tag, digest } = imageName(args.need('image'), 'image');
        const manifest = digest ?? String((inner((await client.ask('GET', path, scope)).body) as JsonObject).digest);
        const tags = (await client.list(`/acr/v1/${repository}/_tags`, scope, 'tags')).filter(isJsonObject).filter((one) => one.digest === manifest);
        const told = `This operation will delete the manifest '${manifest}' and all the following images: ${tags.map(({ name }) => `'${repository}:${name}'`).join(', ') || `'${repository}:${tag ?? manifest}'`}.`;
        if (args.boolean('yes') !== true) await context.confirm(`${told}\nAre you sure you want to continue?`);
        await client.ask('DELETE', `/v2/${repository}/manifests/${manifest}`, scope);
        return undefined;
      }),
  },
);
