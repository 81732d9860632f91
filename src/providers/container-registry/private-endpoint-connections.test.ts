/** Rules of a connection's state, which both sides show alike. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPlane, ENDPOINT, REGISTRY } from '../control-plane.fixture.ts';

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
