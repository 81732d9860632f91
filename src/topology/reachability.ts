/**
 * Who may reach a registry: the admission of an arrival, from the snapshot alone. Pure. The `rule` is what decided, in words for `postern why`; it may name
 * resources, so it goes only to those who may read them. Authentication and roles come after this.
 * https://learn.microsoft.com/azure/container-registry/container-registry-private-link and .../container-registry-access-selected-networks
 */
import { formatPrefix, prefixContains } from '#base/ip.ts';
import type { Arrival, EndpointArrival, PublicArrival } from './arrival.ts';
import { memberState } from './member-state.ts';
import type { RegistryHost, RegistryPart, Snapshot } from './snapshot.ts';

export type Refusal = 'connection-not-approved' | 'other-registry' | 'public-access-disabled' | 'no-matching-rule' | 'not-a-registry-path';

export type Admission =
  | { readonly admitted: true; readonly rule: string }
  | {
      readonly admitted: false;
      readonly reason: Refusal;
      readonly rule: string;
      /** The client's address as the registry sees it: the egress address on the public side, the peer elsewhere. */
      readonly source: string;
    };

/**
 * Whether a request that came by `arrival` may go on to the registry.
 * An endpoint's traffic passes by its Approved connection and no network rule is asked; the public side is asked for publicNetworkAccess, then for the
 * IP rules with the default action. With `host`, the endpoint address must also serve that host's role (and region): login at `registry`, data at `registry_data_REGION`.
 */
export function admission(_snapshot: Snapshot, registry: RegistryPart, arrival: Arrival, host?: RegistryHost): Admission {
  switch (arrival.via) {
    case 'endpoint':
      return byEndpoint(registry, arrival, host);
    case 'public':
      return byPublicSide(registry, arrival);
    default:
      return refused('not-a-registry-path', `the ${arrival.via} listener serves no registry`, arrival.peer);
  }
}

function byEndpoint(registry: RegistryPart, arrival: EndpointArrival, host: RegistryHost | undefined): Admission {
  const endpoint = `private endpoint '${arrival.endpoint}'`;
  if (arrival.registry !== registry.registry)
    return refused('other-registry', `${endpoint} leads to '${arrival.registry}', not to '${registry.registry}'`, arrival.peer);
  const connection = registry.connections.get(arrival.endpoint);
  const state = connection && memberState(connection, registry.approvedMembers.get(arrival.endpoint), arrival.member);
  if (state !== 'Approved') {
    const why =
      state === undefined
        ? `'${registry.registry}' has no connection of ${endpoint}`
        : `the connection of ${endpoint} is ${state}, not Approved${registry.approvedMembers.has(arrival.endpoint) ? ` for member '${arrival.member}'` : ''}`;
    return refused('connection-not-approved', why, arrival.peer);
  }
  if (host !== undefined && arrival.member !== memberOf(host))
    return refused('not-a-registry-path', `${arrival.address} serves member '${arrival.member}' of ${endpoint}, not '${memberOf(host)}'`, arrival.peer);
  return { admitted: true, rule: `the connection of ${endpoint} is Approved` };
}

function byPublicSide(registry: RegistryPart, arrival: PublicArrival): Admission {
  if (!registry.publicNetworkAccess) return refused('public-access-disabled', 'publicNetworkAccess is Disabled', arrival.source);
  if (registry.defaultAction === 'Allow') return { admitted: true, rule: 'publicNetworkAccess is Enabled and networkRuleSet.defaultAction is Allow' };
  const source = arrival.source.replace(/^::ffff:/i, '');
  const rule = registry.ipRules.find((prefix) => prefixContains(prefix, source));
  if (rule) return { admitted: true, rule: `networkRuleSet.ipRules allows ${formatPrefix(rule)}` };
  const count = registry.ipRules.length;
  const rules = count === 0 ? 'there are no ipRules' : `none of ${count} ipRules contains ${source}`;
  return refused('no-matching-rule', `networkRuleSet.defaultAction is Deny and ${rules}`, arrival.source);
}

/** The private link member that serves a host: `registry` for the login server, `registry_data_REGION` for a data host. */
export function memberOf(host: RegistryHost): string {
  return host.role === 'login' ? 'registry' : `registry_data_${host.region}`;
}

function refused(reason: Refusal, rule: string, source: string): Admission {
  return { admitted: false, reason, rule, source };
}
