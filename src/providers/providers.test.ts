/** The whole set of types through the engine: the flows that people run, and what must hold of every type. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '@jmespath-community/jmespath';
import type { DomainName } from '#base/domain-name.ts';
import type { IpAddress } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { ControlPlane, ENDPOINT, NETWORK, REGISTRY, SUBNET, ZONE } from './control-plane.fixture.ts';
import { resourceTypes } from './index.ts';

const key = (plane: ControlPlane, path: string): ResourceKey => plane.id(path).toLowerCase() as ResourceKey;

async function wholeWorld(): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(ZONE, { location: 'global' });
  await plane.put(`${ZONE}/virtualNetworkLinks/l`, {
    location: 'global',
    properties: { virtualNetwork: { id: plane.id(NETWORK) }, registrationEnabled: false },
  });
  await plane.put(ENDPOINT, plane.endpointBody());
  await plane.put(`${ENDPOINT}/privateDnsZoneGroups/zg`, {
    properties: { privateDnsZoneConfigs: [{ name: 'acr', properties: { privateDnsZoneId: plane.id(ZONE) } }] },
  });
  return plane;
}

test('the main job: an endpoint gets two addresses and its connection, and the zone its records from the first approval on', async () => {
  const plane = await wholeWorld();
  const endpoint = () => plane.snapshot.networks.get(key(plane, NETWORK))?.endpoints.get('10.0.1.4' as IpAddress);
  const records = () => plane.snapshot.names.zones.get(key(plane, ZONE))?.records;
  const record = (name: string) =>
    records()
      ?.get(name as DomainName)
      ?.find(({ type }) => type === 'A');
  assert.equal(endpoint()?.member, 'registry');
  assert.equal(endpoint()?.state, 'Approved');
  assert.deepEqual(record('myregistry.privatelink.azurecr.io'), { type: 'A', ttlSeconds: 10, data: ['10.0.1.4'] });
  assert.deepEqual(record('myregistry.westeurope.data.privatelink.azurecr.io')?.data, ['10.0.1.5']);
  assert.deepEqual(plane.snapshot.networks.get(key(plane, NETWORK))?.zones, [key(plane, ZONE)]);

  const connection = await plane.connection();
  const set = (status: string) => plane.ask('PUT', connection, { properties: { privateLinkServiceConnectionState: { status, description: `now ${status}` } } });
  assert.equal((await set('Rejected')).status, 200);
  assert.equal(endpoint()?.state, 'Rejected');
  // In the linked network the name still leads to the endpoint, which refuses, and not to the public side.
  assert.deepEqual(record('myregistry.privatelink.azurecr.io')?.data, ['10.0.1.4']);
  assert.equal(plane.snapshot.registries.get(key(plane, REGISTRY))?.approvedOnce, true);
  const shown = (await plane.properties(ENDPOINT)).privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState;
  assert.deepEqual(shown, { status: 'Rejected', description: 'now Rejected', actionsRequired: 'None' });

  assert.equal((await set('Approved')).status, 200);
  assert.equal(endpoint()?.state, 'Approved');
  assert.deepEqual(record('myregistry.privatelink.azurecr.io')?.data, ['10.0.1.4']);

  assert.equal((await plane.ask('DELETE', ENDPOINT)).status, 200);
  assert.equal(endpoint(), undefined);
  assert.equal(record('myregistry.privatelink.azurecr.io'), undefined);
  assert.equal(plane.snapshot.registries.get(key(plane, REGISTRY))?.connections.size, 0);
  assert.equal((await plane.ask('DELETE', SUBNET)).status, 200);
});

test('PUT of what GET showed changes nothing, for every type that clients may write', async () => {
  const plane = await wholeWorld();
  const network = (await plane.get(SUBNET)).body.id;
  await plane.put('Microsoft.Network/networkInterfaces/nic', {
    location: 'westeurope',
    properties: { ipConfigurations: [{ name: 'ip', properties: { subnet: { id: network } } }] },
  });
  await plane.put('Microsoft.ManagedIdentity/userAssignedIdentities/build', { location: 'westeurope' });
  await plane.put('Microsoft.Compute/virtualMachines/vm', {
    location: 'westeurope',
    identity: { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [plane.id('Microsoft.ManagedIdentity/userAssignedIdentities/build')]: {} } },
    properties: {
      hardwareProfile: { vmSize: 'Standard_B1s' },
      osProfile: { computerName: 'vm', adminPassword: 'never kept' },
      networkProfile: { networkInterfaces: [{ id: plane.id('Microsoft.Network/networkInterfaces/nic') }] },
    },
  });
  await plane.put(`${ZONE}/A/www`, { properties: { ttl: 60, aRecords: [{ ipv4Address: '10.0.1.9' }], metadata: { by: 'hand' } } });
  await plane.put(`${ZONE}/AAAA/www`, { properties: { ttl: 60, aaaaRecords: [{ ipv6Address: 'fd00::1' }] } });
  await plane.put(`${ZONE}/CNAME/alias`, { properties: { ttl: 60, cnameRecord: { cname: 'www.privatelink.azurecr.io.' } } });
  await plane.put(`${ZONE}/MX/www`, { properties: { ttl: 60, mxRecords: [{ preference: 10, exchange: 'mail.example.com' }] } });
  await plane.put(`${ZONE}/PTR/www`, { properties: { ttl: 60, ptrRecords: [{ ptrdname: 'www.example.com' }] } });
  await plane.put(`${ZONE}/SRV/_https._tcp`, { properties: { ttl: 60, srvRecords: [{ priority: 1, weight: 2, port: 443, target: 'www.example.com' }] } });
  await plane.put(`${ZONE}/TXT/www`, { properties: { ttl: 60, txtRecords: [{ value: ['a', 'b'] }] } });
  await plane.put('Microsoft.Network/networkSecurityGroups/nsg', {
    location: 'westeurope',
    properties: {
      securityRules: [
        {
          name: 'web',
          properties: {
            protocol: 'Tcp',
            sourcePortRange: '*',
            destinationPortRange: '443',
            sourceAddressPrefix: '*',
            destinationAddressPrefix: '*',
            access: 'Allow',
            priority: 100,
            direction: 'Inbound',
          },
        },
      ],
    },
  });
  await plane.put('Microsoft.Network/routeTables/rt', {
    location: 'westeurope',
    properties: { routes: [{ name: 'all', properties: { addressPrefix: '0.0.0.0/0', nextHopType: 'None' } }] },
  });
  await plane.put(`${NETWORK}-2`, { location: 'westeurope', properties: { addressSpace: { addressPrefixes: ['10.9.0.0/16'] } } });
  await plane.put(`${NETWORK}/virtualNetworkPeerings/there`, { properties: { remoteVirtualNetwork: { id: plane.id(`${NETWORK}-2`) } } });
  await plane.put(`${NETWORK}-2/virtualNetworkPeerings/back`, { properties: { remoteVirtualNetwork: { id: plane.id(NETWORK) } } });
  await plane.put('Microsoft.ManagedIdentity/userAssignedIdentities/build/federatedIdentityCredentials/one', {
    properties: { issuer: 'https://issuer.example.com', subject: 's', audiences: ['api://AzureADTokenExchange'] },
  });
  await plane.put(`${REGISTRY}/scopeMaps/ci-map`, { properties: { actions: ['repositories/app/content/read'] } });
  await plane.put(`${REGISTRY}/tokens/ci-token`, { properties: { scopeMapId: plane.id(`${REGISTRY}/scopeMaps/ci-map`) } });
  await plane.ask('POST', `${REGISTRY}/generateCredentials`, { tokenId: plane.id(`${REGISTRY}/tokens/ci-token`) });
  await plane.put(`${REGISTRY}/webhooks/tellme`, { location: 'westeurope', properties: { serviceUri: 'https://hooks.example.com', actions: ['push'] } });
  await plane.put(`${REGISTRY}/agentPools/mine`, { location: 'westeurope', properties: {} });
  await plane.put(`${REGISTRY}/cacheRules/rule-1`, { properties: { sourceRepository: 'ghcr.io/a/b', targetRepository: 'b' } });
  await plane.put(`${REGISTRY}/credentialSets/set-1`, {
    identity: { type: 'SystemAssigned' },
    properties: {
      loginServer: 'ghcr.io',
      authCredentials: [{ usernameSecretIdentifier: 'https://v.example.net/u', passwordSecretIdentifier: 'https://v.example.net/p' }],
    },
  });
  await plane.put(`${REGISTRY}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111111`, {
    properties: {
      roleDefinitionId: `${plane.subscription}/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d`,
      principalId: '22222222-2222-4222-8222-222222222222',
    },
  });
  await plane.put(`${plane.subscription}/providers/Microsoft.Authorization/roleDefinitions/33333333-3333-4333-8333-333333333333`, {
    properties: { roleName: 'Looker', assignableScopes: [plane.subscription], permissions: [{ actions: ['*/read'] }] },
  });

  await plane.put(`${REGISTRY}/providers/Microsoft.Authorization/locks/keep`, { properties: { level: 'CanNotDelete', notes: 'for the test' } });
  await plane.put('/providers/Microsoft.Subscription/aliases/more', { properties: { displayName: 'More' } });

  const skipped = new Set(['Microsoft.Resources/subscriptions', 'Microsoft.ContainerRegistry/registries/privateLinkResources']);
  // Not served: nobody can make one.
  skipped.add('Microsoft.Network/publicIPAddresses');
  for (const collection of ['connectedRegistries', 'tasks', 'runs', 'taskRuns']) skipped.add(`Microsoft.ContainerRegistry/registries/${collection}`);
  const seen = new Set<string>();
  for (const record of await plane.store.resources.list()) {
    if (skipped.has(record.type) || record.id.startsWith('/providers/Microsoft.Authorization/')) continue;
    const before = await plane.get(record.id);
    const answer = await plane.ask('PUT', record.id, before.body);
    // The system's scope maps are fixed.
    if (answer.codes.includes('SystemScopeMapIsFixed')) continue;
    // The interface of a private endpoint is not for clients to write; that changes nothing either.
    if (!answer.codes.includes('CannotModifyNicAttachedToPrivateEndpoint')) {
      const { writeStatus = 200 } = resourceTypes.find(({ type }) => type === record.type) ?? {};
      assert.equal(answer.status, writeStatus, `${record.id}: ${answer.message}`);
    }
    const after = await plane.get(record.id);
    assert.deepEqual(after.body.properties, before.body.properties, record.id);
    if (record.type !== 'Microsoft.ContainerRegistry/registries') assert.equal(after.body.etag, before.body.etag, record.id);
    seen.add(record.type);
  }
  const written = resourceTypes.filter(({ type, verbs }) => !skipped.has(type) && verbs?.includes('PUT') !== false);
  assert.deepEqual(
    written.map(({ type }) => type).filter((type) => !seen.has(type)),
    [],
  );
});

