/** The tiers of registries and what each may have: the one table that every rule, quota and usage reads. docs/sources.md#tiers */
import type { Draft, Resource, ResourceLookup } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';

export type Sku = 'Basic' | 'Standard' | 'Premium';

/** How many of each a registry of one tier may have. 0: the tier does not have it. */
export interface Tier {
  /** Storage that the price includes, in bytes: what `listUsages` shows as the limit. */
  readonly includedBytes: number;
  /** Storage that a registry may grow to, in bytes. */
  readonly maximumBytes: number;
  readonly webhooks: number;
  readonly tokens: number;
  readonly scopeMaps: number;
  readonly cacheRules: number;
  /** Unless the operator set another limit for the registry; see `endpointLimitOf`. */
  readonly privateEndpoints: number;
  readonly ipRules: number;
  readonly virtualNetworkRules: number;
}

const GIB = 2 ** 30;
const TIB = 2 ** 40;

export const TIERS: Readonly<Record<Sku, Tier>> = {
  Basic: {
    includedBytes: 10 * GIB,
    maximumBytes: 40 * TIB,
    webhooks: 2,
    tokens: 100,
    scopeMaps: 100,
    cacheRules: 1000,
    privateEndpoints: 0,
    ipRules: 0,
    virtualNetworkRules: 0,
  },
  Standard: {
    includedBytes: 100 * GIB,
    maximumBytes: 40 * TIB,
    webhooks: 10,
    tokens: 500,
    scopeMaps: 500,
    cacheRules: 1000,
    privateEndpoints: 0,
    ipRules: 0,
    virtualNetworkRules: 0,
  },
  Premium: {
    includedBytes: 500 * GIB,
    maximumBytes: 100 * TIB,
    webhooks: 500,
    tokens: 50_000,
    scopeMaps: 50_000,
    cacheRules: 1000,
    privateEndpoints: 200,
    ipRules: 200,
    virtualNetworkRules: 100,
  },
};

/** Per scope map, in every tier. */
export const SCOPE_MAP_LIMITS = { actions: 500, repositories: 500 } as const;

/** The tier of a registry. */
export function skuOf(registry: { readonly body: { readonly sku?: JsonObject } }): Sku {
  return registry.body.sku?.name as Sku;
}

/** How many private endpoints a registry may have: what `setPrivateEndpointLimit` set, else its tier's number (docs/sources.md#endpoint-limit). */
export function endpointLimitOf(registry: Pick<Resource, 'body' | 'hidden'>): number {
  return (registry.hidden.privateEndpointLimit as number | undefined) ?? TIERS[skuOf(registry)].privateEndpoints;
}

/** Child types of registries whose number the tier limits, and the words of `listUsages` and `az acr` for them. */
export type CountedChild = 'webhooks' | 'tokens' | 'scopeMaps' | 'cacheRules';

/** The full name of a child type of registries. */
export function childType(collection: string): string {
  return `Microsoft.ContainerRegistry/registries/${collection}`;
}

/** "Quota exceeded for resource type webhooks for the registry SKU Basic. …" (docs/sources.md#tier-faults); `detail` says of which registry, and how many it has. */
export function quotaExceeded(collection: string, sku: Sku, detail = ''): Fault {
  return new Fault(
    'invalid',
    'QuotaExceeded',
    `Quota exceeded for resource type ${collection} for the registry SKU ${sku}${detail}. Learn more about different SKU quotas and upgrade process: https://aka.ms/acr/tiers`,
  );
}

/**
 * For the slot `limit` of a child type: the refusal of one more than the registry's tier may have.
 * @param unlimited how many of the children count for nothing (the system's own scope maps)
 */
export async function childQuota(
  draft: Pick<Draft, 'resourceId'>,
  collection: CountedChild,
  reader: ResourceLookup,
  unlimited = 0,
): Promise<Fault | undefined> {
  const registry = await reader.get(draft.resourceId.parent as ResourceKey);
  if (!registry) return undefined;
  const sku = skuOf(registry);
  const limit = TIERS[sku][collection];
  const count = (await reader.countChildren(registry.key, childType(collection))) - unlimited;
  return count < limit ? undefined : quotaExceeded(collection, sku, `: registry '${registry.name}' has its limit of ${limit}`);
}

/** "The requested feature NAME is not supported for the SKU Basic." (docs/sources.md#tier-faults). The code is the feature's own where one is known. */
export function featureNotSupported(feature: string, sku: Sku, target: string, code = 'BadRequest'): Fault {
  return new Fault('invalid', code, `The requested feature ${feature} is not supported for the SKU ${sku}.`, { target });
}

/** "The requested feature NAME exceeds allowed quota N for the SKU Premium." (docs/sources.md#tier-faults) */
export function featureQuotaExceeded(feature: string, limit: number, sku: Sku, target: string): Fault {
  return new Fault('invalid', 'BadRequest', `The requested feature ${feature} exceeds allowed quota ${limit} for the SKU ${sku}.`, { target });
}
