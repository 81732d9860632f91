/** `postern acr token ...`: names with passwords that a scope map limits to repositories. */
import { systemClock } from '#base/clock.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Arguments } from '../../arguments.ts';
import { commands } from '../../command.ts';
import type { Context } from '../../context.ts';
import { UsageError } from '../../failure.ts';
import { flatten } from '../../flatten.ts';
import { TOKEN_COLUMNS } from '../../nouns.ts';
import { nameOption, type Option, REGISTRY, REGISTRY_GROUP, WHAT_IF } from '../../options.ts';
import { ofRegistry, REGISTRY_TYPE } from '../../resources.ts';
import { actionsOf, GATEWAY, REPOSITORY } from '../../scope-actions.ts';
import { apiVersionOf } from '../../versions.ts';

const VERSION = apiVersionOf(REGISTRY_TYPE);
const STATUS: Option = { name: 'status', kind: 'text', choices: ['disabled', 'enabled'], summary: 'Whether the token may be used.' };
const SCOPE_MAP: Option = {
  name: 'scope-map',
  kind: 'text',
  placeholder: 'NAME_OR_ID',
  summary: 'Name or id of a scope map, in place of --repository and --gateway.',
};
const EXPIRY: readonly Option[] = [
  { name: 'expiration', kind: 'text', placeholder: 'TIME', summary: 'When the passwords end, UTC: 2030-01-01T00:00:00Z.' },
  { name: 'expiration-in-days', kind: 'integer', placeholder: 'DAYS', summary: 'In how many days the passwords end.' },
];
const PASSWORDS: readonly Option[] = [
  { name: 'password1', kind: 'flag', summary: 'The first password only.' },
  { name: 'password2', kind: 'flag', summary: 'The second password only.' },
];
const CREDENTIAL_COLUMNS = {
  USERNAME: 'username',
  PASSWORD: 'passwords.0.value',
  EXPIRY: 'passwords.0.expiry',
  PASSWORD2: 'passwords.1.value',
  EXPIRY2: 'passwords.1.expiry',
};

/** The end that was asked for, or nothing for passwords without one. @throws UsageError when it is no time */
function expiryOf(args: Arguments): { expiry?: string } {
  const at = args.text('expiration');
  const days = args.integer('expiration-in-days');
  if (at !== undefined && days !== undefined) throw new UsageError('usage error: --expiration TIME | --expiration-in-days DAYS');
  if (days !== undefined) return { expiry: new Date(systemClock.now() + days * 86_400_000).toISOString() };
  if (at === undefined) return {};
  const time = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(at) ? at : `${at}Z`);
  if (Number.isNaN(time)) throw new UsageError(`argument --expiration: '${at}' is not a time such as 2030-01-01T00:00:00Z`);
  return { expiry: new Date(time).toISOString() };
}

async function scopeMapId(args: Arguments, context: Context): Promise<string | undefined> {
  const given = args.text('scope-map');
  return given === undefined || given.startsWith('/') ? given : ofRegistry(args, context, 'scopeMaps', given);
}

/** New passwords: shown once. */
async function generated(args: Arguments, context: Context, tokenId: string, name?: string): Promise<JsonObject> {
  const body = { tokenId, ...(name === undefined ? {} : { name }), ...expiryOf(args) };
  const path = await ofRegistry(args, context, 'generateCredentials');
  context.warn('Please store your generated credentials safely.');
  return (await (await context.management()).post(path, VERSION, body)) as JsonObject;
}

