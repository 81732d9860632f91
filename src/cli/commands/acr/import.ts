/** `postern acr import`: copies an image into a registry, from another registry or from the world's own images. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { command } from '../../command.ts';
import { UsageError } from '../../failure.ts';
import { NO_WAIT, nameOption, REGISTRY_GROUP } from '../../options.ts';
import { findRegistry, REGISTRY_TYPE } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

const VERSION = apiVersionOf(REGISTRY_TYPE);

export default command({
  path: 'acr import',
  summary: 'Import an image into a registry.',
  options: [
    nameOption('registry'),
    REGISTRY_GROUP,
    {
      name: 'source',
      kind: 'text',
      placeholder: 'HOST/REPOSITORY:TAG',
      required: true,
      summary: 'The image; without its host when --registry names the registry it is in.',
    },
    { name: 'registry', short: 'r', kind: 'text', placeholder: 'NAME_OR_ID', summary: 'Name, login server or id of the registry it is in.' },
    { name: 'username', short: 'u', kind: 'text', summary: 'User of the registry it is in.' },
    { name: 'password', short: 'p', kind: 'text', summary: 'Password of the registry it is in.' },
    {
      name: 'image',
      short: 't',
      kind: 'list',
      repeat: true,
      placeholder: 'REPOSITORY:TAG',
      summary: 'What it is called here. Default: as it is there. May be given several times.',
    },
    {
      name: 'repository',
      kind: 'list',
      repeat: true,
      placeholder: 'REPOSITORY',
      summary: 'A repository to import into without a tag. May be given several times.',
    },
    { name: 'force', kind: 'flag', summary: 'Replace a tag that is there.' },
    NO_WAIT,
  ],
  examples: ['postern acr import -n myregistry --source mcr.microsoft.com/hello-world:latest -t hello-world:v1'],
  run: async (args, context) => {
    const path = await findRegistry(context, args.need('name'), args.text('resource-group'));
    const server = await context.management();
    const [user, password] = [args.text('username'), args.text('password')];
    if (user !== undefined && password === undefined) throw new UsageError('usage error: --password PASSWORD | --username USER --password PASSWORD');
    const registries = password === undefined ? await server.list(`${await context.subscriptionPath()}/providers/${REGISTRY_TYPE}`, VERSION) : [];
    const { host, resourceId, image } = sourceOf(args.need('source'), args.text('registry'), registries);
    const tags = args.list('image');
    const untagged = args.list('repository');
    const body: JsonObject = {
      source: {
        ...(resourceId === undefined ? { registryUri: host as string } : { resourceId }),
        sourceImage: image,
        ...(password === undefined ? {} : { credentials: { ...(user === undefined ? {} : { username: user }), password } }),
      },
      // az's default: the name it has there, unless it is wanted without one.
      targetTags: tags !== undefined ? [...tags] : untagged === undefined && !image.includes('@') ? [image] : [],
      ...(untagged === undefined ? {} : { untaggedTargetRepositories: [...untagged] }),
      mode: args.boolean('force') ? 'Force' : 'NoForce',
    };
    if ((body.targetTags as string[]).length === 0 && untagged === undefined) body.untaggedTargetRepositories = [image.split('@')[0] as string];
    await server.post(`${path}/importImage`, VERSION, body);
    return undefined;
  },
});

/** Where the image is and what it is called there. A registry of this subscription is named by its id, which says who may read it. @throws UsageError */
export function sourceOf(
  source: string,
  registry: string | undefined,
  registries: readonly JsonObject[],
): { host?: string; resourceId?: string; image: string } {
  const loginServer = (one: JsonObject): string => String(isJsonObject(one.properties) ? one.properties.loginServer : '').toLowerCase();
  const found = (text: string): JsonObject | undefined =>
    registries.find((one) => [String(one.name).toLowerCase(), loginServer(one)].includes(text.toLowerCase()));
  if (registry?.startsWith('/')) return { resourceId: registry, image: source };
  if (registry !== undefined) {
    const match = found(registry);
    return match ? { resourceId: String(match.id), image: source } : { host: registry, image: source };
  }
  const slash = source.indexOf('/');
  const host = source.slice(0, slash);
  if (slash < 1 || !host.includes('.'))
    throw new UsageError("argument --source: name the image's registry as well, as in mcr.microsoft.com/hello-world:latest, or give --registry");
  const match = registries.find((one) => loginServer(one) === host.toLowerCase());
  return match ? { resourceId: String(match.id), image: source.slice(slash + 1) } : { host, image: source.slice(slash + 1) };
}
