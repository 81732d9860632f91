/** Rules of a connection's state, which both sides show alike. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceKey } from '#base/resource-id.ts';
import { ControlPlane, ENDPOINT, OPERATOR, REGISTRY } from '../control-plane.fixture.ts';

async function connected(
  manual: boolean,
): Promise<{ plane: ControlPlane; connection: string; set(status: string, more?: object): ReturnType<ControlPlane['ask']> }> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(ENDPOINT, plane.endpointBody({ manual }));
  const connection = await plane.connection();
  return {
    plane,
    connection,
    set: (status, more = {}) => plane.ask('PUT', connection, { properties: { privateLinkServiceConnectionState: { status, ...more } } }),
  };
}

test('Pending -> Approved -> Approved -> Rejected -> Approved (docs/sources.md#connection-states; the last is our choice)', async () => {
  const { plane, connection, set } = await connected(true);
  for (const status of ['Approved', 'Approved', 'Rejected', 'Approved']) {
    const answer = await set(status, { description: `said ${status}` });
    assert.equal(answer.status, 200, answer.message);
    const state = { status, description: `said ${status}`, actionsRequired: 'None' };
    assert.deepEqual(answer.body.properties.privateLinkServiceConnectionState, state);
    assert.deepEqual((await plane.properties(ENDPOINT)).manualPrivateLinkServiceConnections[0].properties.privateLinkServiceConnectionState, state);
  }
  assert.equal((await plane.get(connection)).body.type, 'Microsoft.ContainerRegistry/registries/privateEndpointConnections');
});

test('a Pending connection may be rejected', async () => {
  const { set } = await connected(true);
  assert.equal((await set('Rejected')).body.properties.privateLinkServiceConnectionState.status, 'Rejected');
});

test('no state is put back to Pending, and Disconnected is not set by hand', async () => {
  const { plane, connection, set } = await connected(false);
  for (const status of ['Pending', 'Disconnected']) {
    const answer = await set(status);
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.codes, ['InvalidPrivateEndpointConnectionState']);
  }
  assert.deepEqual((await set('Perhaps')).codes, ['InvalidParameter']);
  assert.equal((await plane.properties(connection)).privateLinkServiceConnectionState.status, 'Approved');
});

test('whoever holds an older view of the endpoint is shown the new state (RFC 9110 section 13.1.2)', async () => {
  const { plane, set } = await connected(false);
  const seen = async (etag: unknown) => (await plane.ask('GET', ENDPOINT, undefined, { headers: { 'if-none-match': String(etag) } })).status;
  const before = (await plane.get(ENDPOINT)).headers.etag;
  assert.equal(await seen(before), 304);
  await set('Rejected');
  assert.equal(await seen(before), 200);
  assert.equal(await seen((await plane.get(ENDPOINT)).headers.etag), 304);
  // The endpoint itself is as it was: a write that waited for it holds.
  const answer = await plane.ask('PUT', ENDPOINT, plane.endpointBody(), { headers: { 'if-match': String(before) } });
  assert.equal(answer.status, 200, answer.message);
});

test('the endpoint of a connection stays: absent it is kept, another is refused', async () => {
  const { plane, connection, set } = await connected(false);
  assert.equal((await set('Approved')).body.properties.privateEndpoint.id, plane.id(ENDPOINT));
  const answer = await plane.ask('PUT', connection, {
    properties: { privateEndpoint: { id: `${plane.id(ENDPOINT)}x` }, privateLinkServiceConnectionState: { status: 'Approved' } },
  });
  assert.deepEqual(answer.codes, ['PropertyChangeNotAllowed']);
});

test('only an endpoint makes a connection', async () => {
  const { plane } = await connected(false);
  const answer = await plane.ask('PUT', `${REGISTRY}/privateEndpointConnections/own`, {
    properties: { privateEndpoint: { id: plane.id(ENDPOINT) }, privateLinkServiceConnectionState: { status: 'Approved' } },
  });
  assert.ok(answer.status >= 400 && answer.status < 500);
  assert.equal((await plane.get(`${REGISTRY}/privateEndpointConnections`)).body.value.length, 1);
});

test('who decided and when is kept, and saying it again changes nothing (docs/sources.md#connection-states)', async () => {
  const { plane, connection, set } = await connected(true);
  const key = connection.toLowerCase() as ResourceKey;
  const record = async () => (await plane.store.resources.get(key)) ?? assert.fail('no connection');
  assert.deepEqual((await record()).hidden.decision, { status: 'Pending', by: OPERATOR, at: '2026-01-01T00:00:00.000Z' });
  const approver = '33333333-3333-4333-8333-333333333333';
  await plane.put(`${connection}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111111`, {
    properties: { roleDefinitionId: '/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c', principalId: approver },
  });
  plane.clock.advance(60_000);
  const approve = { properties: { privateLinkServiceConnectionState: { status: 'Approved', description: 'checked' } } };
  const approved = await plane.ask('PUT', connection, approve, { as: approver });
  assert.equal(approved.status, 200, approved.message);
  const decided = { status: 'Approved', by: approver, at: '2026-01-01T00:01:00.000Z' };
  assert.deepEqual((await record()).hidden.decision, decided);
  assert.equal(approved.body.systemData.lastModifiedBy, approver);
  assert.equal(approved.body.systemData.lastModifiedAt, decided.at);
  const { etag } = await record();
  plane.clock.advance(60_000);
  assert.equal((await set('Approved', { description: 'checked' })).status, 200);
  assert.equal((await record()).etag, etag);
  // The endpoint's own writes and new regions do not make somebody else the approver.
  await plane.put(ENDPOINT, { ...plane.endpointBody({ manual: true }), tags: { a: 'b' } });
  await plane.put(`${REGISTRY}/replications/eastus`, { location: 'eastus' });
  assert.deepEqual((await record()).hidden.decision, decided);
  const [shown] = (await plane.get(`${REGISTRY}/connectionDecisions`)).body.value;
  assert.deepEqual([shown.id, shown.decidedBy, shown.decidedAt], [connection, decided.by, decided.at]);
});

test('a connection that is not there is deleted already: 204 (docs/sources.md#connection-states)', async () => {
  const { plane } = await connected(false);
  assert.equal((await plane.ask('DELETE', `${REGISTRY}/privateEndpointConnections/none`)).status, 204);
});
