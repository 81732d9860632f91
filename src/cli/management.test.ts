/** The client of the management API: tokens, operations, pages, refusals, and that it dials its listener alone. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Refusal } from './failure.ts';
import { dialled, pathOf } from './management.ts';
import { FakeServer, S, TENANT } from './server.fixture.ts';

const R = `${S}/resourceGroups/rg/providers/Microsoft.Network/privateEndpoints/pe`;

test('the listener is dialled, and the host is named for the certificate', async () => {
  await using server = await FakeServer.open();
  server.answer = () => ({ body: { ok: true } });
  assert.deepEqual((await server.management().send('GET', '/x?api-version=1')).body, { ok: true });
  assert.equal(server.asked[0]?.headers.host, 'management.azure.com');
  assert.equal(server.asked[0]?.headers.authorization, 'Bearer token-1');
});

test('a token is kept for the next command in a file of its own, until five minutes before its end', async () => {
  await using server = await FakeServer.open();
  server.answer = () => ({ body: {} });
  const tokenFile = join(server.folder, 'run', 'token.json');
  await server.management({ tokenFile }).send('GET', '/a');
  assert.equal(statSync(tokenFile).mode & 0o777, 0o600);
  assert.equal((JSON.parse(readFileSync(tokenFile, 'utf8')) as { tenantId: string }).tenantId, TENANT);
  await server.management({ tokenFile }).send('GET', '/b');
  assert.equal(server.tokens, 1);
  server.clock.advance(55 * 60_000);
  await server.management({ tokenFile }).send('GET', '/c');
  assert.equal(server.tokens, 2);
  await server.management({ tokenFile, credentials: { tenantId: TENANT, subscriptionId: 's', appId: 'another', secret: 'x' } }).send('GET', '/d');
  assert.equal(server.tokens, 3, 'a token of somebody else is not used');
});

test('a kept token that the server does not know is replaced once', async () => {
  await using server = await FakeServer.open();
  const tokenFile = join(server.folder, 'token.json');
  server.answer = () => ({ body: {} });
  await server.management({ tokenFile }).send('GET', '/a');
  server.answer = ({ headers }) =>
    headers.authorization === 'Bearer token-1' ? { status: 401, body: { error: { code: 'InvalidAuthenticationToken', message: 'x' } } } : { body: {} };
  assert.equal((await server.management({ tokenFile }).send('GET', '/b')).status, 200);
  server.answer = () => ({ status: 401, body: {} });
  assert.equal((await server.management({ tokenFile }).send('GET', '/c')).status, 401);
});

test('a PUT that has succeeded is done at once; an operation is polled at its own pace, then the resource is read', async () => {
  await using server = await FakeServer.open();
  server.answer = () => ({ status: 201, body: { name: 'pe', properties: { provisioningState: 'Succeeded' } } });
  await server.management().put(R, '1', {});
  assert.equal(server.asked.length, 1);

  server.asked.length = 0;
  let polls = 0;
  server.answer = ({ method, path }) => {
    if (method === 'PUT')
      return {
        status: 201,
        headers: { 'azure-asyncoperation': 'https://elsewhere.example/operations/1?api-version=2', 'retry-after': '1' },
        body: { properties: { provisioningState: 'Updating' } },
      };
    if (path === '/operations/1') return { body: { status: ++polls < 3 ? 'InProgress' : 'Succeeded' } };
    return { body: { name: 'pe', properties: { provisioningState: 'Succeeded' } } };
  };
  assert.equal((await server.management().put(R, '1', {})).name, 'pe');
  assert.deepEqual(
    server.asked.map(({ method, path }) => `${method} ${path}`),
    [`PUT ${R}`, 'GET /operations/1', 'GET /operations/1', 'GET /operations/1', `GET ${R}`],
  );
  assert.equal(server.waits[0], 1000);
});

test('a failed operation is a refusal with its code', async () => {
  await using server = await FakeServer.open();
  server.answer = ({ method }) =>
    method === 'PUT'
      ? { status: 201, headers: { 'azure-asyncoperation': '/operations/1' }, body: { properties: { provisioningState: 'Updating' } } }
      : { body: { status: 'Failed', error: { code: 'SubnetIsFull', message: 'no address left' } } };
  await assert.rejects(server.management().put(R, '1', {}), (error: unknown) => error instanceof Refusal && error.problem.code === 'SubnetIsFull');
});

test('a DELETE follows Location until it is done', async () => {
  await using server = await FakeServer.open();
  let polls = 0;
  server.answer = ({ method }) =>
    method === 'DELETE' ? { status: 202, headers: { location: 'https://elsewhere.example/results/1' } } : { status: ++polls < 2 ? 202 : 200 };
  await server.management().delete(R, '1');
  assert.deepEqual(
    server.asked.map(({ method, path }) => `${method} ${path}`),
    [`DELETE ${R}`, 'GET /results/1', 'GET /results/1'],
  );
});

test('every page of a list is read from this server, whatever host the next link names', async () => {
  await using server = await FakeServer.open();
  server.answer = ({ query }) =>
    query.get('page') === '2'
      ? { body: { value: [{ name: 'b' }] } }
      : { body: { value: [{ name: 'a' }], nextLink: 'https://management.azure.com/things?page=2&api-version=1' } };
  assert.deepEqual(await server.management().list('/things', '1'), [{ name: 'a' }, { name: 'b' }]);
});

test('a refusal has its status, problem and request id', async () => {
  await using server = await FakeServer.open();
  await assert.rejects(server.management().get('/x', '1'), (error: unknown) => {
    assert.ok(error instanceof Refusal);
    assert.deepEqual([error.status, error.problem.code, error.requestId], [404, 'ResourceNotFound', 'request-1']);
    return true;
  });
  assert.equal(await server.management().find('/x', '1'), undefined);
});

test('warnings of the server are told', async () => {
  await using server = await FakeServer.open();
  const warnings: string[] = [];
  server.answer = () => ({ headers: { warning: '299 postern "zoneRedundancy is stored, not enforced", 299 postern "a \\"second\\" one"' }, body: {} });
  await server.management({ warn: (text) => warnings.push(text) }).send('GET', '/x');
  assert.deepEqual(warnings, ['zoneRedundancy is stored, not enforced', 'a "second" one']);
});

test('nobody at the listener is said plainly', async () => {
  const server = await FakeServer.open();
  const client = server.management();
  await server[Symbol.asyncDispose]();
  await assert.rejects(client.send('GET', '/x'), /Nothing listens at 127\.0\.0\.1:/);
});

test('a listener on every address is dialled by loopback; a URL gives its path only', () => {
  assert.deepEqual(dialled('0.0.0.0:8443'), { host: '127.0.0.1', port: 8443 });
  assert.deepEqual(dialled('[::]:8443'), { host: '::1', port: 8443 });
  assert.deepEqual(dialled('192.0.2.1:1'), { host: '192.0.2.1', port: 1 });
  assert.equal(pathOf('https://myregistry.azurecr.io/a/b?c=d'), '/a/b?c=d');
});
