/** The requests of the commands, against those that az sends for the same command lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { G, N, R, run, written } from './commands.fixture.ts';
import { S } from './server.fixture.ts';

test('group', async () => {
  assert.deepEqual(await written('group create -n rg -l westeurope'), [`PUT ${S}/resourcegroups/rg`, { location: 'westeurope' }]);
  assert.deepEqual(await written('group delete -n rg --yes'), [`DELETE ${S}/resourcegroups/rg`, undefined]);
  const { asked } = await run('group exists -n rg');
  assert.equal(asked[0]?.method, 'HEAD');
});

test('acr create copies the location of its group, and sends what az sends', async () => {
  const { asked, writes } = await run('acr create -n myregistry -g rg --sku Premium');
  assert.equal(asked[0]?.path, `${S}/resourcegroups/rg`);
  assert.deepEqual(writes, [
    [`PUT ${R}`, { location: 'westeurope', sku: { name: 'Premium' }, properties: { adminUserEnabled: false, anonymousPullEnabled: false } }],
  ]);
  assert.deepEqual(
    await written(
      'acr create -n myregistry -g rg --sku premium -l eastus --tags a=b --public-network-enabled false --allow-exports false --zone-redundancy Enabled',
    ),
    [
      `PUT ${R}`,
      {
        location: 'eastus',
        tags: { a: 'b' },
        sku: { name: 'Premium' },
        properties: {
          adminUserEnabled: false,
          anonymousPullEnabled: false,
          publicNetworkAccess: 'Disabled',
          networkRuleSet: { defaultAction: 'Deny' },
          zoneRedundancy: 'Enabled',
          policies: { exportPolicy: { status: 'disabled' } },
        },
      },
    ],
  );
});

test('acr update finds the registry by name, whatever its case, and sends only what changes', async () => {
  const { asked, writes } = await run('acr update -n MYREGISTRY --public-network-enabled false');
  assert.equal(asked[0]?.query.get('$filter'), "resourceType eq 'Microsoft.ContainerRegistry/registries'");
  assert.deepEqual(writes, [[`PATCH ${R}`, { properties: { publicNetworkAccess: 'Disabled', networkRuleSet: { defaultAction: 'Deny' } } }]]);
  assert.deepEqual(await written('acr update -n myregistry --public-network-enabled true'), [`PATCH ${R}`, { properties: { publicNetworkAccess: 'Enabled' } }]);
  assert.deepEqual(await written('acr update -n myregistry --allow-trusted-services false --default-action deny --sku Basic'), [
    `PATCH ${R}`,
    { sku: { name: 'Basic' }, properties: { networkRuleSet: { defaultAction: 'Deny' }, networkRuleBypassOptions: 'None' } },
  ]);
  await assert.rejects(run('acr update -n myregistry'), /nothing to update/);
});

test('a registry that is nowhere, or twice, is said so', async () => {
  await assert.rejects(run('acr show -n other'), /'other' and type .* could not be found in subscription/);
  const twice = [R, R.replace('/rg/', '/rg2/')].map((id) => ({ id, name: 'myregistry' }));
  await assert.rejects(run('acr show -n myregistry', { [`${S}/resources`]: { value: twice } }), /More than one/);
});

test('acr: names, usage, connections, limit', async () => {
  assert.deepEqual(await written('acr check-name -n myregistry'), [
    `POST ${S}/providers/Microsoft.ContainerRegistry/checkNameAvailability`,
    { name: 'myregistry', type: 'Microsoft.ContainerRegistry/registries' },
  ]);
  const { asked } = await run('acr show-usage -n myregistry', { [`${R}/listUsages`]: { value: [] } });
  assert.equal(asked.at(-1)?.path, `${R}/listUsages`);
  const connection = {
    [`${R}/privateEndpointConnections/c`]: {
      id: '/c',
      name: 'c',
      properties: { privateEndpoint: { id: '/pe' }, privateLinkServiceConnectionState: { status: 'Pending' } },
    },
  };
  assert.deepEqual(await written('acr private-endpoint-connection approve -r myregistry -n c --description ok', connection), [
    `PUT ${R}/privateEndpointConnections/c`,
    { properties: { privateEndpoint: { id: '/pe' }, privateLinkServiceConnectionState: { status: 'Approved', description: 'ok', actionsRequired: 'None' } } },
  ]);
  assert.deepEqual(await written('acr private-endpoint-connection reject -r myregistry -n c', connection), [
    `PUT ${R}/privateEndpointConnections/c`,
    { properties: { privateEndpoint: { id: '/pe' }, privateLinkServiceConnectionState: { status: 'Rejected', actionsRequired: 'None' } } },
  ]);
  assert.deepEqual(await written('acr private-endpoint-connection delete -r myregistry -n c'), [`DELETE ${R}/privateEndpointConnections/c`, undefined]);
  assert.deepEqual(await written('acr limit set -n myregistry --private-endpoints 10'), [`POST ${R}/setPrivateEndpointLimit`, { limit: 10 }]);
});

test('network vnet and subnet', async () => {
  const vnet = `${N}/virtualNetworks/v`;
  assert.deepEqual(await written('network vnet create -n v -g rg'), [
    `PUT ${vnet}`,
    { location: 'westeurope', properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, enableDdosProtection: false, enableVmProtection: false } },
  ]);
  const [, body] = await written('network vnet create -n v -g rg --address-prefix 10.1.0.0/16 --subnet-name s --subnet-prefix 10.1.2.0/24');
  assert.deepEqual((body as { properties: JsonObject }).properties.subnets, [{ name: 's', properties: { addressPrefix: '10.1.2.0/24' } }]);
  const { result } = await run('network vnet create -n v -g rg');
  assert.deepEqual(Object.keys(result), ['newVNet']);
  assert.deepEqual(
    await written(
      'network vnet subnet create -n s -g rg --vnet-name v --address-prefixes 10.0.1.0/24 --disable-private-endpoint-network-policies --service-endpoints Microsoft.ContainerRegistry',
    ),
    [
      `PUT ${vnet}/subnets/s`,
      {
        name: 's',
        properties: {
          addressPrefix: '10.0.1.0/24',
          privateEndpointNetworkPolicies: 'Disabled',
          serviceEndpoints: [{ service: 'Microsoft.ContainerRegistry' }],
        },
      },
    ],
  );
  const read = {
    id: '/s',
    name: 's',
    type: 'Microsoft.Network/virtualNetworks/subnets',
    etag: 'e',
    properties: { addressPrefix: '10.0.1.0/24', delegations: [], provisioningState: 'Succeeded' },
  };
  assert.deepEqual(
    await written('network vnet subnet update -n s -g rg --vnet-name v --disable-private-endpoint-network-policies true', { [`${vnet}/subnets/s`]: read }),
    [
      `PUT ${vnet}/subnets/s`,
      {
        id: '/s',
        name: 's',
        type: 'Microsoft.Network/virtualNetworks/subnets',
        properties: { addressPrefix: '10.0.1.0/24', delegations: [], privateEndpointNetworkPolicies: 'Disabled' },
      },
    ],
  );
});

test('network private-endpoint create', async () => {
  const line = `network private-endpoint create -n pe -g rg --vnet-name v --subnet s --private-connection-resource-id ${R} --group-ids registry --connection-name c`;
  const subnet = { id: `${N}/virtualNetworks/v/subnets/s` };
  const connection = { name: 'c', properties: { groupIds: ['registry'], privateLinkServiceId: R } };
  assert.deepEqual(await written(line), [
    `PUT ${N}/privateEndpoints/pe`,
    { location: 'westeurope', properties: { privateLinkServiceConnections: [connection], subnet } },
  ]);
  const [, manual] = await written(`${line} --manual-request true --request-message please --nic-name n`);
  assert.deepEqual(manual?.properties, {
    manualPrivateLinkServiceConnections: [{ name: 'c', properties: { ...connection.properties, requestMessage: 'please' } }],
    subnet,
    customNetworkInterfaceName: 'n',
  });
  const [, fixed] = await written(`${line} --ip-config name=a group-id=registry member-name=registry private-ip-address=10.0.2.10`);
  assert.deepEqual((fixed as { properties: JsonObject }).properties.ipConfigurations, [
    { name: 'a', properties: { groupId: 'registry', memberName: 'registry', privateIPAddress: '10.0.2.10' } },
  ]);
  await assert.rejects(run(`${line} --ip-config group-id=registry`), /'group-id=registry' is not understood/);
  await assert.rejects(run(line.replace('--vnet-name v ', '')), /--subnet NAME --vnet-name NAME/);
});

test('dns zone groups', async () => {
  const path = `${N}/privateEndpoints/pe/privateDnsZoneGroups/zg`;
  const zone = (name: string): JsonObject => ({ name, properties: { privateDnsZoneId: `${N}/privateDnsZones/privatelink.azurecr.io` } });
  const rest = '-g rg --endpoint-name pe -n zg --private-dns-zone privatelink.azurecr.io --zone-name acr';
  assert.deepEqual(await written(`network private-endpoint dns-zone-group create ${rest}`), [
    `PUT ${path}`,
    { name: 'zg', properties: { privateDnsZoneConfigs: [zone('acr')] } },
  ]);
  const read = { properties: { privateDnsZoneConfigs: [{ name: 'other', properties: { privateDnsZoneId: zone('x').properties && '/z', recordSets: [{}] } }] } };
  assert.deepEqual(await written(`network private-endpoint dns-zone-group add ${rest}`, { [path]: read }), [
    `PUT ${path}`,
    { name: 'zg', properties: { privateDnsZoneConfigs: [{ name: 'other', properties: { privateDnsZoneId: '/z' } }, zone('acr')] } },
  ]);
});

test('private dns: zones and links are made only when there are none', async () => {
  const zone = `${N}/privateDnsZones/privatelink.azurecr.io`;
  const { asked, writes } = await run('network private-dns zone create -n privatelink.azurecr.io -g rg');
  assert.deepEqual(writes, [[`PUT ${zone}`, { location: 'global' }]]);
  assert.equal(asked[0]?.headers['if-none-match'], '*');
  const link = await run('network private-dns link vnet create -g rg -z privatelink.azurecr.io -n l --virtual-network v --registration-enabled false');
  assert.deepEqual(link.writes, [
    [`PUT ${zone}/virtualNetworkLinks/l`, { location: 'global', properties: { virtualNetwork: { id: `${N}/virtualNetworks/v` }, registrationEnabled: false } }],
  ]);
  assert.equal(link.asked[0]?.headers['if-none-match'], '*');
});

test('private dns: a record is changed by writing the whole set', async () => {
  const set = `${N}/privateDnsZones/z.io/a/reg.eastus.data`;
  const rest = '-g rg -z z.io -n reg.eastus.data';
  assert.deepEqual(await written(`network private-dns record-set a create ${rest}`), [`PUT ${set}`, { properties: { ttl: 3600 } }]);
  assert.deepEqual(await written(`network private-dns record-set a add-record ${rest} -a 10.0.0.4`), [
    `PUT ${set}`,
    { properties: { ttl: 3600, aRecords: [{ ipv4Address: '10.0.0.4' }] } },
  ]);
  const read = { etag: 'e1', properties: { ttl: 10, aRecords: [{ ipv4Address: '10.0.0.4' }], fqdn: 'x.' } };
  assert.deepEqual(await written(`network private-dns record-set a add-record ${rest} --ipv4-address 10.0.0.5`, { [set]: read }), [
    `PUT ${set}`,
    { etag: 'e1', properties: { ttl: 10, aRecords: [{ ipv4Address: '10.0.0.4' }, { ipv4Address: '10.0.0.5' }] } },
  ]);
  assert.deepEqual(await written(`network private-dns record-set a remove-record ${rest} -a 10.0.0.4`, { [set]: read }), [`DELETE ${set}`, undefined]);
  assert.deepEqual(await written(`network private-dns record-set a remove-record ${rest} -a 10.0.0.4 --keep-empty-record-set`, { [set]: read }), [
    `PUT ${set}`,
    { etag: 'e1', properties: { ttl: 10, aRecords: [] } },
  ]);
  const { asked } = await run('network private-dns record-set list -g rg -z z.io', { [`${N}/privateDnsZones/z.io/ALL`]: { value: [] } });
  assert.equal(asked[0]?.path, `${N}/privateDnsZones/z.io/ALL`);
});

test('identity and vm', async () => {
  const identity = `${G}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i`;
  assert.deepEqual(await written('identity create -n i -g rg'), [`PUT ${identity}`, { location: 'westeurope' }]);
  const nic = { id: '/nic', properties: { ipConfigurations: [{ properties: { privateIPAddress: '10.0.0.4' } }] } };
  const { writes, result } = await run('vm create -n vm -g rg --vnet-name v --subnet s --assign-identity i [system] --image Debian --size Standard_B1s', {
    '/x': nic,
  });
  assert.deepEqual(writes, [
    [
      `PUT ${N}/networkInterfaces/vmVMNic`,
      {
        location: 'westeurope',
        properties: {
          ipConfigurations: [{ name: 'ipconfigvm', properties: { privateIPAllocationMethod: 'Dynamic', subnet: { id: `${N}/virtualNetworks/v/subnets/s` } } }],
        },
      },
    ],
    [
      `PUT ${G}/providers/Microsoft.Compute/virtualMachines/vm`,
      {
        location: 'westeurope',
        identity: { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [identity]: {} } },
        properties: {
          hardwareProfile: { vmSize: 'Standard_B1s' },
          storageProfile: { imageReference: { publisher: 'Postern', offer: 'Debian', sku: 'Debian', version: 'latest' } },
          networkProfile: { networkInterfaces: [{ id: '/x', properties: { primary: true } }] },
        },
      },
    ],
  ]);
  assert.equal(result.privateIpAddress, '10.0.0.4');
  await assert.rejects(run('vm create -n vm -g rg'), /--subnet/);
});

test('role assignments', async () => {
  const definition = { id: '/roles/pull', name: 'g', properties: { roleName: 'AcrPull' } };
  const answers = { [`${R}/providers/Microsoft.Authorization/roleDefinitions`]: { value: [definition] } };
  const line = `role assignment create --assignee-object-id OID --assignee-principal-type ServicePrincipal --role acrpull --scope ${R}`;
  const { asked, writes } = await run(line, answers);
  assert.equal(asked[0]?.query.get('$filter'), "roleName eq 'acrpull'");
  assert.match(writes[0]?.[0] as string, new RegExp(`^PUT ${R}/providers/Microsoft.Authorization/roleAssignments/[0-9a-f-]{36}$`));
  assert.deepEqual(writes[0]?.[1], { properties: { roleDefinitionId: '/roles/pull', principalId: 'OID', principalType: 'ServicePrincipal' } });
  await assert.rejects(run(line.replace('acrpull', 'Nobody'), answers), /Role 'Nobody' doesn't exist/);
  await assert.rejects(run('role assignment create --role AcrPull'), /--assignee/);
});

test('role assignment list and delete keep to the scope, the role and the holder', async () => {
  const assignment = (id: string, scope: string, principalId: string): JsonObject => ({
    id,
    properties: { scope, principalId, roleDefinitionId: '/x/providers/y/PULL' },
  });
  const answers = {
    [`${R}/providers/Microsoft.Authorization/roleDefinitions`]: { value: [{ id: '/other/pull', properties: { roleName: 'AcrPull' } }] },
    [`${R}/providers/Microsoft.Authorization/roleAssignments`]: { value: [assignment('/a', R, 'p'), assignment('/b', S, 'p'), assignment('/c', R, 'q')] },
    '/v1.0/servicePrincipals': { value: [{ appId: '33333333-3333-3333-3333-333333333333', id: 'p' }] },
  };
  const { result } = await run(`role assignment list --scope ${R} --assignee 33333333-3333-3333-3333-333333333333`, answers);
  assert.deepEqual(
    (result as unknown as JsonObject[]).map(({ id, roleDefinitionName }) => [id, roleDefinitionName]),
    [['/a', 'AcrPull']],
  );
  const { result: inherited } = await run(`role assignment list --scope ${R} --include-inherited`, answers);
  assert.equal((inherited as unknown as JsonObject[]).length, 3);
  const { writes } = await run(`role assignment delete --scope ${R} --role AcrPull`, answers);
  assert.deepEqual(writes, [
    ['DELETE /a', undefined],
    ['DELETE /c', undefined],
  ]);
  await assert.rejects(run('role assignment delete'), /would delete every role assignment/);
});

test('rest asks this server and no other', async () => {
  const { asked } = await run('rest --url /subscriptions/{subscriptionId}/resources?api-version=2021-04-01');
  assert.equal(asked[0]?.path, `${S}/resources`);
  await assert.rejects(run('rest --url https://management.azure.com/subscriptions'), /give a path of this server/);
});

test('show takes ids, several give a list', async () => {
  const one = { id: `${N}/networkInterfaces/n`, name: 'n' };
  const { result } = await run(`network nic show --ids ${one.id}`, { [one.id]: one });
  assert.equal(result.name, 'n');
  const { result: two } = await run(`network nic show --ids ${one.id} ${one.id}`, { [one.id]: one });
  assert.ok(Array.isArray(two) && two.length === 2);
  await assert.rejects(run('network nic show -n n'), /required: --resource-group \(or --ids\)/);
});
