/**
 * The directory's plane: graph.microsoft.com inside machines, and `/v1.0/...` on the management listener. As much of Microsoft Graph v1.0 as
 * `az ad sp`, `az ad app delete` and `az role assignment` need: applications, service principals (managed identities among them), and no users.
 * https://learn.microsoft.com/graph/api/resources/application, .../serviceprincipal, .../passwordcredential; errors as in .../graph/errors.
 *
 * Reading is open to every principal of the tenant, as in Microsoft Entra ID by default: it tells names and ids, never a secret.
 * Changing needs the right to give any role at `/` (see `CHANGE`). What clients ask: docs/sources.md#directory;
 * docs/decisions/directory.md has the reasons, and what deliberately differs.
 */
import { Fault } from '#base/fault.ts';
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import { check, z } from '#base/schema.ts';
import { readJson } from '#http/body.ts';
import { emptyReply, jsonReply, type Plane, type Reply, type Request } from '#http/message.ts';
import type { PrincipalRecord } from '#store/principals.ts';
import { permits } from '#topology/access.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import type { Directory, NewSecret } from './directory.ts';
import { type Filterable, parseGraphFilter } from './graph-filter.ts';
import { type ManagedPrincipal, managedPrincipals } from './managed-principals.ts';
import { GRAPH_AUDIENCES, type Identity, MANAGEMENT_AUDIENCES, type Tokens } from './tokens.ts';

export interface GraphOptions {
  readonly tokens: Pick<Tokens, 'verifyAccess' | 'tenantId'>;
  readonly directory: Directory;
  readonly snapshot: () => Snapshot;
}

/** Paths of this plane on the management listener, where it shares the host with the control plane, whose paths never look so. */
export function isGraphPath(path: string): boolean {
  return /^\/v1\.0(?:\/|$)/i.test(path);
}

/** Whoever may give any role at `/` can become everybody already, so changing the directory gives it nothing more; and nobody else gains by a new secret. */
const CHANGE = 'Microsoft.Authorization/roleAssignments/write';
/** Graph's own limits: a page, the ids of one getByIds, the name of an application. */
const PAGE_SIZE = 999;
const MOST_IDS = 1000;
const NAME_CHARACTERS = 256;
const BODY_BYTES = 256 * 1024;

interface Call extends GraphOptions {
  readonly request: Request;
  /** Who asks: what is shown is of this tenant. */
  readonly identity: Identity;
  /** What the path names behind the set: an object id, or an appId where the path says so. Lower case. */
  readonly key: { readonly by: 'id' | 'appId'; readonly value: string };
}
type Handler = (call: Call) => Promise<Reply>;

/** Every path (lower case, `*` where it names one object) with its methods. */
const ROUTES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  users: { GET: async (call) => page(call, 'users', [], async () => ({})) },
  serviceprincipals: { GET: listPrincipals, POST: createPrincipal },
  'serviceprincipals/*': { GET: showPrincipal, DELETE: deletePrincipal },
  'serviceprincipals/*/addpassword': { POST: async (call) => addPassword(call, (await ownPrincipal(call)).record) },
  'serviceprincipals/*/removepassword': { POST: async (call) => removePassword(call, (await ownPrincipal(call)).record) },
  applications: { GET: listApplications, POST: createApplication },
  'applications/*': { GET: showApplication, PATCH: renameApplication, DELETE: deleteApplication },
  'applications/*/addpassword': { POST: async (call) => addPassword(call, await applicationOf(call)) },
  'applications/*/removepassword': { POST: async (call) => removePassword(call, await applicationOf(call)) },
  'directoryobjects/getbyids': { POST: getByIds },
};
/** POST only because its question is long. */
const READS = 'directoryobjects/getbyids';

export function graphPlane(options: GraphOptions): Plane {
  return async (request) => {
    try {
      const reply = await answer(request, options);
      return { ...reply, headers: { 'request-id': request.id, ...reply.headers } };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return jsonReply(error.status, { error: { code: error.code, message: error.message } }, { 'request-id': request.id, ...error.headers });
    }
  };
}

async function answer(request: Request, options: GraphOptions): Promise<Reply> {
  const identity = await authenticate(request, options.tokens);
  const { path, key } = routeOf(request.path);
  const methods = ROUTES[path];
  if (!methods) throw new Fault('notFound', 'BadRequest', `Resource not found for the segment '${request.path.slice(0, 200)}'. This directory serves ${SETS}.`);
  const handler = methods[request.method];
  if (!handler) {
    const allow = Object.keys(methods).join(', ');
    throw new Fault('methodNotAllowed', 'Request_BadRequest', `'${request.path.slice(0, 200)}' takes ${allow}.`, { headers: { allow } });
  }
  if (request.method !== 'GET' && path !== READS) demandChange(request, identity, options.snapshot());
  return handler({ ...options, request, identity, key });
}

