/** Who may do what, of the snapshot. */
import type { RoleAssignmentFact } from '../facts.ts';
import { SharedMap } from '../shared-map.ts';
import type { AccessPart } from '../snapshot.ts';
import { compare } from './claims.ts';
import { type Filed, WORLD } from './filed.ts';
import type { Touched } from './touched.ts';

export function foldAccess(old: AccessPart, filed: Filed, touched: Touched): AccessPart {
  const roles = SharedMap.from(old.roles).with([...touched.roles].map((name) => [name, filed.roles.get(WORLD, name)]));
  const assignments = SharedMap.from(old.assignments).with([...touched.principals].map((principal) => [principal, assignmentsOf(principal, filed)]));
  const identities = SharedMap.from(old.identities).with([...touched.identities].map((key) => [key, filed.identities.get(WORLD, key)]));
  const subscriptions = SharedMap.from(old.subscriptions).with([...touched.subscriptions].map((key) => [key, filed.subscriptions.get(WORLD, key)]));
  const next: AccessPart = { roles, assignments, identities, subscriptions };
  return (Object.keys(next) as (keyof AccessPart)[]).every((part) => next[part] === old[part]) ? old : next;
}

/** A scope that holds another is shorter: the widest assignment comes first. */
function assignmentsOf(principal: string, filed: Filed): readonly RoleAssignmentFact[] | undefined {
  const facts = [...filed.assignments.places(principal)].map((place) => filed.assignments.get(principal, place) as RoleAssignmentFact);
  return facts.length === 0 ? undefined : facts.sort((a, b) => a.scope.length - b.scope.length || compare(a.assignment, b.assignment));
}
