/**
 * The public side of the world's DNS: the names of our registries, Azure's four that machines need, and nothing else. Pure.
 *
 * The chain of a registry's name is Azure's (docs/sources.md#public-chain), TTLs at the right:
 *
 *     NAME.DOMAIN              CNAME  NAME.privatelink.DOMAIN               3600   from the first approval of an endpoint on, as long as a connection of one
 *     NAME.privatelink.DOMAIN  CNAME  REGION.fe.azcr.io                      300   is there, Rejected too; without one the first name leads here at once
 *     REGION.fe.azcr.io        CNAME  REGION-acr-reg.trafficmanager.net      300
 *     ...trafficmanager.net    CNAME  r0-reg-az.REGION.cloudapp.azure.com    300
 *     ...cloudapp.azure.com    A      the region's login front                10
 *
 * A data host NAME.REGION.data.DOMAIN runs likewise through NAME.REGION.data.privatelink.DOMAIN and the names with `data` to the region's data front.
 * Azure abbreviates regions in the helper names (`eus1`, `r0318eus-az`); the whole name stands here. That the chain of data hosts has this form is inferred.
 * Every name that is not named here does not exist: NXDOMAIN under an SOA of the root, and so for reverse lookups too. The world asks nobody else.
 */
import { type DomainName, isWithinDomain } from '#base/domain-name.ts';
import { regions } from '#base/regions.ts';
import { dataFront, GRAPH, IMAGES, LOGIN, loginFront, MANAGEMENT } from '#topology/addresses.ts';
import type { RegistryHost, Snapshot } from '#topology/snapshot.ts';
import { type Lookup, negativeSoa, type ResourceRecord } from './record.ts';

const HOST_TTL_SECONDS = 3600;
const LINK_TTL_SECONDS = 300;
const FRONT_TTL_SECONDS = 10;

/** Made up: no server has this name, and `.invalid` never will (RFC 6761 section 6.4). Short-lived, since the next PUT may make the name. */
const ROOT_SOA = negativeSoa('' as DomainName, 10, {
  mname: 'ns.postern.invalid',
  rname: 'hostmaster.postern.invalid',
  serial: 1,
  refresh: 3600,
  retry: 300,
  expire: 2_419_200,
  minimum: 10,
});

/** What the public side says of a name. */
export function lookupPublic(snapshot: Snapshot, name: DomainName, type: string): Lookup {
  const record = FIXED.get(name) ?? registryAlias(snapshot, name) ?? loopback(name, type);
  if (record) return record.type === 'CNAME' && type !== 'CNAME' ? { kind: 'alias', record } : answerOrNothing(record, type);
  return { kind: exists(snapshot, name) ? 'nodata' : 'nxdomain', soa: ROOT_SOA };
}

function answerOrNothing(record: ResourceRecord, type: string): Lookup {
  return record.type === type ? { kind: 'answer', records: [record] } : { kind: 'nodata', soa: ROOT_SOA };
}

/** The name in which private zones are looked for: NAME.privatelink.DOMAIN, NAME.REGION.data.privatelink.DOMAIN. `name` lies below `domain`. */
export function privateLinkName(name: DomainName, domain: DomainName): DomainName {
  return `${name.slice(0, name.length - domain.length)}privatelink.${domain}` as DomainName;
}

/** The CNAME at a registry's host or at its private link name. */
function registryAlias(snapshot: Snapshot, name: DomainName): (ResourceRecord & { type: 'CNAME' }) | undefined {
  const { hosts, domain } = snapshot.names;
  const host = hosts.get(name);
  if (host) {
    const linked = snapshot.registries.get(host.registry)?.approvedOnce && isWithinDomain(name, domain);
    return cname(name, HOST_TTL_SECONDS, linked ? privateLinkName(name, domain) : frontName(host));
  }
  const suffix = `privatelink.${domain}`;
  if (name === suffix || !isWithinDomain(name, suffix)) return undefined;
  const linked = hosts.get(`${name.slice(0, -suffix.length)}${domain}` as DomainName);
  if (!linked || !snapshot.registries.get(linked.registry)?.approvedOnce) return undefined;
  return cname(name, LINK_TTL_SECONDS, frontName(linked));
}

