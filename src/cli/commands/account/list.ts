/** `postern account list`: every subscription. */
import { command } from '../../command.ts';
import { SUBSCRIPTIONS_VERSION } from '../../versions.ts';
import { account } from './show.ts';

export default command({
  path: 'account list',
  summary: 'List the subscriptions.',
  options: [],
  columns: { Name: 'name', SubscriptionId: 'id', TenantId: 'tenantId', State: 'state', IsDefault: 'isDefault' },
  run: async (_args, context) => {
    const server = await context.management();
    const all = await server.list('/subscriptions', SUBSCRIPTIONS_VERSION);
    return all.map((subscription) => account(subscription, context.subscription ?? server.subscriptionId, server.appId));
  },
});
