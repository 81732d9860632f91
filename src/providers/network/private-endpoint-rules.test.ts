/** Rules of what private endpoints ask for: other subscriptions and tenants, asking again, parts that az writes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPlane, ENDPOINT, NETWORK, OPERATOR, REGISTRY, SUBNET } from '../control-plane.fixture.ts';

async function furnished(): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  return plane;
}

/** A second subscription of the same tenant, with a resource group `rg`. */
async function anotherSubscription(plane: ControlPlane): Promise<string> {
  const { tenantId } = (await plane.get(plane.subscription)).body;
  const subscription = await plane.addSubscription(tenantId, OPERATOR);
  await plane.put(`${subscription}/resourceGroups/rg`, { location: 'westeurope' });
  return subscription;
}

test('an endpoint is in the subscription of its network; the registry may be in another (docs/sources.md#endpoint-placement)', async () => {
  const plane = await furnished();
  const other = await anotherSubscription(plane);
  const there = `${other}/resourceGroups/rg/providers`;
  const refused = await plane.ask('PUT', `${there}/${ENDPOINT}`, plane.endpointBody());
  assert.deepEqual([refused.status, refused.codes], [400, ['InvalidResourceReference']]);
  const [own, theirs] = [other.split('/').at(-1), plane.subscription.split('/').at(-1)];
  assert.ok(refused.message.includes(`is in subscription ${own}, the network in ${theirs}: both must be in the same.`), refused.message);
  await plane.put(`${there}/${NETWORK}`, {
    location: 'westeurope',
    properties: { addressSpace: { addressPrefixes: ['10.9.0.0/16'] }, subnets: [{ name: 's', properties: { addressPrefix: '10.9.1.0/24' } }] },
  });
  const body = plane.endpointBody({ more: { subnet: { id: `${there}/${SUBNET}` } } });

  // docs/sources.md#endpoint-registration
  await plane.ask('POST', `${other}/providers/Microsoft.ContainerRegistry/unregister`);
  const unregistered = await plane.ask('PUT', `${there}/${ENDPOINT}`, body);
  assert.deepEqual([unregistered.status, unregistered.codes], [409, ['MissingSubscriptionRegistration']]);
  assert.ok(unregistered.message.includes(`az provider register --namespace Microsoft.ContainerRegistry --subscription ${own}`), unregistered.message);
  await plane.ask('POST', `${other}/providers/Microsoft.ContainerRegistry/register`);
  await plane.put(`${there}/${ENDPOINT}`, body);
  assert.equal((await plane.properties(`${there}/${ENDPOINT}`)).customDnsConfigs[0].ipAddresses[0], '10.9.1.4');
  assert.equal((await plane.properties(await plane.connection())).privateEndpoint.id, `${there}/${ENDPOINT}`);
  // Lists of a subscription show its own (az network private-endpoint list).
  const listed = async (subscription: string) => (await plane.get(`${subscription}/providers/Microsoft.Network/privateEndpoints`)).body.value.length;
  assert.deepEqual([await listed(other), await listed(plane.subscription)], [1, 0]);
});

test('a registry of another tenant is asked by hand only, and never told from one that is not there (docs/sources.md#tenants)', async () => {
  const plane = await furnished();
  const { admin, subscription } = await plane.addTenant();
  const as = { as: admin };
  const there = `${subscription}/resourceGroups/rg/providers`;
  await plane.ask('PUT', `${subscription}/resourceGroups/rg`, { location: 'westeurope' }, as);
  const network = {
    location: 'westeurope',
    properties: { addressSpace: { addressPrefixes: ['10.9.0.0/16'] }, subnets: [{ name: 's', properties: { addressPrefix: '10.9.1.0/24' } }] },
  };
  assert.equal((await plane.ask('PUT', `${there}/${NETWORK}`, network, as)).status, 201);
  const subnet = { subnet: { id: `${there}/${SUBNET}` } };
  const asked = async (body: object, hidden: string) => {
    const { status, codes, message } = await plane.ask('PUT', `${there}/${ENDPOINT}`, body, as);
    return [status, codes, message.replaceAll(hidden, 'ID')];
  };
  const auto = plane.endpointBody({ more: subnet });
  const missing = JSON.parse(JSON.stringify(auto).replaceAll(REGISTRY, `${REGISTRY}x`)) as object;
  assert.deepEqual(await asked(auto, plane.id(REGISTRY)), await asked(missing, plane.id(`${REGISTRY}x`)));
  assert.equal((await asked(auto, ''))[0], 403);
  const manual = plane.endpointBody({ manual: true, message: 'from outside', more: subnet });
  const created = await plane.ask('PUT', `${there}/${ENDPOINT}`, manual, as);
  assert.equal(created.status, 201, created.message);
  const connection = await plane.connection();
  assert.equal((await plane.properties(connection)).privateLinkServiceConnectionState.description, 'from outside');
  await plane.put(connection, { properties: { privateLinkServiceConnectionState: { status: 'Approved' } } });
  const shown = await plane.ask('GET', `${there}/${ENDPOINT}`, undefined, as);
  assert.equal(shown.body.properties.manualPrivateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status, 'Approved');
  assert.equal(shown.body.properties.customDnsConfigs.length, 2);
});

