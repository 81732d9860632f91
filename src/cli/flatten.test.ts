/** Resources as az prints them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flatten } from './flatten.ts';

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
  const configuration = flatten({ name: 'c', properties: { privateIPAddress: '10.0.1.4' } });
  assert.deepEqual(configuration, { name: 'c', privateIPAddress: '10.0.1.4', privateIpAddress: '10.0.1.4' });
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
