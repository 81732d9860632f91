/** Managed identities as the directory shows them: the snapshot has them, nothing is kept twice. Pure. */
import { isOfTenant } from '#topology/access.ts';
import type { Snapshot } from '#topology/snapshot.ts';

export interface ManagedPrincipal {
  readonly objectId: string;
  readonly clientId: string;
  /** The identity resource, or the machine that a system-assigned one belongs to. */
  readonly resourceId: string;
  /** Whether it belongs to one machine and goes with it. */
  readonly system: boolean;
}

/** Every managed identity of a tenant. */
export function managedPrincipals({ access, machines }: Snapshot, tenantId: string): readonly ManagedPrincipal[] {
  return [
    ...[...access.identities.values()]
      .filter(({ identity }) => isOfTenant(access, tenantId, identity))
      .map(({ id, principalId, clientId }) => ({ objectId: principalId, clientId, resourceId: id, system: false })),
    ...[...machines.values()]
      .filter(({ key }) => isOfTenant(access, tenantId, key))
      .flatMap(({ identities }) => identities.filter(({ system }) => system))
      .map(({ principalId, clientId, resourceId }) => ({ objectId: principalId, clientId, resourceId, system: true })),
  ];
}
