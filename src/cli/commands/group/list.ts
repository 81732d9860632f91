/** `postern group list`. */
import { isJsonObject } from '#base/json.ts';
import { command } from '../../command.ts';
import { flatten } from '../../flatten.ts';
import { nounOf } from '../../noun-commands.ts';
import { RESOURCES_VERSION } from '../../versions.ts';

export default command({
  path: 'group list',
  summary: 'List the resource groups.',
  options: [{ name: 'tag', kind: 'text', placeholder: 'KEY[=VALUE]', summary: 'Those with this tag.' }],
  columns: nounOf('group').columns,
  run: async (args, context) => {
    const all = await (await context.management()).list(`${await context.subscriptionPath()}/resourcegroups`, RESOURCES_VERSION);
    const [key, value] = args.text('tag')?.split(/=(.*)/s) ?? [];
    return flatten(all.filter(({ tags }) => key === undefined || (isJsonObject(tags) && key in tags && (value === undefined || tags[key] === value))));
  },
});
