/** Throttling by tier: off unless wanted, by identity, and counting down. docs/sources.md#registry-request-limits */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestLimits } from '#http/request-limits.ts';
import { Client, World } from './world.fixture.ts';

const REFERRERS = `/v2/app/referrers/sha256:${'a'.repeat(64)}`;

async function asked(client: Client, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < times; n++) statuses.push((await client.ask('GET', REFERRERS)).status);
  return statuses;
}

test('one identity gets half of what the registry has, and is told when to come again', async () => {
  const world = await World.open({ registry: { sku: 'Basic' } });
  const one = new Client(world, await world.principal('Owner'));
  const other = new Client(world, await world.principal('Owner'));
  const third = new Client(world, await world.principal('Owner'));
  assert.ok(!(await asked(one, 260)).includes(429), 'nobody is limited unless the operator wants it');
  world.newPlane(world.blobs, { requestLimits: new RequestLimits(world.clock) });
  assert.ok(!(await asked(one, 250)).includes(429));
  const refused = await one.ask('GET', REFERRERS);
  assert.deepEqual([refused.status, refused.code, refused.header('retry-after')], [429, 'TOOMANYREQUESTS', '60']);
  assert.match(refused.json.errors[0].message, /^Too many requests\. Please visit https:\/\/aka\.ms\/acr\/skus#sku-feature-matrix/);
  world.clock.advance(10_000);
  assert.equal((await one.ask('GET', REFERRERS)).header('retry-after'), '50');
  assert.equal((await one.ask('GET', '/v2/')).status, 200, 'other reads are counted apart');
  assert.ok(!(await asked(other, 250)).includes(429));
  assert.deepEqual(await asked(third, 1), [429], 'the registry has no more');
  world.clock.advance(50_000);
  assert.deepEqual(await asked(one, 1), [200]);
});

test('the limits of Premium are higher', async () => {
  const world = await World.open({ registry: { sku: 'Premium' } });
  world.newPlane(world.blobs, { requestLimits: new RequestLimits(world.clock) });
  const one = new Client(world, await world.principal('Owner'));
  assert.ok(!(await asked(one, 600)).includes(429));
});

test('deletions are counted apart from other writes, and may be fewer', async () => {
  const world = await World.open({ registry: { sku: 'Basic' } });
  world.newPlane(world.blobs, { requestLimits: new RequestLimits(world.clock) });
  const one = new Client(world, await world.principal('Owner'));
  for (let n = 0; n < 500; n++) assert.equal((await one.ask('DELETE', '/v2/app/manifests/none')).status, 404);
  assert.equal((await one.ask('DELETE', '/v2/app/manifests/none')).status, 429);
  assert.equal((await one.ask('POST', '/v2/app/blobs/uploads/')).status, 202);
});
