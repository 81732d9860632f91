/** The verdict on each endpoint's names: the right world, and each way to get it wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainName } from '#base/domain-name.ts';
import { type IpAddress, parsePrefix } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { Derivation } from '#topology/derive.ts';
import { networkFact, registryFact } from '#topology/facts.fixture.ts';
import type { ConnectionState, Fact } from '#topology/facts.ts';
import { namesOfRegistry, visibleNames } from './evidence.ts';

const key = (text: string): ResourceKey => `/x/${text}` as ResourceKey;
const LOGIN = 'mine.azurecr.io' as DomainName;
const LINK = 'mine.privatelink.azurecr.io';

const network = (n: string, prefix: string): Fact[] => [
  networkFact(key(n), n),
  { kind: 'subnet', network: key(n), subnet: key(`${n}/s`), name: 's', prefix: parsePrefix(prefix) as NonNullable<ReturnType<typeof parsePrefix>> },
];
const endpoint = (pe: string, at: string, address: string, state: ConnectionState = 'Approved'): Fact[] => [
  { kind: 'connection', connection: key(`c-${pe}`), registry: key('mine'), endpoint: key(pe), state, approvedOnce: state === 'Approved' },
  {
    kind: 'address',
    network: key(at),
    subnet: key(`${at}/s`),
    nic: key(`nic-${pe}`),
    address: address as IpAddress,
    endpoint: { endpoint: key(pe), member: 'registry', fqdns: [LOGIN] },
  },
];
const zone = (z: string, name = 'privatelink.azurecr.io'): Fact => ({ kind: 'zone', zone: key(z), name: name as DomainName });
const link = (z: string, at: string): Fact => ({ kind: 'zone-link', link: key(`${z}-${at}`), zone: key(z), network: key(at) });
const record = (z: string, name: string, ...data: string[]): Fact => ({
  kind: 'record-set',
  recordSet: key(`${z}/${name}`),
  zone: key(z),
  name: name as DomainName,
  type: 'A',
  ttlSeconds: 10,
  data,
});

function report(...facts: readonly (Fact | readonly Fact[])[]) {
  const all: Fact[] = [registryFact(key('mine'), 'mine'), ...network('app', '10.0.1.0/24'), ...network('hub', '10.9.1.0/24'), ...(facts.flat() as Fact[])];
  const told = namesOfRegistry(new Derivation({ domain: 'azurecr.io' as DomainName }).update(1, [[key('all'), all]]), key('mine'));
  assert.ok(told);
  return told;
}

/** The status of the one endpoint `pe`, and which zone it is about. */
function verdict(...facts: readonly (Fact | readonly Fact[])[]): string {
  const { status, names } = report(...facts).connections.find((connection) => connection.endpoint === key('pe')) as ReturnType<
    typeof report
  >['connections'][number];
  return [status, names[0]?.zone ?? '-', names[0]?.leadsTo ?? '-'].join(' ');
}

const PE = endpoint('pe', 'app', '10.0.1.4');
const CASES: [string, string, readonly (Fact | readonly Fact[])[]][] = [
  ['the right world', 'Healthy /x/z -', [PE, zone('z'), link('z', 'app'), record('z', LINK, '10.0.1.4')]],
  ['a missing record', 'MissingRecord /x/z -', [PE, zone('z'), link('z', 'app')]],
  ['a stale record', 'WrongAddress /x/z -', [PE, zone('z'), link('z', 'app'), record('z', LINK, '10.0.1.99')]],
  [
    'two endpoints with one zone',
    'WrongAddress /x/z /x/other',
    [PE, endpoint('other', 'hub', '10.9.1.4'), zone('z'), link('z', 'app'), link('z', 'hub'), record('z', LINK, '10.9.1.4')],
  ],
  ['both addresses in the record set', 'AmbiguousAddress /x/z -', [PE, zone('z'), link('z', 'app'), record('z', LINK, '10.0.1.4', '10.9.1.4')]],
  ['a network without the link', 'ZoneNotLinked /x/z -', [PE, zone('z'), link('z', 'hub'), record('z', LINK, '10.0.1.4')]],
  ['no zone at all', 'NoZone - -', [PE]],
  [
    'a zone for the public name',
    'Shadowed /x/public -',
    [PE, zone('z'), zone('public', 'azurecr.io'), link('z', 'app'), link('public', 'app'), record('z', LINK, '10.0.1.4')],
  ],
  ['a zone for the public name and no other', 'Shadowed /x/public -', [PE, zone('public', 'azurecr.io'), link('public', 'app')]],
  ['a longer zone', 'Shadowed /x/long -', [PE, zone('z'), zone('long', LINK), link('z', 'app'), link('long', 'app'), record('z', LINK, '10.0.1.4')]],
  ['a connection that waits', 'NotApproved - -', [endpoint('pe', 'app', '10.0.1.4', 'Pending'), zone('z'), link('z', 'app')]],
];
for (const [what, expected, facts] of CASES) test(`${what}: ${expected.split(' ')[0]}`, () => assert.equal(verdict(...facts), expected));

test('an endpoint without an address here has no names; nor has a registry that is not there', () => {
  assert.equal(report(PE.slice(0, 1)).connections[0]?.status, 'NoAddress');
  assert.equal(namesOfRegistry(new Derivation({ domain: 'azurecr.io' as DomainName }).update(1, []), key('nowhere')), undefined);
});

test('what the one who asks may not read is left out, and said to be', () => {
  const all = report(PE, zone('z'), link('z', 'app'), link('z', 'hub'), record('z', LINK, '10.0.1.99'));
  const without = (...hidden: string[]) => visibleNames(all, (resource) => !hidden.map(key).includes(resource));
  assert.deepEqual(without('pe').connections, [{ endpoint: key('pe'), state: 'Approved', addresses: [], status: 'NotVisible', names: [] }]);
  assert.deepEqual(without('app').connections[0]?.status, 'NotVisible', "addresses are the network's");
  assert.deepEqual(
    without('hub').networks.map(({ network: at }) => at),
    [key('app')],
  );
  assert.equal(without('z').connections[0]?.names[0]?.zone, undefined);
  assert.deepEqual(without('z').networks[0]?.zones, []);
  assert.deepEqual(without(), all);
});

test('each network that is linked or has an endpoint tells where the names lead from it', () => {
  const { networks, connections } = report(PE, zone('z'), link('z', 'app'), link('z', 'hub'), record('z', LINK, '10.0.1.4'));
  const leads = Object.fromEntries(networks.map(({ network: at, names }) => [at, `${names[0]?.by} ${names[0]?.reached}`]));
  assert.deepEqual(leads, { '/x/app': 'endpoint true', '/x/hub': 'elsewhere false' });
  assert.equal(connections[0]?.subnet, '/x/app/s');
  assert.equal(report(PE).networks[0]?.names[0]?.by, 'public');
});
