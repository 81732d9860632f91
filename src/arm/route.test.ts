import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault.ts';
import { testTypes } from './fixture.ts';
import { type Route, route } from './route.ts';
import { TypeTable } from './types.ts';

const types = new TypeTable(testTypes);
const S = '/subscriptions/0a';
const G = `${S}/resourceGroups/RG`;
const to = (path: string): Route => route(path, types, '2024-01-01');
const code = (path: string): string => {
  try {
    to(path);
  } catch (error) {
    return (error as Fault).code;
  }
  return 'none';
};

test('paths are read without regard to case, empty segments and a trailing slash', () => {
  for (const path of [`${G}/providers/Contoso.Shop/shops/One`, `${S.toUpperCase()}//RESOURCEGROUPS/rg/Providers/contoso.shop/SHOPS/one/`]) {
    const found = to(path);
    assert.equal(found.kind, 'resource');
    if (found.kind !== 'resource') return;
    assert.equal(found.type.type, 'Contoso.Shop/shops');
    assert.equal(found.id.key, `${G}/providers/contoso.shop/shops/one`.toLowerCase());
  }
  const found = to(`${G}/providers/Contoso.Shop/shops/a%20b%2Bc`);
  assert.equal(found.kind === 'resource' && found.id.name, 'a b+c');
});

test('each form of path has its route', () => {
  const kinds: Record<string, string> = {
    '/tenants': 'tenants',
    '/subscriptions': 'subscriptions',
    [S]: 'subscription',
    [`${S}/locations`]: 'locations',
    [`${S}/resources`]: 'resources',
    [`${G}/resources`]: 'resources',
    [`${S}/resourcegroups`]: 'collection',
    [G]: 'resource',
    [`${S}/providers`]: 'providers',
    '/providers': 'providers',
    [`${S}/providers/contoso.net`]: 'provider',
    [`${S}/providers/contoso.net/register`]: 'registration',
    [`${S}/providers/Contoso.Shop/checkName`]: 'subscriptionAction',
    [`${S}/providers/Contoso.Shop/locations/westeurope/checkname`]: 'subscriptionAction',
    [`${S}/providers/Contoso.Net/networks`]: 'collection',
    [`${G}/providers/Contoso.Net/networks`]: 'collection',
    [`${G}/providers/Contoso.Net/networks/n/ranges`]: 'collection',
    [`${G}/providers/Contoso.Net/networks/n/ranges/r`]: 'resource',
    [`${G}/providers/Contoso.Shop/shops/s/LISTCODE`]: 'action',
    [`${S}/providers/Contoso.Net/locations/westeurope/operations/x`]: 'operation',
    [`${S}/providers/Contoso.Net/locations/westeurope/operationResults/x`]: 'operation',
    [`${G}/providers/Contoso.Shop/shops/s/operationStatuses/x`]: 'operation',
    [`${S}/operationresults/x`]: 'operation',
    '/providers/Microsoft.Authorization/roleAssignments': 'collection',
    '/providers/Microsoft.Authorization/roleAssignments/g': 'resource',
    [`${S}/providers/Microsoft.Authorization/roleAssignments/g`]: 'resource',
    [`${G}/providers/Microsoft.Authorization/roleAssignments`]: 'collection',
    [`${G}/providers/Contoso.Net/networks/n/ranges/r/providers/Microsoft.Authorization/roleAssignments/g`]: 'resource',
  };
  for (const [path, kind] of Object.entries(kinds)) assert.equal(to(path).kind, kind, path);
});

test('an extension resource hangs on what it extends', () => {
  const found = to(`${G}/providers/Contoso.Net/networks/n/providers/Microsoft.Authorization/roleAssignments/g`);
  assert.equal(found.kind === 'resource' && found.id.parent, `${G}/providers/contoso.net/networks/n`.toLowerCase());
  const list = to(`${G}/providers/Microsoft.Authorization/roleAssignments`);
  assert.equal(list.kind === 'collection' && list.scope, G.toLowerCase());
});

test('what does not exist is told apart', () => {
  assert.equal(code(`${G}/providers/Nobody.Here/things/x`), 'InvalidResourceNamespace');
  assert.equal(code(`${G}/providers/Contoso.Net/things/x`), 'InvalidResourceType');
  assert.equal(code(`${G}/providers/Contoso.Net/networks/n/things`), 'InvalidResourceType');
  assert.equal(code(`${S}/providers/Contoso.Net/networks/n`), 'InvalidResourceType');
  assert.equal(code('/providers/Contoso.Net/networks'), 'InvalidResourceType');
  assert.equal(code(`${G}/providers/Contoso.Net/networks/n/providers/Contoso.Net/networks/m`), 'InvalidResourceType');
  for (const path of [
    '/',
    '/nothing',
    `${G}/nothing`,
    `${S}/resourceGroups/RG/x/y`,
    `${G}/providers/Contoso.Net/networks/a%2Fb`,
    '/subscriptions/%ff',
    `${G}/providers/Contoso.Net/networks/..`,
  ])
    assert.equal(code(path), 'InvalidRequestUri', path);
});

test('no path throws anything but a Fault', () => {
  const word = fc.oneof(
    fc.constantFrom(
      'subscriptions',
      'resourceGroups',
      'providers',
      'Contoso.Net',
      'Contoso.Shop',
      'Microsoft.Authorization',
      'roleAssignments',
      'networks',
      'ranges',
      'shops',
      'x',
      'locations',
      'operations',
      '',
      '%',
      '%2f',
      '..',
      'register',
    ),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      try {
        to(`/${words.join('/')}`);
      } catch (error) {
        assert.ok(error instanceof Fault && error.status < 500, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
