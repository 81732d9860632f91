/**
 * The machine metadata plane: http://169.254.169.254 inside machines. Tokens for the managed identities that are assigned to the machine
 * whose listener took the connection, in the shapes of Azure's Instance Metadata Service.
 */
import type { Clock } from '#base/clock.ts';
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

export function machineMetadataPlane(options: { tokens: Tokens; snapshot: () => Snapshot; tenantId: string; clock: Clock }): Plane {
  return async (request, arrival) => {
    if (arrival.via !== 'machine') return refused(403, 'forbidden', 'Machine metadata is served inside machines only.');
    // Both rules keep away requests that a program inside the machine was talked into (SSRF): those carry no header of the attacker's choice, or went through a proxy.
    if (forwarded(request)) return refused(400, 'invalid_request', 'Requests that were forwarded are not served.');
    const metadata = request.headers.metadata;
    if (typeof metadata !== 'string' || metadata.toLowerCase() !== 'true') return refused(400, 'invalid_request', 'Required metadata header not specified');
    const path = request.path.toLowerCase().replace(/\/$/, '');
    if (path !== TOKEN_PATH && path !== INSTANCE_PATH) return refused(404, 'not_found', `Nothing is at '${request.path.slice(0, 200)}'.`);
    if (request.method !== 'GET' && request.method !== 'HEAD') return refused(405, 'invalid_request', 'The method is not supported.', { allow: 'GET' });
    const version = request.query.get('api-version');
    if (!version) return refused(400, 'invalid_request', "Required query variable 'api-version' is missing");
    if (!/^\d{4}-\d{2}-\d{2}$/.test(version)) return refused(400, 'invalid_request', `'${version.slice(0, 40)}' is no api-version, for example 2018-02-01`);
    const machine = options.snapshot().machines.get(arrival.machine);
    if (!machine) return refused(410, 'gone', 'This machine no longer exists.');
    return path === TOKEN_PATH ? token(request, machine, options) : jsonReply(200, instance(machine));
  };
}

function forwarded(request: Request): boolean {
  return request.headers['x-forwarded-for'] !== undefined || request.headers.forwarded !== undefined;
}

async function token(request: Request, machine: Machine, options: { tokens: Tokens; clock: Clock }): Promise<Reply> {
  const resource = request.query.get('resource');
  if (!resource) return refused(400, 'invalid_request', "Required query variable 'resource' is missing");
  const chosen = choose(request.query, machine.identities);
  if (typeof chosen === 'string') {
    request.trace.push({ check: 'identity', ok: false, detail: `${chosen} (machine ${machine.name})` });
    return refused(400, 'invalid_request', chosen);
  }
  if (!isKnownResource(resource))
    return refused(400, 'invalid_resource', `AADSTS500011: The resource principal named ${resource.slice(0, 200)} was not found in the tenant.`);
  request.trace.push({ check: 'identity', ok: true, detail: `managed identity ${chosen.resourceId} of machine ${machine.name}` });
  const { token, expiresInSeconds } = await options.tokens.issueAccess({
    audience: resource,
    principal: { objectId: chosen.principalId, appId: chosen.clientId, kind: 'ManagedIdentity', resourceId: chosen.resourceId },
    lifetimeSeconds: LIFETIME_SECONDS,
  });
  const now = Math.floor(options.clock.now() / 1000);
  return jsonReply(200, {
    access_token: token,
    client_id: chosen.clientId,
    expires_in: String(expiresInSeconds),
    expires_on: String(now + expiresInSeconds),
    ext_expires_in: String(expiresInSeconds),
    not_before: String(now),
    resource,
    token_type: 'Bearer',
  });
}

/** The identity that the query names, else the machine's own, else its only one; or why there is none. */
function choose(query: URLSearchParams, identities: readonly MachineIdentity[]): MachineIdentity | string {
  const names = [
    ['client_id', 'clientId'],
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
