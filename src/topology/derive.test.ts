/** The fold: its joins by example, and by property that only the standing facts count, not how they came. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DomainName } from '#base/domain-name.ts';
import { formatIp, type IpAddress, type IpPrefix, parsePrefix } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { Derivation } from './derive.ts';
import { networkFact, registryFact } from './facts.fixture.ts';
import type { ConnectionState, Fact } from './facts.ts';
import { SharedMap } from './shared-map.ts';
import { emptySnapshot, type Snapshot } from './snapshot.ts';

const DOMAIN = 'azurecr.io' as DomainName;
const key = (name: string): ResourceKey => `/x/${name}` as ResourceKey;
const name = (text: string): DomainName => text as DomainName;
const ip = (last: number): IpAddress => formatIp(0x0a000000 + last);
const prefix = (text: string): IpPrefix => parsePrefix(text) ?? assert.fail(text);

const network = (n: string): Fact => networkFact(key(n), n, { prefixes: [prefix('10.0.0.0/16')] });
const subnet = (n: string, s: string): Fact => ({ kind: 'subnet', network: key(n), subnet: key(`${n}/${s}`), name: s, prefix: prefix('10.0.0.0/24') });
const nic = (n: string, i: string, address: IpAddress): Fact => ({ kind: 'address', network: key(n), subnet: key(`${n}/a`), nic: key(i), address });
const endpoint = (n: string, e: string, address: IpAddress, member = 'registry'): Fact => ({
  kind: 'address',
  network: key(n),
  subnet: key(`${n}/a`),
  nic: key(`${e}.nic`),
  address,
  endpoint: { endpoint: key(e), member, fqdns: [name('r.azurecr.io')] },
});
const machine = (m: string, nics: string[], identities: string[] = [], system = false): Fact => ({
  kind: 'machine',
  machine: key(m),
  id: `/X/${m}`,
  name: m,
  nics: nics.map(key),
  identities: identities.map(key),
  ...(system ? { systemIdentity: { principalId: `${m}-p`, clientId: `${m}-c` } } : {}),
});
const identity = (i: string): Fact => ({ kind: 'identity', identity: key(i), id: `/X/${i}`, principalId: `${i}-p`, clientId: `${i}-c`, tenantId: 't' });
const registry = (r: string, publicNetworkAccess = true): Fact => registryFact(key(r), r, { regions: ['westeurope', 'eastus'], publicNetworkAccess });
const connection = (r: string, e: string, state: ConnectionState = 'Approved', approvedOnce = state === 'Approved'): Fact => ({
  kind: 'connection',
  connection: key(`${r}/${e}`),
  registry: key(r),
  endpoint: key(e),
  state,
  approvedOnce,
});
const replica = (r: string, region: string, globalEndpoint = true): Fact => ({
  kind: 'replica',
  registry: key(r),
  region,
  globalEndpoint,
  zoneRedundancy: false,
});
const user = (r: string, username: string, map: string): Fact => ({
  kind: 'registry-credential',
  registry: key(r),
  username,
  passwords: [],
  actions: map === '' ? 'admin' : { scopeMap: key(map) },
});
const scopeMap = (r: string, map: string, ...actions: string[]): Fact => ({ kind: 'scope-map', scopeMap: key(map), registry: key(r), actions });
const zone = (z: string): Fact => ({ kind: 'zone', zone: key(z), name: name(`${z}.example`) });
const link = (z: string, n: string): Fact => ({ kind: 'zone-link', link: key(`${z}/${n}`), zone: key(z), network: key(n) });
const record = (z: string, host: string, address: IpAddress): Fact => ({
  kind: 'record-set',
  recordSet: key(`${z}/${host}`),
  zone: key(z),
  name: name(`${host}.${z}.example`),
  type: 'A',
  ttlSeconds: 10,
  data: [address],
});
const role = (r: string): Fact => ({ kind: 'role-definition', role: key(r), name: r, roleName: r.toUpperCase(), permissions: [] });
const assignment = (a: string, principalId: string, scope = '/'): Fact => ({ kind: 'role-assignment', assignment: key(a), scope, role: 'r', principalId });
const subscription = (s: string, tenantId: string): Fact => ({ kind: 'subscription', subscription: key(s), tenantId });

type Change = readonly [ResourceKey, readonly Fact[]];
const of = (owner: string, ...facts: Fact[]): Change => [key(owner), facts];
function fold(...changes: Change[]): Snapshot {
  return new Derivation({ domain: DOMAIN }).update(1, changes);
}

test('nothing said is the empty snapshot', () => {
  assert.deepEqual(new Derivation({ domain: DOMAIN }).snapshot, emptySnapshot(DOMAIN));
});

test('a machine stands in the network of its interfaces, with its addresses and identities', () => {
  const snapshot = fold(
    of('n', network('n'), subnet('n', 'b'), subnet('n', 'a')),
    of('m', machine('m', ['i2', 'i1'], ['id', 'gone'], true)),
    of('i1', nic('n', 'i1', ip(9))),
    of('i2', nic('n', 'i2', ip(200)), nic('n', 'i2', ip(20))),
    of('id', identity('id')),
  );
  assert.deepEqual(snapshot.machines.get(key('m')), {
    key: key('m'),
    id: '/X/m',
    name: 'm',
    network: key('n'),
    addresses: [ip(20), ip(200), ip(9)],
    identities: [
      { resourceId: '/X/m', system: true, principalId: 'm-p', clientId: 'm-c' },
      { resourceId: '/X/id', system: false, principalId: 'id-p', clientId: 'id-c' },
    ],
  });
  const part = snapshot.networks.get(key('n'));
  assert.equal(part?.machines[0], snapshot.machines.get(key('m')));
  assert.deepEqual(
    part?.subnets.map((item) => item.name),
    ['a', 'b'],
  );
});

test('a machine without an addressed interface is nowhere, and comes with its network', () => {
  assert.equal(fold(of('n', network('n')), of('m', machine('m', ['i']))).machines.size, 0);
  const derivation = new Derivation({ domain: DOMAIN });
  assert.equal(derivation.update(1, [of('m', machine('m', ['i'])), of('i', nic('n', 'i', ip(9)))]).machines.size, 0);
  assert.equal(derivation.update(2, [of('n', network('n'))]).machines.size, 1);
  assert.equal(derivation.update(3, [of('n')]).machines.size, 0);
});

test('an address that two interfaces claim belongs to the least of them, whoever came last', () => {
  const derivation = new Derivation({ domain: DOMAIN });
  const addresses = (m: string) => derivation.snapshot.machines.get(key(m))?.addresses;
  derivation.update(1, [of('n', network('n')), of('m1', machine('m1', ['i1'])), of('m2', machine('m2', ['i2'])), of('i2', nic('n', 'i2', ip(9)))]);
  assert.deepEqual([addresses('m1'), addresses('m2')], [undefined, [ip(9)]]);
  derivation.update(2, [of('i1', nic('n', 'i1', ip(9)))]);
  assert.deepEqual([addresses('m1'), addresses('m2')], [[ip(9)], undefined]);
  derivation.update(3, [of('i1')]);
  assert.deepEqual([addresses('m1'), addresses('m2')], [undefined, [ip(9)]]);
});

test('an endpoint address knows its connection: state, registry, or Disconnected', () => {
  const base = [of('n', network('n')), of('e', endpoint('n', 'e', ip(4))), of('r', registry('r'))];
  const at = (snapshot: Snapshot) => snapshot.networks.get(key('n'))?.endpoints.get(ip(4));
  assert.deepEqual(at(fold(...base, of('c', connection('r', 'e', 'Pending')))), {
    address: ip(4),
    endpoint: key('e'),
    member: 'registry',
    fqdns: ['r.azurecr.io'],
    registry: key('r'),
    state: 'Pending',
  });
  const gone = at(fold(...base));
  assert.deepEqual([gone?.registry, gone?.state], [undefined, 'Disconnected']);
  const orphan = at(fold(...base.slice(0, 2), of('c', connection('r', 'e'))));
  assert.deepEqual([orphan?.registry, orphan?.state], [undefined, 'Disconnected'], 'the registry is gone, its connection not yet');
});

test('a registry knows its connections by endpoint and its data hosts by region', () => {
  const snapshot = fold(
    of('r', registry('r')),
    of('c1', connection('r', 'e1')),
    of('c2', connection('r', 'e2', 'Rejected')),
    of('c3', connection('other', 'e3')),
  );
  const part = snapshot.registries.get(key('r'));
  assert.deepEqual(
    part?.connections,
    SharedMap.of([
      [key('e1'), 'Approved'],
      [key('e2'), 'Rejected'],
    ]),
  );
  assert.deepEqual(
    part?.dataHosts,
    new Map([
      ['westeurope', 'r.westeurope.data.azurecr.io'],
      ['eastus', 'r.eastus.data.azurecr.io'],
    ]),
  );
  assert.deepEqual(
    snapshot.names.hosts,
    SharedMap.of([
      ['r.azurecr.io', { registry: key('r'), role: 'login', region: 'westeurope' }],
      ['r.westeurope.data.azurecr.io', { registry: key('r'), role: 'data', region: 'westeurope' }],
      ['r.eastus.data.azurecr.io', { registry: key('r'), role: 'data', region: 'eastus' }],
    ]),
  );
});

test('a registry remembers an approval as long as a connection does', () => {
  const derivation = new Derivation({ domain: DOMAIN });
  const remembered = () => derivation.snapshot.registries.get(key('r'))?.approvedOnce;
  derivation.update(1, [of('r', registry('r')), of('a', connection('r', 'e1', 'Pending')), of('b', connection('r', 'e2', 'Rejected'))]);
  assert.equal(remembered(), false);
  derivation.update(2, [of('a', connection('r', 'e1', 'Rejected', true))]);
  assert.equal(remembered(), true);
  // The states are the same; the memory is not.
  derivation.update(3, [of('a', connection('r', 'e1', 'Rejected', false))]);
  assert.equal(remembered(), false);
  derivation.update(4, [of('a', connection('r', 'e1', 'Rejected', true))]);
  derivation.update(5, [of('a')]);
  assert.equal(remembered(), false);
});

test('a connection left behind yields to the one that stands', () => {
  const snapshot = fold(of('r', registry('r')), of('a', connection('r', 'e', 'Disconnected')), of('b', connection('r', 'e', 'Approved')));
  assert.equal(snapshot.registries.get(key('r'))?.connections.get(key('e')), 'Approved');
});

test('a network sees the zones that are linked to it and exist', () => {
  const snapshot = fold(of('n', network('n')), of('z', zone('z')), of('l1', link('z', 'n')), of('l2', link('gone', 'n')), of('l3', link('z', 'other')));
  assert.deepEqual(snapshot.networks.get(key('n'))?.zones, [key('z')]);
});

test('a zone holds its record sets by absolute name', () => {
  const snapshot = fold(of('z', zone('z')), of('a', record('z', 'a', ip(4))), of('b', record('elsewhere', 'b', ip(5))));
  assert.deepEqual(
    snapshot.names.zones,
    SharedMap.of([[key('z'), { key: key('z'), name: 'z.example', records: SharedMap.of([['a.z.example', [{ type: 'A', ttlSeconds: 10, data: [ip(4)] }]]]) }]]),
  );
});

test('assignments are by principal, the widest scope first', () => {
  const snapshot = fold(
    of('a', assignment('a', 'P', '/subscriptions/s/resourcegroups/g')),
    of('b', assignment('b', 'p', '/subscriptions/s')),
    of('r', role('r')),
    of('i', identity('i')),
  );
  assert.deepEqual(
    snapshot.access.assignments.get('p')?.map((fact) => fact.scope),
    ['/subscriptions/s', '/subscriptions/s/resourcegroups/g'],
  );
  assert.deepEqual([...snapshot.access.roles.keys()], ['r']);
  assert.equal(snapshot.access.identities.get(key('i'))?.principalId, 'i-p');
});

// A small universe, so that facts meet: conflicts, dangling references and late arrivals are the common case.
const few = (...items: string[]) => fc.constantFrom(...items);
const net = few('n1', 'n2', 'n3');
const reg = few('r1', 'r2');
const end = few('e1', 'e2', 'e3');
const nicKey = few('i1', 'i2', 'i3');
const zoneKey = few('z1', 'z2');
const id = few('d1', 'd2');
const address = fc.integer({ min: 4, max: 8 }).map(ip);
const state = fc.constantFrom<ConnectionState>('Approved', 'Pending', 'Rejected', 'Disconnected');
const anyFact: fc.Arbitrary<Fact> = fc.oneof(
  net.map(network),
  fc.tuple(net, few('a', 'b')).map(([n, s]) => subnet(n, s)),
  fc.tuple(net, nicKey, address).map(([n, i, a]) => nic(n, i, a)),
  fc.tuple(net, end, address, few('registry', 'registry_data_eastus')).map(([n, e, a, member]) => endpoint(n, e, a, member)),
  fc
    .tuple(few('m1', 'm2'), fc.array(nicKey, { maxLength: 2 }), fc.array(id, { maxLength: 2 }), fc.boolean())
    .map(([m, nics, ids, system]) => machine(m, nics, ids, system)),
  id.map(identity),
  fc.tuple(reg, fc.boolean()).map(([r, open]) => registry(r, open)),
  fc.tuple(reg, few('eastus', 'northeurope'), fc.boolean()).map(([r, region, on]) => replica(r, region, on)),
  fc.tuple(reg, end, state, fc.boolean()).map(([r, e, s, once]) => connection(r, e, s, once)),
  fc.tuple(reg, end).map(([r, e]): Fact => ({ ...connection(r, e, 'Pending', true), approvedMembers: ['registry'] }) as Fact),
  fc.tuple(reg, few('u1', 'u2'), few('', 'sm1', 'sm2')).map(([r, u, map]) => user(r, u, map)),
  fc.tuple(reg, few('sm1', 'sm2'), few('x', 'y')).map(([r, map, action]) => scopeMap(r, map, action)),
  zoneKey.map(zone),
  fc.tuple(zoneKey, net).map(([z, n]) => link(z, n)),
  fc.tuple(zoneKey, few('a', 'b'), address).map(([z, host, a]) => record(z, host, a)),
  few('r', 's').map(role),
  fc.tuple(few('a1', 'a2'), few('p', 'q'), few('/', '/s')).map(([a, p, scope]) => assignment(a, p, scope)),
  fc.tuple(few('s1', 's2'), few('t', 'u')).map(([s, tenant]) => subscription(s, tenant)),
);
const owners = Array.from({ length: 24 }, (_, i) => `owner${i}`);
/** Resources with what they state; each owner once. */
const anyWorld = fc
  .array(fc.array(anyFact, { maxLength: 3 }), { maxLength: owners.length })
  .map((all) => all.map((facts, i) => of(owners[i] as string, ...facts)));
