/**
 * Applications and service principals at the directory's plane. https://learn.microsoft.com/graph/api/resources/application, .../serviceprincipal.
 * Service principals are those of applications, which the directory keeps, and managed identities, which the snapshot has.
 */
import type { JsonObject } from '#base/json.ts';
import { z } from '#base/schema.ts';
import { emptyReply, type Reply } from '#http/message.ts';
import type { PrincipalRecord } from '#store/principals.ts';
import { bad, bodyOf, type Call, displayName, type GraphOptions, type Handler, notFound, one, page, type Routes } from './graph-call.ts';
import {
  addPassword,
  changeFederated,
  createFederated,
  deleteFederated,
  keyCredentials,
  keysFrom,
  listFederated,
  removePassword,
  showFederated,
  shownCredentials,
} from './graph-credentials.ts';
import { type Filterable, parseGraphFilter } from './graph-filter.ts';
import { type ManagedPrincipal, managedPrincipals } from './managed-principals.ts';

interface Own {
  readonly record: PrincipalRecord;
  readonly objectId: string;
}
interface Managed extends ManagedPrincipal {
  readonly record?: undefined;
}
export type Principal = Own | Managed;

/** Every service principal of the caller's tenant. */
export async function principals({ directory, identity, snapshot }: Call): Promise<readonly Principal[]> {
  const own = (await directory.list(identity.tenantId)).flatMap((record) => (record.objectId === undefined ? [] : [{ record, objectId: record.objectId }]));
  return [...own, ...managedPrincipals(snapshot(), identity.tenantId)];
}

const PRINCIPAL_NAMES = ['id', 'appId', 'displayName', 'servicePrincipalType', 'servicePrincipalNames', 'alternativeNames'] as const;

/** The part of a service principal that filters look at. */
function principalNames(principal: Principal): Filterable & { readonly id: string } {
  if (principal.record) {
    const { appId, displayName } = principal.record;
    return { id: principal.objectId, appId, displayName, servicePrincipalType: 'Application', servicePrincipalNames: [appId], alternativeNames: [] };
  }
  const { objectId, clientId, resourceId, system } = principal;
  return {
    id: objectId,
    appId: clientId,
    displayName: resourceId.slice(resourceId.lastIndexOf('/') + 1),
    servicePrincipalType: 'ManagedIdentity',
    servicePrincipalNames: [clientId],
    alternativeNames: [`isExplicit=${system ? 'False' : 'True'}`, resourceId],
  };
}

export async function presentPrincipal({ directory }: GraphOptions, principal: Principal): Promise<JsonObject> {
  const names = principalNames(principal) as unknown as JsonObject;
  const { record } = principal;
  return {
    ...names,
    ...PRINCIPAL_CONSTANTS,
    appDisplayName: record ? record.displayName : null,
    appOwnerOrganizationId: record ? record.tenantId : null,
    ...(record ? { createdDateTime: record.createdAt } : {}),
    ...(record ? await shownCredentials(directory, record.appId) : { passwordCredentials: [], keyCredentials: [] }),
  };
}

/** What is the same of every one: answered so, and refused when asked to be otherwise. */
const PRINCIPAL_CONSTANTS: JsonObject = { accountEnabled: true, tags: [], appRoleAssignmentRequired: false };
const APPLICATION_CONSTANTS: JsonObject = { signInAudience: 'AzureADMyOrg', identifierUris: [], requiredResourceAccess: [], tags: [] };

async function listPrincipals(call: Call): Promise<Reply> {
  const wanted = parseGraphFilter(call.request.query.get('$filter'), PRINCIPAL_NAMES);
  const found = (await principals(call))
    .map((principal) => ({ principal, ...principalNames(principal) }))
    .filter((item) => wanted(principalNames(item.principal)));
  return page(call, 'servicePrincipals', found, ({ principal }) => presentPrincipal(call, principal));
}

/** @throws Fault `Request_ResourceNotFound` (notFound) */
async function principalOf(call: Call): Promise<Principal> {
  const found = (await principals(call)).find((principal) => {
    const { id, appId } = principalNames(principal);
    return (call.key.by === 'appId' ? (appId as string) : id).toLowerCase() === call.key.value;
  });
  return found ?? notFound(call.key.value);
}

/** As `principalOf`, of an application. @throws Fault also `Request_BadRequest` (invalid) for a managed identity */
async function ownPrincipal(call: Call): Promise<Own> {
  const principal = await principalOf(call);
  if (principal.record) return principal;
  throw bad(`'${principal.objectId}' is a managed identity: it has no secrets and lives with its resource. Change or delete '${principal.resourceId}'.`);
}

async function showPrincipal(call: Call): Promise<Reply> {
  return one(call, 200, 'servicePrincipals', await presentPrincipal(call, await principalOf(call)));
}

async function createPrincipal(call: Call): Promise<Reply> {
  const { appId } = await bodyOf(call, z.looseObject({ appId: z.string() }), { ...PRINCIPAL_CONSTANTS, keyCredentials: [] });
  const record = await call.directory.createPrincipal(appId, call.identity.tenantId);
  return one(call, 201, 'servicePrincipals', await presentPrincipal(call, { record, objectId: record.objectId as string }));
}

