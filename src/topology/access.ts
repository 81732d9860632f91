/**
 * Who may do what: role assignments against role definitions. Pure.
 * https://learn.microsoft.com/azure/role-based-access-control/role-definitions and .../scope-overview: an assignment holds at its scope and below;
 * within one permission `notActions` is taken from `actions`; what another assignment grants is not taken away by it. There are no deny assignments.
 */
import { isWithin, type ResourceKey } from '#base/resource-id.ts';
import type { RolePermission } from './facts.ts';
import type { AccessPart } from './snapshot.ts';

/** What is asked for: an action of the control plane or of the data plane. */
export type Right = { readonly action: string; readonly dataAction?: undefined } | { readonly dataAction: string; readonly action?: undefined };

export interface Permission {
  readonly permitted: boolean;
  /** The role definition's display name, when permitted. */
  readonly role?: string;
  /** The assignment that grants it. */
  readonly assignment?: ResourceKey;
  /** The assignment's scope. */
  readonly scope?: string;
}

/** Whether the principal has the right at the scope (a resource id or `/`), and by which assignment: the one at the highest scope. Case is ignored throughout. */
export function permits(access: AccessPart, principal: { readonly principalId: string }, right: Right, scope: string): Permission {
  const at = scope.toLowerCase();
  for (const assignment of access.assignments.get(principal.principalId.toLowerCase()) ?? []) {
    if (!isWithin(at, assignment.scope)) continue;
    const role = access.roles.get(assignment.role);
    if (role?.permissions.some((permission) => grants(permission, right)))
      return { permitted: true, role: role.roleName, assignment: assignment.assignment, scope: assignment.scope };
  }
  return { permitted: false };
}

function grants(permission: RolePermission, right: Right): boolean {
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