/** A history: the same owners speak again and again. */
const anyHistory = fc.array(fc.array(fc.tuple(fc.constantFrom(...owners), fc.array(anyFact, { maxLength: 3 })), { maxLength: 6 }), { maxLength: 12 });

const parts = ({ networks, registries, machines, names, access }: Snapshot) => ({ networks, registries, machines, names, access });

test('any order of the same facts gives the same snapshot', () => {
  fc.assert(
    fc.property(
      anyWorld.chain((world) => fc.tuple(fc.constant(world), fc.shuffledSubarray(world, { minLength: world.length, maxLength: world.length }))),
      ([world, shuffled]) => {
        assert.deepEqual(fold(...shuffled), fold(...world));
      },
    ),
    { numRuns: 300 },
  );
});

test('any history in any batches gives the snapshot of what stands at its end', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const derivation = new Derivation({ domain: DOMAIN });
      const standing = new Map<ResourceKey, readonly Fact[]>();
      for (const batch of history) {
        derivation.update(
          1,
          batch.map(([owner, facts]) => of(owner, ...facts)),
        );
        for (const [owner, facts] of batch) standing.set(key(owner), facts);
        assert.deepEqual(parts(derivation.snapshot), parts(fold(...standing)), 'after each batch');
      }
    }),
    { numRuns: 300 },
  );
});

