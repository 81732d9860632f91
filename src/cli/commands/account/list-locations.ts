/** `postern account list-locations`. */
import { command } from '../../command.ts';
import { SUBSCRIPTIONS_VERSION } from '../../versions.ts';

export default command({
  path: 'account list-locations',
  summary: 'List the regions.',
  options: [],
  columns: { DisplayName: 'displayName', Name: 'name', RegionalDisplayName: 'regionalDisplayName' },
  run: async (_args, context) => (await context.management()).list(`${await context.subscriptionPath()}/locations`, SUBSCRIPTIONS_VERSION),
});
