/** `postern account show`: the subscription in use, as az prints it. */
import { type Command, command } from '../../command.ts';
import type { Context } from '../../context.ts';
import { SUBSCRIPTIONS_VERSION } from '../../versions.ts';

/** A subscription in the words of `az account`. */
export function account(subscription: Record<string, unknown>, inUse: string, appId: string | undefined): Record<string, unknown> {
  return {
    environmentName: 'Postern',
    homeTenantId: subscription.tenantId,
    id: subscription.subscriptionId,
    isDefault: subscription.subscriptionId === inUse,
    managedByTenants: [],
    name: subscription.displayName,
    state: subscription.state,
    tenantId: subscription.tenantId,
    user: { name: appId ?? null, type: 'servicePrincipal' },
  };
}

const show: Command = command({
  path: 'account show',
  summary: 'Show the subscription in use.',
  options: [],
  run: async (_args, context: Context) => {
    const server = await context.management();
    const subscription = await server.get(await context.subscriptionPath(), SUBSCRIPTIONS_VERSION);
    return account(subscription, String(subscription.subscriptionId), server.appId);
  },
});
export default show;