test('removal undoes addition', () => {
  fc.assert(
    fc.property(anyWorld, anyWorld, (world, more) => {
      const derivation = new Derivation({ domain: DOMAIN });
      const before = derivation.update(1, world);
      const extra = more.map(([owner, facts]) => [`${owner}+` as ResourceKey, facts] as const);
      derivation.update(2, extra);
      const after = derivation.update(
        3,
        extra.map(([owner]) => [owner, []] as const),
      );
      assert.deepEqual(parts(after), parts(before));
    }),
    { numRuns: 200 },
  );
});

/** All that a snapshot holds, as text: a copy that nothing can reach. */
const inspected = (snapshot: Snapshot): string =>
  JSON.stringify(snapshot, (_key, value) => (value instanceof Map || value instanceof SharedMap ? [...value] : value));

test('a preview is the snapshot that the same update would make, and leaves no trace', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const [previewed, plain] = [new Derivation({ domain: DOMAIN }), new Derivation({ domain: DOMAIN })];
      for (const [index, batch] of history.entries()) {
        const changes = batch.map(([owner, facts]) => of(owner, ...facts));
        const before = previewed.snapshot;
        const preview = previewed.preview(changes);
        assert.equal(previewed.snapshot, before);
        const after = plain.update(index, changes);
        assert.deepEqual({ ...preview, revision: 0 }, { ...after, revision: 0 });
        assert.deepEqual(previewed.update(index, changes), after);
      }
    }),
    { numRuns: 100 },
  );
});

