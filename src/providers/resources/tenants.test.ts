/** Several tenants and subscriptions: what each sees, and that nobody sees more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPlane, ENDPOINT, NETWORK, OPERATOR, REGISTRY, SUBNET, ZONE } from '../control-plane.fixture.ts';

const GUID = '99999999-9999-4999-8999-999999999999';
const OWNER = '/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const assignmentAt = (scope: string, name = GUID): string => `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
const NIC = 'Microsoft.Network/networkInterfaces/nic';
const IDENTITY = 'Microsoft.ManagedIdentity/userAssignedIdentities/puller';
const nicBody = (subnet: string): object => ({
  location: 'westeurope',
  properties: { ipConfigurations: [{ name: 'ip', properties: { subnet: { id: subnet } } }] },
});
const ownerOf = (principalId: string): object => ({ properties: { roleDefinitionId: OWNER, principalId, principalType: 'ServicePrincipal' } });

test('a subscription is made by an alias, shows its tenant, and begins with few providers registered (docs/sources.md#subscription-aliases)', async () => {
  const plane = await ControlPlane.open();
  const alias = '/providers/Microsoft.Subscription/aliases/more';
  const made = await plane.ask('PUT', alias, { properties: { displayName: 'More', workload: 'Production', billingScope: '/any' } });
  assert.equal(made.status, 201);
  assert.equal(made.body.type, 'Microsoft.Subscription/aliases');
  assert.equal(made.body.properties.provisioningState, 'Succeeded');
  const id = `/subscriptions/${made.body.properties.subscriptionId}`;
  const again = await plane.ask('PUT', alias, { properties: { displayName: 'More', workload: 'Production', billingScope: '/any' } });
  assert.equal(again.body.properties.subscriptionId, made.body.properties.subscriptionId, 'the alias is one request');
  const first = (await plane.get(plane.subscription)).body;
  const more = (await plane.get(id)).body;
  assert.deepEqual([more.displayName, more.state, more.tenantId], ['More', 'Enabled', first.tenantId]);
  assert.deepEqual((await plane.get('/subscriptions')).body.value.map(({ id: listed }: { id: string }) => listed).sort(), [plane.subscription, id].sort());
  const state = async (namespace: string): Promise<string> => (await plane.get(`${id}/providers/${namespace}`)).body.registrationState;
  assert.equal(await state('Microsoft.Resources'), 'Registered');
  assert.equal(await state('Microsoft.ContainerRegistry'), 'NotRegistered');

  await plane.put(`${id}/resourceGroups/rg`, { location: 'westeurope' });
  const registry = `${id}/resourceGroups/rg/providers/${REGISTRY}`;
  const refused = await plane.ask('PUT', registry, { location: 'westeurope', sku: { name: 'Basic' } });
  assert.deepEqual([refused.status, refused.codes], [409, ['MissingSubscriptionRegistration']]);
  await plane.ask('POST', `${id}/providers/Microsoft.ContainerRegistry/register`);
  assert.equal(await state('Microsoft.ContainerRegistry'), 'Registered');
  assert.equal((await plane.ask('PUT', registry, { location: 'westeurope', sku: { name: 'Basic' } })).status, 201);
  const used = await plane.ask('POST', `${id}/providers/Microsoft.ContainerRegistry/unregister`);
  assert.equal(used.status, 409);
});

test('who runs the server makes subscriptions for every tenant, nobody else for any; an owner may be named', async () => {
  const plane = await ControlPlane.open();
  const other = await plane.addTenant();
  const [owner] = other.admin.split('@') as [string];
  const body = (more: object) => ({ properties: { displayName: 'x', additionalProperties: more } });
  const alias = (name: string): string => `/providers/Microsoft.Subscription/aliases/${name}`;
  assert.equal((await plane.ask('PUT', alias('mine'), body({}), { as: other.admin })).status, 403);
  assert.deepEqual((await plane.ask('PUT', alias('x'), body({ subscriptionTenantId: GUID }))).codes, ['TenantNotFound']);
  const made = await plane.put(alias('theirs'), body({ subscriptionTenantId: other.tenantId.toUpperCase(), subscriptionOwnerId: owner }));
  const id = `/subscriptions/${made.properties.subscriptionId}`;
  assert.equal((await plane.ask('GET', id, undefined, { as: other.admin })).body.tenantId, other.tenantId);
  assert.equal((await plane.get(id)).status, 404, 'not even to who made it: it is another tenant’s');
  const held = plane.snapshot.access.assignments.get(owner)?.map(({ scope }) => scope);
  assert.deepEqual(held, ['/', id]);
  // What one tenant calls an alias tells another nothing.
  const [standing, absent] = [
    await plane.ask('GET', alias('theirs'), undefined, { as: other.admin }),
    await plane.ask('GET', alias('none'), undefined, { as: other.admin }),
  ];
  assert.deepEqual([standing.status, absent.status], [404, 404]);
  const [taken, free] = [
    await plane.ask('PUT', alias('theirs'), body({}), { as: other.admin }),
    await plane.ask('PUT', alias('none'), body({}), { as: other.admin }),
  ];
  assert.deepEqual([taken.status, taken.message], [free.status, free.message]);
});

test('everything in another tenant’s subscription answers as one that does not exist, byte for byte', async () => {
  const plane = await ControlPlane.open();
  await plane.furnish();
  const other = await plane.addTenant();
  // Roles given there by mistake, or by a way that does not ask, open nothing.
  await plane.put(assignmentAt(plane.subscription), ownerOf(other.admin.split('@')[0] as string));
  const missing = `/subscriptions/${GUID}`;
  const group = '/resourceGroups/rg';
  const registry = `${group}/providers/${REGISTRY}`;
  const asked: [string, string, unknown?][] = [
    ['GET', ''],
    ['GET', '/locations'],
    ['GET', '/resources'],
    ['GET', '/resourceGroups'],
    ['GET', '/providers'],
    ['GET', '/providers/Microsoft.ContainerRegistry'],
    ['POST', '/providers/Microsoft.ContainerRegistry/register'],
    ['POST', '/providers/Microsoft.ContainerRegistry/checkNameAvailability', { name: 'myregistry', type: 'Microsoft.ContainerRegistry/registries' }],
    ['GET', '/providers/Microsoft.ContainerRegistry/registries'],
    ['GET', group],
    ['HEAD', group],
    ['PUT', group, { location: 'westeurope' }],
    ['PATCH', group, { tags: {} }],
    ['DELETE', group],
    ['GET', registry],
    ['GET', `${group}/providers/Microsoft.ContainerRegistry/registries/none`],
    ['PUT', registry, { location: 'westeurope', sku: { name: 'Basic' } }],
    ['PATCH', registry, {}],
    ['DELETE', registry],
    ['GET', `${registry}/listUsages`],
    ['GET', `${registry}/privateEndpointConnections`],
    ['GET', `${registry}/providers/Microsoft.Authorization/roleAssignments`],
    ['PUT', assignmentAt(registry), ownerOf(OPERATOR)],
    ['GET', '/providers/Microsoft.Authorization/roleDefinitions'],
  ];
  for (const [method, path, body] of asked) {
    const there = await plane.ask(method, `${plane.subscription}${path}`, body, { as: other.admin });
    const nowhere = await plane.ask(method, `${missing}${path}`, body, { as: other.admin });
    assert.equal(there.status, 404, `${method} ${path}`);
    const own = plane.subscription.split('/')[2] as string;
    assert.equal(JSON.stringify(there.body ?? '').replaceAll(own, GUID), JSON.stringify(nowhere.body ?? ''), `${method} ${path}`);
    assert.deepEqual(Object.keys(there.headers).sort(), Object.keys(nowhere.headers).sort());
    if (method !== 'HEAD') assert.deepEqual(there.codes, ['SubscriptionNotFound'], `${method} ${path}`);
  }
  assert.deepEqual(
    (await plane.ask('GET', '/subscriptions', undefined, { as: other.admin })).body.value.map(({ id }: { id: string }) => id),
    [other.subscription],
  );
  assert.deepEqual(
    (await plane.ask('GET', '/tenants', undefined, { as: other.admin })).body.value.map(({ tenantId }: { tenantId: string }) => tenantId),
    [other.tenantId],
  );
  assert.deepEqual(
    (await plane.get('/tenants')).body.value.map(({ defaultDomain }: { defaultDomain: string }) => defaultDomain),
    ['postern.onmicrosoft.com'],
  );
});

test('roles at / are each tenant’s own: not listed, read, taken over or held across', async () => {
  const plane = await ControlPlane.open();
  const other = await plane.addTenant();
  const as = { as: other.admin };
  const listed = async (options = {}): Promise<string[]> =>
    (await plane.ask('GET', assignmentAt('', '').slice(0, -1), undefined, options)).body.value.map(
      ({ properties }: { properties: { principalId: string } }) => properties.principalId,
    );
  assert.deepEqual(await listed(), [OPERATOR]);
  assert.deepEqual(await listed(as), [other.admin.split('@')[0]]);

  const own = (await plane.get(assignmentAt('', '').slice(0, -1))).body.value[0].id;
  assert.equal((await plane.ask('GET', own, undefined, as)).status, 404);
  assert.equal((await plane.ask('DELETE', own, undefined, as)).status, 204, 'as for one that is not there');
  assert.equal((await plane.get(own)).status, 200);
  const taken = await plane.ask('PUT', own, ownerOf('88888888-8888-4888-8888-888888888888'), as);
  assert.deepEqual([taken.status, taken.codes], [409, ['ResourceNameTaken']]);
  assert.deepEqual(await listed(), [OPERATOR]);

  // The Owner of another tenant cannot raise a principal of this one by giving it Owner at its own `/`.
  const nobody = '88888888-8888-4888-8888-888888888888';
  assert.equal((await plane.ask('PUT', assignmentAt(''), ownerOf(nobody), as)).status, 201);
  assert.equal((await plane.ask('GET', plane.subscription, undefined, { as: nobody })).status, 403);
  assert.equal((await plane.ask('PUT', `${plane.subscription}/resourceGroups/x`, { location: 'westeurope' }, { as: nobody })).status, 403);
});

test('custom roles are one tenant’s: their names may come again elsewhere, and nobody else may give them', async () => {
  const plane = await ControlPlane.open();
  const other = await plane.addTenant();
  const as = { as: other.admin };
  const roleAt = (scope: string, name: string): string => `${scope}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
  const role = (scope: string, roleName = 'Looker') => ({ properties: { roleName, assignableScopes: [scope], permissions: [{ actions: ['*/read'] }] } });
  await plane.put(roleAt(plane.subscription, GUID), role(plane.subscription));
  const second = '77777777-7777-4777-8777-777777777777';
  assert.equal((await plane.ask('PUT', roleAt(other.subscription, second), role(other.subscription), as)).status, 201, 'the same name');
  const seen = async (options = {}, scope = other.subscription): Promise<string[]> =>
    (await plane.ask('GET', `${scope}/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName eq 'looker'`, undefined, options)).body.value.map(
      ({ name }: { name: string }) => name,
    );
  assert.deepEqual(await seen(as), [second]);
  assert.deepEqual(await seen({}, plane.subscription), [GUID]);
  const given = await plane.ask('PUT', assignmentAt(other.subscription), { properties: { roleDefinitionId: roleAt('', GUID), principalId: GUID } }, as);
  assert.deepEqual(given.codes, ['RoleDefinitionDoesNotExist']);
  assert.equal((await plane.ask('GET', roleAt(other.subscription, GUID), undefined, as)).status, 404);
  const foreign = await plane.ask('PUT', roleAt(other.subscription, '66666666-6666-4666-8666-666666666666'), role(plane.subscription, 'Other'), as);
  assert.deepEqual(foreign.codes, ['LinkedAuthorizationFailed'], 'a scope of another tenant');
});

