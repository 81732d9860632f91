/** What kind of principal an object id is: the one question that the control plane asks of the directory. */
import type { Snapshot } from '#topology/snapshot.ts';
import type { Directory } from './directory.ts';
import { managedPrincipals } from './managed-principals.ts';

/** Undefined when the tenant has no user, group, service principal or managed identity with the object id, in any casing. */
export async function principalTypeOf(
  directory: Directory,
  snapshot: Snapshot,
  objectId: string,
  tenantId: string,
): Promise<'User' | 'Group' | 'ServicePrincipal' | undefined> {
  const id = objectId.toLowerCase();
  if ((await directory.people.findUserByObjectId(id))?.tenantId === tenantId) return 'User';
  if ((await directory.people.findGroup(id))?.tenantId === tenantId) return 'Group';
  const known = (await directory.findByObjectId(id))?.tenantId === tenantId || managedPrincipals(snapshot, tenantId).some((one) => one.objectId === id);
  return known ? 'ServicePrincipal' : undefined;
}
