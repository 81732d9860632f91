/** Admission, as a table: every way in, every reason out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainName } from '#base/domain-name.ts';
import { parsePrefix } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Arrival, EndpointArrival, PublicArrival } from './arrival.ts';
import { registryFact } from './facts.fixture.ts';
import { admission } from './reachability.ts';
import type { RegistryHost, RegistryPart, Snapshot } from './snapshot.ts';

const key = (name: string): ResourceKey => `/subscriptions/s/${name}` as ResourceKey;
const part = (over: Partial<RegistryPart> = {}): RegistryPart => ({
  ...registryFact(key('r'), 'r'),
  connections: new Map([
    [key('pe-approved'), 'Approved'],
    [key('pe-pending'), 'Pending'],
    [key('pe-rejected'), 'Rejected'],
    [key('pe-disconnected'), 'Disconnected'],
  ]),
  loginRegion: 'westeurope',
  approvedMembers: new Map(),
  credentials: new Map(),
  scopeMaps: new Map(),
  approvedOnce: true,
  dataHosts: new Map([['westeurope', 'r.westeurope.data.azurecr.io' as DomainName]]),
  ...over,
});
const endpoint = (name: string, over: Partial<EndpointArrival> = {}): EndpointArrival => ({
  via: 'endpoint',
  listener: 'network',
  peer: '10.0.0.10',
  network: key('net'),
  endpoint: key(name),
  registry: key('r'),
  member: 'registry',
  address: '10.0.1.4',
  ...over,
});
const publicSide = (source = '203.0.113.7'): PublicArrival => ({ via: 'public', listener: 'network', peer: '10.0.0.10', source });
const prefix = (text: string) => parsePrefix(text) ?? assert.fail(text);
const judge = (registry: RegistryPart, arrival: Arrival, host?: RegistryHost) => {
  const result = admission({} as Snapshot, registry, arrival, host);
  return result.admitted ? 'admitted' : result.reason;
};
const login: RegistryHost = { registry: key('r'), role: 'login', region: 'westeurope' };
const data: RegistryHost = { registry: key('r'), role: 'data', region: 'westeurope' };

test('an endpoint admits by its Approved connection only', () => {
  assert.equal(judge(part(), endpoint('pe-approved')), 'admitted');
  for (const name of ['pe-pending', 'pe-rejected', 'pe-disconnected', 'pe-gone']) assert.equal(judge(part(), endpoint(name)), 'connection-not-approved', name);
  assert.equal(judge(part({ registry: key('other') }), endpoint('pe-approved')), 'other-registry');
});

test('an endpoint is not asked for the public side rules', () => {
  assert.equal(judge(part({ publicNetworkAccess: false, defaultAction: 'Deny' }), endpoint('pe-approved')), 'admitted');
});

test('a host is served by its own member when the host is told', () => {
  assert.equal(judge(part(), endpoint('pe-approved'), login), 'admitted');
  assert.equal(judge(part(), endpoint('pe-approved'), data), 'not-a-registry-path');
  assert.equal(judge(part(), endpoint('pe-approved', { member: 'registry_data_westeurope' }), data), 'admitted');
  assert.equal(judge(part(), endpoint('pe-approved', { member: 'registry_data_eastus' }), data), 'not-a-registry-path');
});

test('the public side: access, then rules, then the default', () => {
  const rules = [prefix('203.0.113.0/28'), prefix('198.51.100.9')];
  assert.equal(judge(part(), publicSide()), 'admitted');
  assert.equal(judge(part({ publicNetworkAccess: false, ipRules: rules }), publicSide()), 'public-access-disabled');
  assert.equal(judge(part({ defaultAction: 'Deny' }), publicSide()), 'no-matching-rule');
  assert.equal(judge(part({ defaultAction: 'Deny', ipRules: rules }), publicSide()), 'admitted');
  assert.equal(judge(part({ defaultAction: 'Deny', ipRules: rules }), publicSide('203.0.113.16')), 'no-matching-rule');
  assert.equal(judge(part({ defaultAction: 'Deny', ipRules: rules }), publicSide('198.51.100.9')), 'admitted');
  assert.equal(judge(part({ defaultAction: 'Deny', ipRules: [prefix('127.0.0.0/8')] }), publicSide('::ffff:127.0.0.1')), 'admitted', 'the host, dual stack');
});

test('management and machine listeners serve no registry', () => {
  assert.equal(judge(part(), { via: 'management', listener: 'host', peer: '127.0.0.1' }), 'not-a-registry-path');
  assert.equal(judge(part(), { via: 'machine', listener: 'machine', peer: '10.0.0.10', machine: key('vm') }), 'not-a-registry-path');
});

test('a refusal tells what decided and the address as the registry sees it', () => {
  const refusal = admission({} as Snapshot, part({ defaultAction: 'Deny', ipRules: [prefix('198.51.100.9')] }), publicSide());
  assert.deepEqual(refusal, {
    admitted: false,
    reason: 'no-matching-rule',
    rule: 'networkRuleSet.defaultAction is Deny and none of 1 ipRules contains 203.0.113.7',
    source: '203.0.113.7',
  });
  const pending = admission({} as Snapshot, part(), endpoint('pe-pending'));
  assert.ok(!pending.admitted && /pe-pending.*is Pending, not Approved/.test(pending.rule));
});

test('a connection that is Pending for a new region admits at the members that were approved', () => {
  const again = part({ approvedMembers: new Map([[key('pe-pending'), ['registry']]]) });
  assert.equal(judge(again, endpoint('pe-pending'), login), 'admitted');
  assert.equal(judge(again, endpoint('pe-pending', { member: 'registry_data_eastus' })), 'connection-not-approved');
  assert.equal(judge(part({ approvedMembers: new Map([[key('pe-rejected'), ['registry']]]) }), endpoint('pe-rejected')), 'connection-not-approved');
});
