/** What each network's resolver says, as a table over a small world: the public chain, private zones, and how they meet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainName } from '#base/domain-name.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { dataFront, loginFront } from '#topology/addresses.ts';
import { Derivation } from '#topology/derive.ts';
import { networkFact, registryFact } from '#topology/facts.fixture.ts';
import type { ConnectionState, Fact } from '#topology/facts.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import { resolve } from './resolution.ts';

const key = (text: string): ResourceKey => `/x/${text}` as ResourceKey;

function world(state: ConnectionState, domain = 'azurecr.io', more: Fact[] = [], approvedOnce = state === 'Approved'): Snapshot {
  const network = (n: string): Fact => networkFact(key(n), n);
  const registry = (r: string): Fact => registryFact(key(r), r, { loginServer: `${r}.${domain}` as DomainName, regions: ['westeurope', 'eastus'] });
  const record = (name: string, address: string): Fact => ({
    kind: 'record-set',
    recordSet: key(name),
    zone: key('zone'),
    name: name as DomainName,
    type: 'A',
    ttlSeconds: 10,
    data: [address],
  });
  const facts: Fact[] = [
    network('linked'),
    network('apart'),
    registry('mine'),
    registry('open'),
    registry('foreign'),
    { kind: 'connection', connection: key('c1'), registry: key('mine'), endpoint: key('pe'), state, approvedOnce },
    { kind: 'connection', connection: key('c2'), registry: key('foreign'), endpoint: key('pe-of-others'), state: 'Approved', approvedOnce: true },
    { kind: 'zone', zone: key('zone'), name: `privatelink.${domain}` as DomainName },
    { kind: 'zone-link', link: key('link'), zone: key('zone'), network: key('linked') },
    record(`mine.privatelink.${domain}`, '10.0.1.4'),
    record(`mine.westeurope.data.privatelink.${domain}`, '10.0.1.5'),
    ...more,
  ];
  return new Derivation({ domain: domain as DomainName }).update(1, [[key('all'), facts]]);
}

/** The answer in one line: rcode, then `type data ttl` of each record, then `soa OWNER ttl`. */
function told(snapshot: Snapshot, network: string, name: string, type = 'A'): string {
  const { rcode, answers, authority } = resolve(snapshot, key(network), { name: name as DomainName, type });
  const lines = answers.map((record) => `${record.type} ${typeof record.data === 'string' ? record.data : 'soa'} ${record.ttlSeconds}`);
  return [rcode, ...lines, ...authority.map((soa) => `soa ${soa.name === '' ? '.' : soa.name} ${soa.ttlSeconds}`)].join(' | ');
}

const LOGIN = (region: string): string =>
  `CNAME ${region}-acr-reg.trafficmanager.net 300 | CNAME r0-reg-az.${region}.cloudapp.azure.com 300 | A ${loginFront(region)} 10`;
const DATA = (region: string): string =>
  `CNAME ${region}-acr-data.trafficmanager.net 300 | CNAME r0-data-az.${region}.cloudapp.azure.com 300 | A ${dataFront(region)} 10`;
const approved = world('Approved');

