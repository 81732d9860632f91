/** `postern acr webhook ...`: whom a registry tells of pushes and deletions. */
import type { JsonObject } from '#base/json.ts';
import type { Arguments } from '../../arguments.ts';
import { commands } from '../../command.ts';
import { flatten } from '../../flatten.ts';
import { GENERIC_UPDATE, genericallyUpdated, hasGenericUpdate } from '../../generic-update.ts';
import { WEBHOOK_COLUMNS } from '../../nouns.ts';
import { LOCATION, nameOption, type Option, REGISTRY, REGISTRY_GROUP, TAGS } from '../../options.ts';
import { findRegistry, ofRegistry, REGISTRY_TYPE } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

const VERSION = apiVersionOf(REGISTRY_TYPE);
const URI: Option = { name: 'uri', kind: 'text', placeholder: 'URI', summary: 'Where the notifications are posted.' };
const ACTIONS: Option = { name: 'actions', kind: 'list', choices: ['push', 'delete', 'quarantine', 'chart_push', 'chart_delete'], summary: 'What is told of.' };
const SETTINGS: readonly Option[] = [
  { name: 'headers', kind: 'list', placeholder: 'KEY=VALUE', summary: "Headers that are sent along; '' for none." },
  { name: 'status', kind: 'text', choices: ['disabled', 'enabled'], summary: 'Whether it is told at all.' },
  { name: 'scope', kind: 'text', placeholder: 'REPOSITORY[:TAG]', summary: "Of what: 'app:*', 'app:v1', 'app' for its latest, '' for everything." },
  TAGS,
];

/** Only what was given. */
function settings(args: Arguments): JsonObject {
  const entries: [string, unknown][] = [
    ['serviceUri', args.text('uri')],
    ['customHeaders', args.pairs('headers')],
    ['actions', args.list('actions')],
    ['status', args.text('status')],
    ['scope', args.text('scope')],
  ];
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as JsonObject;
}

/** `POST {webhook}/ACTION`. */
function asking(verb: string, summary: string, action: string, columns: Readonly<Record<string, string>>) {
  return {
    path: `acr webhook ${verb}`,
    summary,
    options: [nameOption('webhook'), REGISTRY, REGISTRY_GROUP],
    columns,
    run: async (args: Arguments, context: Parameters<typeof ofRegistry>[1]): Promise<unknown> => {
      const answer = await (await context.management()).post(`${await ofRegistry(args, context, 'webhooks', args.need('name'))}/${action}`, VERSION);
      return (answer as { value?: unknown } | undefined)?.value ?? answer;
    },
  };
}

export default commands(
  {
    path: 'acr webhook create',
    summary: 'Create a webhook.',
    options: [nameOption('webhook'), REGISTRY, REGISTRY_GROUP, { ...URI, required: true }, { ...ACTIONS, required: true }, ...SETTINGS, LOCATION],
    columns: WEBHOOK_COLUMNS,
    examples: ['postern acr webhook create -n hook -r myregistry --uri https://ci.example/notify --actions push delete --scope app:*'],
    run: async (args, context) => {
      const server = await context.management();
      const location =
        args.text('location') ?? String((await server.get(await findRegistry(context, args.need('registry'), args.text('resource-group')), VERSION)).location);
      const tags = args.pairs('tags');
      return flatten(
        await server.put(await ofRegistry(args, context, 'webhooks', args.need('name')), VERSION, {
          location,
          ...(tags ? { tags } : {}),
          properties: settings(args),
        }),
      );
    },
  },
  {
    path: 'acr webhook update',
    summary: 'Update a webhook.',
    options: [nameOption('webhook'), REGISTRY, REGISTRY_GROUP, URI, ACTIONS, ...SETTINGS, ...GENERIC_UPDATE],
    columns: WEBHOOK_COLUMNS,
    run: async (args, context) => {
      const path = await ofRegistry(args, context, 'webhooks', args.need('name'));
      const server = await context.management();
      const tags = args.pairs('tags');
      if (hasGenericUpdate(args)) return flatten(await server.patch(path, VERSION, genericallyUpdated(await server.get(path, VERSION), args)));
      return flatten(await server.patch(path, VERSION, { ...(tags ? { tags } : {}), properties: settings(args) }));
    },
  },
  asking('get-config', "Show a webhook's address and headers.", 'getCallbackConfig', { 'SERVICE URI': 'serviceUri', HEADERS: 'customHeaders' }),
  asking('list-events', 'List what a webhook has told of lately.', 'listEvents', {
    ID: 'id',
    ACTION: 'eventRequestMessage.content.action',
    'HTTP STATUS': 'eventResponseMessage.statusCode',
    TIMESTAMP: 'eventRequestMessage.content.timestamp',
  }),
  asking('ping', 'Send a test notification.', 'ping', { ID: 'id' }),
);
