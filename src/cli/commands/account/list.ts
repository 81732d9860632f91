/** `postern account list`: every subscription. */
import { command } from '../../command.ts';
import { SUBSCRIPTIONS_VERSION } from '../../versions.ts';
import { account } from './show.ts';

export default command({
  path: 'account list',
  summary: 'List the subscriptions.',
  options: [],
  columns: { Name: 'name', CloudName: 'cloudName', SubscriptionId: 'id', TenantId: 'tenantId', State: 'state', IsDefault: 'isDefault' },
  run: async (_args, context) => {
    const server = await context.management();
    const all = await server.list('/subscriptions', SUBSCRIPTIONS_VERSION);
    // az calls the cloud so in this list, and otherwise where one subscription is shown.
    return all.map((subscription) => {
      const { environmentName: cloudName, ...rest } = account(subscription, server.subscriptionId, server.appId);
      return { cloudName, ...rest };
    });
  },
});
