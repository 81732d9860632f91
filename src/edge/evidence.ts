/**
 * Evidence on one registry, for the operator's plane: where its names lead, and who holds which right over it. What a caller may not read is left out: who has
 * which role, of those who may not read role assignments; endpoints, networks and zones one by one.
 */
import { parseResourceId, type ResourceKey } from '#base/resource-id.ts';
import { CHANGE_DNS, holdersOf, REGISTRY_DUTIES } from '#topology/holders.ts';
import type { Snapshot } from '#topology/snapshot.ts';

/** The names part of a report, and whose zones it is about; `dns/evidence.ts` makes it. */
export interface Names {
  readonly networks: readonly { readonly zones: readonly ResourceKey[] }[];
}

/** Where the names of a registry lead, without what `mayRead` denies. */
export type NamesOf = (registry: ResourceKey, mayRead: (resource: ResourceKey) => boolean) => Names | undefined;

const READ_ASSIGNMENTS = 'Microsoft.Authorization/roleAssignments/read';

export function evidenceOf(snapshot: Snapshot, registry: ResourceKey, namesOf: NamesOf, may: (action: string, scope: string) => boolean): object {
  const names = namesOf(registry, (resource) => may(`${parseResourceId(resource).type}/read`, resource));
  const zones = [...new Set((names?.networks ?? []).flatMap((network) => network.zones))];
  const roles = may(READ_ASSIGNMENTS, registry)
    ? {
        registry: Object.fromEntries(Object.entries(REGISTRY_DUTIES).map(([duty, right]) => [duty, holdersOf(snapshot.access, right, registry)])),
        zones: zones.filter((zone) => may(READ_ASSIGNMENTS, zone)).map((zone) => ({ zone, holders: holdersOf(snapshot.access, CHANGE_DNS, zone) })),
      }
    : null;
  return { revision: snapshot.revision, ...names, roles };
}
