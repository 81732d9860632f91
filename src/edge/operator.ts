/** The operator's plane, `/postern/...` on the management listener: what runs, why a request was decided as it was, where machines are. Not an Azure API. */
import { Fault } from '#base/fault.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { parseResourceId, type ResourceKey } from '#base/resource-id.ts';
import { readJson } from '#http/body.ts';
import { emptyReply, jsonReply, type Plane, type Reply, type Request } from '#http/message.ts';
import { type Identity, MANAGEMENT_AUDIENCES, type Tokens } from '#identity/tokens.ts';
import { permits } from '#topology/access.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import type { AccessEntry, AccessLog } from './access-log.ts';
import { evidenceOf, type NamesOf } from './evidence.ts';
import { armRefusal } from './refusals.ts';

export interface OperatorOptions {
  readonly tokens: Tokens;
  readonly snapshot: () => Snapshot;
  readonly accessLog: AccessLog;
  readonly caPem: string;
  readonly status: () => Promise<object>;
  /** Every tenant, and how to make one; see arm/tenants.ts. */
  readonly tenants: { list(): Promise<readonly object[]>; create(asked: JsonObject): Promise<object> };
  /** Where the names of a registry lead, network by network. */
  readonly namesOf: NamesOf;
  /** Where a machine's namespaces are, as seen inside the world. */
  readonly machine: (key: ResourceKey) => { readonly networkNamespace: string; readonly mountNamespace: string } | undefined;
}

/**
 * Rights asked for here, at the `/` of the first tenant: what concerns the whole server is for those who run it, whatever others are in their own. Reader at `/` has the first; only Owner has the last, since it hands out rights. */
const READ_STATUS = 'Postern/status/read';
const READ_MACHINE = 'Microsoft.Compute/virtualMachines/read';
const READ_REGISTRY = 'Microsoft.ContainerRegistry/registries/read';
const OWN = 'Microsoft.Authorization/roleAssignments/write';
const MAKE_TENANT = 'Postern/tenants/write';

/** How many of the latest refusals `/postern/requests` lists. */
const REFUSALS = 20;

export function operatorPlane(options: OperatorOptions): Plane {
  const { snapshot, accessLog } = options;
  const may = (identity: Identity, action: string, scope: string): boolean =>
    (scope !== '/' || identity.tenantId === options.tokens.tenantId) &&
    permits(snapshot().access, { principalId: identity.objectId, tenantId: identity.tenantId, groupIds: identity.groups }, { action }, scope).permitted;
  const demand = (identity: Identity, action: string): void => {
    if (!may(identity, action, '/'))
      throw new Fault(
        'forbidden',
        'AuthorizationFailed',
        `The client '${identity.appId ?? identity.objectId}' with object id '${identity.objectId}' does not have authorization to perform action '${action}' over scope '/' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
      );
  };

  /** Who may not read the registry learns not even that there was such a request. */
  const visible = (identity: Identity, entry: AccessEntry): boolean =>
    (entry.registry !== undefined && may(identity, READ_REGISTRY, entry.registry)) || may(identity, OWN, '/');

  const why = (identity: Identity, id: string): Reply => {
    const entry = accessLog.why(id);
    if (!entry || !visible(identity, entry))
      throw new Fault(
        'notFound',
        'RequestNotFound',
        `No request '${id.slice(0, 100)}' is known to you. The last 10,000 requests since the server started are kept.`,
      );
    return jsonReply(200, entry);
  };

  const machines = (identity: Identity, name: string | null): Reply => {
    const value = [...snapshot().machines.values()]
      .filter((machine) => (name === null || machine.name.toLowerCase() === name.toLowerCase()) && may(identity, READ_MACHINE, machine.key))
      .map(({ key, id, name, network, addresses }) => ({
        id,
        name,
        network,
        egressAddress: snapshot().networks.get(network)?.egressAddress,
        addresses,
        ...options.machine(key),
      }));
    return jsonReply(200, { value });
  };

  /** Who may not read the registry is told the same as of one that is not there. */
  const evidence = (identity: Identity, id: string | null): Reply => {
    const registry = parseResourceId(id ?? '', 'registry').key;
    if (!may(identity, READ_REGISTRY, registry) || !snapshot().registries.has(registry))
      throw new Fault('notFound', 'ResourceNotFound', `No registry '${(id ?? '').slice(0, 300)}' is known to you.`);
    return jsonReply(
      200,
      evidenceOf(snapshot(), registry, options.namesOf, (action, scope) => may(identity, action, scope)),
    );
  };

  return async (request) => {
    try {
      const [, , noun = '', id, ...more] = request.path.replace(/\/$/, '').split('/');
      if (more.length > 0 || (id !== undefined && noun.toLowerCase() !== 'requests')) throw nothingAt(request);
      const making = request.method === 'POST' && noun.toLowerCase() === 'tenants';
      if (request.method !== 'GET' && request.method !== 'HEAD' && !making)
        return emptyReply(405, { allow: noun.toLowerCase() === 'tenants' ? 'GET, HEAD, POST' : 'GET, HEAD' });
      // The authority's certificate is no secret: it is what a client needs before it can trust anything else here.
      if (noun.toLowerCase() === 'ca.pem')
        return { status: 200, headers: { 'content-type': 'application/x-pem-file' }, body: { kind: 'bytes', bytes: Buffer.from(options.caPem) } };
      const identity = await authenticated(request, options.tokens);
      switch (noun.toLowerCase()) {
        case 'status':
          demand(identity, READ_STATUS);
          return jsonReply(200, await options.status());
        case 'requests':
          if (id !== undefined) return why(identity, id);
          return jsonReply(200, { value: accessLog.refused((entry) => visible(identity, entry), REFUSALS) });
        case 'tenants': {
          demand(identity, making ? MAKE_TENANT : READ_STATUS);
          if (!making) return jsonReply(200, { value: await options.tenants.list() });
          const asked = await readJson(request);
          return jsonReply(201, await options.tenants.create(isJsonObject(asked) ? asked : {}), { 'cache-control': 'no-store' });
        }
        case 'evidence':
          return evidence(identity, request.query.get('registry'));
        case 'machines':
          return machines(identity, request.query.get('name'));
        default:
          throw nothingAt(request);
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return armRefusal(error);
    }
  };
}

function nothingAt(request: Request): Fault {
  return new Fault('notFound', 'NotFound', `Nothing is at '${request.path.slice(0, 200)}'.`);
}

async function authenticated(request: Request, tokens: Tokens): Promise<Identity> {
  const token = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined)
    throw new Fault('unauthenticated', 'AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.", {
      headers: { 'www-authenticate': `Bearer authorization_uri="https://login.microsoftonline.com/${tokens.tenantId}"` },
    });
  try {
    const identity = await tokens.verifyAccess(token, MANAGEMENT_AUDIENCES);
    request.trace.push({ check: 'identity', ok: true, detail: `${identity.kind} ${identity.appId ?? identity.objectId}` });
    return identity;
  } catch (error) {
    request.trace.push({ check: 'identity', ok: false, detail: (error as Error).message });
    throw error;
  }
}
