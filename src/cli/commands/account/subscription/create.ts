/** `postern account subscription create`: a subscription, for a tenant. */

import { command } from '../../../command.ts';
import { flatten } from '../../../flatten.ts';

const VERSION = '2021-10-01';

export default command({
  path: 'account subscription create',
  summary: 'Create a subscription. Only those who run this server may, for every tenant.',
  options: [
    { name: 'name', short: 'n', kind: 'text', required: true, summary: 'Its display name, and the alias it is made by unless --alias is given.' },
    { name: 'tenant', kind: 'text', placeholder: 'ID', summary: 'The tenant it belongs to. Default: the first one.' },
    { name: 'owner', kind: 'text', placeholder: 'OBJECT_ID', summary: 'A principal of the tenant that becomes its Owner, beside who is Owner of all there.' },
    { name: 'alias', kind: 'text', summary: 'The name of the request: the same alias again is the same subscription.' },
  ],
  examples: [
    'postern account subscription create --name "Network team"',
    'postern account subscription create --name theirs --tenant 00000000-0000-0000-0000-000000000000',
  ],
  run: async (args, context) => {
    const name = args.text('name') as string;
    const [tenant, owner] = [args.text('tenant'), args.text('owner')];
    const alias = args.text('alias') ?? name.replace(/[^\w.()-]/g, '-');
    const additionalProperties = { ...(tenant ? { subscriptionTenantId: tenant } : {}), ...(owner ? { subscriptionOwnerId: owner } : {}) };
    const properties = { displayName: name, workload: 'Production', ...(tenant || owner ? { additionalProperties } : {}) };
    const server = await context.management();
    return flatten(await server.put(`/providers/Microsoft.Subscription/aliases/${encodeURIComponent(alias)}`, VERSION, { properties }));
  },
});
