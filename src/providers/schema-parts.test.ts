/** Tests of the parts that property schemas share. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, z } from '#base/schema.ts';
import { choice, ipAddressText, prefixText, propertiesSchema, reference } from './schema-parts.ts';

test('absent, null and unknown properties are dropped; all problems are told with their paths', () => {
  const schema = propertiesSchema({ a: z.string().optional(), list: z.array(z.object({ b: z.int() })).default([]) });
  assert.deepEqual(check(schema, undefined).value, { list: [] });
  assert.deepEqual(check(schema, { a: null, list: [{ b: 1, c: null }], readOnly: 1 }).value, { list: [{ b: 1 }] });
  const { faults } = check(schema, { a: 1, list: [{ b: 'x' }] }, 'properties');
  assert.deepEqual(
    faults?.map(({ target }) => target),
    ['properties.a', 'properties.list[0].b'],
  );
  assert.equal(check(schema, 'text').faults?.length, 1);
});

test('choices are matched without regard to case and give the canonical form', () => {
  const schema = choice('Enabled', 'Disabled');
  assert.equal(check(schema, 'ENABLED').value, 'Enabled');
  assert.equal(check(schema, 'Enabled').value, 'Enabled');
  assert.ok(check(schema, 'on').faults);
  assert.ok(check(schema, 1).faults);
  assert.equal(check(schema.default('Disabled'), undefined).value, 'Disabled');
});

test('ids keep their casing and must be of the type', () => {
  const id = '/subscriptions/S/resourcegroups/G/providers/microsoft.network/VirtualNetworks/v';
  assert.deepEqual(check(reference('Microsoft.Network/virtualNetworks'), { id, more: 1 }).value, { id });
  assert.match(check(reference('Microsoft.Network/virtualNetworks/subnets'), { id }).faults?.[0]?.message ?? '', /is not the id of a resource of type/);
  assert.match(check(reference(), { id: 'vnet' }).faults?.[0]?.message ?? '', /is not a resource id/);
});

test('addresses and prefixes are canonical', () => {
  assert.ok(check(ipAddressText, '10.0.0.4').value);
  for (const bad of ['10.0.0.04', '10.0.0', '::1', '10.0.0.0/24']) assert.ok(check(ipAddressText, bad).faults, bad);
  assert.ok(check(prefixText, '10.0.0.0/24').value);
  for (const bad of ['10.0.0.1/24', '10.0.0.0', 'fd00::/64', '10.0.0.0/33']) assert.ok(check(prefixText, bad).faults, bad);
});
