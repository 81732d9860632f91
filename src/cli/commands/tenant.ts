/** `postern tenant`: tenants beside the first one, each a directory of its own. Not an Azure command: there a tenant is made elsewhere. */
import { closeSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import type { JsonObject } from '#base/json.ts';
import { commands } from '../command.ts';

const TENANTS = '/postern/tenants';

export default commands(
  {
    path: 'tenant create',
    summary: 'Create a tenant with a user and an application that are Owner of all in it. Their credentials are shown once.',
    options: [
      { name: 'name', short: 'n', kind: 'text', required: true, summary: 'Its display name.' },
      { name: 'domain', kind: 'text', placeholder: 'DOMAIN', summary: 'The domain of its users. Default: NAME.onmicrosoft.com.' },
      { name: 'credentials', kind: 'text', placeholder: 'FILE', summary: 'A new file, for its owner only, that gets the credentials instead of the output.' },
    ],
    notes: 'A new tenant has no subscription: postern account subscription create --name NAME --tenant TENANT. Sign in to it by postern login or az login.',
    examples: ['postern tenant create --name Contoso --credentials contoso.json'],
    run: async (args, context) => {
      const domain = args.text('domain');
      const server = await context.management();
      const make = async (): Promise<JsonObject> =>
        (await server.ask('POST', TENANTS, { displayName: args.text('name') as string, ...(domain === undefined ? {} : { domain }) })).body as JsonObject;
      const file = args.text('credentials');
      if (file === undefined) {
        const made = await make();
        context.warn('The output includes credentials that nobody can read later. Keep them.');
        return made;
      }
      // First the file: a tenant whose credentials could not be kept would be nobody's.
      const descriptor = openSync(file, 'wx', 0o600);
      try {
        const made = await make();
        writeFileSync(descriptor, `${JSON.stringify(made, null, 2)}\n`);
        const { administrator: _administrator, application: _application, ...shown } = made;
        return shown;
      } catch (error) {
        unlinkSync(file);
        throw error;
      } finally {
        closeSync(descriptor);
      }
    },
  },
  {
    path: 'tenant list',
    summary: 'List the tenants of this server.',
    options: [],
    columns: { TenantId: 'tenantId', DisplayName: 'displayName', Domain: 'domain' },
    run: async (_args, context) => ((await (await context.management()).ask('GET', TENANTS)).body as JsonObject).value,
  },
);