const SETS = 'applications, servicePrincipals, users and directoryObjects/getByIds of version v1.0';

/** `/v1.0/SET`, `/v1.0/SET/ID/ACTION`, `/v1.0/SET(appId='X')`. */
function routeOf(requested: string): { path: string; key: Call['key'] } {
  const nobody = { by: 'id', value: '' } as const;
  let decoded: string;
  try {
    decoded = decodeURIComponent(requested).toLowerCase().replace(/\/$/, '');
  } catch {
    return { path: '', key: nobody };
  }
  const whole = /^\/v1\.0\/([a-z/]+)$/.exec(decoded)?.[1];
  if (whole !== undefined && Object.hasOwn(ROUTES, whole)) return { path: whole, key: nobody };
  const match = /^\/v1\.0\/(?<set>[a-z]+)(?:\/(?<id>[^/()]+)|\(appid='(?<appid>[^']*)'\))(?<action>\/[a-z]+)?$/.exec(decoded);
  const { set = '', id, appid = '', action = '' } = match?.groups ?? {};
  const found = `${set}/*${action}`;
  return { path: Object.hasOwn(ROUTES, found) ? found : '', key: id === undefined ? { by: 'appId', value: appid } : { by: 'id', value: id } };
}

/** @throws Fault `InvalidAuthenticationToken` (unauthenticated) */
async function authenticate(request: Request, tokens: GraphOptions['tokens']): Promise<Identity> {
  const token = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  try {
    if (token === undefined)
      throw new Fault('unauthenticated', 'InvalidAuthenticationToken', 'Access token is empty.', {
        headers: { 'www-authenticate': `Bearer authorization_uri="https://login.microsoftonline.com/${tokens.tenantId}"` },
      });
    const identity = await tokens.verifyAccess(token, [...GRAPH_AUDIENCES, ...MANAGEMENT_AUDIENCES]);
    request.trace.push({ check: 'identity', ok: true, detail: `${identity.kind} ${identity.appId ?? identity.objectId}` });
    return identity;
  } catch (error) {
    request.trace.push({ check: 'identity', ok: false, detail: (error as Error).message });
    throw error;
  }
}

/** @throws Fault `Authorization_RequestDenied` (forbidden) */
function demandChange(request: Request, identity: Identity, snapshot: Snapshot): void {
  const permission = permits(
    snapshot.access,
    { principalId: identity.objectId, tenantId: identity.tenantId, groupIds: identity.groups },
    { action: CHANGE },
    '/',
  );
  const detail = permission.permitted ? `${CHANGE} by ${permission.role} at ${permission.scope}` : `no role gives ${CHANGE} at /`;
  request.trace.push({ check: 'role', ok: permission.permitted, detail });
  if (!permission.permitted)
    throw new Fault(
      'forbidden',
      'Authorization_RequestDenied',
      `Insufficient privileges to complete the operation. Changing the directory needs the action '${CHANGE}' over scope '/', which Owner there has.`,
    );
}

// Service principals: those of applications, which the directory keeps, and managed identities, which the snapshot has.

interface Own {
  readonly record: PrincipalRecord;
  readonly objectId: string;
}
interface Managed extends ManagedPrincipal {
  readonly record?: undefined;
}
type Principal = Own | Managed;

async function principals({ directory, identity, snapshot }: Call): Promise<readonly Principal[]> {
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

async function presentPrincipal({ directory, tokens }: GraphOptions, principal: Principal): Promise<JsonObject> {
  const names = principalNames(principal) as unknown as JsonObject;
  const { record } = principal;
  return {
    ...names,
    ...PRINCIPAL_CONSTANTS,
    appDisplayName: record ? record.displayName : null,
    appOwnerOrganizationId: record ? tokens.tenantId : null,
    ...(record ? { createdDateTime: record.createdAt } : {}),
    passwordCredentials: record ? (await directory.secrets(record.appId)).map(credential) : [],
  };
}

/** What is the same of every one: answered so, and refused when asked to be otherwise. */
const PRINCIPAL_CONSTANTS: JsonObject = { accountEnabled: true, keyCredentials: [], tags: [], appRoleAssignmentRequired: false };
const APPLICATION_CONSTANTS: JsonObject = { signInAudience: 'AzureADMyOrg', identifierUris: [], keyCredentials: [], requiredResourceAccess: [], tags: [] };

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
  throw new Fault(
    'invalid',
    'Request_BadRequest',
    `'${principal.objectId}' is a managed identity: it has no secrets and lives with its resource. Change or delete '${principal.resourceId}'.`,
  );
}

