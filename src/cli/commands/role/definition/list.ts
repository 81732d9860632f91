/** `postern role definition list`. */
import { command } from '../../../command.ts';
import { flatten } from '../../../flatten.ts';
import { DEFINITIONS, propertiesOf, SCOPE, scopeOf } from '../../../roles.ts';
import { apiVersionOf } from '../../../versions.ts';

export default command({
  path: 'role definition list',
  summary: 'List the roles.',
  options: [
    { name: 'name', short: 'n', kind: 'text', placeholder: 'NAME', summary: "The role's name or GUID." },
    { name: 'custom-role-only', kind: 'boolean', summary: 'Only the custom ones.' },
    SCOPE,
  ],
  columns: { Name: 'roleName', Type: 'roleType', Description: 'description' },
  run: async (args, context) => {
    const all = await (await context.management()).list(`${await scopeOf(args, context)}/providers/${DEFINITIONS}`, apiVersionOf(DEFINITIONS));
    const name = args.text('name')?.toLowerCase();
    return flatten(
      all.filter((definition) => {
        const properties = propertiesOf(definition);
        if (args.boolean('custom-role-only') && properties.type !== 'CustomRole') return false;
        return name === undefined || [String(properties.roleName), String(definition.name)].some((text) => text.toLowerCase() === name);
      }),
    );
  },
});
