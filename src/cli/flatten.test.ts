/** Resources as az prints them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flatten, pythonTimes } from './flatten.ts';
import { render } from './output.ts';

const G = '/subscriptions/s/resourceGroups/rg/providers';

test('properties are lifted at every level, and every id has its group beside it', () => {
  const id = `${G}/Microsoft.Network/virtualNetworks/v`;
  assert.deepEqual(
    flatten({
      id,
      name: 'v',
      type: 'Microsoft.Network/virtualNetworks',
      properties: { provisioningState: 'Succeeded', subnets: [{ id: `${id}/subnets/s`, name: 's', properties: { addressPrefix: '10.0.0.0/24' } }] },
    }),
    {
      id,
      name: 'v',
      type: 'Microsoft.Network/virtualNetworks',
      resourceGroup: 'rg',
      provisioningState: 'Succeeded',
      subnets: [{ id: `${id}/subnets/s`, name: 's', resourceGroup: 'rg', addressPrefix: '10.0.0.0/24' }],
    },
  );
});

test("az's names stand for the wire's", () => {
  const registry = flatten({
    id: `${G}/Microsoft.ContainerRegistry/registries/r`,
    name: 'r',
    properties: {
      networkRuleSet: { defaultAction: 'Deny', ipRules: [{ action: 'Allow', value: '1.2.3.4' }], virtualNetworkRules: [{ id: `${G}/x/y/z`, action: 'Allow' }] },
    },
  }) as { networkRuleSet: object };
  assert.deepEqual(registry.networkRuleSet, {
    defaultAction: 'Deny',
    ipRules: [{ action: 'Allow', ipAddressOrRange: '1.2.3.4' }],
    virtualNetworkRules: [{ action: 'Allow', virtualNetworkResourceId: `${G}/x/y/z` }],
  });
  const role = flatten({ id: '/x', name: 'g', type: 'Microsoft.Authorization/roleDefinitions', properties: { roleName: 'AcrPull', type: 'BuiltInRole' } });
  assert.deepEqual(role, { id: '/x', name: 'g', type: 'Microsoft.Authorization/roleDefinitions', roleName: 'AcrPull', roleType: 'BuiltInRole' });
  const policies = flatten({ id: '/x', name: 'r', properties: { policies: { azureADAuthenticationAsArmPolicy: { status: 'enabled' } } } });
  assert.deepEqual(policies, { id: '/x', name: 'r', policies: { azureAdAuthenticationAsArmPolicy: { status: 'enabled' } } });
});

test('a group keeps its properties, and what is no resource stays as it is', () => {
  const group = {
    id: '/subscriptions/s/resourceGroups/rg',
    name: 'rg',
    type: 'Microsoft.Resources/resourceGroups',
    properties: { provisioningState: 'Succeeded' },
  };
  assert.deepEqual(flatten(group), group);
  assert.deepEqual(flatten({ properties: { a: 1 } }), { properties: { a: 1 } });
});

test('its argument is not changed', () => {
  const given = { id: '/x', name: 'n', properties: { type: 'T', ipRules: [{ value: '1' }] } };
  const before = structuredClone(given);
  flatten(given);
  assert.deepEqual(given, before);
});

test("what az's models leave out is left out, and times of some types are Python's", () => {
  const printed = (type: string) =>
    flatten({ id: '/x', name: 'n', type, etag: 'e', systemData: { createdAt: '2026-01-01T00:00:00.013Z' }, properties: { provisioningState: 'Succeeded' } });
  assert.deepEqual(printed('Microsoft.ContainerRegistry/registries'), {
    id: '/x',
    name: 'n',
    type: 'Microsoft.ContainerRegistry/registries',
    systemData: { createdAt: '2026-01-01T00:00:00.013000+00:00' },
    provisioningState: 'Succeeded',
  });
  assert.deepEqual(printed('Microsoft.Network/virtualNetworks'), {
    id: '/x',
    name: 'n',
    type: 'Microsoft.Network/virtualNetworks',
    etag: 'e',
    provisioningState: 'Succeeded',
  });
  assert.deepEqual(printed('Microsoft.Network/privateDnsZones/A'), { id: '/x', name: 'n', type: 'Microsoft.Network/privateDnsZones/A', etag: 'e' });
  assert.equal(pythonTimes('2026-01-01T00:00:00Z'), '2026-01-01T00:00:00+00:00');
  assert.equal(pythonTimes('2026-01-01'), '2026-01-01');
});

test('queries find the names of other versions of az too', async () => {
  const configuration = { privateIPAddress: '10.0.1.4' };
  for (const query of ['privateIPAddress', 'privateIpAddress']) assert.equal(await render(configuration, { format: 'tsv', query }), '10.0.1.4\n');
  assert.equal(await render(configuration, { format: 'tsv' }), '10.0.1.4\n', 'once, when it is printed in whole');
});