test('a body that names what another tenant has is answered as one that names nothing', async () => {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(NIC, nicBody(plane.id(SUBNET)));
  await plane.put(ZONE, { location: 'global' });
  await plane.put(IDENTITY, { location: 'westeurope' });
  const other = await plane.addTenant();
  const as = { as: other.admin };
  const rg = `${other.subscription}/resourceGroups/rg`;
  const below = (path: string): string => `${rg}/providers/${path}`;
  const put = async (path: string, body: unknown) => plane.ask('PUT', path, body, as);
  assert.equal((await put(rg, { location: 'westeurope' })).status, 201);
  assert.equal((await put(below(NETWORK), { location: 'westeurope', properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } } })).status, 201);
  assert.equal((await put(below(SUBNET), { properties: { addressPrefix: '10.0.1.0/24' } })).status, 201);
  assert.equal((await put(below(ZONE), { location: 'global' })).status, 201);
  assert.equal((await put(below(REGISTRY.replace('MyRegistry', 'TheirRegistry')), { location: 'westeurope', sku: { name: 'Premium' } })).status, 201);
  const endpoint = (connections: object): object => ({ location: 'westeurope', properties: { subnet: { id: below(SUBNET) }, ...connections } });
  const connection = (id: string): object[] => [{ name: 'c', properties: { privateLinkServiceId: id, groupIds: ['registry'] } }];
  assert.equal(
    (await put(below(ENDPOINT), endpoint({ privateLinkServiceConnections: connection(below(REGISTRY.replace('MyRegistry', 'TheirRegistry'))) }))).status,
    201,
  );

  const cases: [string, string, (id: string) => unknown][] = [
    [below('Microsoft.Network/networkInterfaces/n'), SUBNET, nicBody],
    [
      below('Microsoft.Network/privateEndpoints/p'),
      SUBNET,
      (id) => ({ location: 'westeurope', properties: { subnet: { id }, privateLinkServiceConnections: connection(below(REGISTRY)) } }),
    ],
    [below('Microsoft.Network/privateEndpoints/p'), REGISTRY, (id) => endpoint({ privateLinkServiceConnections: connection(id) })],
    [below(`${ZONE}/virtualNetworkLinks/l`), NETWORK, (id) => ({ location: 'global', properties: { virtualNetwork: { id } } })],
    [below(`${NETWORK}/virtualNetworkPeerings/p`), NETWORK, (id) => ({ properties: { remoteVirtualNetwork: { id } } })],
    [
      below(`${ENDPOINT}/privateDnsZoneGroups/g`),
      ZONE,
      (id) => ({ properties: { privateDnsZoneConfigs: [{ name: 'z', properties: { privateDnsZoneId: id } }] } }),
    ],
    [below('Microsoft.Compute/virtualMachines/m'), NIC, (id) => ({ location: 'westeurope', properties: { networkProfile: { networkInterfaces: [{ id }] } } })],
    [
      below(REGISTRY.replace('MyRegistry', 'another')),
      IDENTITY,
      (id) => ({ location: 'westeurope', sku: { name: 'Premium' }, identity: { type: 'UserAssigned', userAssignedIdentities: { [id]: {} } } }),
    ],
  ];
  const [home, nowhere] = [plane.subscription.split('/')[2] as string, GUID];
  for (const [path, named, body] of cases) {
    const there = await put(path, body(plane.id(named)));
    const missing = await put(path, body(plane.id(named).replace(home, nowhere)));
    assert.ok(there.status >= 400 && there.status < 500, `${path} ${named}: ${there.status}`);
    assert.equal(JSON.stringify(there.body).replaceAll(home, nowhere), JSON.stringify(missing.body), `${path} ${named}`);
  }
});

