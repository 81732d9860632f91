/** Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials: whose tokens would stand for the identity. Kept; no such token is taken yet. */
import { resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { propertiesSchema } from '../schema-parts.ts';

const TYPE = 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials';

/** docs/sources.md#federated-credentials */
const MAX = 20;

export const federatedIdentityCredentials = resourceType({
  type: TYPE,
  scope: 'resourceGroup',
  apiVersions: ['2024-11-30', '2023-01-31', '2022-01-31-preview'],
  location: 'none',
  name: {
    pattern: /^[A-Za-z0-9][\w-]{2,119}$/,
    message: "a federated credential's name has 3-120 letters, digits, '-' and '_', and starts with a letter or digit",
  },
  properties: propertiesSchema({
    issuer: z.url({ error: (issue) => `'${issue.input}' is not a URL` }),
    subject: z.string().min(1).max(600),
    audiences: z.array(z.string().min(1)).length(1),
  }),

  async limit(draft, { reader }) {
    if ((await reader.countChildren(draft.resourceId.parent as ResourceKey, TYPE)) < MAX) return undefined;
    return new Fault('invalid', 'QuotaExceeded', `An identity has at most ${MAX} federated credentials.`);
  },

  async admit(draft, _previous, { reader }) {
    const { issuer, subject } = draft.body.properties;
    const other = (await reader.children(draft.resourceId.parent as ResourceKey)).find(
      ({ type, key, body: { properties } }) => type === TYPE && key !== draft.resourceId.key && properties.issuer === issuer && properties.subject === subject,
    );
    if (!other) return [];
    return [new Fault('conflict', 'Conflict', `Federated credential '${other.name}' has the same issuer and subject.`, { target: 'properties.subject' })];
  },

  unenforced: () => ['federated credential: no token of its issuer is taken for the identity'],
});
