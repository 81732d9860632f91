/**
 * The flow of "Connect privately to an Azure container registry using Azure Private Link" by the Azure SDK for JavaScript, in a machine that knows nothing of
 * Postern: the SDK's own endpoints, authorities and audiences. Each step asserts what the SDK gives back; names and connections are tried from the machine.
 * The service principal is given by AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET; the machine's network by NETWORK and MACHINES_SUBNET.
 */
import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { ContainerRegistryManagementClient } from '@azure/arm-containerregistry';
import { NetworkManagementClient } from '@azure/arm-network';
import { PrivateDnsManagementClient } from '@azure/arm-privatedns';
import { ResourceManagementClient } from '@azure/arm-resources';
import { ContainerRegistryClient, KnownContainerRegistryAudience } from '@azure/container-registry';
import { EnvironmentCredential } from '@azure/identity';

const GROUP = 'rg';
const REGISTRY = 'sdkregistry';
const REGION = 'westeurope';
const REPLICA = 'eastus';
const ZONE = 'privatelink.azurecr.io';
const { SUBSCRIPTION_ID: subscription = '', AZURE_CLIENT_ID: appId = '', NETWORK: network = 'vnet-app' } = process.env;
const credential = new EnvironmentCredential();

const resources = new ResourceManagementClient(credential, subscription);
const registries = new ContainerRegistryManagementClient(credential, subscription);
const networks = new NetworkManagementClient(credential, subscription);
const names = new PrivateDnsManagementClient(credential, subscription);
const authorization = new AuthorizationManagementClient(credential, subscription);

const step = (text: string): void => console.log(text);
/** The code with which the SDK's RestError tells what the service refused. */
async function refusal(of: Promise<unknown>): Promise<string> {
  try {
    await of;
  } catch (error) {
    const { code, statusCode } = error as { code?: string; statusCode?: number };
    return `${statusCode} ${code}`;
  }
  return 'no refusal';
}
const address = async (name: string): Promise<string> =>
  lookup(name, 4).then(
    (found) => found.address,
    (error: NodeJS.ErrnoException) => error.code ?? '',
  );

step('provider and group');
assert.equal((await resources.providers.register('Microsoft.ContainerRegistry')).registrationState, 'Registered');
assert.equal((await resources.resourceGroups.checkExistence(GROUP)).body, true);

step('registry');
assert.equal((await registries.registries.checkNameAvailability({ name: REGISTRY, type: 'Microsoft.ContainerRegistry/registries' })).nameAvailable, true);
const registry = await registries.registries.create(GROUP, REGISTRY, { location: REGION, sku: { name: 'Premium' } });
assert.equal(registry.loginServer, `${REGISTRY}.azurecr.io`);
assert.equal(registry.provisioningState, 'Succeeded');
assert.equal((await registries.registries.checkNameAvailability({ name: REGISTRY, type: 'Microsoft.ContainerRegistry/registries' })).reason, 'AlreadyExists');
assert.equal(await refusal(registries.registries.get(GROUP, 'nosuchregistry')), '404 ResourceNotFound');
assert.equal(await refusal(registries.registries.create(GROUP, 'x', { location: REGION, sku: { name: 'Premium' } }).then()), '400 InvalidResourceName');

step('image');
await registries.registries.importImage(GROUP, REGISTRY, {
  source: { registryUri: 'mcr.microsoft.com', sourceImage: 'hello-world:latest' },
  targetTags: ['hello-world:v1'],
  mode: 'NoForce',
});

step('subnet, zone, link');
const subnet = await networks.subnets.createOrUpdate(GROUP, network, 'endpoints-sdk', {
  addressPrefix: '10.0.9.0/28',
  privateEndpointNetworkPolicies: 'Disabled',
});
assert.equal(subnet.provisioningState, 'Succeeded');
const zone = await names.privateZones.createOrUpdate(GROUP, ZONE, { location: 'global' }, { ifNoneMatch: '*' });
assert.equal(zone.numberOfRecordSets, 1);
assert.match(await refusal(names.privateZones.createOrUpdate(GROUP, ZONE, { location: 'global' }, { ifNoneMatch: '*' }).then()), /^412 /);
const vnet = await networks.virtualNetworks.get(GROUP, network);
const link = await names.virtualNetworkLinks.createOrUpdate(GROUP, ZONE, 'MyDNSLink', {
  location: 'global',
  virtualNetwork: { id: vnet.id as string },
  registrationEnabled: false,
});
assert.equal(link.virtualNetworkLinkState, 'Completed');

