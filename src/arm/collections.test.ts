import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLERK_ROLE, type Cloud, faultOf, openCloud, READER_ROLE } from './fixture.ts';

const list = async (cloud: Cloud, path: string, query = '', as = 'operator'): Promise<{ names: string[]; next: string | undefined }> => {
  const answer = await cloud.ask('GET', `${path}?api-version=2024-01-01${query}`, { as });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return { names: (answer.body.value as { name: string }[]).map(({ name }) => name), next: answer.body.nextLink as string | undefined };
};

async function shops(count: number): Promise<Cloud> {
  const cloud = await openCloud();
  for (let index = 0; index < count; index++)
    await cloud.ask('PUT', `${cloud.group}/providers/Contoso.Shop/shops/shop${index}`, {
      body: { location: 'westeurope', tags: { n: `${index % 2}` }, properties: {} },
    });
  return cloud;
}

test('pages follow each other through absolute links, whatever is written between', async () => {
  const cloud = await shops(7);
  const path = `${cloud.group}/providers/Contoso.Shop/shops`;
  const seen: string[] = [];
  let page = await list(cloud, path, '&$top=3');
  seen.push(...page.names);
  await cloud.ask('DELETE', `${path}/shop2`);
  while (page.next !== undefined) {
    assert.match(page.next, /^https:\/\/localhost:8443\/subscriptions\/.*\$skiptoken=/);
    const url = new URL(page.next);
    page = await list(cloud, url.pathname, `&${url.searchParams}`);
    seen.push(...page.names);
  }
  assert.deepEqual(seen, ['shop0', 'shop1', 'shop2', 'shop3', 'shop4', 'shop5', 'shop6']);
});

test('a filtered list pages as well, and a bad page or filter is refused', async () => {
  const cloud = await shops(6);
  const path = `${cloud.subscription}/providers/Contoso.Shop/shops`;
  const first = await list(cloud, path, "&$filter=tagValue eq '1'&$top=2");
  assert.deepEqual(first.names, ['shop1', 'shop3']);
  const second = await list(cloud, path, `&$filter=tagValue eq '1'&$top=2&$skiptoken=${new URL(first.next as string).searchParams.get('$skiptoken')}`);
  assert.deepEqual([second.names, second.next], [['shop5'], undefined]);
  const code = async (query: string): Promise<string> => faultOf(await cloud.ask('GET', `${path}?api-version=2024-01-01&${query}`)).code;
  assert.equal(await code('$top=0'), 'InvalidTopInQueryString');
  assert.equal(await code('$top=1001'), 'InvalidTopInQueryString');
  assert.equal(await code('$skiptoken=x'), 'InvalidSkipTokenInQueryString');
  for (const filter of ['name', "name eq 'a' and", "name like 'a'", "name eq 'a' or name eq 'b'", "name eq 'a"])
    assert.equal(await code(`$filter=${filter}`), 'InvalidFilterInQueryString', filter);
});

test('a list is one of its scope', async () => {
  const cloud = await shops(1);
  const other = `${cloud.subscription}/resourceGroups/rg2`;
  await cloud.ask('PUT', other, { body: { location: 'westeurope' } });
  await cloud.ask('PUT', `${other}/providers/Contoso.Shop/shops/elsewhere`, { body: { location: 'westeurope' } });
  assert.deepEqual((await list(cloud, `${cloud.group}/providers/Contoso.Shop/shops`)).names, ['shop0']);
  assert.deepEqual((await list(cloud, `${cloud.subscription}/providers/contoso.shop/SHOPS`)).names, ['shop0', 'elsewhere']);
  assert.deepEqual((await list(cloud, `${cloud.subscription}/resourcegroups`)).names, ['rg', 'rg2']);
  assert.equal(faultOf(await cloud.ask('GET', `${cloud.subscription}/resourceGroups/no/providers/Contoso.Shop/shops`)).code, 'ResourceGroupNotFound');
  const absent = '/subscriptions/33333333-3333-4333-8333-333333333333/providers/Contoso.Shop/shops';
  assert.equal(faultOf(await cloud.ask('GET', absent)).code, 'SubscriptionNotFound');
  assert.equal(faultOf(await cloud.ask('GET', `${cloud.group}/providers/Contoso.Shop/shops/no/visits`)).code, 'ResourceNotFound');
});

