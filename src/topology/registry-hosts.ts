/** The host names of a registry. */
import { type DomainName, parseDomainName } from '#base/domain-name.ts';
import type { RegistryFact } from './facts.ts';
import type { RegistryHost, RegistryPart } from './snapshot.ts';

/** `NAME.REGION.data.DOMAIN` for each region, whether or not dedicated data endpoints are switched on: private endpoints need them in any case. */
export function dataHosts(fact: Pick<RegistryFact, 'name' | 'regions'>, domain: DomainName): ReadonlyMap<string, DomainName> {
  const hosts = new Map<string, DomainName>();
  for (const region of fact.regions) {
    const host = parseDomainName(`${fact.name}.${region}.data.${domain}`);
    if (host) hosts.set(region, host);
  }
  return hosts;
}

/** Every host name of a registry, with what it serves. */
export function hostsOf(part: RegistryPart): readonly (readonly [DomainName, RegistryHost])[] {
  const { registry } = part;
  const login: RegistryHost = { registry, role: 'login', region: part.loginRegion };
  return [[part.loginServer, login], ...[...part.dataHosts].map(([region, name]) => [name, { registry, role: 'data', region }] as const)];
}