test('a resource group goes with all that is in it, in whatever order it must', async () => {
  const plane = await wholeWorld();
  const answer = await plane.ask('DELETE', `${plane.subscription}/resourceGroups/rg`);
  assert.ok(answer.status === 200 || answer.status === 202, answer.message);
  const left = (await plane.store.resources.list({ under: plane.subscription.toLowerCase() })).map(({ id }) => id);
  assert.deepEqual(left, []);
  assert.equal(plane.snapshot.networks.size + plane.snapshot.registries.size + plane.snapshot.names.zones.size, 0);
});

test('two endpoints of one registry and one zone: the last one written has the name, and deleting either takes it (docs/sources.md#zone-group-records)', async () => {
  const plane = await wholeWorld();
  const group = { properties: { privateDnsZoneConfigs: [{ name: 'acr', properties: { privateDnsZoneId: plane.id(ZONE) } }] } };
  await plane.put(`${ENDPOINT}2`, plane.endpointBody());
  await plane.put(`${ENDPOINT}2/privateDnsZoneGroups/zg`, group);
  const address = async () => (await plane.properties(`${ZONE}/A/myregistry`)).aRecords[0].ipv4Address;
  assert.equal(await address(), '10.0.1.6');
  // A change at the first endpoint does not take the name back.
  const connections = (await plane.get(`${REGISTRY}/privateEndpointConnections`)).body.value;
  const first = connections.find(({ name }: { name: string }) => name.startsWith('pe.'));
  await plane.put(first.id, { properties: { privateLinkServiceConnectionState: { status: 'Approved', description: 'again' } } });
  assert.equal(await address(), '10.0.1.6');
  await plane.ask('DELETE', ENDPOINT);
  assert.equal((await plane.get(`${ZONE}/A/myregistry`)).status, 404);
});

test('each type is told once; its schema can be told as JSON Schema, its table is JMESPath', () => {
  assert.equal(new Set(resourceTypes.map(({ type }) => type.toLowerCase())).size, resourceTypes.length);
  for (const type of resourceTypes) {
    assert.ok(type.apiVersions.length > 0, type.type);
    assert.equal(z.toJSONSchema(type.properties, { io: 'output' }).type, 'object', type.type);
    for (const [heading, expression] of Object.entries(type.table ?? {})) assert.ok(compile(expression), `${type.type} ${heading}`);
  }
});