test('the generic list finds what is tracked by type, group and name', async () => {
  const cloud = await shops(2);
  await cloud.ask('PUT', `${cloud.group}/providers/Contoso.Shop/goods/untracked`, { body: {} });
  await cloud.ask('PUT', `${cloud.group}/providers/Contoso.Id/people/ann`, { body: { location: 'westeurope' } });
  const path = `${cloud.subscription}/resources`;
  assert.deepEqual((await list(cloud, path)).names, ['ann', 'shop0', 'shop1']);
  assert.deepEqual((await list(cloud, path, "&$filter=resourceType eq 'contoso.shop/SHOPS'")).names, ['shop0', 'shop1']);
  assert.deepEqual((await list(cloud, path, "&$filter=resourceGroup eq 'RG' and name eq 'Shop1'")).names, ['shop1']);
  assert.deepEqual((await list(cloud, path, "&$filter=resourceType eq 'No.Such/type'")).names, []);
  assert.deepEqual((await list(cloud, `${cloud.group}/resources`, '&$top=2')).names, ['ann', 'shop0']);
  const expanded = await cloud.ask('GET', `${path}?api-version=2021-04-01&$expand=createdTime,provisioningState`);
  const [first] = expanded.body.value as Record<string, unknown>[];
  assert.deepEqual([first?.createdTime, first?.provisioningState, first?.properties], ['2026-01-01T00:00:00.000Z', 'Succeeded', undefined]);
});

test('lists show what the caller may see', async () => {
  const cloud = await shops(2);
  const shop = `${cloud.group}/providers/Contoso.Shop/shops/shop1`;
  const subscriptions = async (): Promise<number> => ((await cloud.ask('GET', '/subscriptions', { as: 'bob' })).body.value as unknown[]).length;
  assert.equal(await subscriptions(), 0);
  assert.equal((await cloud.ask('GET', cloud.subscription, { as: 'bob' })).status, 403);
  await cloud.ask('PUT', `${shop}/providers/Microsoft.Authorization/roleAssignments/a`, {
    body: { properties: { roleDefinitionId: READER_ROLE, principalId: 'bob' } },
  });
  assert.equal(await subscriptions(), 1);
  assert.deepEqual((await list(cloud, `${cloud.subscription}/resources`, '', 'bob')).names, ['shop1']);
  assert.deepEqual((await list(cloud, `${cloud.subscription}/resourceGroups`, '', 'bob')).names, []);
  assert.equal((await cloud.ask('GET', `${cloud.group}/providers/Contoso.Shop/shops`, { as: 'bob' })).status, 403);
  assert.equal((await cloud.ask('GET', `${cloud.group}/resources`, { as: 'eve' })).status, 403);
  await cloud.ask('PUT', `${cloud.subscription}/providers/Microsoft.Authorization/roleAssignments/c`, {
    body: { properties: { roleDefinitionId: CLERK_ROLE, principalId: 'tom' } },
  });
  assert.deepEqual((await list(cloud, `${cloud.group}/resources`, '', 'tom')).names, [], 'the scope is known, what is in it is not shown');
  // A role above a scope is one at the scope.
  await cloud.ask('PUT', `${cloud.subscription}/providers/Microsoft.Authorization/roleAssignments/b`, {
    body: { properties: { roleDefinitionId: READER_ROLE, principalId: 'eve' } },
  });
  assert.deepEqual((await list(cloud, `${cloud.group}/resources`, '', 'eve')).names, ['shop0', 'shop1']);
});

test('tenants, subscriptions, locations and providers have the shapes that clients read', async () => {
  const cloud = await openCloud();
  const id = cloud.subscription.split('/').at(-1);
  const [tenant] = (await cloud.ask('GET', '/tenants')).body.value as Record<string, unknown>[];
  assert.equal(tenant?.id, `/tenants/${tenant?.tenantId}`);
  const shown = await cloud.ask('GET', cloud.subscription);
  const { subscriptionId, displayName, state, tenantId } = shown.body;
  assert.deepEqual(
    { subscriptionId, displayName, state, tenantId },
    { subscriptionId: id, displayName: 'Postern', state: 'Enabled', tenantId: tenant?.tenantId },
  );
  const locations = (await cloud.ask('GET', `${cloud.subscription}/locations`)).body.value as Record<string, unknown>[];
  assert.equal(locations.find(({ name }) => name === 'westeurope')?.displayName, 'West Europe');
  const provider = (await cloud.ask('GET', `${cloud.subscription}/providers/contoso.shop`)).body;
  assert.deepEqual([provider.namespace, provider.registrationState], ['Contoso.Shop', 'Registered']);
  const types = provider.resourceTypes as { resourceType: string; apiVersions: string[]; locations: string[] }[];
  assert.deepEqual(
    types.map(({ resourceType }) => resourceType),
    ['shops', 'shops/visits', 'goods'],
  );
  assert.ok(types[0]?.locations.includes('West Europe'));
  assert.equal(((await cloud.ask('GET', `${cloud.subscription}/providers`)).body.value as unknown[]).length, 5);
  assert.equal((await cloud.ask('GET', '/subscriptions/22222222-2222-4222-8222-222222222222')).status, 404);
});
