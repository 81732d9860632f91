/**
 * Microsoft.Subscription/aliases: a PUT makes a subscription (docs/sources.md#subscription-aliases). Only those who run this server may, for any tenant: in Azure
 * it is who pays that may. There is no way to delete one: a subscription that an alias made is there to stay, as the first one is.
 */
import { type HookContext, resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import { resourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { choice, propertiesSchema } from '../schema-parts.ts';

const OWNER = '/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const guid = (what: string) => z.string().regex(GUID, `${what} is a GUID`);

interface Properties {
  readonly displayName: string;
  readonly subscriptionId: string;
  readonly additionalProperties?: { readonly subscriptionTenantId?: string; readonly subscriptionOwnerId?: string };
}

const propertiesOf = (resource: { body: { properties: JsonObject } }): Properties => resource.body.properties as unknown as Properties;

export const subscriptionAliases = resourceType({
  type: 'Microsoft.Subscription/aliases',
  scope: 'tenant',
  apiVersions: ['2021-10-01', '2020-09-01'],
  location: 'none',
  name: { pattern: /^[\w.()-]{1,63}$/, message: "an alias has up to 63 letters, digits, '-', '_', '.', '(' and ')'" },
  verbs: ['GET', 'PUT'],
  properties: propertiesSchema({
    displayName: z.string().min(1).max(64),
    workload: choice('Production', 'DevTest').default('Production'),
    billingScope: z.string().optional(),
    additionalProperties: z.object({ subscriptionTenantId: guid('a tenant').optional(), subscriptionOwnerId: guid('an owner').optional() }).optional(),
  }),
  immutable: ['additionalProperties'],

  async admit(draft, _previous, { caller, firstTenantId, principals }) {
    const { additionalProperties: { subscriptionTenantId: tenant } = {} } = propertiesOf(draft);
    if (caller.tenantId !== firstTenantId)
      return [
        new Fault(
          'forbidden',
          'AuthorizationFailed',
          `Subscriptions are made by those who run this server, for every tenant: ask them for one in the tenant '${caller.tenantId}'.`,
        ),
      ];
    if (tenant !== undefined && !(await principals.hasTenant(tenant)))
      return [new Fault('invalid', 'TenantNotFound', `There is no tenant '${tenant}'.`, { target: 'properties.additionalProperties.subscriptionTenantId' })];
    return [];
  },

  async prepare(draft, previous, { newGuid }) {
    const subscriptionId = previous === undefined ? newGuid() : propertiesOf(previous).subscriptionId;
    return { body: { ...draft.body, properties: { ...draft.body.properties, subscriptionId } } };
  },

  async owns(alias, { reader, firstTenantId }: HookContext) {
    const {
      displayName,
      subscriptionId,
      additionalProperties: { subscriptionTenantId = firstTenantId, subscriptionOwnerId: owner } = {},
    } = propertiesOf(alias);
    const id = `/subscriptions/${subscriptionId}`;
    const standing = await reader.get(resourceKey(id));
    // Its name and its registrations are its own from then on.
    const subscription = standing
      ? { id, body: standing.body }
      : { id, body: { properties: { displayName, state: 'Enabled' } }, hidden: { tenantId: subscriptionTenantId.toLowerCase() } };
    if (owner === undefined) return [subscription];
    const properties = { roleDefinitionId: OWNER, principalId: owner, principalType: 'User' };
    return [subscription, { id: `${id}/providers/Microsoft.Authorization/roleAssignments/${subscriptionId}`, body: { properties } }];
  },
});
