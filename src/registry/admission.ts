/** Admission: which registry a request is for, and whether the way it came leads there. Comes before any authentication, on every path. */
import { type DomainName, parseDomainName } from '#base/domain-name.ts';
import type { Request } from '#http/message.ts';
import type { Arrival } from '#topology/arrival.ts';
import { admission } from '#topology/reachability.ts';
import type { RegistryHost, RegistryPart, Snapshot } from '#topology/snapshot.ts';
import { oci } from './faults.ts';

/** A request whose host names a registry of ours. */
export interface Located {
  readonly registry: RegistryPart;
  readonly host: RegistryHost;
}

/** Whether the request came by the host's public listener, which serves registries under the host domain and bytes without redirects. */
export function byHostListener(arrival: Arrival): boolean {
  return arrival.via === 'public' && arrival.network === undefined;
}

/**
 * The registry that the Host header names. The host's public listener also takes names under the host domain; no other listener does.
 * @throws Fault `MISDIRECTED` (421, RFC 9110 section 15.5.20) when there is none: the edge has let no other through, so this is a second look.
 */
export function locate(request: Request, arrival: Arrival, snapshot: Snapshot, domains: { domain: DomainName; hostDomain: DomainName }): Located {
  let name = request.host;
  if (byHostListener(arrival) && name.endsWith(`.${domains.hostDomain}`) && !snapshot.names.hosts.has(name as DomainName))
    name = `${name.slice(0, -domains.hostDomain.length)}${domains.domain}`;
  const parsed = parseDomainName(name);
  const host = parsed === undefined ? undefined : snapshot.names.hosts.get(parsed);
  const registry = host && snapshot.registries.get(host.registry);
  if (!host || !registry) {
    request.trace.push({ check: 'host', ok: false, detail: `'${request.host}' is the name of no registry here` });
    throw oci('MISDIRECTED', { message: `'${request.host}' is the name of no registry that is served here` });
  }
  return { registry, host };
}

/**
 * Lets the request pass or refuses it, and notes why in its trace.
 * The refusal's text is ACR's own for its firewall, with the address the registry saw; which rule refused is for `postern why` only.
 * @throws Fault `DENIED` (403), or `MISDIRECTED` (421) when the endpoint or its address serves another host.
 */
export function admit(request: Request, arrival: Arrival, snapshot: Snapshot, { registry, host }: Located): void {
  if (arrival.via === 'endpoint')
    request.trace.push({ check: 'endpoint', ok: true, detail: `${arrival.endpoint} at ${arrival.address}, member ${arrival.member}` });
  const decision = admission(snapshot, registry, arrival, host);
  if (decision.admitted) {
    request.trace.push({ check: arrival.via === 'endpoint' ? 'state' : 'rule', ok: true, detail: decision.rule });
    return;
  }
  const check =
    decision.reason === 'connection-not-approved' ? 'state' : decision.reason === 'other-registry' || arrival.via === 'endpoint' ? 'endpoint' : 'rule';
  request.trace.push({ check, ok: false, detail: `${decision.reason}: ${decision.rule}` });
  if (arrival.via === 'endpoint' && decision.reason !== 'connection-not-approved')
    throw oci('MISDIRECTED', { message: `the address that was dialled does not serve '${request.host}'` });
  // docs/sources.md#public-refusal
  throw oci('DENIED', { message: `client with IP '${decision.source}' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.` });
}