function frontName({ role, region }: Pick<RegistryHost, 'role' | 'region'>): DomainName {
  return (role === 'login' ? `${region}.fe.azcr.io` : `${region}-data.fe.azcr.io`) as DomainName;
}

function cname(name: DomainName, ttlSeconds: number, data: DomainName): ResourceRecord & { type: 'CNAME' } {
  return { name, type: 'CNAME', ttlSeconds, data };
}

/** The names that no resource makes, each with its one record. */
const FIXED: ReadonlyMap<string, ResourceRecord> = new Map(
  regions
    .flatMap(({ name: region }) => [...front(region, 'login', loginFront(region)), ...front(region, 'data', dataFront(region))])
    .concat([
      { name: 'management.azure.com' as DomainName, type: 'A', ttlSeconds: LINK_TTL_SECONDS, data: MANAGEMENT },
      { name: 'login.microsoftonline.com' as DomainName, type: 'A', ttlSeconds: LINK_TTL_SECONDS, data: LOGIN },
      { name: 'graph.microsoft.com' as DomainName, type: 'A', ttlSeconds: LINK_TTL_SECONDS, data: GRAPH },
      { name: 'mcr.microsoft.com' as DomainName, type: 'A', ttlSeconds: LINK_TTL_SECONDS, data: IMAGES },
    ])
    .map((record) => [record.name, record]),
);

function front(region: string, role: RegistryHost['role'], address: string): ResourceRecord[] {
  const short = role === 'login' ? 'reg' : 'data';
  const first = frontName({ role, region });
  const second = `${region}-acr-${short}.trafficmanager.net` as DomainName;
  const third = `r0-${short}-az.${region}.cloudapp.azure.com` as DomainName;
  return [
    cname(first, LINK_TTL_SECONDS, second),
    cname(second, LINK_TTL_SECONDS, third),
    { name: third, type: 'A', ttlSeconds: FRONT_TTL_SECONDS, data: address },
  ];
}

/** `localhost` and what lies below it is the asker's own machine (RFC 6761 section 6.3). */
function loopback(name: DomainName, type: string): ResourceRecord | undefined {
  if (!isWithinDomain(name, 'localhost')) return undefined;
  return type === 'AAAA' ? { name, type, ttlSeconds: HOST_TTL_SECONDS, data: '::1' } : { name, type: 'A', ttlSeconds: HOST_TTL_SECONDS, data: '127.0.0.1' };
}

/** Whether the name has others below it; it has no records itself. A resolver that asks label by label (RFC 9156) takes NXDOMAIN for the whole tree. */
function exists(snapshot: Snapshot, name: DomainName): boolean {
  const { domain } = snapshot.names;
  if (FIXED_ABOVE.has(name) || isWithinDomain(domain, name)) return true;
  if (!isWithinDomain(name, domain)) return false;
  const [first = '', second, ...rest] = name
    .slice(0, -domain.length - 1)
    .split('.')
    .reverse();
  // Below the domain: privatelink, data.privatelink, REGION.data.privatelink, data, REGION.data.
  const [data, region, deeper] = first === 'privatelink' ? [second, rest[0], rest[1]] : [first, second, rest[0]];
  if (deeper !== undefined || (data !== 'data' && data !== undefined)) return false;
  return region === undefined || REGIONS.has(region);
}

const REGIONS: ReadonlySet<string> = new Set(regions.map(({ name }) => name));
const FIXED_ABOVE: ReadonlySet<string> = new Set(
  [...FIXED.keys()].flatMap((name) => {
    const labels = name.split('.');
    return labels.map((_, index) => labels.slice(index + 1).join('.'));
  }),
);
