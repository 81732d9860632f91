/**
 * Who may do what: role assignments against role definitions. Pure.
 * https://learn.microsoft.com/azure/role-based-access-control/role-definitions and .../scope-overview: an assignment holds at its scope and below;
 * within one permission `notActions` is taken from `actions`; what another assignment grants is not taken away by it. There are no deny assignments.
 * Assignments are a principal's own and those of the groups it is in. No right crosses from one tenant into another.
 */
import { isWithin, type ResourceKey, subscriptionKeyOf } from '#base/resource-id.ts';
import type { RoleAssignmentFact, RolePermission } from './facts.ts';
import type { AccessPart } from './snapshot.ts';

/** What is asked for: an action of the control plane or of the data plane. */
export type Right = { readonly action: string; readonly dataAction?: undefined } | { readonly dataAction: string; readonly action?: undefined };

/** For whom: a principal of one tenant, with the object ids of the groups it is in. */
export interface Principal {
  readonly principalId: string;
  readonly tenantId: string;
  readonly groupIds?: readonly string[] | undefined;
}

export interface Permission {
  readonly permitted: boolean;
  /** The role definition's display name, when permitted. */
  readonly role?: string;
  /** The assignment that grants it. */
  readonly assignment?: ResourceKey;
  /** The assignment's scope. */
  readonly scope?: string;
}

/**
 * Whether the principal has the right at the scope (a resource id or `/`), and by which assignment: the one at the highest scope, its own before a group's.
 * Case is ignored throughout. Nothing is permitted in a subscription of another tenant, nor in one that is not there.
 */
export function permits(access: AccessPart, principal: Principal, right: Right, scope: string): Permission {
  const at = scope.toLowerCase();
  if (!isOfTenant(access, principal.tenantId, at)) return { permitted: false };
  for (const assignment of assignmentsOf(access, principal)) {
    if (!isWithin(at, assignment.scope) || (assignment.conditional && isRestrictedByConditions(right))) continue;
    const role = access.roles.get(assignment.role);
    if (role?.permissions.some((permission) => grants(permission, right)))
      return { permitted: true, role: role.roleName, assignment: assignment.assignment, scope: assignment.scope };
  }
  return { permitted: false };
}

/** Whether a scope is the tenant's own: `/` and what is below no subscription is each tenant's. Lower case, as is the key of a subscription. */
export function isOfTenant(access: AccessPart, tenantId: string, scope: string): boolean {
  const subscription = subscriptionKeyOf(scope as ResourceKey);
  return subscription === undefined || access.subscriptions.get(subscription)?.tenantId === tenantId;
}

/** The assignments that a principal holds, its own and its groups', the widest scopes first. */
export function assignmentsOf(access: AccessPart, { principalId, tenantId, groupIds = [] }: Principal): readonly RoleAssignmentFact[] {
  const own = access.assignments.get(principalId.toLowerCase()) ?? [];
  const held = groupIds.length === 0 ? own : [...own, ...groupIds.flatMap((group) => access.assignments.get(group.toLowerCase()) ?? [])];
  // Another tenant may have given it a role at its own `/`: that is not the `/` of this one.
  const valid = held.filter((assignment) => assignment.scope !== '/' || assignment.tenantId === tenantId);
  return groupIds.length === 0 ? valid : valid.sort((a, b) => a.scope.length - b.scope.length);
}

/**
 * Conditions restrict data actions and who may be given roles (https://learn.microsoft.com/azure/role-based-access-control/conditions-overview). They are not
 * evaluated: what one could restrict, an assignment that has one does not grant. See docs/unknowns.md.
 */
function isRestrictedByConditions({ action, dataAction }: Right): boolean {
  return dataAction !== undefined || /^microsoft\.authorization\/.*(?<!\/read)$/i.test(action as string);
}

/** Whether one permission of a role covers the right. */
export function grants(permission: RolePermission, right: Right): boolean {
  if (right.action !== undefined) return anyMatches(permission.actions, right.action) && !anyMatches(permission.notActions, right.action);
  return anyMatches(permission.dataActions, right.dataAction) && !anyMatches(permission.notDataActions, right.dataAction);
}

function anyMatches(patterns: readonly string[], action: string): boolean {
  return patterns.some((pattern) => actionMatches(pattern, action));
}

/** Whether an action string with `*` wildcards (any run of characters, slashes too) covers an action. Linear: the pieces between stars are sought left to right. */
export function actionMatches(pattern: string, action: string): boolean {
  const pieces = pattern.toLowerCase().split('*');
  const text = action.toLowerCase();
  const first = pieces[0] as string;
  if (pieces.length === 1) return text === first;
  const last = pieces.at(-1) as string;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  const end = text.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, from);
    if (found < 0 || found + piece.length > end) return false;
    from = found + piece.length;
  }
  return true;
}
