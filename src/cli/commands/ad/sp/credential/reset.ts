/** `postern ad sp credential reset`. */
import { command } from '../../../../command.ts';
import { addPassword, forbidOwn, lifetime, PRINCIPAL_ID, removePasswords, servicePrincipal, warnOfCredentials, YEARS } from '../../../../directory.ts';

export default command({
  path: 'ad sp credential reset',
  summary: 'Give a service principal a new password; its earlier ones end.',
  options: [PRINCIPAL_ID, { name: 'append', kind: 'flag', summary: 'Keep the earlier passwords.' }, YEARS],
  run: async (args, context) => {
    const holds = lifetime(args.integer('years'));
    const server = await context.management();
    const { path, object } = await servicePrincipal(server, args.need('id'));
    forbidOwn(server, object);
    // The new one first: should the rest fail, the principal has one password too many and not none.
    const password = await addPassword(server, path, holds);
    if (args.boolean('append') !== true) await removePasswords(server, path, object);
    warnOfCredentials(context);
    return { appId: String(object.appId), password, tenant: server.tenantId };
  },
});
