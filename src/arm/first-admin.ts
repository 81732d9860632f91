/** The first administrator: a user who may do everything, made at the first start, so that a person can sign in before anybody has made users. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { type Directory, secretText } from '#identity/directory.ts';
import type { Store } from '#store/store.ts';
import { assignOwner, FIRST_DOMAIN } from './first-start.ts';

export interface AdminCredentials {
  readonly tenantId: string;
  readonly userPrincipalName: string;
  readonly password: string;
}

const SETTING = 'admin';

/**
 * Makes `admin@` the first tenant's domain, Owner of all, unless it was made before: whoever deleted it, or changed its password, meant that.
 * @param options.keep writes the password where its owner finds it. Called before the user has it, so that a start that is cut short loses nobody's password.
 */
export async function ensureFirstAdmin(options: {
  store: Store;
  directory: Directory;
  tenantId: string;
  clock: Clock;
  newGuid(): string;
  keep(credentials: AdminCredentials): Promise<void>;
}): Promise<void> {
  const { store, directory, tenantId, clock, newGuid } = options;
  if (await store.database.selectFrom('settings').select('value').where('name', '=', SETTING).executeTakeFirst()) return;
  const userPrincipalName = `admin@${FIRST_DOMAIN}`;
  const password = secretText(randomBytes(18));
  await options.keep({ tenantId, userPrincipalName, password });
  const before = await directory.findUser(userPrincipalName);
  if (before) await directory.people.updateUser(before.objectId, { password });
  const { objectId } = before ?? (await directory.createUser({ tenantId, upn: userPrincipalName, displayName: 'Administrator', password }));
  await store.write(async (transaction) => {
    await assignOwner(transaction, { principal: { objectId, type: 'User' }, tenantId, clock, newGuid });
    await transaction.database.insertInto('settings').values({ name: SETTING, value: objectId }).execute();
  });
}