async function showPrincipal(call: Call): Promise<Reply> {
  return one(call, 200, 'servicePrincipals', await presentPrincipal(call, await principalOf(call)));
}

async function createPrincipal(call: Call): Promise<Reply> {
  const { appId } = await bodyOf(call, z.looseObject({ appId: z.string() }), PRINCIPAL_CONSTANTS);
  const record = await call.directory.createPrincipal(appId);
  return one(call, 201, 'servicePrincipals', await presentPrincipal(call, { record, objectId: record.objectId as string }));
}

async function deletePrincipal(call: Call): Promise<Reply> {
  const { record } = await ownPrincipal(call);
  if (!(await call.directory.removePrincipal(record.appId))) notFound(call.key.value);
  return emptyReply(204);
}

// Applications.

const APPLICATION_NAMES = ['id', 'appId', 'displayName', 'identifierUris'] as const;

function applicationNames({ applicationId, appId, displayName }: PrincipalRecord): Filterable & { readonly id: string } {
  return { id: applicationId, appId, displayName, identifierUris: [] };
}

async function presentApplication({ directory }: GraphOptions, record: PrincipalRecord): Promise<JsonObject> {
  return {
    ...(applicationNames(record) as unknown as JsonObject),
    ...APPLICATION_CONSTANTS,
    createdDateTime: record.createdAt,
    passwordCredentials: (await directory.secrets(record.appId)).map(credential),
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

const displayName = z.string().min(1).max(NAME_CHARACTERS);

async function createApplication(call: Call): Promise<Reply> {
  const body = await bodyOf(call, z.looseObject({ displayName }), APPLICATION_CONSTANTS);
  return one(call, 201, 'applications', await presentApplication(call, await call.directory.createApplication(call.identity.tenantId, body.displayName)));
}

async function renameApplication(call: Call): Promise<Reply> {
  const { appId } = await applicationOf(call);
  const body = await bodyOf(call, z.looseObject({ displayName: displayName.optional() }), APPLICATION_CONSTANTS);
  if (body.displayName !== undefined && !(await call.directory.rename(appId, body.displayName))) notFound(call.key.value);
  return emptyReply(204);
}

async function deleteApplication(call: Call): Promise<Reply> {
  const { appId } = await applicationOf(call);
  if (!(await call.directory.removeApplication(appId))) notFound(call.key.value);
  return emptyReply(204);
}

// Secrets.

function credential({ keyId, displayName, startsAt, expiresAt }: Omit<NewSecret, 'secret'>): JsonObject {
  return { keyId, displayName, startDateTime: startsAt, endDateTime: expiresAt, secretText: null, hint: null, customKeyIdentifier: null };
}

const time = z.string().refine((text) => /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)), 'it is no time, for example 2030-01-01T00:00:00Z');
const newPassword = z.looseObject({
  passwordCredential: z
    .looseObject({ displayName: z.string().max(NAME_CHARACTERS).nullish(), startDateTime: time.nullish(), endDateTime: time.nullish() })
    .nullish(),
});

async function addPassword(call: Call, { appId }: PrincipalRecord): Promise<Reply> {
  const asked = (await bodyOf(call, newPassword, {})).passwordCredential ?? {};
  const startsAtMs = asked.startDateTime ? Date.parse(asked.startDateTime) : undefined;
  const expiresAtMs = asked.endDateTime ? Date.parse(asked.endDateTime) : undefined;
  const made = await call.directory.addSecret(appId, { displayName: asked.displayName ?? '', startsAtMs, expiresAtMs });
  return one(call, 200, '', { ...credential(made), secretText: made.secret });
}

async function removePassword(call: Call, { appId }: PrincipalRecord): Promise<Reply> {
  const { keyId } = await bodyOf(call, z.looseObject({ keyId: z.string() }), {});
  if (!(await call.directory.removeSecret(appId, keyId)))
    throw new Fault('invalid', 'Request_BadRequest', `No password credential found with keyId '${keyId.slice(0, 100)}'.`);
  return emptyReply(204);
}

