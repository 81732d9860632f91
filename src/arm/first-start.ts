/** The first state: what must be in the store before anybody can ask for anything. Made once; later starts find it. */
import { isDeepStrictEqual } from 'node:util';
import { type Clock, isoTime } from '#base/clock.ts';
import type { DomainName } from '#base/domain-name.ts';
import { Fault } from '#base/fault.ts';
import { parseResourceId, type ResourceKey } from '#base/resource-id.ts';
import type { Directory } from '#identity/directory.ts';
import type { Store, Transaction } from '#store/store.ts';
import { findTenant, insertTenant } from '#store/tenants.ts';
import type { TypeTable } from './types.ts';

/** Role Owner; learn.microsoft.com/azure/role-based-access-control/built-in-roles. */
const OWNER = '/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635';

/** The domain of the first tenant's users, as every tenant of Entra has one to begin with. */
export const FIRST_DOMAIN = 'postern.onmicrosoft.com';

export interface FirstState {
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** The operator's credentials, when they were made now: nobody can read the secret later. */
  readonly operator?: { readonly appId: string; readonly objectId: string; readonly secret: string };
}

/**
 * The tenant, one subscription with every provider registered, the built-in resources of the types, and a service principal that is Owner of all.
 * Each is made when it is missing; built-in resources are brought up to this version. Whoever starts Postern on a data folder is its operator: for lost credentials it makes new ones.
 */
export async function ensureFirstState(options: {
  store: Store;
  directory: Pick<Directory, 'createServicePrincipal' | 'findByObjectId' | 'addSecret'>;
  types: TypeTable;
  clock: Clock;
  newGuid(): string;
  /** False when the operator's credentials are not where they are kept: lost, or never written because the first start was cut short. True unless given. */
  operatorKnown?: boolean;
}): Promise<FirstState> {
  const { store, directory, types, clock, newGuid } = options;
  const { value: scopes } = await store.write(async (transaction) => {
    const tenantId = await setting(transaction, 'tenantId', newGuid);
    const subscriptionId = await setting(transaction, 'subscriptionId', newGuid);
    if (!(await findTenant(transaction.database, tenantId)))
      await insertTenant(transaction.database, { id: tenantId, displayName: 'Postern', domain: FIRST_DOMAIN, createdAt: isoTime(clock) });
    const key = `/subscriptions/${subscriptionId}` as ResourceKey;
    if (!(await transaction.resources.get(key)))
      await transaction.resources.put({
        key,
        id: key,
        type: 'Microsoft.Resources/subscriptions',
        name: subscriptionId,
        parent: undefined,
        owner: undefined,
        body: { properties: { displayName: 'Postern', state: 'Enabled' } },
        hidden: { autoRegister: true, tenantId },
        etag: newGuid(),
      });
    for (const type of types.all)
      for (const { id, body, hidden = {} } of type.builtIn ?? []) {
        const { key: builtIn, name, parent } = parseResourceId(id);
        const before = await transaction.resources.get(builtIn);
        if (before && isDeepStrictEqual({ body: before.body, hidden: before.hidden }, JSON.parse(JSON.stringify({ body, hidden })))) continue;
        await transaction.resources.put({ key: builtIn, id, type: type.type, name, parent, owner: undefined, body, hidden, etag: newGuid() });
      }
    return { tenantId, subscriptionId };
  });

  const known = await store.database.selectFrom('settings').select('value').where('name', '=', 'operator').executeTakeFirst();
  const record = known && (await directory.findByObjectId(known.value));
  if (record) {
    if (options.operatorKnown ?? true) return scopes;
    const { secret } = await directory.addSecret(record.appId, { displayName: 'postern-operator' });
    return { ...scopes, operator: { appId: record.appId, objectId: known.value, secret } };
  }
  const operator = await directory.createServicePrincipal({ tenantId: scopes.tenantId, displayName: 'postern-operator' });
  await store.write(async (transaction) => {
    await assignOwner(transaction, { principal: { objectId: operator.objectId, type: 'ServicePrincipal' }, tenantId: scopes.tenantId, clock, newGuid });
    await transaction.database
      .insertInto('settings')
      .values({ name: 'operator', value: operator.objectId })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: operator.objectId }))
      .execute();
  });
  return { ...scopes, operator };
}

/** Makes a principal Owner of everything there is; it says of itself that it did. */
export async function assignOwner(
  transaction: Transaction,
  options: { principal: { objectId: string; type: 'ServicePrincipal' | 'User' }; tenantId: string; clock: Clock; newGuid(): string },
): Promise<void> {
  const { principal, tenantId, clock, newGuid } = options;
  const name = newGuid();
  const id = `/providers/Microsoft.Authorization/roleAssignments/${name}`;
  const at = isoTime(clock);
  await transaction.resources.put({
    key: parseResourceId(id).key,
    id,
    type: 'Microsoft.Authorization/roleAssignments',
    name,
    parent: undefined,
    owner: undefined,
    body: {
      properties: {
        roleDefinitionId: OWNER,
        principalId: principal.objectId,
        principalType: principal.type,
        createdOn: at,
        updatedOn: at,
        createdBy: principal.objectId,
        updatedBy: principal.objectId,
      },
    },
    hidden: { tenantId },
    etag: newGuid(),
  });
}

/**
 * Holds a data folder to the domain it was made for: login servers and the host names of endpoints are stored, so another domain would serve names that nothing
 * answers to. The first start keeps it. @throws Fault `DataFolderDomain`
 */
export async function requireDomain(store: Store, domain: DomainName): Promise<void> {
  const { value: kept } = await store.write((transaction) => setting(transaction, 'domain', () => domain));
  if (kept === domain) return;
  throw new Fault(
    'conflict',
    'DataFolderDomain',
    `This data folder was made for the domain '${kept}' and its registries keep their names there; it cannot serve '${domain}'. ` +
      `Start it with --domain ${kept}, or give the other domain a data folder of its own: --data DIR --domain ${domain}.`,
  );
}

async function setting({ database }: Transaction, name: string, make: () => string): Promise<string> {
  const row = await database.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst();
  if (row) return row.value;
  const value = make();
  await database.insertInto('settings').values({ name, value }).execute();
  return value;
}
