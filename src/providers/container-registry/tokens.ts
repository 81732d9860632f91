/** Microsoft.ContainerRegistry/registries/tokens: users of one registry, with the rights of a scope map and up to two passwords. */
import { resourceType } from '#arm/resource-type.ts';
import { isoTime } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { keyOf, parentKeyOf } from '../references.ts';
import { choice, propertiesSchema, resourceIdText } from '../schema-parts.ts';
import { keptPasswordsOf, shownPasswords, TOKEN_PASSWORDS, type TokenPasswordName } from './registry-credentials.ts';
import { SCOPE_MAP_TYPE } from './scope-maps.ts';
import { childQuota, childType } from './tiers.ts';

interface Properties {
  readonly scopeMapId: string;
  readonly status: 'enabled' | 'disabled';
  readonly credentials?: { readonly certificates?: readonly object[]; readonly passwords?: readonly { readonly name: TokenPasswordName }[] };
}

const propertiesOf = (resource: { body: { properties: JsonObject } }): Properties => resource.body.properties as unknown as Properties;

export const tokens = resourceType({
  type: childType('tokens'),
  scope: 'resourceGroup',
  apiVersions: ['2026-11-01', '2025-11-01', '2023-07-01', '2020-11-01-preview'],
  location: 'none',
  asyncOperationPath: 'resource',
  name: { pattern: /^[a-zA-Z0-9-]{5,50}$/, message: "a token's name has 5-50 letters, digits and '-'" },
  // Passwords come from generateCredentials. A write that lists them keeps those and no others; one that does not keeps all.
  properties: propertiesSchema({
    scopeMapId: resourceIdText(SCOPE_MAP_TYPE),
    status: choice('enabled', 'disabled').default('enabled'),
    credentials: z
      .object({
        certificates: z
          .array(
            z.object({
              name: choice('certificate1', 'certificate2'),
              expiry: z.string().optional(),
              thumbprint: z.string().optional(),
              encodedPemCertificate: z.string().optional(),
            }),
          )
          .optional(),
        passwords: z.array(z.object({ name: choice(...TOKEN_PASSWORDS) })).optional(),
      })
      .optional(),
  }),

  limit: (draft, { reader }) => childQuota(draft, 'tokens', reader),

  /** docs/sources.md#registry-tokens */
  async admit(draft, previous, { reader }) {
    const { scopeMapId, credentials } = propertiesOf(draft);
    const faults: Fault[] = [];
    const kept = previous ? keptPasswordsOf(previous) : {};
    const same = previous !== undefined && keyOf(propertiesOf(previous).scopeMapId) === keyOf(scopeMapId);
    if (!same && (parentKeyOf(scopeMapId) !== draft.resourceId.parent || !(await reader.get(keyOf(scopeMapId)))))
      faults.push(
        new Fault('invalid', 'InvalidScopeMap', `The scope map '${scopeMapId}' does not exist in the registry of token '${draft.resourceId.name}'.`, {
          target: 'properties.scopeMapId',
        }),
      );
    for (const [index, { name }] of (credentials?.passwords ?? []).entries())
      if (!kept[name])
        faults.push(
          new Fault('invalid', 'InvalidParameter', `Token '${draft.resourceId.name}' has no ${name}: passwords are made by generateCredentials.`, {
            target: `properties.credentials.passwords[${index}].name`,
          }),
        );
    return faults;
  },

  async prepare(draft, previous, { clock }) {
    const { scopeMapId, status, credentials } = propertiesOf(draft);
    const before = keptPasswordsOf(draft);
    const listed = credentials?.passwords && new Set(credentials.passwords.map(({ name }) => name));
    const kept = Object.fromEntries(Object.entries(before).filter(([name]) => listed?.has(name as TokenPasswordName) ?? true));
    const certificates = credentials?.certificates ?? (previous && propertiesOf(previous).credentials?.certificates) ?? [];
    const creationDate = previous?.body.properties.creationDate ?? isoTime(clock);
    const properties = { creationDate, scopeMapId, status, credentials: { certificates } };
    return { body: { ...draft.body, properties: properties as unknown as JsonObject }, hidden: { ...draft.hidden, passwords: kept as unknown as JsonObject } };
  },

  facts(resource) {
    const { scopeMapId, status } = propertiesOf(resource);
    const passwords = Object.values(keptPasswordsOf(resource)).map(({ sha256, expiry }) => ({
      sha256,
      ...(expiry === undefined ? {} : { expiresAt: expiry }),
    }));
    if (status === 'disabled') return [];
    return [
      {
        kind: 'registry-credential',
        registry: resource.parent as ResourceKey,
        username: resource.name.toLowerCase(),
        passwords,
        actions: { scopeMap: keyOf(scopeMapId) },
      },
    ];
  },

  /** `credentials` is never null: az sets attributes of it. */
  async present(resource): Promise<JsonObject> {
    const { credentials, ...rest } = resource.body.properties;
    return { ...rest, credentials: { ...(credentials as JsonObject), passwords: shownPasswords(keptPasswordsOf(resource)) } };
  },

  unenforced: (resource) =>
    (propertiesOf(resource).credentials?.certificates ?? []).length > 0 ? ['credentials.certificates: nobody signs in with a certificate'] : [],
});
