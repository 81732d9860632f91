/** `postern acr credential ...`: the admin user's passwords. */
import { isJsonObject } from '#base/json.ts';
import type { Arguments } from '../../arguments.ts';
import { commands } from '../../command.ts';
import type { Context } from '../../context.ts';
import { nameOption, REGISTRY_GROUP } from '../../options.ts';
import { findRegistry, REGISTRY_TYPE } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

const COLUMNS = { USERNAME: 'username', PASSWORD: 'passwords.0.value', PASSWORD2: 'passwords.1.value' };

/** Asks for the passwords, or for a new one; as az does, only of a registry that has the admin user enabled. */
async function ask(args: Arguments, context: Context, action: string, body?: { name: string }): Promise<unknown> {
  const version = apiVersionOf(REGISTRY_TYPE);
  const path = await findRegistry(context, args.need('name'), args.text('resource-group'));
  const server = await context.management();
  const registry = await server.get(path, version);
  if (!isJsonObject(registry.properties) || registry.properties.adminUserEnabled !== true)
    throw new Error(`Run 'postern acr update -n ${registry.name} --admin-enabled true' to enable admin first.`);
  return server.post(`${path}/${action}`, version, body);
}

export default commands(
  {
    path: 'acr credential show',
    summary: "Show the admin user's name and passwords.",
    options: [nameOption('registry'), REGISTRY_GROUP],
    columns: COLUMNS,
    run: (args, context) => ask(args, context, 'listCredentials'),
  },
  {
    path: 'acr credential renew',
    summary: 'Make one of the passwords anew.',
    options: [
      nameOption('registry'),
      REGISTRY_GROUP,
      { name: 'password-name', kind: 'text', choices: ['password', 'password2'], required: true, summary: 'Which one.' },
    ],
    columns: COLUMNS,
    run: (args, context) => ask(args, context, 'regenerateCredential', { name: args.need('password-name') }),
  },
);