export default commands(
  {
    path: 'acr token create',
    summary: 'Create a token, with a scope map of its own unless one is named, and with passwords.',
    options: [
      nameOption('token'),
      REGISTRY,
      REGISTRY_GROUP,
      REPOSITORY,
      GATEWAY,
      SCOPE_MAP,
      STATUS,
      { name: 'no-passwords', kind: 'boolean', summary: 'Make none yet.' },
      ...EXPIRY,
    ],
    columns: TOKEN_COLUMNS,
    examples: [
      'postern acr token create -n ci -r myregistry --repository app content/read content/write',
      'postern acr token create -n ci -r myregistry --scope-map _repositories_pull',
    ],
    run: async (args, context) => {
      const name = args.need('name');
      const actions = actionsOf(args.lists('repository'), args.lists('gateway'));
      const named = await scopeMapId(args, context);
      if (actions.length > 0 === (named !== undefined))
        throw new UsageError('usage error: --repository REPOSITORY ACTION ... | --gateway NAME ACTION ... | --scope-map NAME');
      expiryOf(args);
      const server = await context.management();
      const scopeMap = named ?? (await ofRegistry(args, context, 'scopeMaps', `${name}-scope-map`));
      if (named === undefined) {
        const existing = await server.find(scopeMap, VERSION);
        const has = isJsonObject(existing?.properties) && Array.isArray(existing.properties.actions) ? existing.properties.actions.map(String) : undefined;
        if (has !== undefined && [...has].sort().join() !== [...actions].sort().join())
          throw new Error(`There is a scope map '${name}-scope-map' with other actions. Use it with --scope-map ${name}-scope-map, or delete it first.`);
        await server.put(scopeMap, VERSION, { properties: { description: `Created by token: ${name}`, actions } });
      }
      const path = await ofRegistry(args, context, 'tokens', name);
      const token = await server.put(path, VERSION, { properties: { scopeMapId: scopeMap, status: args.text('status') ?? 'enabled' } });
      if (args.boolean('no-passwords')) return flatten(token);
      const credentials = await generated(args, context, String(token.id));
      const printed = flatten(token) as JsonObject;
      return { ...printed, credentials: { ...(isJsonObject(printed.credentials) ? printed.credentials : {}), ...credentials } };
    },
  },
  {
    path: 'acr token update',
    summary: "Change a token's scope map, or whether it may be used.",
    options: [nameOption('token'), REGISTRY, REGISTRY_GROUP, SCOPE_MAP, STATUS, WHAT_IF],
    columns: TOKEN_COLUMNS,
    run: async (args, context) => {
      const scopeMap = await scopeMapId(args, context);
      const status = args.text('status');
      if (scopeMap === undefined && status === undefined) throw new UsageError('nothing to update: give --scope-map or --status');
      const properties = { ...(scopeMap === undefined ? {} : { scopeMapId: scopeMap }), ...(status === undefined ? {} : { status }) };
      return flatten(await (await context.management()).patch(await ofRegistry(args, context, 'tokens', args.need('name')), VERSION, { properties }));
    },
  },
  {
    path: 'acr token credential generate',
    summary: 'Make passwords of a token anew: both, or one.',
    options: [nameOption('token'), REGISTRY, REGISTRY_GROUP, ...PASSWORDS, ...EXPIRY],
    columns: CREDENTIAL_COLUMNS,
    run: async (args, context) => {
      const [one, two] = [args.boolean('password1') === true, args.boolean('password2') === true];
      return generated(args, context, await ofRegistry(args, context, 'tokens', args.need('name')), one === two ? undefined : one ? 'password1' : 'password2');
    },
  },
  {
    path: 'acr token credential delete',
    summary: 'End passwords of a token.',
    options: [nameOption('token'), REGISTRY, REGISTRY_GROUP, ...PASSWORDS, WHAT_IF],
    run: async (args, context) => {
      const gone = ['password1', 'password2'].filter((name) => args.boolean(name) === true);
      if (gone.length === 0) throw new UsageError('usage error: --password1 | --password2 | --password1 --password2');
      const path = await ofRegistry(args, context, 'tokens', args.need('name'));
      const server = await context.management();
      const token = await server.get(path, VERSION);
      const credentials = isJsonObject(token.properties) && isJsonObject(token.properties.credentials) ? token.properties.credentials : {};
      const passwords = (Array.isArray(credentials.passwords) ? credentials.passwords : []).filter(
        (password) => !gone.includes(String(isJsonObject(password) ? password.name : '')),
      );
      await server.patch(path, VERSION, { properties: { credentials: { ...credentials, passwords } } });
      return undefined;
    },
  },
);
