/** Network security groups and route tables: their rules, and what they are associated with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPlane, NETWORK, SUBNET } from '../control-plane.fixture.ts';

const NSG = 'Microsoft.Network/networkSecurityGroups/nsg';
const TABLE = 'Microsoft.Network/routeTables/rt';

async function furnished(): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(NSG, { location: 'westeurope' });
  await plane.put(TABLE, { location: 'westeurope' });
  return plane;
}

const rule = (more: object = {}) => ({
  protocol: 'Tcp',
  sourcePortRange: '*',
  destinationPortRange: '443',
  sourceAddressPrefix: 'VirtualNetwork',
  destinationAddressPrefix: '10.0.1.0/24',
  access: 'Allow',
  priority: 100,
  direction: 'Inbound',
  ...more,
});

test('a group has six default rules beneath its own, which are children carried inline too (docs/sources.md#security-rules)', async () => {
  const plane = await furnished();
  const { defaultSecurityRules, securityRules } = await plane.properties(NSG);
  assert.deepEqual(securityRules, []);
  assert.deepEqual(
    defaultSecurityRules.map(({ name, properties }: { name: string; properties: { priority: number } }) => `${name} ${properties.priority}`),
    [
      'AllowVnetInBound 65000',
      'AllowAzureLoadBalancerInBound 65001',
      'DenyAllInBound 65500',
      'AllowVnetOutBound 65000',
      'AllowInternetOutBound 65001',
      'DenyAllOutBound 65500',
    ],
  );
  const created = await plane.ask('PUT', `${NSG}/securityRules/web`, { properties: rule() });
  assert.equal(created.status, 201, created.message);
  const shown = (await plane.get(NSG)).body;
  assert.deepEqual(shown.properties.securityRules[0].properties, created.body.properties);
  assert.equal((await plane.ask('PUT', NSG, shown)).status, 200);
  assert.equal((await plane.ask('PUT', NSG, { location: 'westeurope', properties: { securityRules: [] } })).status, 200);
  assert.equal((await plane.get(`${NSG}/securityRules/web`)).status, 404);
});

test('priorities are one for each direction (docs/sources.md#security-rules)', async () => {
  const plane = await furnished();
  const write = (name: string, more: object = {}) => plane.ask('PUT', `${NSG}/securityRules/${name}`, { properties: rule(more) });
  assert.equal((await write('one')).status, 201);
  const second = await write('two');
  assert.deepEqual([second.status, second.codes], [400, ['SecurityRuleConflict']]);
  assert.match(second.message, /^Security rule two conflicts with rule one\. Rules cannot have the same Priority and Direction\./);
  assert.equal((await write('two', { direction: 'Outbound' })).status, 201);
  assert.equal((await write('one', { access: 'Deny' })).status, 200);
});

test('what a rule cannot say is refused with its target', async () => {
  const plane = await furnished();
  const bad: readonly [object, string][] = [
    [{ priority: 99 }, 'properties.priority'],
    [{ priority: 4097 }, 'properties.priority'],
    [{ protocol: 'Sctp' }, 'properties.protocol'],
    [{ destinationPortRange: '65536' }, 'properties.destinationPortRange'],
    [{ destinationPortRange: '90-80' }, 'properties.destinationPortRange'],
    [{ sourceAddressPrefix: '10.0.0.1/24' }, 'properties.sourceAddressPrefix'],
    [{ sourceAddressPrefix: 'not a tag' }, 'properties.sourceAddressPrefix'],
    [{ destinationPortRange: undefined }, 'properties.destinationPortRange'],
    [{ destinationAddressPrefix: undefined }, 'properties.destinationAddressPrefix'],
  ];
  for (const [more, target] of bad) {
    const answer = await plane.ask('PUT', `${NSG}/securityRules/r`, { properties: rule(more) });
    assert.deepEqual([answer.status, answer.body.error.target], [400, target], JSON.stringify(more));
  }
  const plural = rule({
    destinationPortRange: undefined,
    destinationPortRanges: ['80', '443-444'],
    sourceAddressPrefix: undefined,
    sourceAddressPrefixes: ['10.0.0.0/8', '10.1.2.3'],
  });
  assert.equal((await plane.ask('PUT', `${NSG}/securityRules/r`, { properties: plural })).status, 201);
});

test('routes: a prefix or a tag once, and an address for an appliance alone (docs/sources.md#route-tables)', async () => {
  const plane = await furnished();
  const write = (name: string, properties: object) => plane.ask('PUT', `${TABLE}/routes/${name}`, { properties });
  const all = { addressPrefix: '0.0.0.0/0', nextHopType: 'VirtualAppliance', nextHopIpAddress: '10.0.9.4' };
  assert.equal((await write('all', all)).status, 201);
  assert.deepEqual((await write('again', { addressPrefix: '0.0.0.0/0', nextHopType: 'None' })).codes, ['RouteConflict']);
  assert.equal((await write('tag', { addressPrefix: 'AzureContainerRegistry', nextHopType: 'Internet' })).status, 201);
  assert.equal((await write('bad', { addressPrefix: '10.0.0.0/8', nextHopType: 'VirtualAppliance' })).body.error.target, 'properties.nextHopIpAddress');
  assert.equal((await write('bad', { addressPrefix: '10.0.0.0/8', nextHopType: 'None', nextHopIpAddress: '10.0.0.4' })).status, 400);
  assert.equal((await write('bad', { addressPrefix: '10.0.0.1/8', nextHopType: 'None' })).status, 400);
  assert.equal((await plane.properties(TABLE)).routes.length, 2);
});

test('a subnet names groups and tables of its region, which then show it and are not deleted (docs/sources.md#in-use)', async () => {
  const plane = await furnished();
  const subnet = (properties: object) => plane.ask('PUT', SUBNET, { properties: { addressPrefix: '10.0.1.0/24', ...properties } });
  assert.deepEqual((await subnet({ networkSecurityGroup: { id: plane.id(`${NSG}-none`) } })).codes, ['InvalidResourceReference']);
  assert.deepEqual((await subnet({ routeTable: { id: plane.id(NSG) } })).codes, ['InvalidParameter']);
  await plane.put(`${NSG}-north`, { location: 'northeurope' });
  assert.deepEqual((await subnet({ networkSecurityGroup: { id: plane.id(`${NSG}-north`) } })).codes, ['InvalidResourceReference']);
  const joined = await subnet({ networkSecurityGroup: { id: plane.id(NSG) }, routeTable: { id: plane.id(TABLE) } });
  assert.equal(joined.status, 200, joined.message);
  assert.match(String(joined.headers.warning), /networkSecurityGroup: stored, not enforced.*routeTable: stored, not enforced/);
  for (const [path, code] of [
    [NSG, 'InUseNetworkSecurityGroupCannotBeDeleted'],
    [TABLE, 'InUseRouteTableCannotBeDeleted'],
  ] as const) {
    assert.deepEqual(
      (await plane.properties(path)).subnets.map(({ id }: { id: string }) => id),
      [plane.id(SUBNET)],
    );
    const refused = await plane.ask('DELETE', path);
    assert.deepEqual([refused.status, refused.codes], [400, [code]]);
    assert.match(refused.message, /cannot be deleted because it is in use by the following resources: \S+subnets\/s\. In order to delete/);
  }
  assert.equal((await subnet({})).status, 200);
  for (const path of [NSG, TABLE]) assert.equal((await plane.ask('DELETE', path)).status, 200);
  assert.equal((await plane.ask('DELETE', NETWORK)).status, 200);
});

test('a resource group goes with groups, tables and peered networks in it', async () => {
  const plane = await furnished();
  await plane.put(SUBNET, { properties: { addressPrefix: '10.0.1.0/24', networkSecurityGroup: { id: plane.id(NSG) }, routeTable: { id: plane.id(TABLE) } } });
  await plane.put(`${NETWORK}-2`, { location: 'westeurope', properties: { addressSpace: { addressPrefixes: ['10.9.0.0/16'] } } });
  await plane.put(`${NETWORK}/virtualNetworkPeerings/p`, { properties: { remoteVirtualNetwork: { id: plane.id(`${NETWORK}-2`) } } });
  await plane.put(`${NETWORK}-2/virtualNetworkPeerings/p`, { properties: { remoteVirtualNetwork: { id: plane.id(NETWORK) } } });
  const answer = await plane.ask('DELETE', `${plane.subscription}/resourceGroups/rg`);
  assert.equal(answer.status, 200, answer.message);
});
