/** `postern account get-access-token`: a token of the one who is signed in, for scripts. */
import { command } from '../../command.ts';

export default command({
  path: 'account get-access-token',
  summary: 'Show an access token.',
  options: [
    { name: 'resource', kind: 'text', placeholder: 'URL', summary: 'What it is for. Default: the management API.' },
    { name: 'scope', kind: 'list', placeholder: 'SCOPE', summary: 'The same as a scope: https://graph.microsoft.com/.default.' },
    { name: 'tenant', short: 't', kind: 'text', placeholder: 'ID', summary: 'Accepted for scripts.' },
  ],
  run: async (args, context) => {
    const server = await context.management();
    const resource = args.text('resource') ?? args.list('scope')?.[0]?.replace(/\/\.default$/, '');
    const { text, expiresAtMs } = await server.accessToken(resource);
    const expires = new Date(expiresAtMs).toISOString();
    return {
      accessToken: text,
      expiresOn: expires.replace('T', ' ').replace('Z', '000'),
      expires_on: Math.floor(expiresAtMs / 1000),
      subscription: server.subscriptionId,
      tenant: server.tenantId,
      tokenType: 'Bearer',
    };
  },
});