test('a rejected request that is written as Pending is asked again; any other state in a body is read-only (docs/sources.md#asking-again)', async () => {
  const plane = await furnished();
  await plane.put(ENDPOINT, plane.endpointBody({ manual: true, message: 'please' }));
  const connection = await plane.connection();
  const say = (status: string) => plane.put(connection, { properties: { privateLinkServiceConnectionState: { status, description: 'judged' } } });
  const shown = async () => (await plane.properties(connection)).privateLinkServiceConnectionState;
  const write = async (status: string) => {
    const { body } = await plane.get(ENDPOINT);
    const [request] = body.properties.manualPrivateLinkServiceConnections;
    request.properties.privateLinkServiceConnectionState.status = status;
    return plane.put(ENDPOINT, body);
  };
  await say('Approved');
  await write('Pending');
  assert.equal((await shown()).status, 'Approved');
  await say('Rejected');
  await write('Approved');
  // What was read is written back, as az does with every update: nothing is asked anew.
  await write('Rejected');
  assert.equal((await shown()).status, 'Rejected');
  await write('Pending');
  assert.deepEqual(await shown(), { status: 'Pending', description: 'please', actionsRequired: 'None' });
  await say('Rejected');
  await plane.ask('PATCH', ENDPOINT, { tags: { a: 'b' } });
  assert.equal((await shown()).status, 'Rejected');
  await write('Pending');
  assert.equal((await shown()).status, 'Pending');
});

test('PATCH of an endpoint sets its tags and leaves the rest (az network private-endpoint update)', async () => {
  const plane = await furnished();
  const { properties } = await plane.put(ENDPOINT, plane.endpointBody());
  const patched = await plane.ask('PATCH', ENDPOINT, { tags: { team: 'a' } });
  assert.equal(patched.status, 200, patched.message);
  assert.deepEqual(patched.body.tags, { team: 'a' });
  assert.deepEqual(patched.body.properties, properties);
});

test('application security groups are kept and said not to act (az network private-endpoint asg add)', async () => {
  const plane = await furnished();
  const group = { id: plane.id('Microsoft.Network/applicationSecurityGroups/web') };
  const answer = await plane.ask('PUT', ENDPOINT, plane.endpointBody({ more: { applicationSecurityGroups: [group] } }));
  assert.match(String(answer.headers.warning), /applicationSecurityGroups/);
  assert.deepEqual((await plane.properties(ENDPOINT)).applicationSecurityGroups, [group]);
});

test('an endpoint is made in a subnet with any network policies (docs/sources.md#network-policies)', async () => {
  const plane = await furnished();
  for (const [index, privateEndpointNetworkPolicies] of ['Disabled', 'Enabled', 'NetworkSecurityGroupEnabled', 'RouteTableEnabled'].entries()) {
    await plane.put(SUBNET, { properties: { addressPrefix: '10.0.1.0/24', privateEndpointNetworkPolicies } });
    await plane.put(`${ENDPOINT}${index}`, plane.endpointBody());
  }
});

test('many endpoints are made at once, each with addresses of its own (docs/sources.md#parallel-endpoints)', async () => {
  const plane = await furnished();
  const names = Array.from({ length: 12 }, (_, index) => `${ENDPOINT}${index}`);
  const answers = await Promise.all([
    ...names.map((name) => plane.ask('PUT', name, plane.endpointBody())),
    plane.ask('PUT', `${REGISTRY}/replications/eastus`, { location: 'eastus' }),
  ]);
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]));
  const addresses = new Set<string>();
  for (const name of names) for (const { ipAddresses } of (await plane.properties(name)).customDnsConfigs) addresses.add(ipAddresses[0]);
  assert.equal(addresses.size, 36);
});

test('what an endpoint may ask for is listed; no private link service of a client is visible', async () => {
  const plane = await furnished();
  const at = `${plane.subscription}/providers/Microsoft.Network/locations/westeurope`;
  const { value } = (await plane.get(`${at}/availablePrivateEndpointTypes`)).body;
  assert.deepEqual(
    value.map(({ resourceName }: { resourceName: string }) => resourceName),
    ['Microsoft.ContainerRegistry/registries'],
  );
  const { body } = await plane.ask('POST', `${at}/checkPrivateLinkServiceVisibility`, { privateLinkServiceAlias: 'some.alias' });
  assert.deepEqual(body, { visible: false });
});
