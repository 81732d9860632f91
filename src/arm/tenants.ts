/** Further tenants: made by those who run this server, each with administrators of its own and nothing of anybody else's. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import { type Directory, secretText } from '#identity/directory.ts';
import type { Store } from '#store/store.ts';
import type { TenantRecord } from '#store/tenants.ts';
import { assignOwner } from './first-start.ts';

/** Who may do everything in a new tenant. Nobody can read the password and the secret later. */
export interface NewTenant {
  readonly tenantId: string;
  readonly displayName: string;
  readonly domain: string;
  readonly administrator: { readonly userPrincipalName: string; readonly password: string };
  readonly application: { readonly appId: string; readonly objectId: string; readonly secret: string };
}

const DOMAIN = /^(?=.{1,64}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/i;

/**
 * A tenant with a user and an application that are Owner of all in it.
 * @param asked `domain` is `NAME.onmicrosoft.com` of the display name unless given, as Entra makes it
 * @throws Fault `InvalidTenant` (invalid), `TenantAlreadyExists` (conflict)
 */
export async function createTenant(
  { store, directory, clock, newGuid }: { store: Store; directory: Directory; clock: Clock; newGuid(): string },
  asked: { displayName?: unknown; domain?: unknown },
): Promise<NewTenant> {
  const {
    displayName,
    domain = `${String(displayName)
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '')}.onmicrosoft.com`,
  } = asked;
  if (typeof displayName !== 'string' || displayName.trim() === '' || displayName.length > 256)
    throw new Fault('invalid', 'InvalidTenant', 'A tenant has a display name of 1 to 256 characters.', { target: 'displayName' });
  if (typeof domain !== 'string' || !DOMAIN.test(domain))
    throw new Fault('invalid', 'InvalidTenant', `'${String(domain).slice(0, 100)}' is no domain for a tenant's users, such as contoso.onmicrosoft.com.`, {
      target: 'domain',
    });
  const { id: tenantId } = await directory.createTenant({ displayName, domain });
  const password = secretText(randomBytes(18));
  const userPrincipalName = `admin@${domain}`;
  const user = await directory.createUser({ tenantId, upn: userPrincipalName, displayName: 'Administrator', password });
  const application = await directory.createServicePrincipal({ tenantId, displayName: 'tenant-administrator' });
  await store.write(async (transaction) => {
    for (const principal of [
      { objectId: user.objectId, type: 'User' },
      { objectId: application.objectId, type: 'ServicePrincipal' },
    ] as const)
      await assignOwner(transaction, { principal, tenantId, clock, newGuid });
  });
  return { tenantId, displayName, domain, administrator: { userPrincipalName, password }, application };
}

/** A tenant as the operator's list shows it. */
export function shownTenant({ id, displayName, domain, createdAt }: TenantRecord): object {
  return { tenantId: id, displayName, domain, createdAt };
}
