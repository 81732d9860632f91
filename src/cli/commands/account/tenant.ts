/** `postern account tenant list`. */
import { commands } from '../../command.ts';
import { SUBSCRIPTIONS_VERSION } from '../../versions.ts';

export default commands({
  path: 'account tenant list',
  summary: 'List the tenants.',
  options: [],
  columns: { TenantId: 'tenantId', DisplayName: 'displayName' },
  run: async (_args, context) => (await context.management()).list('/tenants', SUBSCRIPTIONS_VERSION),
});
