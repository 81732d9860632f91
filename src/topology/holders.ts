/** Who holds which right over a registry: the role assignments that permit what evidence asks after. Pure. */
import { isWithin, type ResourceKey } from '#base/resource-id.ts';
import { grants, isOfTenant, type Right } from './access.ts';
import type { AccessPart } from './snapshot.ts';

/** One assignment that permits something; `principalId` may be a group's, whose members hold the right through it. */
export interface Holder {
  readonly principalId: string;
  readonly role: string;
  /** Where it was assigned, lower case: the scope asked for, or one above. */
  readonly scope: string;
  readonly assignment: ResourceKey;
  /** Whether a condition limits it. */
  readonly conditional: boolean;
}

/** Every assignment that permits the right at the scope, the widest first. */
export function holdersOf(access: AccessPart, right: Right, scope: ResourceKey): readonly Holder[] {
  const holders: Holder[] = [];
  for (const assignments of access.assignments.values())
    for (const { principalId, role, scope: at, assignment, tenantId, conditional } of assignments) {
      if (!isWithin(scope, at) || (at === '/' && !(tenantId !== undefined && isOfTenant(access, tenantId, scope)))) continue;
      const definition = access.roles.get(role);
      if (definition?.permissions.some((permission) => grants(permission, right)))
        holders.push({ principalId, role: definition.roleName, scope: at, assignment, conditional: conditional === true });
    }
  return holders.sort((a, b) => a.scope.length - b.scope.length || (a.principalId < b.principalId ? -1 : 1));
}

/** What evidence asks after, by what the right lets its holder do. */
export const REGISTRY_DUTIES: Readonly<Record<string, Right>> = {
  approveConnections: { action: 'Microsoft.ContainerRegistry/registries/privateEndpointConnections/write' },
  openPublicAccess: { action: 'Microsoft.ContainerRegistry/registries/write' },
  assignRoles: { action: 'Microsoft.Authorization/roleAssignments/write' },
  push: { action: 'Microsoft.ContainerRegistry/registries/push/write' },
  pull: { action: 'Microsoft.ContainerRegistry/registries/pull/read' },
};

/** Of a private DNS zone. */
export const CHANGE_DNS: Right = { action: 'Microsoft.Network/privateDnsZones/A/write' };
