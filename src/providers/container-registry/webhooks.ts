/** Microsoft.ContainerRegistry/registries/webhooks: where a registry would tell of pushes and deletions. Kept, and not called yet. */
import { type Action, type Resource, resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { z } from '#base/schema.ts';
import { choice, propertiesSchema } from '../schema-parts.ts';
import { childQuota, childType } from './tiers.ts';

const TYPE = childType('webhooks');

const callback = z
  .string()
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), { error: (issue) => `'${issue.input}' is not an http or https URL` });

/** docs/sources.md#webhooks */
const actions = {
  getCallbackConfig: {
    permission: `${TYPE}/getCallbackConfig/action`,
    async run(resource) {
      const { serviceUri, customHeaders } = resource.body.properties;
      return { body: { serviceUri, customHeaders: customHeaders ?? {} } };
    },
  },
  listEvents: {
    permission: `${TYPE}/listEvents/action`,
    run: async () => ({ body: { value: [] } }),
  },
  ping: {
    permission: `${TYPE}/ping/action`,
    async run(resource: Resource) {
      throw new Fault(
        'notImplemented',
        'WebhookNotCalled',
        `The ping was not sent: webhook '${resource.name}' is kept as it was written, and webhooks are not called yet.`,
      );
    },
  },
} satisfies Readonly<Record<string, Action>>;

export const webhooks = resourceType({
  type: TYPE,
  scope: 'resourceGroup',
  apiVersions: ['2026-11-01', '2025-11-01', '2023-07-01', '2022-02-01-preview', '2017-10-01'],
  location: 'required',
  tags: true,
  asyncOperationPath: 'resource',
  name: { pattern: /^[a-zA-Z0-9]{5,50}$/, message: "a webhook's name has 5-50 letters and digits" },
  properties: propertiesSchema({
    serviceUri: callback,
    customHeaders: z.record(z.string(), z.string()).optional(),
    status: choice('enabled', 'disabled').default('enabled'),
    scope: z.string().max(512).default(''),
    actions: z.array(choice('push', 'delete', 'quarantine', 'chart_push', 'chart_delete')).min(1),
  }),
  // They may hold credentials; getCallbackConfig shows them to those who may ask for it.
  secret: ['serviceUri', 'customHeaders'],

  limit: (draft, { reader }) => childQuota(draft, 'webhooks', reader),

  actions,

  unenforced: () => ['webhook: nobody is called'],
});
