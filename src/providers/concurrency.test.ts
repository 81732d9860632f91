/** Many writers at once: none loses what another wrote, and none gets what another has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ControlPlane, REGISTRY, ZONE } from './control-plane.fixture.ts';

test('thirty endpoints made at once all succeed, each with addresses of its own', async () => {
  const plane = await ControlPlane.open();
  await plane.furnish();
  const paths = Array.from({ length: 30 }, (_, n) => `Microsoft.Network/privateEndpoints/pe${n}`);
  const answers = await Promise.all(paths.map((path) => plane.ask('PUT', path, plane.endpointBody())));
  assert.deepEqual(
    answers.map(({ status }) => status),
    paths.map(() => 201),
  );
  const addresses = answers.flatMap(({ body }) => body.properties.customDnsConfigs.flatMap(({ ipAddresses }: { ipAddresses: string[] }) => ipAddresses));
  assert.equal(addresses.length, 60);
  assert.equal(new Set(addresses).size, 60);
  assert.equal((await plane.get(`${REGISTRY}/privateEndpointConnections`)).body.value.length, 30);
});

test('writers who read, add and write back under the etag they read lose nothing, however they interleave', async () => {
  const path = `${ZONE}/A/shared`;
  // Who takes the next step, by turns: each writer reads, then writes what it read with its own address added, and begins again when somebody was faster.
  const turns = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(turns, fc.constantFrom('header', 'body'), async (order, condition) => {
      const plane = await ControlPlane.open();
      await plane.furnish();
      await plane.put(ZONE, { location: 'global' });
      await plane.put(path, { properties: { ttl: 10, aRecords: [] } });
      const read = new Map<number, { etag: string; records: { ipv4Address: string }[] }>();
      const done = new Set<number>();
      const step = async (writer: number): Promise<void> => {
        const seen = read.get(writer);
        read.delete(writer);
        if (!seen) {
          const { body } = await plane.get(path);
          read.set(writer, { etag: body.etag, records: body.properties.aRecords });
          return;
        }
        const properties = { ttl: 10, aRecords: [...seen.records, { ipv4Address: `10.0.0.${writer + 1}` }] };
        const answer =
          condition === 'header'
            ? await plane.ask('PUT', path, { properties }, { headers: { 'if-match': seen.etag } })
            : await plane.ask('PUT', path, { etag: seen.etag, properties });
        assert.ok(answer.status === 200 || answer.status === 412, answer.message);
        if (answer.status === 200) done.add(writer);
      };
      for (const writer of order) if (!done.has(writer)) await step(writer);
      // Those that are left go at once.
      const left = [0, 1, 2, 3].filter((writer) => !done.has(writer));
      await Promise.all(
        left.map(async (writer) => {
          while (!done.has(writer)) await step(writer);
        }),
      );
      const records = (await plane.properties(path)).aRecords.map(({ ipv4Address }: { ipv4Address: string }) => ipv4Address);
      assert.deepEqual(records.sort(), ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']);
    }),
    { numRuns: 40 },
  );
});

test('of those who create the same under If-None-Match one succeeds', async () => {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(ZONE, { location: 'global' });
  const create = (n: number) => plane.ask('PUT', `${ZONE}/A/once`, { properties: { ttl: n } }, { headers: { 'if-none-match': '*' } });
  const statuses = (await Promise.all([1, 2, 3, 4, 5].map(create))).map(({ status }) => status).sort();
  assert.deepEqual(statuses, [201, 412, 412, 412, 412]);
});

test('patches of different parts at once all hold', async () => {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await Promise.all([
    plane.ask('PATCH', REGISTRY, { properties: { adminUserEnabled: true } }),
    plane.ask('PATCH', REGISTRY, { properties: { anonymousPullEnabled: true } }),
    plane.ask('PATCH', REGISTRY, { tags: { a: 'b' } }),
  ]);
  const { properties, tags } = (await plane.get(REGISTRY)).body;
  assert.deepEqual([properties.adminUserEnabled, properties.anonymousPullEnabled, tags], [true, true, { a: 'b' }]);
});
