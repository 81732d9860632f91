/** Which plane a request goes to: by where it arrived and the host it names. Pure. SNI, Host and arrival must agree, else 421 (RFC 9110 section 15.5.20). */
import { type DomainName, isWithinDomain } from '#base/domain-name.ts';
import { isGraphPath } from '#identity/graph.ts';
import { isLoginPath } from '#identity/login.ts';
import type { Arrival } from '#topology/arrival.ts';
import { memberOf } from '#topology/reachability.ts';
import type { RegistryHost, Snapshot } from '#topology/snapshot.ts';

export const MANAGEMENT_HOST = 'management.azure.com';
export const LOGIN_HOST = 'login.microsoftonline.com';
export const GRAPH_HOST = 'graph.microsoft.com';
/** Azure's own names that are served here: in each network at an address of their own, on the host by the management listener alone. */
export const AZURE_HOSTS: ReadonlySet<string> = new Set([MANAGEMENT_HOST, LOGIN_HOST, GRAPH_HOST]);
/** The registry that Postern itself has: in each network at an address of its own, on the host beside the other registries. */
export const IMAGES_HOST = 'mcr.microsoft.com';

export type PlaneName = 'arm' | 'login' | 'graph' | 'registry' | 'metadata' | 'operator';

/** What stands at a public address of the world. */
export type Front = 'management' | 'login' | 'graph' | 'images' | 'registry';

/** A connection as the listener labelled it when it was accepted. */
export interface Connection {
  readonly arrival: Arrival;
  /** At a public address inside the world: whose. */
  readonly front?: Front;
}

export interface HostNames {
  readonly domain: DomainName;
  readonly hostDomain: DomainName;
  /** Names and addresses by which the management listener may be called. */
  readonly management: ReadonlySet<string>;
}

/** The plane, and the canonical host for it; or why the connection does not serve that name, and in whose words to say so. */
export type Route =
  | { readonly plane: PlaneName; readonly host: string; readonly misdirected?: undefined }
  | { readonly misdirected: string; readonly style: 'arm' | 'oci' };

/** A registry's name on the host, `NAME.HOSTDOMAIN` or `NAME.REGION.data.HOSTDOMAIN`, as its name in the world; other names as they are. */
export function canonicalHost(host: string, names: Pick<HostNames, 'domain' | 'hostDomain'>): string {
  const { domain, hostDomain } = names;
  return host !== hostDomain && isWithinDomain(host, hostDomain) ? `${host.slice(0, -hostDomain.length)}${domain}` : host;
}

/** The registry that a canonical host name leads to. */
export function registryHost(snapshot: Snapshot, host: string): RegistryHost | undefined {
  return snapshot.names.hosts.get(host as DomainName);
}

/** @param sni the name of the TLS handshake; undefined without one (plain HTTP, or a client that dialled an address). */
export function routeOf(
  connection: Connection,
  request: { readonly host: string; readonly path: string },
  sni: string | undefined,
  snapshot: Snapshot,
  names: HostNames,
): Route {
  const { arrival, front } = connection;
  const { host, path } = request;
  if (arrival.via === 'machine') return { plane: 'metadata', host };
  const style = AZURE_HOSTS.has(host) || arrival.via === 'management' ? 'arm' : 'oci';
  const misdirected = (why: string): Route => ({ misdirected: why, style });
  if (sni !== undefined && sni !== host) return misdirected(`the TLS handshake named '${sni}', the Host header names '${host}'`);

  if (arrival.via === 'management') {
    if (!names.management.has(host)) return misdirected(`'${host}' is not a name of the management listener`);
    if (host === GRAPH_HOST) return { plane: 'graph', host };
    if (host === LOGIN_HOST || isLoginPath(path)) return { plane: 'login', host };
    if (isGraphPath(path)) return { plane: 'graph', host };
    return { plane: /^\/postern(?:\/|$)/i.test(path) ? 'operator' : 'arm', host };
  }
  if (sni === undefined) return misdirected('the TLS handshake named no server');
  if (front !== undefined && front !== 'registry') {
    const expected = { management: MANAGEMENT_HOST, login: LOGIN_HOST, graph: GRAPH_HOST, images: IMAGES_HOST }[front];
    if (host !== expected) return misdirected(`this address serves '${expected}', not '${host}'`);
    if (front === 'images') return { plane: 'registry', host };
    return { plane: front !== 'management' ? front : isLoginPath(path) ? 'login' : 'arm', host };
  }
  if (front === 'registry' && host === IMAGES_HOST) return misdirected(`'${host}' has an address of its own`);

  // Only the host's own public listener knows the registries' names on the host.
  const canonical = arrival.via === 'public' && arrival.network === undefined ? canonicalHost(host, names) : host;
  const registry = registryHost(snapshot, canonical);
  if (!registry) return misdirected(`'${host}' is not served at this address`);
  if (arrival.via === 'endpoint') {
    if (registry.registry !== arrival.registry) return misdirected(`the private endpoint at ${arrival.address} leads to another registry than '${host}'`);
    if (memberOf(registry) !== arrival.member)
      return misdirected(`${arrival.address} serves member '${arrival.member}' of the private endpoint; '${host}' is member '${memberOf(registry)}'`);
  }
  return { plane: 'registry', host: canonical };
}
