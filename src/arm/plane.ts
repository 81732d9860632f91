/** The control plane: who asks, what for, and the one place where its faults become answers. */

import type { Clock } from '#base/clock.ts';
import type { DomainName } from '#base/domain-name.ts';
import { asFault, Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { JSON_LIMIT_BYTES, readJson } from '#http/body.ts';
import { jsonReply, type Plane, type Reply, type Request } from '#http/message.ts';
import type { RequestLimits } from '#http/request-limits.ts';
import { type Identity, MANAGEMENT_AUDIENCES, type Tokens } from '#identity/tokens.ts';
import type { Store } from '#store/store.ts';
import type { Arrival } from '#topology/arrival.ts';
import type { FactChanges } from '#topology/derive.ts';
import type { ResolveAddresses } from '#topology/paths.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import { act, actAtSubscription } from './actions.ts';
import { ActivityLog, activityOf } from './activity.ts';
import { activity } from './activity-list.ts';
import { Authority, actionFor } from './authorization.ts';
import { list, listTracked } from './collections.ts';
import * as scopes from './directory-of-scopes.ts';
import { type Call, type Engine, queryValue, type RunJob } from './engine.ts';
import { invalidApiVersion, methodNotAllowed, missingApiVersion } from './faults.ts';
import { removeGroup } from './group-deletion.ts';
import { asObject, read, remove, write } from './lifecycle.ts';
import { Lingering } from './lingering.ts';
import { parseResource } from './lookup.ts';
import { operationReply } from './operation-status.ts';
import type { Operations } from './operations.ts';
import { providerOperations } from './provider-operations.ts';
import { type Route, route, verbsOf } from './route.ts';
import { tagNames, tagsAt } from './tags.ts';
import { requireKnown } from './tenancy.ts';
import { throttle } from './throttling.ts';
import type { TypeTable } from './types.ts';
import { whatIf } from './what-if.ts';

export interface ArmOptions {
  readonly store: Store;
  readonly types: TypeTable;
  /** The newest snapshot. */
  readonly snapshot: () => Snapshot;
  readonly tokens: Pick<Tokens, 'verifyAccess'>;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly log: Log;
  readonly domain: DomainName;
  /** The first tenant: who runs this server is of it. */
  readonly tenantId: string;
  /** What the directory knows of principals. Without it every id is a service principal in no group. */
  readonly principals?: Engine['principals'];
  newGuid(): string;
  /** Does what actions must do outside their transaction. */
  readonly runJob: RunJob;
  /** What a registry holds. */
  registryUsage(registry: ResourceKey): Promise<{ readonly bytes: number }>;
  /** The newest snapshot as it would be after the changes, which are not kept (`Derivation.preview`). */
  preview(changes: FactChanges): Snapshot;
  /** What names resolve to in a network of a snapshot. */
  readonly resolve: ResolveAddresses;
  /** Given where ARM's limits hold. */
  readonly requestLimits?: RequestLimits | undefined;
  /** How long a write waits for the world; 5 s unless given. */
  readonly settleMs?: number;
}

export interface Arm {
  readonly plane: Plane;
  /** Every setting that is stored and does not act yet, for `postern status`. */
  unenforcedSettings(): Promise<readonly { readonly id: string; readonly message: string }[]>;
}

export function armPlane(options: ArmOptions): Arm {
  const engine: Engine = {
    ...options,
    newGuid: () => options.newGuid(),
    registryUsage: (registry) => options.registryUsage(registry),
    preview: (changes) => options.preview(changes),
    settleMs: options.settleMs ?? 5000,
    activity: new ActivityLog({ store: options.store, clock: options.clock, log: options.log, newGuid: () => options.newGuid() }),
    lingering: new Lingering(),
    principals: options.principals ?? { typeOf: async () => 'ServicePrincipal', groupsOf: () => [], hasTenant: async () => true },
  };
  return {
    async plane(request, arrival) {
      const headers = commonHeaders(request);
      let reply: Reply;
      try {
        reply = await answer(engine, options.tokens, request, arrival, headers);
      } catch (thrown) {
        const fault = asFault(thrown);
        request.trace.push({ check: 'answer', ok: false, detail: `${fault.code}: ${fault.message}` });
        const fields = { request: request.id, method: request.method, path: request.path, status: fault.status, code: fault.code };
        if (fault.kind === 'internal') options.log.error({ ...fields, cause: (fault.cause as Error)?.stack ?? String(fault.cause) }, fault.message);
        else options.log.info({ ...fields, target: fault.target }, 'refused');
        reply = faultReply(request, fault);
      }
      return { ...reply, headers: { ...headers, ...reply.headers } };
    },
    async unenforcedSettings() {
      const settings: { id: string; message: string }[] = [];
      for (const type of options.types.all)
        if (type.unenforced)
          for (const record of await options.store.resources.list({ type: type.type }))
            for (const message of type.unenforced(parseResource(record))) settings.push({ id: record.id, message });
      return settings;
    },
  };
}

/** `headers` of every answer: what is left of the caller's limits is put there. */
async function answer(engine: Engine, tokens: ArmOptions['tokens'], request: Request, arrival: Arrival, headers: Record<string, string>): Promise<Reply> {
  if (arrival.via !== 'management' && !(arrival.via === 'public' && arrival.network !== undefined))
    throw new Fault(
      'misdirected',
      'MisdirectedRequest',
      'The management API is served at the management listener and, inside networks, at management.azure.com only.',
    );
  const identity = await authenticate(engine, tokens, request, arrival);
  const apiVersion = apiVersionOf(request.query);
  const asked = route(request.path, engine.types, apiVersion);
  const authority = new Authority(identity, engine.snapshot(), request.trace);
  const call: Call = { request, apiVersion, authority, peer: arrival.peer, activity: activityOf(asked, request.method) };
  requireMethod(request.method, methodsOf(asked));
  requireKnown(call.authority, request.path);
  Object.assign(headers, throttle(engine.requestLimits, request.method, decodeURIComponent(request.path).toLowerCase(), authority));
  try {
    return await dispatch(engine, call, asked);
  } catch (thrown) {
    engine.activity.refused(call, asFault(thrown));
    throw thrown;
  }
}

/** @throws Fault `AuthenticationFailed`, `InvalidAuthenticationToken`, with the challenge of RFC 6750 section 3 */
async function authenticate(engine: Engine, tokens: ArmOptions['tokens'], request: Request, arrival: Arrival): Promise<Identity> {
  const authority = arrival.via === 'management' ? request.authority : 'login.microsoftonline.com';
  const uri = `authorization_uri="https://${authority}/${engine.tenantId}"`;
  const refuse = (code: string, message: string, challenge: string, cause?: unknown): Fault => {
    request.trace.push({ check: 'identity', ok: false, detail: message });
    return new Fault('unauthenticated', code, message, { headers: { 'www-authenticate': `Bearer ${challenge}` }, cause });
  };
  const header = request.headers.authorization;
  if (header === undefined) throw refuse('AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.", uri);
  const token = /^Bearer +([^\s,]+)$/i.exec(header.trim())?.[1];
  if (token === undefined)
    throw refuse(
      'AuthenticationFailedInvalidHeader',
      "Authentication failed. The 'Authorization' header is provided in an invalid format: 'Bearer TOKEN' was expected.",
      uri,
    );
  try {
    const identity = await tokens.verifyAccess(token, MANAGEMENT_AUDIENCES);
    const application = identity.appId === undefined ? '' : `, application ${identity.appId}`;
    request.trace.push({
      check: 'identity',
      ok: true,
      detail: `${identity.kind} ${identity.objectId}${application}${identity.resourceId ? `, ${identity.resourceId}` : ''}`,
    });
    return identity;
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'unauthenticated') throw error;
    const description = error.message.replace(/[^\x20-\x7e]|["\\]/g, ' ');
    throw refuse(error.code, error.message, `${uri}, error="invalid_token", error_description="${description}"`, error.cause);
  }
}

/** Every well-formed api-version is taken. @throws Fault `MissingApiVersionParameter`, `InvalidApiVersionParameter` */
function apiVersionOf(query: URLSearchParams): string {
  const text = queryValue(query, 'api-version');
  if (text === undefined || text === '') throw missingApiVersion();
  if (!/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(-[a-z][a-z0-9.]*)?$/i.test(text)) throw invalidApiVersion(text);
  return text;
}

function methodsOf(asked: Route): readonly string[] {
  if (asked.kind === 'resource') return verbsOf(asked.type);
  if (asked.kind === 'action' || asked.kind === 'subscriptionAction') return [asked.action.method ?? 'POST'];
  if (asked.kind === 'tags') return ['GET', 'PUT', 'PATCH', 'DELETE'];
  if (asked.kind === 'tagNames') return asked.name === undefined ? ['GET'] : ['PUT', 'DELETE'];
  return asked.kind === 'registration' || asked.kind === 'whatIf' ? ['POST'] : ['GET'];
}

function requireMethod(method: string, allowed: readonly string[]): void {
  if (!allowed.includes(method)) throw methodNotAllowed(method, allowed);
}

async function dispatch(engine: Engine, call: Call, asked: Route): Promise<Reply> {
  switch (asked.kind) {
    case 'tenants':
      return scopes.tenants(engine, call);
    case 'subscriptions':
      return scopes.subscriptions(engine, call);
    case 'subscription':
      return scopes.subscription(engine, call, asked.at);
    case 'locations':
      return scopes.locations(engine, call, asked.at);
    case 'providers':
      return scopes.providers(engine, call, asked.at);
    case 'provider':
      return scopes.provider(engine, call, asked.at, asked.namespace);
    case 'registration':
      return scopes.register(engine, call, asked.at, asked.namespace, asked.register);
    case 'resources':
      return listTracked(engine, call, asked.at);
    case 'collection':
      return list(engine, call, asked);
    case 'activity':
      return activity(engine, call, asked.at);
    case 'tags':
      return tagsAt(engine, call, asked);
    case 'tagNames':
      return tagNames(engine, call, asked);
    case 'providerOperations':
      return providerOperations(engine, call, asked.namespace);
    case 'whatIf':
      return whatIf(engine, call, asked);
    case 'action':
      return act(engine, call, asked);
    case 'subscriptionAction':
      return actAtSubscription(engine, call, asked);
    case 'operation':
      return operationReply(engine, call, asked.operation, asked.result);
    case 'resource':
      return resource(engine, call, asked);
  }
}

async function resource(engine: Engine, call: Call, asked: Extract<Route, { kind: 'resource' }>): Promise<Reply> {
  const { method } = call.request;
  const verb = method === 'GET' || method === 'HEAD' ? 'read' : method === 'DELETE' ? 'delete' : 'write';
  call.authority.require(actionFor(asked.type, verb), asked.id.id);
  if (verb === 'read') return read(engine, call, asked);
  if (verb === 'delete') return asked.type.type === 'Microsoft.Resources/resourceGroups' ? removeGroup(engine, call, asked) : remove(engine, call, asked);
  const input = asObject(await readJson(call.request, JSON_LIMIT_BYTES));
  return write(engine, call, asked, input);
}

/** The headers of every answer (learn.microsoft.com, ARM RPC "Common API details"). */
function commonHeaders(request: Request): Record<string, string> {
  const text = (name: string): string | undefined => {
    const value = request.headers[name];
    return typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value) ? value : undefined;
  };
  const client = text('x-ms-client-request-id');
  const echo = client !== undefined && text('x-ms-return-client-request-id')?.toLowerCase() === 'true';
  return {
    'x-ms-request-id': request.id,
    'x-ms-correlation-request-id': text('x-ms-correlation-request-id') ?? request.id,
    'x-ms-routing-request-id': `POSTERN:${request.id}`,
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'x-content-type-options': 'nosniff',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    ...(echo ? { 'x-ms-client-request-id': client } : {}),
  };
}

/** `{"error":{code,message,target?,details?}}`. */
function faultReply(request: Request, fault: Fault): Reply {
  const reply = jsonReply(fault.status, { error: shownFault(fault) }, fault.headers);
  return request.method === 'HEAD' ? { status: reply.status, headers: { ...fault.headers, 'content-length': '0' } } : reply;
}

function shownFault(fault: Fault): object {
  return {
    code: fault.code,
    message: fault.message,
    ...(fault.target === undefined ? {} : { target: fault.target }),
    ...(fault.details.length === 0 ? {} : { details: fault.details.map(shownFault) }),
  };
}
