/** How commands find resources: paths, the api-version az sends for each type, names or ids, and the registry that is named without its group. */
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import { parseResourceId } from '#base/resource-id.ts';
import type { Arguments } from './arguments.ts';
import type { Context } from './context.ts';
import { RESOURCES_VERSION, SUBSCRIPTIONS_VERSION } from './versions.ts';

/** `SCOPE/providers/NAMESPACE/TYPE/NAME/SUBTYPE/NAME...`; a type with one segment more than names is a collection. */
export function resourcePath(scope: string, type: string, names: readonly string[]): string {
  const [namespace = '', ...segments] = type.split('/');
  const parts = segments.flatMap((segment, index) => (index < names.length ? [segment, encodeURIComponent(names[index] as string)] : [segment]));
  return `${scope}/providers/${namespace}/${parts.join('/')}`;
}

export async function groupPath(context: Context, group: string): Promise<string> {
  return `${await context.subscriptionPath()}/resourceGroups/${encodeURIComponent(group)}`;
}

/** The id itself when one is given, else the id of the named resource in the group: nothing is looked up. */
export async function idOf(context: Context, nameOrId: string, group: string, type: string, parents: readonly string[] = []): Promise<string> {
  if (nameOrId.startsWith('/')) return parseResourceId(nameOrId).id;
  return resourcePath(await groupPath(context, group), type, [...parents, nameOrId]);
}

/** `--location` as typed, or without blanks for a display name; else the group's own. */
export async function locationOf(args: Arguments, context: Context, group: string): Promise<string> {
  const given = args.text('location');
  if (given === undefined) {
    const server = await context.management();
    return String((await server.get(`${await context.subscriptionPath()}/resourcegroups/${encodeURIComponent(group)}`, RESOURCES_VERSION)).location);
  }
  return locationNamed(context, given);
}

/** The name of a region that is given by its name or, with blanks, by its display name. */
export async function locationNamed(context: Context, given: string): Promise<string> {
  if (!given.includes(' ')) return given;
  const server = await context.management();
  const locations = await server.list(`${await context.subscriptionPath()}/locations`, SUBSCRIPTIONS_VERSION);
  const match = locations.find((location) => String(location.displayName).toLowerCase() === given.toLowerCase());
  return match ? String(match.name) : given.replaceAll(' ', '').toLowerCase();
}

/** The code of the fault when no registry has the name. */
export const NO_REGISTRY = 'RegistryNotFound';
export const REGISTRY_TYPE = 'Microsoft.ContainerRegistry/registries';

/** The id of a registry by its name (or login server), in the group when one is given, else wherever it lies in the subscription. */
export async function findRegistry(context: Context, name: string, group: string | undefined): Promise<string> {
  if (name.startsWith('/')) return parseResourceId(name).id;
  const short = name.split('.')[0] as string;
  if (group !== undefined) return resourcePath(await groupPath(context, group), REGISTRY_TYPE, [short]);
  const server = await context.management();
  const subscription = await context.subscriptionPath();
  const filter = encodeURIComponent(`resourceType eq '${REGISTRY_TYPE}'`);
  const all: JsonObject[] = await server.list(`${subscription}/resources?$filter=${filter}`, RESOURCES_VERSION);
  const found = all.filter((resource) => String(resource.name).toLowerCase() === short.toLowerCase());
  if (found.length === 0) {
    // az's words, and its exit code: 1, since no server said 404.
    const displayName = (await server.find(subscription, SUBSCRIPTIONS_VERSION))?.displayName ?? '';
    throw new Fault(
      'conflict',
      NO_REGISTRY,
      `The resource with name '${name}' and type '${REGISTRY_TYPE}' could not be found in subscription '${displayName} (${subscription.split('/').pop()})'.`,
    );
  }
  if (found.length > 1)
    throw new Fault(
      'conflict',
      'Ambiguous',
      `More than one resources with type '${REGISTRY_TYPE}' are found with name '${name}'. Say which by --resource-group.`,
    );
  return String(found[0]?.id);
}

/** The path of something of a registry, by the command's `--registry` and `--resource-group`; of the collection without a name. */
export async function ofRegistry(args: Arguments, context: Context, segment: string, name?: string): Promise<string> {
  const registry = await findRegistry(context, args.need('registry'), args.text('resource-group'));
  return `${registry}/${segment}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}
