/** Resource ids: what parses, what relates, what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault } from './fault.ts';
import { groupKeyOf, isWithin, parseResourceId, resourceKey, subscriptionKeyOf } from './resource-id.ts';

const group = '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-App';

test('a child resource names its type, its parent and its names', () => {
  const id = parseResourceId(`${group}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/Sub`);
  assert.equal(id.type, 'Microsoft.Network/virtualNetworks/subnets');
  assert.deepEqual(id.names, ['vnet', 'Sub']);
  assert.equal(id.name, 'Sub');
  assert.equal(id.parent, resourceKey(`${group}/providers/Microsoft.Network/virtualNetworks/vnet`));
  assert.equal(id.resourceGroup, 'rg-App');
});

test('ids that differ in case are one key', () => {
  assert.equal(resourceKey(`${group.toUpperCase()}/`), resourceKey(group));
});

test('an extension resource hangs on what it extends', () => {
  const id = parseResourceId(`${group}/providers/Microsoft.Authorization/roleAssignments/x`);
  assert.equal(id.parent, resourceKey(group));
  assert.equal(id.type, 'Microsoft.Authorization/roleAssignments');
  assert.equal(parseResourceId('/providers/Microsoft.Authorization/roleDefinitions/x').parent, undefined);
});

test('scopes contain what lies below them and nothing beside them', () => {
  const key = resourceKey(`${group}/providers/Microsoft.Network/privateEndpoints/pe`);
  assert.ok(isWithin(key, groupKeyOf(key) as string));
  assert.ok(isWithin(key, subscriptionKeyOf(key) as string));
  assert.ok(isWithin(key, '/'));
  assert.ok(!isWithin(key, resourceKey(group.slice(0, -1))));
});

for (const bad of [
  '',
  '/',
  'subscriptions/x',
  '/subscriptions',
  `${group}//x`,
  `${group}/providers/Microsoft.Network`,
  `${group}/providers/A/b/c/d`,
  '/subscriptions/a b\u0000',
])
  test(`'${JSON.stringify(bad)}' is refused`, () => assert.throws(() => parseResourceId(bad), Fault));

test('no text makes the parser throw anything but a Fault, and a parsed id parses to the same key again', () => {
  const segment = fc.oneof(fc.constantFrom('subscriptions', 'resourceGroups', 'providers', 'Microsoft.X', '..', ''), fc.string({ maxLength: 8 }));
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 10 }), (segments) => {
      try {
        const id = parseResourceId(`/${segments.join('/')}`);
        assert.equal(parseResourceId(id.key).key, id.key);
      } catch (error) {
        assert.ok(error instanceof Fault, String(error));
      }
    }),
  );
});
