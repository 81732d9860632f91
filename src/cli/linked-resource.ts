/** A resource behind private link, as `az network private-...` names it: by id, or by group, type and name. */
import { parseResourceId } from '#base/resource-id.ts';
import type { Arguments } from './arguments.ts';
import type { Context } from './context.ts';
import { UsageError } from './failure.ts';
import { type Option, RESOURCE_GROUP } from './options.ts';
import { groupPath, resourcePath } from './resources.ts';

/** The options for it; `parent` is the one that names the resource when `--name` names something of it. */
export function linkedTarget(what: string, parent?: string): readonly Option[] {
  return [
    { name: 'id', kind: 'text', placeholder: 'ID', summary: `Id of the ${what}, in place of the rest.` },
    { name: 'name', short: 'n', kind: 'text', placeholder: 'NAME', summary: `Name of the ${what}.` },
    ...(parent === undefined ? [] : [{ name: parent, kind: 'text', placeholder: 'NAME', summary: 'Name of the resource it belongs to.' } as const]),
    { name: 'type', kind: 'text', placeholder: 'TYPE', summary: 'Type of the resource: Microsoft.ContainerRegistry/registries.' },
    { ...RESOURCE_GROUP, required: false },
  ];
}

/** The path of the resource, or of what `--name` names below it. @throws UsageError */
export async function linkedPath(args: Arguments, context: Context, owner: string, segment?: string): Promise<string> {
  const id = args.text('id');
  if (id !== undefined) return parseResourceId(id, 'id').id;
  const [type, group, resource, name] = [args.text('type'), args.text('resource-group'), args.text(owner), args.text('name')];
  if (type === undefined || group === undefined || resource === undefined || name === undefined)
    throw new UsageError(`incorrect usage: --id ID | --name NAME ${owner === 'name' ? '' : `--${owner} NAME `}--type TYPE --resource-group GROUP`);
  const path = resourcePath(await groupPath(context, group), type, [resource]);
  return segment === undefined ? path : `${path}/${segment}/${encodeURIComponent(name)}`;
}
