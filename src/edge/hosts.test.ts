import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainName } from '#base/domain-name.ts';
import { dataFront, GRAPH, IMAGES, LOGIN, loginFront, MANAGEMENT } from '#topology/addresses.ts';
import type { Arrival } from '#topology/arrival.ts';
import { acceptAt } from './arrivals.ts';
import { type Connection, canonicalHost, type HostNames, routeOf } from './hosts.ts';
import { egressAddress, endpointAddress, endpointKey, machineKey, networkKey, otherNetworkKey, registryKey, worldOf } from './world.fixture.ts';

const names: HostNames = {
  domain: 'azurecr.io' as DomainName,
  hostDomain: 'localhost' as DomainName,
  management: new Set(['management.azure.com', 'login.microsoftonline.com', 'graph.microsoft.com', '127.0.0.1', 'localhost']),
};
const world = worldOf(1);
const connectionAt = (address: string, snapshot = world): Connection => {
  const accepted = acceptAt(snapshot, networkKey, 'listener', address, '10.0.0.4');
  assert.ok(!('refused' in accepted), JSON.stringify(accepted));
  return accepted;
};
const route = (connection: Connection, host: string, sni: string | undefined = host, path = '/v2/', snapshot = world): string => {
  const made = routeOf(connection, { host, path }, sni, snapshot, names);
  return made.misdirected === undefined ? `${made.plane} ${made.host}` : `421 ${made.style}`;
};
const host = (via: 'management' | 'public'): Connection => ({ arrival: { via, listener: 'host', peer: '127.0.0.1', source: '127.0.0.1' } as Arrival });

test('what an address of a network is, before TLS', () => {
  assert.deepEqual(connectionAt(endpointAddress).arrival, {
    via: 'endpoint',
    listener: 'listener',
    peer: '10.0.0.4',
    network: networkKey,
    endpoint: endpointKey,
    registry: registryKey,
    member: 'registry',
    address: endpointAddress,
  });
  const front = connectionAt(loginFront('westeurope'));
  assert.deepEqual(front.arrival, { via: 'public', listener: 'listener', peer: '10.0.0.4', network: networkKey, source: egressAddress });
  assert.deepEqual(
    [front.front, connectionAt(dataFront('eastus')).front, connectionAt(MANAGEMENT).front, connectionAt(LOGIN).front, connectionAt(GRAPH).front],
    ['registry', 'registry', 'management', 'login', 'graph'],
  );
  for (const state of ['Pending', 'Rejected', 'Disconnected'] as const)
    assert.ok('refused' in acceptAt(worldOf(1, { state }), networkKey, 'listener', endpointAddress, '10.0.0.4'), state);
  for (const address of ['10.0.0.9', '168.63.129.16', '169.254.1.1', '198.18.9.9', ''])
    assert.ok('refused' in acceptAt(world, networkKey, 'listener', address, '10.0.0.4'), address);
  assert.ok('refused' in acceptAt(world, otherNetworkKey, 'listener', endpointAddress, '10.0.0.4'));
});

test('a private endpoint serves its registry under the name of the member that was dialled, and nothing else', () => {
  const login = connectionAt(endpointAddress);
  assert.equal(route(login, 'myregistry.azurecr.io'), 'registry myregistry.azurecr.io');
  assert.equal(route(login, 'other.azurecr.io'), '421 oci');
  assert.equal(route(login, 'myregistry.westeurope.data.azurecr.io'), '421 oci');
  assert.equal(route(login, 'management.azure.com'), '421 arm');
  assert.equal(route(login, 'myregistry.localhost'), '421 oci');
  const dataWorld = worldOf(1, { member: 'registry_data_westeurope' });
  const data = connectionAt(endpointAddress, dataWorld);
  assert.equal(
    route(data, 'myregistry.westeurope.data.azurecr.io', 'myregistry.westeurope.data.azurecr.io', '/', dataWorld),
    'registry myregistry.westeurope.data.azurecr.io',
  );
  assert.equal(route(data, 'myregistry.azurecr.io', 'myregistry.azurecr.io', '/', dataWorld), '421 oci');
});

test('the TLS name and the Host header must be one', () => {
  for (const connection of [connectionAt(endpointAddress), connectionAt(loginFront('westeurope')), host('public')]) {
    assert.equal(route(connection, 'myregistry.azurecr.io', 'other.azurecr.io'), '421 oci');
    assert.equal(routeOf(connection, { host: 'myregistry.azurecr.io', path: '/' }, undefined, world, names).misdirected !== undefined, true);
  }
  assert.equal(route(host('management'), 'management.azure.com', 'localhost'), '421 arm');
});

