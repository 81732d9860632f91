import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ResourceKey } from '#base/resource-id.ts';
import { faultOf, openCloud, READER_ROLE } from './fixture.ts';

const NETWORK = '/subscriptions/s/resourcegroups/g/providers/contoso.net/networks/n' as ResourceKey;

test('who does not say who they are gets 401 with a challenge', async () => {
  const cloud = await openCloud();
  const missing = await cloud.ask('GET', cloud.group, { as: null });
  assert.deepEqual([missing.status, faultOf(missing).code], [401, 'AuthenticationFailed']);
  assert.match(missing.headers['www-authenticate'] as string, /^Bearer authorization_uri="https:\/\/localhost:8443\/[0-9a-f-]{36}"$/);
  const bad = await cloud.ask('GET', cloud.group, { as: 'bad' });
  assert.deepEqual([bad.status, faultOf(bad).code], [401, 'InvalidAuthenticationToken']);
  assert.match(bad.headers['www-authenticate'] as string, /error="invalid_token"/);
  assert.equal((await cloud.ask('GET', cloud.group, { as: null, headers: { authorization: 'Basic eDp5' } })).status, 401);
  const inside = await cloud.ask('GET', cloud.group, { as: null, arrival: { via: 'public', network: NETWORK, source: '203.0.113.1' } });
  assert.match(inside.headers['www-authenticate'] as string, /authorization_uri="https:\/\/login\.microsoftonline\.com\//);
});

test('only the management listener and networks lead here', async () => {
  const cloud = await openCloud();
  const status = async (arrival: object): Promise<number> => (await cloud.ask('GET', cloud.group, { arrival })).status;
  assert.equal(await status({ via: 'public', network: NETWORK, source: '203.0.113.1' }), 200);
  assert.equal(await status({ via: 'public', source: '127.0.0.1' }), 421);
  assert.equal(await status({ via: 'endpoint' }), 421);
  assert.equal(await status({ via: 'machine' }), 421);
});

test('an api-version is required and must be well-formed', async () => {
  const cloud = await openCloud();
  const code = async (search: string): Promise<string | undefined> => faultOf(await cloud.ask('GET', `${cloud.group}?${search}`)).code;
  assert.equal(await code('x=y'), 'MissingApiVersionParameter');
  assert.equal(await code('api-version='), 'MissingApiVersionParameter');
  for (const text of ['latest', '2024-13-01', '2024-01-32', '2024-01-01-', '2024-1-1'])
    assert.equal(await code(`api-version=${text}`), 'InvalidApiVersionParameter', text);
  for (const text of ['1999-01-01', '2024-01-01-preview', '2024-01-01-privatePreview']) assert.equal(await code(`API-Version=${text}`), undefined, text);
});

test('a refusal has the text that clients know', async () => {
  const cloud = await openCloud();
  const refused = await cloud.ask('PUT', `${cloud.group}/providers/Contoso.Net/networks/n`, { as: 'bob', body: {} });
  assert.equal(refused.status, 403);
  assert.deepEqual(faultOf(refused), {
    code: 'AuthorizationFailed',
    message: `The client 'bob' with object id 'bob' does not have authorization to perform action 'Contoso.Net/networks/write' over scope '${cloud.group}/providers/Contoso.Net/networks/n' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  });
  assert.equal(faultOf(await cloud.ask('HEAD', cloud.group, { as: 'bob' })).code, undefined, 'HEAD has no body');
});

test('a role holds at its scope and below, for what it gives', async () => {
  const cloud = await openCloud();
  const network = `${cloud.group}/providers/Contoso.Net/networks/n`;
  await cloud.ask('PUT', network, { body: { location: 'westeurope', properties: { prefix: '10.0.0.0/16' } } });
  await cloud.ask('PUT', `${network}/providers/Microsoft.Authorization/roleAssignments/a`, {
    body: { properties: { roleDefinitionId: READER_ROLE, principalId: 'bob' } },
  });
  const read = await cloud.ask('GET', network, { as: 'bob' });
  assert.equal(read.status, 200);
  assert.deepEqual(
    read.trace.map(({ check, ok }) => [check, ok]),
    [
      ['identity', true],
      ['role', true],
    ],
  );
  assert.match(read.trace[1]?.detail as string, /^Contoso\.Net\/networks\/read by Reader at \/subscriptions\//);
  assert.equal((await cloud.ask('DELETE', network, { as: 'bob' })).status, 403);
  assert.equal((await cloud.ask('GET', cloud.group, { as: 'bob' })).status, 403);
});

test('every answer carries the ids of the request, and no cache keeps it', async () => {
  const cloud = await openCloud();
  const { headers } = await cloud.ask('GET', cloud.group, {
    headers: { 'x-ms-client-request-id': 'c-1', 'x-ms-return-client-request-id': 'true', 'x-ms-correlation-request-id': 'k-1' },
  });
  assert.equal(headers['x-ms-request-id'], 'request-1');
  assert.equal(headers['x-ms-correlation-request-id'], 'k-1');
  assert.equal(headers['x-ms-client-request-id'], 'c-1');
  assert.equal(headers['cache-control'], 'no-cache');
  const refused = await cloud.ask('GET', '/nothing', { headers: { 'x-ms-client-request-id': 'c-1', 'x-ms-correlation-request-id': 'a b\r\nx' } });
  assert.equal(refused.headers['x-ms-client-request-id'], undefined);
  assert.equal(refused.headers['x-ms-correlation-request-id'], 'request-1');
  assert.equal(refused.headers['x-ms-request-id'], 'request-1');
});

test('a method that does not fit is refused with those that do', async () => {
  const cloud = await openCloud();
  const allow = async (method: string, path: string): Promise<unknown[]> => {
    const answer = await cloud.ask(method, path);
    return [answer.status, answer.headers.allow];
  };
  assert.deepEqual(await allow('POST', cloud.group), [405, 'GET, HEAD, PUT, PATCH, DELETE']);
  assert.deepEqual(await allow('PATCH', `${cloud.group}/providers/Microsoft.Authorization/roleAssignments/a`), [405, 'GET, HEAD, PUT, DELETE']);
  assert.deepEqual(await allow('PUT', '/subscriptions'), [405, 'GET']);
  assert.deepEqual(await allow('GET', `${cloud.subscription}/providers/Contoso.Net/register`), [405, 'POST']);
});

test('bodies that are no JSON object, too large or too deep are refused', async () => {
  const cloud = await openCloud();
  const put = async (raw: string): Promise<unknown[]> => {
    const answer = await cloud.ask('PUT', `${cloud.group}/providers/Contoso.Shop/shops/one`, { raw });
    return [answer.status, faultOf(answer).code];
  };
  for (const raw of ['', '{', '[]', 'null', '"x"', '\u0000']) assert.deepEqual(await put(raw), [400, 'InvalidRequestContent'], raw);
  assert.deepEqual(await put(`{"properties":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), [400, 'InvalidRequestContent']);
  assert.equal((await put(`{"x":"${'y'.repeat(4 * 1024 * 1024)}"}`))[0], 413);
});

test('no body gives 500', async () => {
  const cloud = await openCloud();
  const known = fc.constantFrom(
    'location',
    'tags',
    'sku',
    'identity',
    'properties',
    'type',
    'name',
    'userAssignedIdentities',
    'ranges',
    'range',
    'id',
    'shop',
    'hours',
    'goods',
    'etag',
    '__proto__',
    'constructor',
    cloud.group,
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(null, true, 0, -1, 1e308, 'westeurope', 'SystemAssigned', 'UserAssigned', '/subscriptions/x', '10.0.0.0/8', '\ud800'),
      fc.string(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(known, fc.string({ maxLength: 3 })), tie('value'), { maxKeys: 4 }),
    ),
  }));
  const body = fc.dictionary(known, value, { maxKeys: 6 });
  const path = fc.constantFrom(
    '/providers/Contoso.Shop/shops/one',
    '/providers/Contoso.Net/networks/n',
    '/providers/Contoso.Net/networks/n/ranges/r',
    '/providers/Contoso.Shop/goods/g',
    '',
    '/providers/Contoso.Net/cards/c',
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('PUT', 'PATCH', 'POST'), path, body, async (method, at, content) => {
      const answer = await cloud.ask(method, `${cloud.group}${at}`, { body: { location: 'westeurope', ...content } });
      assert.ok(answer.status < 500, `${answer.status} ${JSON.stringify(answer.body)}`);
    }),
    { numRuns: 400 },
  );
});

test('no path and no query gives 500', async () => {
  const cloud = await openCloud();
  const word = fc.oneof(
    fc.constantFrom(
      'subscriptions',
      cloud.subscription.slice(15),
      'resourceGroups',
      'rg',
      'providers',
      'Contoso.Net',
      'Contoso.Shop',
      'Microsoft.Authorization',
      'roleAssignments',
      'networks',
      'ranges',
      'shops',
      'resources',
      'locations',
      'tenants',
      '%00',
      '%F0',
      'operationresults',
      '*',
    ),
    fc.webSegment(),
  );
  const query = fc.dictionary(fc.constantFrom('$filter', '$top', '$skiptoken', '$expand', 'x'), fc.string(), { maxKeys: 3 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH', 'OPTIONS', 'TRACE'),
      fc.array(word, { maxLength: 9 }),
      query,
      async (method, words, asked) => {
        if (method === 'DELETE' && words.length < 5) return;
        const answer = await cloud.ask(method, `/${words.join('/')}?${new URLSearchParams({ 'api-version': '2024-01-01', ...asked })}`);
        assert.ok(answer.status < 500, `${answer.status} ${JSON.stringify(answer.body)}`);
      },
    ),
    { numRuns: 600 },
  );
});
