/** What a change would take from whom: each kind of change by example, with the real fold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainName } from '#base/domain-name.ts';
import type { IpAddress } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { dataFront, IMAGES, loginFront } from './addresses.ts';
import { Derivation } from './derive.ts';
import { networkFact, registryFact } from './facts.fixture.ts';
import type { Fact } from './facts.ts';
import { type Impact, impact } from './impact.ts';
import type { ResolveAddresses } from './paths.ts';

const DOMAIN = 'azurecr.io' as DomainName;
const key = (name: string): ResourceKey => `/x/${name}` as ResourceKey;
const ip = (text: string): IpAddress => text as IpAddress;

/** Private link names by the linked zone, else the public fronts: enough of a resolver to tell the ways apart. */
const resolve: ResolveAddresses = (snapshot, network, name) => {
  const part = snapshot.networks.get(network);
  const linked = part?.zones.map((zone) => snapshot.names.zones.get(zone)).find((zone) => zone?.name === 'privatelink.azurecr.io');
  const host = snapshot.names.hosts.get(name);
  const alias = host ? (name.replace(/\.azurecr\.io$/, '.privatelink.azurecr.io') as DomainName) : name;
  const registry = host && snapshot.registries.get(host.registry);
  if (linked && (!host || registry?.approvedOnce)) return linked.records.get(alias)?.flatMap((set) => set.data as IpAddress[]);
  return host && [host.role === 'login' ? loginFront(host.region) : dataFront(host.region)];
};

type Change = readonly [ResourceKey, readonly Fact[]];
const of = (owner: string, ...facts: Fact[]): Change => [key(owner), facts];
const address = (network: string, nic: string, at: string, member?: string): Fact => ({
  kind: 'address',
  network: key(network),
  subnet: key(`${network}/s`),
  nic: key(nic),
  address: ip(at),
  ...(member ? { endpoint: { endpoint: key('pe'), member, fqdns: [] } } : {}),
});
const machine = (name: string, nic: string): Fact => ({ kind: 'machine', machine: key(name), id: `/X/${name}`, name, nics: [key(nic)], identities: [] });
const record = (name: string, at: string): Fact => ({
  kind: 'record-set',
  recordSet: key(`z/${name}`),
  zone: key('z'),
  name: `${name}.privatelink.azurecr.io` as DomainName,
  type: 'A',
  ttlSeconds: 10,
  data: [ip(at)],
});
const connection = (state: 'Approved' | 'Rejected'): Fact => ({
  kind: 'connection',
  connection: key('r/c'),
  registry: key('r'),
  endpoint: key('pe'),
  state,
  approvedOnce: true,
});
const link: Fact = { kind: 'zone-link', link: key('l'), zone: key('z'), network: key('app') };

/** `app` has a machine and the endpoint, and is linked; `away` has a machine and nothing else. */
const WORLD: Change[] = [
  of('app', networkFact(key('app'), 'app')),
  of('away', networkFact(key('away'), 'away', { egressAddress: ip('203.0.113.2') })),
  of('r', registryFact(key('r'), 'r')),
  of('m', machine('m', 'mnic')),
  of('mnic', address('app', 'mnic', '10.0.0.4')),
  of('m2', machine('m2', 'm2nic')),
  of('m2nic', address('away', 'm2nic', '10.0.0.4')),
  of('pe.nic', address('app', 'pe.nic', '10.0.0.5', 'registry'), address('app', 'pe.nic', '10.0.0.6', 'registry_data_westeurope')),
  of('c', connection('Approved')),
  of('z', { kind: 'zone', zone: key('z'), name: 'privatelink.azurecr.io' as DomainName }),
  of('l', link),
  of('rec1', record('r', '10.0.0.5')),
  of('rec2', record('r.westeurope.data', '10.0.0.6')),
  of('rec3', record('other', '10.0.0.9')),
];

function whatIf(...changes: Change[]): Impact {
  const derivation = new Derivation({ domain: DOMAIN });
  const before = derivation.update(1, WORLD);
  return impact(before, derivation.preview(changes), resolve);
}
const told = ({ paths }: Impact): unknown[] =>
  paths.map(({ verdict, host, network, machines, before, after }) => [verdict, host, network, machines, before.by, after.by]);

test('nothing changes, nothing is told', () => {
  assert.deepEqual(whatIf(of('l', structuredClone(link))), {
    paths: [],
    names: [],
    namesInAll: 0,
    connections: [],
    machines: [],
    networks: [],
    principals: [],
  });
});

