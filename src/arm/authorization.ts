/** Authorization: which action a request needs at which scope, and the refusal when the caller has no role for it. */
import { Fault } from '#base/fault.ts';
import { isWithin, type ResourceKey } from '#base/resource-id.ts';
import type { TraceStep } from '#http/message.ts';
import type { Identity } from '#identity/tokens.ts';
import { assignmentsOf, isOfTenant, permits } from '#topology/access.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import type { Caller, ResourceType } from './resource-type.ts';

/** The caller of one request, judged by one snapshot. */
export class Authority implements Caller {
  readonly identity: Identity;
  readonly #snapshot: Snapshot;
  readonly #trace: TraceStep[];

  constructor(identity: Identity, snapshot: Snapshot, trace: TraceStep[]) {
    this.identity = identity;
    this.#snapshot = snapshot;
    this.#trace = trace;
  }

  get principalId(): string {
    return this.identity.objectId;
  }
  get tenantId(): string {
    return this.identity.tenantId;
  }
  get appId(): string | undefined {
    return this.identity.appId;
  }
  get groupIds(): readonly string[] {
    return this.identity.groups ?? [];
  }
  /** How ARM's texts name the caller: the application, or the object id of who has none. */
  get client(): string {
    return this.identity.appId ?? this.identity.objectId;
  }

  may(action: string, scope: ResourceKey | '/'): boolean {
    return permits(this.#snapshot.access, this, { action }, scope).permitted;
  }

  /**
   * Notes by which role the caller may do the action at the scope, given as an id in any casing.
   * @throws Fault `AuthorizationFailed` (forbidden), in the text of ARM
   */
  require(action: string, scope: string): void {
    const permission = permits(this.#snapshot.access, this, { action }, scope);
    const detail = permission.permitted ? `${action} by ${permission.role} at ${permission.scope}` : `no role gives ${action} at ${scope}`;
    this.#trace.push({ check: 'role', ok: permission.permitted, detail });
    if (permission.permitted) return;
    throw new Fault(
      'forbidden',
      'AuthorizationFailed',
      `The client '${this.client}' with object id '${this.principalId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    );
  }

  /** Whether the scope is of the caller's tenant. What is not is answered as if it were not there. */
  knows(scope: ResourceKey | '/'): boolean {
    return isOfTenant(this.#snapshot.access, this.tenantId, scope);
  }

  /** Whether the caller has any role at the scope, above it or below it: who has may know that the subscription exists. */
  hasAccessWithin(scope: ResourceKey): boolean {
    return (
      this.knows(scope) &&
      assignmentsOf(this.#snapshot.access, this).some((assignment) => isWithin(scope, assignment.scope) || isWithin(assignment.scope, scope))
    );
  }
}

/** `Microsoft.Network/virtualNetworks/write`. ARM counts resource groups to the subscription. */
export function actionFor(type: Pick<ResourceType, 'type'>, verb: 'read' | 'write' | 'delete'): string {
  const name = type.type === 'Microsoft.Resources/resourceGroups' ? 'Microsoft.Resources/subscriptions/resourceGroups' : type.type;
  return `${name}/${verb}`;
}
