/** `postern ad sp list`. */
import { command } from '../../../command.ts';
import { listObjects, quoted } from '../../../directory.ts';
import { flatten } from '../../../flatten.ts';

export default command({
  path: 'ad sp list',
  summary: 'List service principals, managed identities among them.',
  options: [
    { name: 'display-name', kind: 'text', placeholder: 'NAME', summary: 'What the name begins with.' },
    { name: 'all', kind: 'flag', summary: 'All of them, as without a name.' },
  ],
  columns: { DisplayName: 'displayName', AppId: 'appId', Id: 'id', Type: 'servicePrincipalType' },
  run: async (args, context) => {
    const name = args.text('display-name');
    const filter = name === undefined ? undefined : `startswith(displayName,${quoted(name)})`;
    return flatten(await listObjects(await context.management(), 'servicePrincipals', filter));
  },
});
