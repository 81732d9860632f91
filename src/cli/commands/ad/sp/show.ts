/** `postern ad sp show`. */
import { command } from '../../../command.ts';
import { PRINCIPAL_ID, servicePrincipal } from '../../../directory.ts';
import { flatten } from '../../../flatten.ts';

export default command({
  path: 'ad sp show',
  summary: 'Show a service principal.',
  options: [PRINCIPAL_ID],
  columns: { DisplayName: 'displayName', AppId: 'appId', Id: 'id', Type: 'servicePrincipalType' },
  run: async (args, context) => flatten((await servicePrincipal(await context.management(), args.need('id'))).object),
});