test('public addresses of the world serve what stands there', () => {
  assert.equal(route(connectionAt(loginFront('westeurope')), 'other.azurecr.io'), 'registry other.azurecr.io');
  assert.equal(route(connectionAt(loginFront('westeurope')), 'management.azure.com'), '421 arm');
  assert.equal(route(connectionAt(loginFront('westeurope')), 'nobody.azurecr.io'), '421 oci');
  assert.equal(route(connectionAt(loginFront('westeurope')), 'myregistry.localhost'), '421 oci');
  assert.equal(route(connectionAt(MANAGEMENT), 'management.azure.com', 'management.azure.com', '/subscriptions'), 'arm management.azure.com');
  assert.equal(
    route(connectionAt(MANAGEMENT), 'management.azure.com', 'management.azure.com', '/postern/status'),
    'arm management.azure.com',
    'no operator inside the world',
  );
  assert.equal(route(connectionAt(MANAGEMENT), 'myregistry.azurecr.io'), '421 oci');
  assert.equal(route(connectionAt(LOGIN), 'login.microsoftonline.com', 'login.microsoftonline.com', '/t/oauth2/token'), 'login login.microsoftonline.com');
  assert.equal(route(connectionAt(LOGIN), 'management.azure.com'), '421 arm');
  assert.equal(route(connectionAt(GRAPH), 'graph.microsoft.com', 'graph.microsoft.com', '/v1.0/users'), 'graph graph.microsoft.com');
  assert.equal(route(connectionAt(GRAPH), 'graph.microsoft.com', 'graph.microsoft.com', '/t/oauth2/token'), 'graph graph.microsoft.com');
  assert.equal(route(connectionAt(GRAPH), 'management.azure.com'), '421 arm');
  assert.equal(route(connectionAt(IMAGES), 'mcr.microsoft.com'), 'registry mcr.microsoft.com');
  assert.equal(route(connectionAt(IMAGES), 'other.azurecr.io'), '421 oci');
  const images = { registry: registryKey, role: 'login', region: '' } as const;
  const stocked = { ...world, names: { ...world.names, hosts: new Map([...world.names.hosts, ['mcr.microsoft.com' as DomainName, images]]) } };
  assert.equal(route(connectionAt(loginFront('westeurope')), 'mcr.microsoft.com', 'mcr.microsoft.com', '/v2/', stocked), '421 oci');
  assert.equal(route(host('public'), 'mcr.microsoft.com', 'mcr.microsoft.com', '/v2/', stocked), 'registry mcr.microsoft.com');
  assert.equal(route(connectionAt(MANAGEMENT), 'graph.microsoft.com'), '421 arm');
  assert.equal(route(connectionAt(MANAGEMENT), 'management.azure.com', 'management.azure.com', '/v1.0/users'), 'arm management.azure.com');
});

test('the host serves registries on one listener, and management on the other', () => {
  assert.equal(route(host('public'), 'myregistry.localhost'), 'registry myregistry.azurecr.io');
  assert.equal(route(host('public'), 'myregistry.westeurope.data.localhost'), 'registry myregistry.westeurope.data.azurecr.io');
  assert.equal(route(host('public'), 'myregistry.azurecr.io'), 'registry myregistry.azurecr.io');
  assert.equal(route(host('public'), 'nobody.localhost'), '421 oci');
  assert.equal(route(host('public'), 'localhost'), '421 oci');
  assert.equal(route(host('public'), 'management.azure.com'), '421 arm');
  assert.equal(route(host('public'), 'login.microsoftonline.com'), '421 arm');
  assert.equal(route(host('public'), 'graph.microsoft.com', 'graph.microsoft.com', '/v1.0/users'), '421 arm');

  const at = (path: string, name = '127.0.0.1') => route(host('management'), name, name === '127.0.0.1' ? undefined : name, path).split(' ')[0];
  assert.equal(routeOf(host('management'), { host: '127.0.0.1', path: '/subscriptions' }, undefined, world, names).misdirected, undefined);
  assert.equal(at('/subscriptions', 'management.azure.com'), 'arm');
  assert.equal(at('/postern/status', 'localhost'), 'operator');
  assert.equal(at('/posternish', 'localhost'), 'arm');
  assert.equal(at('/t/oauth2/v2.0/token', 'localhost'), 'login');
  assert.equal(at('/t/anything', 'login.microsoftonline.com'), 'login');
  assert.equal(at('/v1.0/servicePrincipals', 'localhost'), 'graph');
  assert.equal(at('/anything', 'graph.microsoft.com'), 'graph');
  assert.equal(at('/v1.0/oauth2/token', 'localhost'), 'login', 'a tenant may have any name');
  assert.equal(at('/v2/', 'myregistry.azurecr.io'), '421');
  assert.equal(at('/', 'evil.example'), '421');
});

test("a machine's metadata address serves metadata, whatever the Host header says", () => {
  assert.equal(route({ arrival: { via: 'machine', machine: machineKey, listener: 'l', peer: '10.0.0.4' } }, 'anything', undefined), 'metadata anything');
});

test('names on the host are names in the world with another suffix', () => {
  assert.equal(canonicalHost('myregistry.localhost', names), 'myregistry.azurecr.io');
  assert.equal(canonicalHost('localhost', names), 'localhost');
  assert.equal(canonicalHost('notlocalhost', names), 'notlocalhost');
});
