/** `postern ad sp delete`. */
import { command } from '../../../command.ts';
import { forbidOwn, PRINCIPAL_ID, servicePrincipal } from '../../../directory.ts';

export default command({
  path: 'ad sp delete',
  summary: 'Delete a service principal: it can no longer sign in.',
  options: [PRINCIPAL_ID],
  notes:
    'As in Azure its application stays (postern ad app delete), its role assignments too, and tokens that it has hold until they expire, up to three hours at a registry. ' +
    'To end what those can do at once, take its roles first: postern role assignment delete --assignee ID --scope ID',
  run: async (args, context) => {
    const server = await context.management();
    const { path, object } = await servicePrincipal(server, args.need('id'));
    forbidOwn(server, object);
    await server.ask('DELETE', path);
    return undefined;
  },
});