const TABLE: [string, string, string, string][] = [
  // Network, name, type, answer.
  ['linked', 'mine.azurecr.io', 'A', 'NOERROR | CNAME mine.privatelink.azurecr.io 3600 | A 10.0.1.4 10'],
  ['linked', 'mine.azurecr.io', 'AAAA', 'NOERROR | CNAME mine.privatelink.azurecr.io 3600 | soa privatelink.azurecr.io 10'],
  ['linked', 'mine.azurecr.io', 'CNAME', 'NOERROR | CNAME mine.privatelink.azurecr.io 3600'],
  ['linked', 'mine.azurecr.io', 'ANY', 'NOERROR | CNAME mine.privatelink.azurecr.io 3600 | A 10.0.1.4 10'],
  ['linked', 'mine.westeurope.data.azurecr.io', 'A', 'NOERROR | CNAME mine.westeurope.data.privatelink.azurecr.io 3600 | A 10.0.1.5 10'],
  // The zone lacks the record: it does not exist, and nothing falls through to the public side.
  ['linked', 'mine.eastus.data.azurecr.io', 'A', 'NXDOMAIN | CNAME mine.eastus.data.privatelink.azurecr.io 3600 | soa privatelink.azurecr.io 10'],
  ['linked', 'foreign.azurecr.io', 'A', 'NXDOMAIN | CNAME foreign.privatelink.azurecr.io 3600 | soa privatelink.azurecr.io 10'],
  ['linked', 'nobody.privatelink.azurecr.io', 'A', 'NXDOMAIN | soa privatelink.azurecr.io 10'],
  ['linked', 'westeurope.data.privatelink.azurecr.io', 'A', 'NOERROR | soa privatelink.azurecr.io 10'],
  // A registry without an approved endpoint never meets the private zone.
  ['linked', 'open.azurecr.io', 'A', `NOERROR | CNAME westeurope.fe.azcr.io 3600 | ${LOGIN('westeurope')}`],
  ['apart', 'mine.azurecr.io', 'A', `NOERROR | CNAME mine.privatelink.azurecr.io 3600 | CNAME westeurope.fe.azcr.io 300 | ${LOGIN('westeurope')}`],
  [
    'apart',
    'mine.eastus.data.azurecr.io',
    'A',
    `NOERROR | CNAME mine.eastus.data.privatelink.azurecr.io 3600 | CNAME eastus-data.fe.azcr.io 300 | ${DATA('eastus')}`,
  ],
  ['apart', 'open.westeurope.data.azurecr.io', 'A', `NOERROR | CNAME westeurope-data.fe.azcr.io 3600 | ${DATA('westeurope')}`],
  ['nowhere', 'open.azurecr.io', 'A', `NOERROR | CNAME westeurope.fe.azcr.io 3600 | ${LOGIN('westeurope')}`],
  ['apart', 'mine.privatelink.azurecr.io', 'A', `NOERROR | CNAME westeurope.fe.azcr.io 300 | ${LOGIN('westeurope')}`],
  ['apart', 'open.privatelink.azurecr.io', 'A', 'NXDOMAIN | soa . 10'],
  [
    'apart',
    'open.azurecr.io',
    'AAAA',
    'NOERROR | CNAME westeurope.fe.azcr.io 3600 | CNAME westeurope-acr-reg.trafficmanager.net 300 | CNAME r0-reg-az.westeurope.cloudapp.azure.com 300 | soa . 10',
  ],
  ['apart', 'nobody.azurecr.io', 'A', 'NXDOMAIN | soa . 10'],
  ['apart', 'open.mars.data.azurecr.io', 'A', 'NXDOMAIN | soa . 10'],
  ['apart', 'x.open.azurecr.io', 'A', 'NXDOMAIN | soa . 10'],
  ['apart', 'management.azure.com', 'A', 'NOERROR | A 198.18.0.1 300'],
  ['apart', 'management.azure.com', 'AAAA', 'NOERROR | soa . 10'],
  ['linked', 'login.microsoftonline.com', 'A', 'NOERROR | A 198.18.0.2 300'],
  ['linked', 'graph.microsoft.com', 'A', 'NOERROR | A 198.18.0.3 300'],
  ['linked', 'mcr.microsoft.com', 'A', 'NOERROR | A 198.18.0.4 300'],
  ['linked', 'localhost', 'A', 'NOERROR | A 127.0.0.1 3600'],
  ['linked', 'a.localhost', 'AAAA', 'NOERROR | AAAA ::1 3600'],
  ['linked', 'localhost', 'TYPE65', 'NOERROR | soa . 10'],
  // The rest of the world.
  ['linked', 'example.com', 'A', 'NXDOMAIN | soa . 10'],
  ['linked', '4.1.0.10.in-addr.arpa', 'PTR', 'NXDOMAIN | soa . 10'],
  ['linked', 'invalid', 'A', 'NXDOMAIN | soa . 10'],
  // Names that only have others below them exist.
  ...[
    '',
    'io',
    'azurecr.io',
    'data.azurecr.io',
    'eastus.data.azurecr.io',
    'privatelink.azurecr.io',
    'westeurope.data.privatelink.azurecr.io',
    'com',
    'azure.com',
    'fe.azcr.io',
  ].map((name): [string, string, string, string] => ['apart', name, 'NS', 'NOERROR | soa . 10']),
  ['apart', 'mars.data.azurecr.io', 'A', 'NXDOMAIN | soa . 10'],
  ['apart', 'other.privatelink.azurecr.io', 'A', 'NXDOMAIN | soa . 10'],
];
for (const [network, name, type, expected] of TABLE)
  test(`${network}: ${name || '.'} ${type}`, () => assert.equal(told(approved, network, name, type), expected));

