/** Properties of the registry's schema. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { check } from '#base/schema.ts';
import { registryProperties, registrySku } from './registry-properties.ts';

/** A word in any casing. */
const word = (...words: string[]) => fc.constantFrom(...words).chain((text) => fc.constantFrom(text, text.toUpperCase(), text.toLowerCase()));
const status = fc.record({ status: word('enabled', 'disabled') }, { requiredKeys: [] });
const rule = fc.record({ action: word('Allow'), value: fc.ipV4() }, { requiredKeys: ['value'] });
const written = fc.record(
  {
    adminUserEnabled: fc.option(fc.boolean()),
    dataEndpointEnabled: fc.boolean(),
    publicNetworkAccess: word('Enabled', 'Disabled'),
    networkRuleSet: fc.option(fc.record({ defaultAction: word('Allow', 'Deny'), ipRules: fc.array(rule, { maxLength: 4 }) }, { requiredKeys: [] })),
    policies: fc.record(
      {
        exportPolicy: status,
        trustPolicy: status,
        retentionPolicy: fc.record({ days: fc.integer({ min: 0, max: 365 }), lastUpdatedTime: fc.string() }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    ),
    roleAssignmentMode: word('LegacyRegistryPermissions', 'AbacRepositoryPermissions'),
    provisioningState: fc.string(),
    unknown: fc.jsonValue(),
  },
  { requiredKeys: [] },
);

test('what the schema gives it takes again, unchanged, without what is read-only', () => {
  fc.assert(
    fc.property(written, (input) => {
      const { value, faults } = check(registryProperties, input);
      assert.equal(faults, undefined);
      assert.deepEqual(check(registryProperties, value).value, value);
      assert.ok(!('provisioningState' in value) && !('unknown' in value));
    }),
  );
});

test('no JSON makes the schema throw, and a refusal always says where', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (input) => {
      for (const schema of [registryProperties, registrySku])
        for (const fault of check(schema, input, 'properties').faults ?? []) assert.match(fault.target ?? '', /^properties/);
    }),
  );
});

test('the tier mirrors the name, whatever a client wrote', () => {
  assert.deepEqual(check(registrySku, { name: 'premium', tier: 'Basic' }).value, { name: 'Premium', tier: 'Premium' });
  assert.equal(check(registrySku, {}).faults?.length, 1);
});