test('a snapshot is never changed by what comes after', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const derivation = new Derivation({ domain: DOMAIN });
      const seen: [Snapshot, string][] = [];
      for (const batch of history) {
        const snapshot = derivation.update(
          seen.length + 1,
          batch.map(([owner, facts]) => of(owner, ...facts)),
        );
        seen.push([snapshot, inspected(snapshot)]);
      }
      for (const [snapshot, copy] of seen) assert.deepEqual(inspected(snapshot), copy);
    }),
    { numRuns: 100 },
  );
});

const WORLD: Change[] = [
  of('n1', network('n1')),
  of('n2', network('n2')),
  of('r1', registry('r1')),
  of('r2', registry('r2')),
  of('z1', zone('z1')),
  of('z2', zone('z2')),
  of('l1', link('z1', 'n1')),
  of('l2', link('z2', 'n2')),
  of('rec1', record('z1', 'a', ip(4))),
  of('rec2', record('z2', 'a', ip(4))),
  of('i1', nic('n1', 'i1', ip(20))),
  of('m1', machine('m1', ['i1'], ['d1'])),
  of('i2', nic('n2', 'i2', ip(20))),
  of('m2', machine('m2', ['i2'])),
  of('d1', identity('d1')),
  of('e1', endpoint('n1', 'e1', ip(4))),
  of('c1', connection('r1', 'e1')),
  of('e2', endpoint('n2', 'e2', ip(4))),
  of('c2', connection('r2', 'e2')),
  of('role', role('r')),
  of('as', assignment('as', 'p')),
];
/** The changed parts by path. */
function changed(before: Snapshot, after: Snapshot): string[] {
  const found: string[] = [];
  const maps = (path: string, a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): void => {
    if (a === b) return;
    for (const item of new Set([...a.keys(), ...b.keys()])) if (a.get(item) !== b.get(item)) found.push(`${path}.${item.replace('/x/', '')}`);
  };
  maps('networks', before.networks, after.networks);
  maps('registries', before.registries, after.registries);
  maps('machines', before.machines, after.machines);
  if (before.names !== after.names) maps('zones', before.names.zones, after.names.zones);
  maps('hosts', before.names.hosts, after.names.hosts);
  if (before.access !== after.access) found.push('access');
  return found.sort();
}