step('endpoint');
const endpoint = await networks.privateEndpoints.createOrUpdate(GROUP, 'myPrivateEndpoint', {
  location: REGION,
  subnet: { id: subnet.id as string },
  privateLinkServiceConnections: [{ name: 'myConnection', privateLinkServiceId: registry.id as string, groupIds: ['registry'] }],
});
assert.equal(endpoint.privateLinkServiceConnections?.[0]?.privateLinkServiceConnectionState?.status, 'Approved');
const nicName = endpoint.networkInterfaces?.[0]?.id?.split('/').at(-1) ?? '';
/** The member's address and host names, as document 4 asks for them. */
async function member(name: string): Promise<{ address: string; fqdns: readonly string[] }> {
  const nic = await networks.networkInterfaces.get(GROUP, nicName);
  const configuration = nic.ipConfigurations?.find((each) => each.privateLinkConnectionProperties?.requiredMemberName === name);
  return { address: configuration?.privateIPAddress ?? '', fqdns: configuration?.privateLinkConnectionProperties?.fqdns ?? [] };
}
const login = await member('registry');
const data = await member(`registry_data_${REGION}`);
assert.match(login.address, /^10\.0\.9\.\d+$/);
assert.deepEqual(data.fqdns, [`${REGISTRY}.${REGION}.data.azurecr.io`]);

step('records by hand');
for (const [name, at] of [
  [REGISTRY, login.address],
  [`${REGISTRY}.${REGION}.data`, data.address],
] as const)
  await names.recordSets.createOrUpdate(GROUP, ZONE, 'A', name, { ttl: 3600, aRecords: [{ ipv4Address: at }] });
assert.equal(await address(`${REGISTRY}.azurecr.io`), login.address);
assert.equal(await address(`${REGISTRY}.${REGION}.data.azurecr.io`), data.address);
const pages: number[] = [];
for await (const page of names.recordSets.listByType(GROUP, ZONE, 'A', { top: 1 }).byPage()) pages.push(page.length);
assert.ok(pages.length >= 2 && pages.every((length) => length <= 1), `pages of ${pages}`);

step('replica');
const replica = await registries.replications.create(GROUP, REGISTRY, REPLICA, { location: REPLICA });
assert.equal(replica.status?.displayStatus, 'Ready');
const second = await member(`registry_data_${REPLICA}`);
assert.match(second.address, /^10\.0\.9\.\d+$/);
await names.recordSets.createOrUpdate(GROUP, ZONE, 'A', `${REGISTRY}.${REPLICA}.data`, { ttl: 3600, aRecords: [{ ipv4Address: second.address }] });
assert.equal(await address(`${REGISTRY}.${REPLICA}.data.azurecr.io`), second.address);

step('role and content');
const principal = process.env.PRINCIPAL_ID ?? '';
for await (const role of authorization.roleDefinitions.list(registry.id as string, { filter: "roleName eq 'AcrPush'" }))
  await authorization.roleAssignments.create(registry.id as string, crypto.randomUUID(), {
    roleDefinitionId: role.id as string,
    principalId: principal,
    principalType: 'ServicePrincipal',
  });
const content = new ContainerRegistryClient(`https://${REGISTRY}.azurecr.io`, credential, {
  audience: KnownContainerRegistryAudience.AzureResourceManagerPublicCloud,
});
const repositories: string[] = [];
for await (const name of content.listRepositoryNames()) repositories.push(name);
assert.deepEqual(repositories, ['hello-world']);
const tag = await content.getArtifact('hello-world', 'v1').getTagProperties('v1');
assert.match(tag.digest, /^sha256:/);

step('public access off');
const closed = await registries.registries.update(GROUP, REGISTRY, { publicNetworkAccess: 'Disabled', networkRuleSet: { defaultAction: 'Deny' } });
assert.equal(closed.publicNetworkAccess, 'Disabled');
assert.equal((await content.getRepository('hello-world').getProperties()).tagCount, 1);

step('connections');
const [connection] = await Array.fromAsync(registries.privateEndpointConnections.list(GROUP, REGISTRY));
const name = connection?.name ?? '';
const decide = async (status: 'Approved' | 'Rejected'): Promise<string | undefined> =>
  (
    await registries.privateEndpointConnections.createOrUpdate(GROUP, REGISTRY, name, {
      ...connection,
      privateLinkServiceConnectionState: { status, description: `${status} by the SDK` },
    })
  ).privateLinkServiceConnectionState?.status;
assert.equal(await decide('Rejected'), 'Rejected');
await assert.rejects(Promise.resolve(content.getRepository('hello-world').getProperties({ requestOptions: { timeout: 2000 } })));
assert.equal(await decide('Approved'), 'Approved');
assert.equal((await content.getRepository('hello-world').getProperties()).tagCount, 1);
assert.match(await refusal(registries.registries.delete(GROUP, REGISTRY).then()), /^409 /);

step('clean-up');
await networks.privateEndpoints.delete(GROUP, 'myPrivateEndpoint');
assert.deepEqual(await Array.fromAsync(registries.privateEndpointConnections.list(GROUP, REGISTRY)), []);
await registries.registries.delete(GROUP, REGISTRY);
assert.equal(await refusal(registries.registries.get(GROUP, REGISTRY)), '404 ResourceNotFound');
await names.virtualNetworkLinks.delete(GROUP, ZONE, 'MyDNSLink');
await names.privateZones.delete(GROUP, ZONE);
await networks.subnets.delete(GROUP, network, 'endpoints-sdk');
console.log(`document 4 held for ${appId}`);