test('the public name goes through privatelink from the first approval on, whatever the state is later, and never before', () => {
  const chain = `CNAME westeurope.fe.azcr.io 300 | ${LOGIN('westeurope')}`;
  for (const state of ['Pending', 'Rejected', 'Disconnected'] as const) {
    for (const network of ['linked', 'apart'])
      assert.equal(told(world(state), network, 'mine.azurecr.io'), `NOERROR | CNAME westeurope.fe.azcr.io 3600 | ${LOGIN('westeurope')}`, state);
    if (state === 'Pending') continue;
    const later = world(state, 'azurecr.io', [], true);
    assert.equal(told(later, 'linked', 'mine.azurecr.io'), 'NOERROR | CNAME mine.privatelink.azurecr.io 3600 | A 10.0.1.4 10', state);
    assert.equal(told(later, 'apart', 'mine.azurecr.io'), `NOERROR | CNAME mine.privatelink.azurecr.io 3600 | ${chain}`, state);
  }
});

test('another domain has its own privatelink names; the helper names stay', () => {
  const own = world('Approved', 'registry.corp.example');
  assert.equal(told(own, 'linked', 'mine.registry.corp.example'), 'NOERROR | CNAME mine.privatelink.registry.corp.example 3600 | A 10.0.1.4 10');
  assert.equal(told(own, 'apart', 'open.registry.corp.example'), `NOERROR | CNAME westeurope.fe.azcr.io 3600 | ${LOGIN('westeurope')}`);
  assert.equal(told(own, 'apart', 'mine.azurecr.io'), 'NXDOMAIN | soa . 10');
  assert.equal(told(own, 'apart', 'corp.example', 'NS'), 'NOERROR | soa . 10');
});

const zone = (z: string, name: string): Fact[] => [
  { kind: 'zone', zone: key(z), name: name as DomainName },
  { kind: 'zone-link', link: key(`${z}-link`), zone: key(z), network: key('linked') },
];
const set = (z: string, name: string, type: 'A' | 'CNAME', data: string): Fact => ({
  kind: 'record-set',
  recordSet: key(name),
  zone: key(z),
  name: name as DomainName,
  type,
  ttlSeconds: 5,
  data: [data],
});

test('the zone with the longest suffix answers, whatever the order of the links', () => {
  for (const deep of ['a-deep', 'zz-deep']) {
    const snapshot = world('Approved', 'azurecr.io', [
      ...zone(deep, 'data.privatelink.azurecr.io'),
      set(deep, 'mine.westeurope.data.privatelink.azurecr.io', 'A', '10.9.9.9'),
    ]);
    assert.equal(
      told(snapshot, 'linked', 'mine.westeurope.data.azurecr.io'),
      'NOERROR | CNAME mine.westeurope.data.privatelink.azurecr.io 3600 | A 10.9.9.9 5',
      deep,
    );
    assert.equal(told(snapshot, 'linked', 'mine.azurecr.io'), 'NOERROR | CNAME mine.privatelink.azurecr.io 3600 | A 10.0.1.4 10', deep);
  }
});

test('a zone over the public suffix hides the public side from its networks only', () => {
  const snapshot = world('Approved', 'azurecr.io', zone('all', 'azurecr.io'));
  assert.equal(told(snapshot, 'linked', 'open.azurecr.io'), 'NXDOMAIN | soa azurecr.io 10');
  assert.ok(told(snapshot, 'apart', 'open.azurecr.io').startsWith('NOERROR | CNAME'));
});

test('a CNAME of a zone is followed by the same rule, into other zones and out', () => {
  const snapshot = world('Approved', 'azurecr.io', [
    ...zone('corp', 'corp.example'),
    set('corp', 'registry.corp.example', 'CNAME', 'mine.azurecr.io'),
    set('corp', 'public.corp.example', 'CNAME', 'open.azurecr.io'),
    set('corp', 'gone.corp.example', 'CNAME', 'nowhere.example'),
  ]);
  assert.equal(told(snapshot, 'linked', 'registry.corp.example'), 'NOERROR | CNAME mine.azurecr.io 5 | CNAME mine.privatelink.azurecr.io 3600 | A 10.0.1.4 10');
  assert.ok(told(snapshot, 'linked', 'public.corp.example').endsWith(LOGIN('westeurope')));
  assert.equal(told(snapshot, 'linked', 'gone.corp.example'), 'NXDOMAIN | CNAME nowhere.example 5 | soa . 10');
  assert.equal(told(snapshot, 'apart', 'registry.corp.example'), 'NXDOMAIN | soa . 10');
});

test('a loop of CNAMEs ends in SERVFAIL', () => {
  const snapshot = world('Approved', 'azurecr.io', [
    ...zone('corp', 'corp.example'),
    set('corp', 'a.corp.example', 'CNAME', 'b.corp.example'),
    set('corp', 'b.corp.example', 'CNAME', 'a.corp.example'),
  ]);
  assert.equal(told(snapshot, 'linked', 'a.corp.example'), 'SERVFAIL');
});
