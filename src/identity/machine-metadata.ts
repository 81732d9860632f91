/**
 * The machine metadata plane: http://169.254.169.254 inside machines. Tokens for the managed identities that are assigned to the machine
 * whose listener took the connection, in the shapes of Azure's Instance Metadata Service, and of App Service for programs whose environment names such an endpoint.
 */
import type { Clock } from '#base/clock.ts';
import { asFault } from '#base/fault.ts';
import { resourceKey, subscriptionKeyOf } from '#base/resource-id.ts';
import { readForm } from '#http/body.ts';
import { jsonReply, type Plane, type Reply, type Request } from '#http/message.ts';
import type { Machine, MachineIdentity, Snapshot } from '#topology/snapshot.ts';
import { isKnownResource, type Tokens } from './tokens.ts';

/** Managed identities' tokens live a day: platforms keep them. */
const LIFETIME_SECONDS = 24 * 3600;
const TOKEN_PATH = '/metadata/identity/oauth2/token';
const INSTANCE_PATH = '/metadata/instance';

function refused(status: number, error: string, description: string, headers: Record<string, string> = {}): Reply {
  return jsonReply(status, { error, error_description: description }, headers);
}

/** The path that App Service's environment names; any other of its own would do. */
const APP_SERVICE_PATH = '/msi/token';
/** App Service's versions, docs/sources.md#managed-identity-endpoints, with the header that each asks for instead of `Metadata`. */
const APP_SERVICE_HEADERS: ReadonlyMap<string, string> = new Map([
  ['2017-09-01', 'secret'],
  ['2019-08-01', 'x-identity-header'],
]);
const FORM_BYTES = 16 * 1024;

/** How a request asks: which dialect answers it, and by which parameters. */
interface Asked {
  readonly dialect: 'metadata' | 'app service';
  readonly parameters: URLSearchParams;
}

export function machineMetadataPlane(options: { tokens: Tokens; snapshot: () => Snapshot; tenantId: string; clock: Clock }): Plane {
  return async (request, arrival) => {
    if (arrival.via !== 'machine') return refused(403, 'forbidden', 'Machine metadata is served inside machines only.');
    // These rules keep away requests that a program inside the machine was talked into (SSRF): those carry no header of the attacker's choice, or went through a proxy.
    if (forwarded(request)) return refused(400, 'invalid_request', 'Requests that were forwarded are not served.');
    const version = request.query.get('api-version');
    const path = request.path.toLowerCase().replace(/\/$/, '');
    const secretHeader = APP_SERVICE_HEADERS.get(version ?? '');
    // Only programs of the machine reach this address, so that any value of the header does: that it can be sent at all is what counts.
    const bySecret =
      secretHeader !== undefined && path !== INSTANCE_PATH && typeof request.headers[secretHeader] === 'string' && request.headers[secretHeader] !== '';
    const metadata = request.headers.metadata;
    if (!bySecret && (typeof metadata !== 'string' || metadata.toLowerCase() !== 'true'))
      return refused(400, 'invalid_request', 'Required metadata header not specified');
    if (path !== TOKEN_PATH && path !== INSTANCE_PATH && path !== APP_SERVICE_PATH)
      return refused(404, 'not_found', `Nothing is at '${request.path.slice(0, 200)}'.`);
    const posted = request.method === 'POST' && path !== INSTANCE_PATH;
    if (request.method !== 'GET' && request.method !== 'HEAD' && !posted)
      return refused(405, 'invalid_request', 'The method is not supported.', { allow: path === INSTANCE_PATH ? 'GET' : 'GET, POST' });
    // The form of `MSI_ENDPOINT` names no version.
    if (!version && !posted) return refused(400, 'invalid_request', "Required query variable 'api-version' is missing");
    if (version && !/^\d{4}-\d{2}-\d{2}$/.test(version))
      return refused(400, 'invalid_request', `'${version.slice(0, 40)}' is no api-version, for example 2018-02-01`);
    const machine = options.snapshot().machines.get(arrival.machine);
    if (!machine) return refused(410, 'gone', 'This machine no longer exists.');
    if (path === INSTANCE_PATH) return jsonReply(200, instance(machine));
    try {
      const parameters = posted ? await readForm(request, FORM_BYTES) : request.query;
      return await token(request, { dialect: bySecret ? 'app service' : 'metadata', parameters }, machine, options);
    } catch (error) {
      const fault = asFault(error);
      if (fault.kind === 'internal') throw error;
      return refused(fault.status, 'invalid_request', fault.message);
    }
  };
}