test('an endpoint of another tenant may ask for a connection, which the registry’s owner decides on; never by itself', async () => {
  const plane = await ControlPlane.open();
  await plane.furnish();
  const other = await plane.addTenant();
  const as = { as: other.admin };
  const rg = `${other.subscription}/resourceGroups/rg`;
  await plane.ask('PUT', rg, { location: 'westeurope' }, as);
  const network = {
    location: 'westeurope',
    properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets: [{ name: 's', properties: { addressPrefix: '10.0.1.0/24' } }] },
  };
  await plane.ask('PUT', `${rg}/providers/${NETWORK}`, network, as);
  const connection = [{ name: 'c', properties: { privateLinkServiceId: plane.id(REGISTRY), groupIds: ['registry'], requestMessage: 'please' } }];
  const body = (list: string): object => ({ location: 'westeurope', properties: { subnet: { id: `${rg}/providers/${SUBNET}` }, [list]: connection } });
  const itself = await plane.ask('PUT', `${rg}/providers/${ENDPOINT}`, body('privateLinkServiceConnections'), as);
  assert.deepEqual([itself.status, itself.codes], [403, ['LinkedAuthorizationFailed']], 'as of a registry that is not there');
  // A registry that no endpoint can reach is not there, whatever keeps it from being reached.
  await plane.ask('PATCH', REGISTRY, { sku: { name: 'Standard' } });
  const unreachable = await plane.ask('PUT', `${rg}/providers/${ENDPOINT}`, body('manualPrivateLinkServiceConnections'), as);
  assert.deepEqual([unreachable.status, unreachable.codes], [400, ['InvalidPrivateLinkServiceId']], unreachable.message);
  await plane.ask('PATCH', REGISTRY, { sku: { name: 'Premium' } });
  const asked = await plane.ask('PUT', `${rg}/providers/${ENDPOINT}`, body('manualPrivateLinkServiceConnections'), as);
  assert.equal(asked.status, 201, asked.message);
  const waiting = await plane.connection();
  assert.equal((await plane.properties(waiting)).privateLinkServiceConnectionState.status, 'Pending');
  assert.equal((await plane.ask('GET', waiting, undefined, as)).status, 404, 'the connection is the registry’s');
  await plane.put(waiting, { properties: { privateLinkServiceConnectionState: { status: 'Approved', description: 'yes' } } });
  const shown = (await plane.ask('GET', `${rg}/providers/${ENDPOINT}`, undefined, as)).body.properties;
  assert.equal(shown.manualPrivateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status, 'Approved');
  assert.equal(shown.customDnsConfigs.length, 2);
});

