/** Any resource by its id, or by group, namespace, parent, type and name, as az's generic commands and locks name it. */
import { parseResourceId } from '#base/resource-id.ts';
import type { Arguments } from './arguments.ts';
import type { Context } from './context.ts';
import { UsageError } from './failure.ts';
import { type Option, RESOURCE_GROUP } from './options.ts';
import { groupPath } from './resources.ts';

/** The options but for the name, which is called differently by different commands. */
export const RESOURCE_OPTIONS: readonly Option[] = [
  { ...RESOURCE_GROUP, required: false },
  { name: 'namespace', kind: 'text', placeholder: 'NAMESPACE', summary: 'Provider namespace, for example Microsoft.Network.' },
  { name: 'parent', kind: 'text', placeholder: 'TYPE/NAME', summary: 'The path of its parents below the namespace, for example virtualNetworks/vnet-app.' },
  { name: 'resource-type', kind: 'text', placeholder: 'TYPE', summary: 'Its type, with the namespace before it or beside it.' },
];

/** The path of the resource that is named. @throws UsageError when not enough is said of it */
export async function namedResource(args: Arguments, context: Context, name: string): Promise<string> {
  if (name.startsWith('/')) return parseResourceId(name).id;
  const [group, given] = [args.text('resource-group'), args.text('resource-type')];
  if (group === undefined || given === undefined)
    throw new UsageError('usage error: --ids ID ... | --resource-group GROUP --resource-type NAMESPACE/TYPE --name NAME [--parent TYPE/NAME]');
  const namespace = args.text('namespace') ?? (given.includes('/') ? given.split('/')[0] : undefined);
  if (namespace === undefined) throw new UsageError('usage error: --resource-type NAMESPACE/TYPE | --namespace NAMESPACE --resource-type TYPE');
  const types = (given.toLowerCase().startsWith(`${namespace.toLowerCase()}/`) ? given.slice(namespace.length + 1) : given).split('/');
  const parent = args.text('parent')?.replace(/^\/|\/$/g, '');
  // `--resource-type NS/registries/replications --parent registries/r` names the child's type in whole: only its last segment follows the parent.
  const own = parent === undefined ? types.join('/') : (types.at(-1) as string);
  return `${await groupPath(context, group)}/providers/${namespace}/${parent === undefined ? '' : `${parent}/`}${own}/${encodeURIComponent(name)}`;
}

/** The type of a path, as providers list it: `Microsoft.Network` and `virtualNetworks/subnets`. */
export function typeOfPath(path: string): { namespace: string; type: string } {
  const at = path.toLowerCase().lastIndexOf('/providers/');
  const [namespace = '', ...rest] = path.slice(at + '/providers/'.length).split('/');
  return { namespace, type: rest.filter((_, index) => index % 2 === 0).join('/') };
}
