/** `postern ad app list`. */
import { command } from '../../../command.ts';
import { listObjects, quoted } from '../../../directory.ts';
import { flatten } from '../../../flatten.ts';

export default command({
  path: 'ad app list',
  summary: 'List applications.',
  options: [
    { name: 'display-name', kind: 'text', placeholder: 'NAME', summary: 'What the name begins with.' },
    { name: 'all', kind: 'flag', summary: 'All of them, as without a name.' },
  ],
  columns: { DisplayName: 'displayName', AppId: 'appId', Id: 'id' },
  run: async (args, context) => {
    const name = args.text('display-name');
    return flatten(await listObjects(await context.management(), 'applications', name === undefined ? undefined : `startswith(displayName,${quoted(name)})`));
  },
});