/** The certificates of its application: it has none of its own. */
async function changePrincipal(call: Call): Promise<Reply> {
  const { record } = await ownPrincipal(call);
  const body = await bodyOf(call, z.looseObject({ keyCredentials: keyCredentials.nullish() }), PRINCIPAL_CONSTANTS);
  if (body.keyCredentials) await call.directory.replaceKeys(record.appId, await keysFrom(call.directory, record.appId, body.keyCredentials));
  return emptyReply(204);
}

async function deletePrincipal(call: Call): Promise<Reply> {
  const { record } = await ownPrincipal(call);
  if (!(await call.directory.removePrincipal(record.appId))) notFound(call.key.value);
  return emptyReply(204);
}

const APPLICATION_NAMES = ['id', 'appId', 'displayName', 'identifierUris'] as const;

function applicationNames({ applicationId, appId, displayName }: PrincipalRecord): Filterable & { readonly id: string } {
  return { id: applicationId, appId, displayName, identifierUris: [] };
}

export async function presentApplication({ directory }: GraphOptions, record: PrincipalRecord): Promise<JsonObject> {
  return {
    ...(applicationNames(record) as unknown as JsonObject),
    ...APPLICATION_CONSTANTS,
    createdDateTime: record.createdAt,
    ...(await shownCredentials(directory, record.appId)),
  };
}

async function listApplications(call: Call): Promise<Reply> {
  const wanted = parseGraphFilter(call.request.query.get('$filter'), APPLICATION_NAMES);
  const found = (await call.directory.list(call.identity.tenantId))
    .filter((record) => wanted(applicationNames(record)))
    .map((record) => ({ id: record.applicationId, record }));
  return page(call, 'applications', found, ({ record }) => presentApplication(call, record));
}

/** @throws Fault `Request_ResourceNotFound` (notFound) */
async function applicationOf({ directory, identity, key }: Call): Promise<PrincipalRecord> {
  const found = (await directory.list(identity.tenantId)).find((record) => (key.by === 'appId' ? record.appId : record.applicationId) === key.value);
  return found ?? notFound(key.value);
}

async function showApplication(call: Call): Promise<Reply> {
  return one(call, 200, 'applications', await presentApplication(call, await applicationOf(call)));
}

const newApplication = z.looseObject({ displayName, keyCredentials: keyCredentials.nullish() });

async function createApplication(call: Call): Promise<Reply> {
  const body = await bodyOf(call, newApplication, APPLICATION_CONSTANTS);
  const keys = await keysFrom(call.directory, undefined, body.keyCredentials ?? []);
  const record = await call.directory.createApplication(call.identity.tenantId, body.displayName);
  if (keys.length > 0) await call.directory.replaceKeys(record.appId, keys);
  return one(call, 201, 'applications', await presentApplication(call, record));
}

async function changeApplication(call: Call): Promise<Reply> {
  const { appId } = await applicationOf(call);
  const body = await bodyOf(call, newApplication.partial(), APPLICATION_CONSTANTS);
  const keys = body.keyCredentials ? await keysFrom(call.directory, appId, body.keyCredentials) : undefined;
  if (body.displayName !== undefined && !(await call.directory.rename(appId, body.displayName))) notFound(call.key.value);
  if (keys) await call.directory.replaceKeys(appId, keys);
  return emptyReply(204);
}

async function deleteApplication(call: Call): Promise<Reply> {
  const { appId } = await applicationOf(call);
  if (!(await call.directory.removeApplication(appId))) notFound(call.key.value);
  return emptyReply(204);
}

/** A handler for the application that the path names, or for the one of the service principal it names. */
const ofApplication =
  (handle: (call: Call, application: PrincipalRecord) => Promise<Reply>): Handler =>
  async (call) =>
    handle(call, await applicationOf(call));
const ofPrincipal =
  (handle: (call: Call, application: PrincipalRecord) => Promise<Reply>): Handler =>
  async (call) =>
    handle(call, (await ownPrincipal(call)).record);
/** Owners are not kept: who may change an application is a role. */
const noOwners: Handler = (call) => page(call, 'directoryObjects', [], async () => ({}));

export const applicationRoutes: Routes = {
  serviceprincipals: { GET: listPrincipals, POST: createPrincipal },
  'serviceprincipals/*': { GET: showPrincipal, PATCH: changePrincipal, DELETE: deletePrincipal },
  'serviceprincipals/*/addpassword': { POST: ofPrincipal(addPassword) },
  'serviceprincipals/*/removepassword': { POST: ofPrincipal(removePassword) },
  'serviceprincipals/*/owners': { GET: ofPrincipal((call) => noOwners(call)) },
  applications: { GET: listApplications, POST: createApplication },
  'applications/*': { GET: showApplication, PATCH: changeApplication, DELETE: deleteApplication },
  'applications/*/addpassword': { POST: ofApplication(addPassword) },
  'applications/*/removepassword': { POST: ofApplication(removePassword) },
  'applications/*/owners': { GET: ofApplication((call) => noOwners(call)) },
  'applications/*/federatedidentitycredentials': { GET: ofApplication(listFederated), POST: ofApplication(createFederated) },
  'applications/*/federatedidentitycredentials/*': {
    GET: ofApplication(showFederated),
    PATCH: ofApplication(changeFederated),
    DELETE: ofApplication(deleteFederated),
  },
};