test('a rejected connection loses both names for the machines of its network, and nobody else', () => {
  const result = whatIf(of('c', connection('Rejected')));
  assert.deepEqual(told(result), [
    ['lost', 'r.azurecr.io', '/x/app', ['/X/m'], 'endpoint', 'endpoint'],
    ['lost', 'r.westeurope.data.azurecr.io', '/x/app', ['/X/m'], 'endpoint', 'endpoint'],
  ]);
  assert.match(result.paths[0]?.after.why ?? '', /Rejected/);
  assert.deepEqual(result.connections, [{ registry: '/x/r', endpoint: '/x/pe', before: 'Approved', after: 'Rejected' }]);
  assert.deepEqual(result.names, []);
});

test('a link that goes sends its network the public way, and tells every name of the zone', () => {
  const result = whatIf(of('l'));
  assert.deepEqual(told(result), [
    ['changed', 'r.azurecr.io', '/x/app', ['/X/m'], 'endpoint', 'public'],
    ['changed', 'r.westeurope.data.azurecr.io', '/x/app', ['/X/m'], 'endpoint', 'public'],
  ]);
  assert.equal(result.namesInAll, 3);
  assert.deepEqual(
    result.names.map(({ network, after }) => [network, after]),
    [1, 2, 3].map(() => ['/x/app', undefined]),
  );
});

test('a record that goes loses its name where the zone is linked', () => {
  const result = whatIf(of('rec2'));
  assert.deepEqual(told(result), [['lost', 'r.westeurope.data.azurecr.io', '/x/app', ['/X/m'], 'endpoint', 'nowhere']]);
  assert.deepEqual(result.names, [{ name: 'r.westeurope.data.privatelink.azurecr.io', network: '/x/app', before: ['10.0.0.6'], after: undefined }]);
  assert.deepEqual(
    whatIf(of('rec3')).names.map(({ name }) => name),
    ['other.privatelink.azurecr.io'],
  );
});

test('a record with a wrong address leads to nobody', () => {
  assert.deepEqual(told(whatIf(of('rec1', record('r', '10.0.0.77')))), [['lost', 'r.azurecr.io', '/x/app', ['/X/m'], 'endpoint', 'elsewhere']]);
});

test('public access that is turned off is lost outside, with the rule that says so', () => {
  const result = whatIf(of('r', registryFact(key('r'), 'r', { publicNetworkAccess: false })));
  assert.deepEqual(told(result), [
    ['lost', 'r.azurecr.io', '/x/away', ['/X/m2'], 'public', 'public'],
    ['lost', 'r.westeurope.data.azurecr.io', '/x/away', ['/X/m2'], 'public', 'public'],
  ]);
  assert.match(result.paths[0]?.after.why ?? '', /publicNetworkAccess is Disabled/);
});

test('what goes with a network is told: the network, its machines, their ways', () => {
  const result = whatIf(of('away'));
  assert.deepEqual(result.networks, [{ id: '/x/away', verdict: 'lost' }]);
  assert.deepEqual(result.machines, [{ id: '/X/m2', network: '/x/away', verdict: 'lost' }]);
  assert.deepEqual(
    result.paths.map(({ verdict, after }) => [verdict, after.by]),
    [1, 2].map(() => ['lost', 'nowhere']),
  );
});

test('a registry that goes is lost to everybody', () => {
  assert.deepEqual(
    whatIf(of('r')).paths.map(({ verdict, network }) => [verdict, network]),
    [
      ['lost', '/x/app'],
      ['lost', '/x/away'],
      ['lost', '/x/app'],
      ['lost', '/x/away'],
    ],
  );
});

test('roles that are given or taken are told by principal', () => {
  const assignment: Fact = { kind: 'role-assignment', assignment: key('as'), scope: '/x/r', role: 'pull', principalId: 'p' } as Fact;
  assert.deepEqual(whatIf(of('as', assignment)).principals, [{ principalId: 'p', before: [], after: ['/x/as'] }]);
});

test("the world's own registry has no region, and is compared all the same", () => {
  const own = of('mcr', registryFact(key('mcr'), 'mcr', { loginServer: 'mcr.microsoft.com' as DomainName, regions: [], platform: true }));
  const before = new Derivation({ domain: DOMAIN }).update(1, [...WORLD, own]);
  const after = new Derivation({ domain: DOMAIN }).update(1, [...WORLD.filter(([owner]) => owner !== key('l')), own]);
  const byImages: ResolveAddresses = (snapshot, network, name) => (name === 'mcr.microsoft.com' ? [IMAGES] : resolve(snapshot, network, name));
  assert.deepEqual(
    impact(before, after, byImages).paths.filter(({ host }) => host === 'mcr.microsoft.com'),
    [],
    'its way is the same',
  );
});