// Objects of any kind.

async function getByIds(call: Call): Promise<Reply> {
  const schema = z.looseObject({ ids: z.array(z.string()).max(MOST_IDS), types: z.array(z.string()).nullish() });
  const { ids, types } = await bodyOf(call, schema, {});
  const wanted = new Set(ids.map((id) => id.toLowerCase()));
  const kinds = (types ?? ['directoryObject']).map((type) => type.toLowerCase());
  const asked = (kind: string): boolean => kinds.includes('directoryobject') || kinds.includes(kind);
  const value: JsonObject[] = [];
  if (asked('serviceprincipal'))
    for (const principal of await principals(call))
      if (wanted.has(principal.objectId.toLowerCase()))
        value.push({ '@odata.type': '#microsoft.graph.servicePrincipal', ...(await presentPrincipal(call, principal)) });
  if (asked('application'))
    for (const record of await call.directory.list(call.identity.tenantId))
      if (wanted.has(record.applicationId)) value.push({ '@odata.type': '#microsoft.graph.application', ...(await presentApplication(call, record)) });
  return jsonReply(200, { '@odata.context': contextOf(call, 'directoryObjects'), value });
}

// What all answers share.

function contextOf({ request }: Call, set: string): string {
  return `https://${request.authority}/v1.0/$metadata#${set}`;
}

function one(call: Call, status: number, set: string, object: JsonObject): Reply {
  const context = set === '' ? 'microsoft.graph.passwordCredential' : `${set}/$entity`;
  return jsonReply(status, { '@odata.context': contextOf(call, context), ...object });
}

/** One page of a list, in order of the ids; `$skiptoken` is the last id of the page before. `$select`, `$count` and `$orderby` change nothing. */
async function page<T extends { readonly id: string }>(
  call: Call,
  set: string,
  items: readonly T[],
  present: (item: T) => Promise<JsonObject>,
): Promise<Reply> {
  const { query, authority, path } = call.request;
  if (query.has('$search')) throw new Fault('invalid', 'Request_UnsupportedQuery', "'$search' is not supported; use $filter.");
  const top = query.get('$top') ?? String(PAGE_SIZE);
  if (!/^[1-9]\d{0,2}$/.test(top))
    throw new Fault('invalid', 'Request_UnsupportedQuery', `Invalid $top '${top.slice(0, 60)}': it is a whole number from 1 to ${PAGE_SIZE}.`);
  const after = query.get('$skiptoken') ?? '';
  const rest = items.filter(({ id }) => id > after).sort((a, b) => (a.id < b.id ? -1 : 1));
  const shown = rest.slice(0, Number(top));
  const next = new URLSearchParams([...query].filter(([name]) => name !== '$skiptoken'));
  next.set('$skiptoken', shown.at(-1)?.id ?? '');
  return jsonReply(200, {
    '@odata.context': contextOf(call, set),
    ...(rest.length > shown.length ? { '@odata.nextLink': `https://${authority}${path}?${next}` } : {}),
    value: await Promise.all(shown.map(present)),
  });
}

/**
 * The body by its schema. Other properties may be there when they say nothing, or what is so anyway (`constants`): what is not kept is not taken.
 * @throws Fault `Request_BadRequest` (invalid), with all that is wrong
 */
async function bodyOf<T extends object>({ request }: Call, schema: z.ZodType<T>, constants: JsonObject): Promise<T> {
  const body = await readJson(request, BODY_BYTES);
  const { value, faults = [] } = check(schema, body);
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const kept = ([name, given]: [string, Json | undefined]): boolean =>
    known.includes(name) || isEmpty(given) || JSON.stringify(given) === JSON.stringify(constants[name]);
  const wrong = [
    ...faults.map(({ message }) => message),
    ...(isJsonObject(body) ? Object.entries(body) : [])
      .filter((entry) => !kept(entry))
      .map(([name]) => `The property '${name.slice(0, 100)}' cannot be set here.`),
  ];
  if (wrong.length > 0) throw new Fault('invalid', 'Request_BadRequest', wrong.slice(0, 10).join(' '));
  return value as T;
}

function isEmpty(value: Json | undefined): boolean {
  return value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** @throws Fault `Request_ResourceNotFound` (notFound) */
function notFound(key: string): never {
  throw new Fault(
    'notFound',
    'Request_ResourceNotFound',
    `Resource '${key.slice(0, 100)}' does not exist or one of its queried reference-property objects are not present.`,
  );
}
