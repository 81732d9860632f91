/**
 * The directory's plane: graph.microsoft.com inside machines, and `/v1.0/...` on the management listener. As much of Microsoft Graph v1.0 as `az ad`,
 * `az role assignment` and the Azure SDKs need: applications, service principals, users, groups. Errors as in https://learn.microsoft.com/graph/errors.
 *
 * Reading is open to every principal of the tenant, as in Microsoft Entra ID by default: it tells names and ids, never a secret. Nobody sees another tenant's.
 * Changing needs the right to give any role at `/` (see `CHANGE`). What clients ask: docs/sources.md#directory;
 * docs/decisions/directory.md has the reasons, and what deliberately differs.
 */
import { Fault } from '#base/fault.ts';
import { jsonReply, type Plane, type Reply, type Request } from '#http/message.ts';
import { permits } from '#topology/access.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import { applicationRoutes } from './graph-applications.ts';
import type { GraphOptions, Key, Routes } from './graph-call.ts';
import { objectRoutes, READING_ACTIONS } from './graph-objects.ts';
import { peopleRoutes } from './graph-people.ts';
import { GRAPH_AUDIENCES, type Identity, MANAGEMENT_AUDIENCES } from './tokens.ts';

/** Paths of this plane on the management listener, where it shares the host with the control plane, whose paths never look so. */
export function isGraphPath(path: string): boolean {
  return /^\/v1\.0(?:\/|$)/i.test(path);
}

/** Whoever may give any role at `/` can become everybody already, so changing the directory gives it nothing more; and nobody else gains by a new secret. */
const CHANGE = 'Microsoft.Authorization/roleAssignments/write';

const ROUTES: Routes = { ...applicationRoutes, ...peopleRoutes, ...objectRoutes };

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
  const { path, key, inner } = routeOf(request.path);
  const methods = ROUTES[path];
  if (!methods) throw new Fault('notFound', 'BadRequest', `Resource not found for the segment '${request.path.slice(0, 200)}'. This directory serves ${SETS}.`);
  const handler = methods[request.method];
  if (!handler) {
    const allow = Object.keys(methods).join(', ');
    throw new Fault('methodNotAllowed', 'Request_BadRequest', `'${request.path.slice(0, 200)}' takes ${allow}.`, { headers: { allow } });
  }
  if (request.method !== 'GET' && !READING_ACTIONS.test(path)) demandChange(request, identity, options.snapshot());
  return handler({ ...options, request, identity, key, inner });
}

const SETS = 'applications, servicePrincipals, users, groups, organization, me and directoryObjects of version v1.0';

/** `/v1.0/SET`, `/v1.0/SET/ID/ACTION/ID`, `/v1.0/SET(appId='X')/ACTION`, `/v1.0/users('X')`: the route, lower case with `*` for what names an object. */
function routeOf(requested: string): { path: string; key: Key; inner: string } {
  const nowhere = { path: '', key: { by: 'id', value: '' }, inner: '' } as const;
  if (!isGraphPath(requested)) return nowhere;
  let segments: string[];
  try {
    segments = requested.toLowerCase().replace(/\/$/, '').split('/').slice(2).map(decodeURIComponent);
  } catch {
    return nowhere;
  }
  const [, set, by = '', quoted = ''] = /^([a-z]+)\((?:(appid)=)?'([^']*)'\)$/.exec(segments[0] ?? '') ?? [];
  const named = set === undefined ? segments : [set, quoted, ...segments.slice(1)];
  const direct = named.join('/');
  if (set === undefined && Object.hasOwn(ROUTES, direct) && !direct.includes('*')) return { ...nowhere, path: direct };
  const [first = '', value = '', noun, inner = '', ...rest] = named;
  const key = { by: by === 'appid' ? 'appId' : 'id', value } as const;
  const paths: [string, string][] = [
    [[first, '*', ...named.slice(2)].join('/'), ''],
    [[first, '*', noun, '*', ...rest].join('/'), inner],
  ];
  const found = paths.find(([path]) => Object.hasOwn(ROUTES, path) && value !== '');
  return found ? { path: found[0], key, inner: found[1] } : nowhere;
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
