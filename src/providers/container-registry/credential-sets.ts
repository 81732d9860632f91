/** Microsoft.ContainerRegistry/registries/credentialSets: where the credentials of a cache rule's source would be read from a key vault. Kept; there is none here. */
import { resourceType } from '#arm/resource-type.ts';
import { isoTime } from '#base/clock.ts';
import type { Json, JsonObject } from '#base/json.ts';
import { z } from '#base/schema.ts';
import { choice, propertiesSchema } from '../schema-parts.ts';
import { childType } from './tiers.ts';

export const credentialSets = resourceType({
  type: childType('credentialSets'),
  scope: 'resourceGroup',
  apiVersions: ['2026-11-01', '2025-11-01', '2023-07-01'],
  location: 'none',
  identity: true,
  asyncOperationPath: 'resource',
  deletionStatus: 204,
  name: { pattern: /^[a-zA-Z0-9-]{5,50}$/, message: "a credential set's name has 5-50 letters, digits and '-'" },
  properties: propertiesSchema({
    loginServer: z.string().min(1).max(253),
    authCredentials: z
      .array(z.object({ name: choice('Credential1').default('Credential1'), usernameSecretIdentifier: z.url(), passwordSecretIdentifier: z.url() }))
      .length(1),
  }),
  immutable: ['loginServer'],

  async prepare(draft, previous, { clock }) {
    const creationDate = previous?.body.properties.creationDate ?? isoTime(clock);
    return { body: { ...draft.body, properties: { ...draft.body.properties, creationDate } } };
  },

  async present(resource): Promise<JsonObject> {
    const credentialHealth = { status: 'Unhealthy', errorCode: 'NotChecked', errorMessage: 'There is no key vault here: the secrets are not read.' };
    const credentials = resource.body.properties.authCredentials as JsonObject[];
    return { ...resource.body.properties, authCredentials: credentials.map((credential): Json => ({ ...credential, credentialHealth })) };
  },

  unenforced: () => ['credential set: its secrets are not read'],
});