test('an update rebuilds what it touches and nothing else', () => {
  const cases: [Change, string[]][] = [
    [of('e3', endpoint('n1', 'e3', ip(5))), ['networks.n1']],
    [of('c1', connection('r1', 'e1', 'Rejected')), ['networks.n1', 'registries.r1']],
    [of('rec1', record('z1', 'a', ip(5))), ['zones.z1']],
    [of('l3', link('z1', 'n2')), ['networks.n2']],
    [of('d1', { ...identity('d1'), principalId: 'new' } as Fact), ['access', 'machines.m1', 'networks.n1']],
    [of('i2', nic('n2', 'i2', ip(21))), ['machines.m2', 'networks.n2']],
    [of('r2', registry('r2', false)), ['registries.r2']],
    [of('u', user('r1', 'u', 'sm')), ['registries.r1']],
    [of('sm', scopeMap('r2', 'sm', 'x')), ['registries.r2']],
    [of('u', user('gone', 'u', 'sm')), []],
    [of('r2'), ['hosts.r2.azurecr.io', 'hosts.r2.eastus.data.azurecr.io', 'hosts.r2.westeurope.data.azurecr.io', 'networks.n2', 'registries.r2']],
    [of('as2', assignment('as2', 'q')), ['access']],
    [of('n2', network('n2'), subnet('n2', 'a')), ['networks.n2']],
    [of('e1', structuredClone(endpoint('n1', 'e1', ip(4)))), []],
    [of('r1', structuredClone(registry('r1'))), []],
    [of('z1', structuredClone(zone('z1'))), []],
    [of('z2'), ['networks.n2', 'zones.z2']],
  ];
  for (const [change, expected] of cases) {
    const derivation = new Derivation({ domain: DOMAIN });
    const before = derivation.update(1, WORLD);
    const after = derivation.update(2, [change]);
    assert.equal(after.revision, 2);
    assert.deepEqual(changed(before, after), expected, change[0]);
  }
});