test('groups give their members what they hold, until they leave', async () => {
  const plane = await ControlPlane.open();
  const [ann, team] = ['55555555-5555-4555-8555-555555555555', '44444444-4444-4444-8444-444444444444'];
  plane.principals.set(team, 'Group');
  await plane.put(assignmentAt(plane.subscription), { properties: { roleDefinitionId: OWNER, principalId: team } });
  assert.equal((await plane.get(assignmentAt(plane.subscription))).body.properties.principalType, 'Group', 'as the directory says');
  const make = (): Promise<{ status: number }> => plane.ask('PUT', `${plane.subscription}/resourceGroups/g`, { location: 'westeurope' }, { as: ann });
  assert.equal((await make()).status, 403);
  plane.groups.set(ann, [team]);
  assert.equal((await make()).status, 201);
  const assigned = await plane.get(`${plane.subscription}/providers/Microsoft.Authorization/roleAssignments?$filter=assignedTo('${ann.toUpperCase()}')`);
  assert.deepEqual(
    assigned.body.value.map(({ name }: { name: string }) => name),
    [GUID],
    'assignedTo() counts groups',
  );
  const exactly = await plane.get(`${plane.subscription}/providers/Microsoft.Authorization/roleAssignments?$filter=principalId eq '${ann}'`);
  assert.deepEqual(exactly.body.value, []);
  plane.groups.delete(ann);
  assert.equal((await make()).status, 403);
});
