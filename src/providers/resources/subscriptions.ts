/** Microsoft.Resources/subscriptions: made at first start and by aliases; each belongs to one tenant. */
import { resourceType } from '#arm/resource-type.ts';
import { z } from '#base/schema.ts';
import { propertiesSchema } from '../schema-parts.ts';

export const subscriptions = resourceType({
  type: 'Microsoft.Resources/subscriptions',
  scope: 'tenant',
  apiVersions: ['2022-12-01', '2021-04-01', '2019-11-01'],
  location: 'none',
  tags: true,
  name: { pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, message: 'a subscription id is a GUID' },
  verbs: ['GET'],
  properties: propertiesSchema({
    displayName: z.string().default('Postern'),
    state: z.string().default('Enabled'),
  }),
  facts: (subscription) => [{ kind: 'subscription', subscription: subscription.key, tenantId: String(subscription.hidden.tenantId) }],
});