test('within a rebuilt network the untouched pieces stay', () => {
  const derivation = new Derivation({ domain: DOMAIN });
  const before = derivation.update(1, WORLD).networks.get(key('n1'));
  const after = derivation.update(2, [of('e3', endpoint('n1', 'e3', ip(5)))]).networks.get(key('n1'));
  assert.ok(before && after && before !== after);
  assert.equal(after.subnets, before.subnets);
  assert.equal(after.machines, before.machines);
  assert.equal(after.zones, before.zones);
  assert.equal(after.endpoints.get(ip(4)), before.endpoints.get(ip(4)));
});

test('a registry serves data endpoints while a private endpoint leads to it, asked for or not', () => {
  const derivation = new Derivation({ domain: DOMAIN });
  const asked = (revision: number, ...changes: Change[]): boolean | undefined =>
    derivation.update(revision, changes).registries.get(key('r'))?.dataEndpointEnabled;
  assert.equal(asked(1, of('r', registry('r'))), false);
  assert.equal(asked(2, of('c', connection('r', 'e', 'Pending'))), true);
  assert.equal(asked(3, of('r', registry('r', false))), true);
  assert.equal(asked(4, of('c')), false);
});

test('replicas add their regions after the home region, with a data host each, and take them along', () => {
  const derivation = new Derivation({ domain: DOMAIN });
  const home = registryFact(key('r'), 'r');
  derivation.update(1, [of('r', home), of('w', replica('r', 'westeurope')), of('n', replica('r', 'northeurope')), of('e', replica('r', 'eastus'))]);
  const part = () => derivation.snapshot.registries.get(key('r'));
  assert.deepEqual(part()?.regions, ['westeurope', 'eastus', 'northeurope']);
  assert.equal(part()?.dataHosts.get('northeurope'), 'r.northeurope.data.azurecr.io');
  assert.deepEqual(derivation.snapshot.names.hosts.get(name('r.eastus.data.azurecr.io')), { registry: key('r'), role: 'data', region: 'eastus' });
  derivation.update(2, [of('e')]);
  assert.deepEqual(part()?.regions, ['westeurope', 'northeurope']);
  assert.equal(derivation.snapshot.names.hosts.get(name('r.eastus.data.azurecr.io')), undefined);
});

test('the login server is where global routing may lead: home, else the first region that is on', () => {
  const derivation = new Derivation({ domain: DOMAIN });
  const login = (revision: number, ...changes: Change[]) => derivation.update(revision, changes).registries.get(key('r'))?.loginRegion;
  assert.equal(login(1, of('r', registryFact(key('r'), 'r'))), 'westeurope');
  assert.equal(login(2, of('w', replica('r', 'westeurope', false))), 'westeurope');
  assert.equal(login(3, of('n', replica('r', 'northeurope'))), 'northeurope');
  assert.equal(derivation.snapshot.names.hosts.get(name('r.azurecr.io'))?.region, 'northeurope');
  assert.equal(login(4, of('w', replica('r', 'westeurope'))), 'westeurope');
});

test('a connection that is Pending again for a new member still leads to those that were approved', () => {
  const derivation = new Derivation({ domain: DOMAIN });
  const again = (state: ConnectionState): Fact => ({ ...connection('r', 'e', state, true), approvedMembers: ['registry'] }) as Fact;
  const states = () => [4, 5].map((last) => derivation.snapshot.networks.get(key('n'))?.endpoints.get(ip(last))?.state);
  derivation.update(1, [
    of('n', network('n')),
    of('r', registry('r')),
    of('e', endpoint('n', 'e', ip(4)), endpoint('n', 'e', ip(5), 'registry_data_eastus')),
    of('c', again('Pending')),
  ]);
  assert.deepEqual(states(), ['Approved', 'Pending']);
  assert.equal(derivation.snapshot.registries.get(key('r'))?.connections.get(key('e')), 'Pending');
  assert.deepEqual(derivation.snapshot.registries.get(key('r'))?.approvedMembers.get(key('e')), ['registry']);
  derivation.update(2, [of('c', again('Rejected'))]);
  assert.deepEqual(states(), ['Rejected', 'Rejected']);
  derivation.update(3, [of('c', connection('r', 'e'))]);
  assert.deepEqual(states(), ['Approved', 'Approved']);
  assert.equal(derivation.snapshot.registries.get(key('r'))?.approvedMembers.size, 0);
});
