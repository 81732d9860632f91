/** The command that mends each thing that can be wrong with a name, and the evidence as a person reads it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Evidence, evidenceText, fixOf, type Mending, type NameVerdict } from './evidence.ts';

const G = '/subscriptions/s/resourcegroups/rg/providers/microsoft.network';
const OF = {
  endpoint: `${G}/privateendpoints/pe`,
  network: `${G}/virtualnetworks/app`,
  registry: 'mine',
  location: 'westeurope',
  connection: 'pe.1',
  state: 'Approved',
};
const name = (status: string, over: Partial<NameVerdict> = {}): NameVerdict => ({
  name: 'mine.westeurope.data.azurecr.io',
  expected: '10.0.1.5',
  rcode: 'NOERROR',
  resolved: ['10.0.1.9'],
  status,
  zone: `${G}/privatednszones/privatelink.azurecr.io`,
  ...over,
});

test('each verdict but the good one has its command', () => {
  const other = { leadsTo: `${G}/privateendpoints/other` };
  const add = 'postern network private-dns record-set a add-record -g rg -z privatelink.azurecr.io -n mine.westeurope.data -a 10.0.1.5';
  const remove =
    'postern network private-dns record-set a remove-record -g rg -z privatelink.azurecr.io -n mine.westeurope.data -a 10.0.1.9 --keep-empty-record-set';
  const group = `postern network private-endpoint dns-zone-group create -g rg --endpoint-name pe -n default --private-dns-zone`;
  const link = (at: string): string =>
    `postern network private-dns link vnet create -g ${at} -z privatelink.azurecr.io -n app --virtual-network ${OF.network} --registration-enabled false`;
  const unlink = 'postern network private-dns link vnet delete -g rg -z privatelink.azurecr.io -n shared --yes';
  const zone = (at: string): string => `/subscriptions/s/resourcegroups/${at}/providers/microsoft.network/privatednszones/privatelink.azurecr.io`;
  const fixes: [string, string, Partial<NameVerdict>, Partial<Mending>][] = [
    ['MissingRecord', `${add}   # or, for all names of the endpoint: ${group} ${zone('rg')} --zone-name acr`, {}, {}],
    ['MissingRecord', add, {}, { zoneGroup: 'dns' }],
    ['WrongAddress', `${remove} && ${add}`, {}, {}],
    [
      'WrongAddress',
      `postern group create -n rg-app -l westeurope && postern network private-dns zone create -g rg-app -n privatelink.azurecr.io && ${unlink} && ${link('rg-app')} && ${group.replace('default', 'dns')} ${zone('rg-app')} --zone-name acr`,
      other,
      { link: 'shared', zoneGroup: 'dns' },
    ],
    [
      'WrongAddress',
      `postern network private-dns zone create -g rg -n privatelink.azurecr.io && ${unlink.replace('-g rg', '-g hub')} && ${link('rg')} && ${group} ${zone('rg')} --zone-name acr`,
      { ...other, zone: zone('hub') },
      { link: 'shared' },
    ],
    ['AmbiguousAddress', remove, { resolved: ['10.0.1.5', '10.0.1.9'] }, {}],
    ['ZoneNotLinked', link('rg'), {}, {}],
    ['NoZone', 'postern network private-dns zone create -g rg -n privatelink.azurecr.io', { zone: undefined as never }, {}],
    ['Shadowed', `${unlink}   # this zone answers first; whoever else needs it in app loses it`, {}, { link: 'shared' }],
    ['NotApproved', 'postern acr private-endpoint-connection approve -r mine -n pe.1', {}, { state: 'Pending' }],
    ['NotApproved', 'postern network private-endpoint delete -g rg -n pe', {}, { state: 'Disconnected' }],
  ];
  for (const [status, expected, over, of] of fixes) assert.equal(fixOf(name(status, over), { ...OF, ...of }), expected, status);
  assert.equal(fixOf(name('Healthy'), OF), undefined);
  assert.equal(fixOf({ ...name('MissingRecord'), zone: undefined } as unknown as NameVerdict, OF), undefined, 'a zone that the reader may not read');
});

test('the text has a table for each question', () => {
  const evidence: Evidence = {
    at: '2026-01-01T00:00:00.000Z',
    revision: 7,
    id: '/r',
    name: 'mine',
    loginServer: 'mine.azurecr.io',
    location: 'westeurope',
    sku: 'Premium',
    publicNetworkAccess: 'Disabled',
    networkRuleSet: { defaultAction: 'Deny', ipRules: ['1.2.3.4'], virtualNetworkRules: [] },
    trustedServices: 'None',
    exportPolicy: 'enabled',
    adminUserEnabled: false,
    anonymousPullEnabled: false,
    connections: [
      {
        name: 'pe.1',
        privateEndpoint: OF.endpoint,
        state: 'Approved',
        description: 'reviewed',
        decidedBy: { principalId: 'p', name: 'ann@x' },
        decidedAt: '2026-01-01T00:00:00Z',
        network: OF.network,
        subnet: `${OF.network}/subnets/s`,
        addresses: [{ member: 'registry', address: '10.0.1.4' }],
        dnsStatus: 'WrongAddress',
        names: [{ ...name('WrongAddress'), fix: 'mend it' }],
      },
    ],
    networks: [{ network: OF.network, zones: [], names: [{ name: 'mine.azurecr.io', by: 'nowhere', reached: false, why: 'it does not exist' }] }],
    roles: {
      pull: [{ principalId: 'g', role: 'AcrPull', scope: '/r', assignment: '/a', conditional: false, name: 'pullers', kind: 'group', members: ['ann@x'] }],
    },
  };
  const text = evidenceText(evidence);
  for (const part of ['1.2.3.4', 'ann@x', 'app/s', 'WrongAddress', 'nowhere, refused', 'group: ann@x', 'mend it']) assert.ok(text.includes(part), part);
  assert.match(evidenceText({ ...evidence, roles: null }), /You may not read the role assignments/);
});