function forwarded(request: Request): boolean {
  return request.headers['x-forwarded-for'] !== undefined || request.headers.forwarded !== undefined;
}

async function token(
  request: Request,
  { dialect, parameters }: Asked,
  machine: Machine,
  options: { tokens: Tokens; snapshot: () => Snapshot; clock: Clock },
): Promise<Reply> {
  const refuse = (error: string, message: string): Reply =>
    dialect === 'metadata' ? refused(400, error, message) : jsonReply(400, { statusCode: 400, message, correlationId: request.id });
  const names = [...parameters.keys()];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return refuse('invalid_request', `The variable '${twice.slice(0, 100)}' is given more than once`);
  const resource = parameters.get('resource');
  if (!resource) return refuse('invalid_request', "Required query variable 'resource' is missing");
  const chosen = choose(parameters, machine.identities);
  if (typeof chosen === 'string') {
    request.trace.push({ check: 'identity', ok: false, detail: `${chosen} (machine ${machine.name})` });
    return refuse('invalid_request', chosen);
  }
  if (!isKnownResource(resource))
    return refuse('invalid_resource', `AADSTS500011: The resource principal named ${resource.slice(0, 200)} was not found in the tenant.`);
  request.trace.push({ check: 'identity', ok: true, detail: `managed identity ${chosen.resourceId} of machine ${machine.name}` });
  const subscription = subscriptionKeyOf(resourceKey(chosen.resourceId));
  const tenantId = subscription && options.snapshot().access.subscriptions.get(subscription)?.tenantId;
  const { token, expiresInSeconds } = await options.tokens.issueAccess({
    audience: resource,
    principal: {
      objectId: chosen.principalId,
      appId: chosen.clientId,
      kind: 'ManagedIdentity',
      resourceId: chosen.resourceId,
      ...(tenantId === undefined ? {} : { tenantId }),
    },
    lifetimeSeconds: LIFETIME_SECONDS,
  });
  const now = Math.floor(options.clock.now() / 1000);
  const answer = { access_token: token, client_id: chosen.clientId, expires_on: String(now + expiresInSeconds), resource, token_type: 'Bearer' };
  if (dialect === 'app service') return jsonReply(200, answer);
  return jsonReply(200, { ...answer, expires_in: String(expiresInSeconds), ext_expires_in: String(expiresInSeconds), not_before: String(now) });
}

/** The identity that the query names, else the machine's own, else its only one; or why there is none. */
function choose(query: URLSearchParams, identities: readonly MachineIdentity[]): MachineIdentity | string {
  const names = [
    ['client_id', 'clientId'],
    // As App Service's older version spells it.
    ['clientid', 'clientId'],
    ['object_id', 'principalId'],
    ['principal_id', 'principalId'],
    ['msi_res_id', 'resourceId'],
    ['mi_res_id', 'resourceId'],
  ] as const;
  const given = names.filter(([parameter]) => query.get(parameter));
  if (given.length > 1) return 'Only one of client_id, object_id and msi_res_id may be given';
  const [name] = given;
  if (name) {
    const [parameter, member] = name;
    const wanted = (query.get(parameter) as string).toLowerCase();
    return identities.find((identity) => identity[member].toLowerCase() === wanted) ?? 'Identity not found';
  }
  const own = identities.find((identity) => identity.system);
  if (own) return own;
  if (identities.length > 1) return 'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request';
  return identities[0] ?? 'Identity not found';
}

/** What programs most often read; the rest of Azure's document is left out, not made up. */
function instance(machine: Machine): object {
  const parts = machine.id.split('/');
  return {
    compute: {
      azEnvironment: 'AzurePublicCloud',
      name: machine.name,
      osType: 'Linux',
      resourceGroupName: parts[4] ?? '',
      resourceId: machine.id,
      subscriptionId: parts[2] ?? '',
    },
    network: {
      interface: machine.addresses.map((address) => ({ ipv4: { ipAddress: [{ privateIpAddress: address, publicIpAddress: '' }] } })),
    },
  };
}
