/** `postern acr manifest ...`: manifests and what is known of them, by the registry's own plane. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Arguments } from '../../arguments.ts';
import { type Command, commands } from '../../command.ts';
import type { Context } from '../../context.ts';
import { UsageError } from '../../failure.ts';
import { type ImageName, imageName, metadataPath } from '../../image-reference.ts';
import { type Option, REGISTRY, YES } from '../../options.ts';
import type { RegistryClient } from '../../registry-client.ts';
import { SIGN_IN } from '../../registry-client.ts';
import { ATTRIBUTES, attributesOf, inner, withClient } from './repository.ts';

const ACCEPT =
  'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, */*';
const TOP: Option = { name: 'top', kind: 'integer', placeholder: 'N', summary: 'At most so many.' };
const ORDER: Option = { name: 'orderby', kind: 'text', choices: ['time_asc', 'time_desc'], summary: 'By time instead of by digest.' };
const NAME: Option = { name: 'name', short: 'n', kind: 'text', placeholder: 'NAME', summary: 'REPOSITORY, REPOSITORY:TAG or REPOSITORY@DIGEST.' };
const COMMON: readonly Option[] = [{ ...REGISTRY, required: false }, NAME, ...SIGN_IN];
const ID = [{ name: 'ID', required: false, summary: 'The same with the registry before it: myregistry.azurecr.io/app:v1.' }];

/** The registry and the image or repository, given by `--registry` and `--name` or as one word with the login server before it. */
function subject(args: Arguments): { registry: string; image: ImageName; repository: string } {
  const [id] = args.positionals;
  const [registry, name] = id === undefined ? [args.text('registry'), args.text('name')] : [id.slice(0, id.indexOf('/')), id.slice(id.indexOf('/') + 1)];
  if (registry === undefined || registry === '' || name === undefined || name === '')
    throw new UsageError('usage error: --registry REGISTRY --name NAME | LOGIN_SERVER/NAME');
  const image = imageName(name, 'name');
  return { registry, image, repository: image.repository };
}

function manifestCommand(
  verb: string,
  summary: string,
  options: readonly Option[],
  run: (client: RegistryClient, args: Arguments, image: ImageName, context: Context) => Promise<unknown>,
): Command {
  return {
    path: `acr manifest ${verb}`,
    summary,
    options: [...COMMON, ...options],
    positionals: ID,
    run: (args, context) => {
      const { registry, image } = subject(args);
      return withClient(args, context, registry, (client) => run(client, args, image, context));
    },
  };
}

async function digestOf(client: RegistryClient, image: ImageName, scope: string): Promise<string> {
  if (image.digest !== undefined) return image.digest;
  return String((inner((await client.ask('GET', metadataPath(image), scope)).body) as JsonObject).digest);
}

const listMetadata = (client: RegistryClient, args: Arguments, { repository }: ImageName): Promise<unknown[]> => {
  const order = args.text('orderby')?.replace('_', '');
  return client.list(
    `/acr/v1/${repository}/_manifests${order === undefined ? '' : `?orderby=${order}`}`,
    `repository:${repository}:metadata_read`,
    'manifests',
    args.integer('top'),
  );
};
const showMetadata = async (client: RegistryClient, _args: Arguments, image: ImageName): Promise<unknown> =>
  inner((await client.ask('GET', metadataPath(image), `repository:${image.repository}:metadata_read`)).body);
const updateMetadata = async (client: RegistryClient, args: Arguments, image: ImageName): Promise<unknown> =>
  inner((await client.ask('PATCH', metadataPath(image), `repository:${image.repository}:metadata_write,metadata_read`, { body: attributesOf(args) })).body);

export default commands(
  manifestCommand(
    'show',
    'Show a manifest.',
    [{ name: 'raw', kind: 'flag', summary: 'The text as it is.' }],
    async (client, args, { repository, tag, digest }, context) => {
      const { body } = await client.ask('GET', `/v2/${repository}/manifests/${digest ?? tag}`, `repository:${repository}:pull`, {
        headers: { accept: ACCEPT },
      });
      if (!args.boolean('raw')) return body;
      context.out(`${typeof body === 'string' ? body : JSON.stringify(body)}\n`);
      return undefined;
    },
  ),
  manifestCommand('list', 'List the manifests of a repository.', [TOP, ORDER], async (client, args, image) => {
    const scope = `repository:${image.repository}:pull,metadata_read`;
    const known = (await listMetadata(client, args, image)).filter((one): one is JsonObject => typeof one === 'object' && one !== null);
    return Promise.all(
      known.map(async ({ digest }) => (await client.ask('GET', `/v2/${image.repository}/manifests/${digest}`, scope, { headers: { accept: ACCEPT } })).body),
    );
  }),
  manifestCommand('list-metadata', 'List what is known of the manifests of a repository.', [TOP, ORDER], listMetadata),
  manifestCommand('show-metadata', 'Show what is known of a manifest or a tag.', [], showMetadata),
  manifestCommand('update-metadata', 'Lock a manifest or a tag against deletion, writing, reading or listing.', ATTRIBUTES, updateMetadata),
  manifestCommand(
    'list-referrers',
    'List the manifests that refer to a manifest.',
    [{ name: 'artifact-type', kind: 'text', summary: 'Of one artifact type.' }],
    async (client, args, image) => {
      const digest = await digestOf(client, image, `repository:${image.repository}:metadata_read`);
      const type = args.text('artifact-type');
      const { body } = await client.ask(
        'GET',
        `/v2/${image.repository}/referrers/${digest}${type === undefined ? '' : `?artifactType=${encodeURIComponent(type)}`}`,
        `repository:${image.repository}:pull`,
      );
      return isJsonObject(body) && Array.isArray(body.manifests) ? { referrers: body.manifests } : body;
    },
  ),
  manifestCommand('delete', 'Delete a manifest with all its tags.', [YES], async (client, args, image, context) => {
    const scope = `repository:${image.repository}:delete,metadata_read`;
    const digest = await digestOf(client, image, scope);
    if (args.boolean('yes') !== true)
      await context.confirm(`Are you sure you want to delete the artifact '${image.repository}@${digest}' and all tags that refer to it?`);
    await client.ask('DELETE', `/v2/${image.repository}/manifests/${digest}`, scope);
    return undefined;
  }),
);
