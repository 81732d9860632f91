/** ARM's limits: told in every answer, held only where the operator wants them. docs/sources.md#arm-throttling */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestLimits } from '#http/request-limits.ts';
import { faultOf, openCloud } from './fixture.ts';

test('without limits an answer tells what a first request would be told', async () => {
  const cloud = await openCloud();
  for (let n = 0; n < 2; n++) {
    const { headers } = await cloud.ask('GET', cloud.group);
    assert.deepEqual([headers['x-ms-ratelimit-remaining-subscription-reads'], headers['x-ms-ratelimit-remaining-subscription-global-reads']], ['249', '3749']);
  }
  const write = await cloud.ask('PUT', cloud.group, { body: { location: 'westeurope' } });
  assert.equal(write.headers['x-ms-ratelimit-remaining-subscription-writes'], '199');
  assert.equal((await cloud.ask('GET', '/subscriptions')).headers['x-ms-ratelimit-remaining-tenant-reads'], '249');
  assert.equal((await cloud.ask('DELETE', `${cloud.group}/providers/Contoso.Shop/shops/x`)).headers['x-ms-ratelimit-remaining-subscription-deletes'], '199');
});

test('with limits each principal has a bucket that fills again', async () => {
  const cloud = await openCloud({ requestLimits: (clock) => new RequestLimits(clock) });
  const statuses = new Set<number>();
  for (let n = 0; n < 250; n++) statuses.add((await cloud.ask('GET', cloud.group)).status);
  assert.deepEqual([...statuses], [200]);
  const refused = await cloud.ask('GET', cloud.group);
  assert.deepEqual([refused.status, faultOf(refused).code, refused.headers['retry-after']], [429, 'SubscriptionRequestsThrottled', '1']);
  assert.equal(refused.headers['x-ms-ratelimit-remaining-subscription-reads'], '0');
  assert.notEqual((await cloud.ask('GET', cloud.group, { as: '00000000-0000-4000-8000-0000000000ff' })).status, 429, 'another principal has its own');
  assert.notEqual((await cloud.ask('PUT', cloud.group, { body: { location: 'westeurope' } })).status, 429, 'writes are counted apart');
  cloud.clock.advance(1000);
  assert.equal((await cloud.ask('GET', cloud.group)).headers['x-ms-ratelimit-remaining-subscription-reads'], '24');
});

test('with limits one script runs in a machine at a time', async () => {
  let finish: (value: unknown) => void = () => {};
  const open = async (limited: boolean) => {
    const cloud = await openCloud({
      settleMs: 0,
      runJob: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
      ...(limited ? { requestLimits: (clock) => new RequestLimits(clock) } : {}),
    });
    const shop = `${cloud.group}/providers/Contoso.Shop/shops/one`;
    await cloud.ask('PUT', shop, { body: { location: 'westeurope', properties: { code: 'c' } } });
    return { cloud, ask: () => cloud.ask('POST', `${shop}/stocktake`, { body: {} }) };
  };
  const { ask } = await open(true);
  assert.equal((await ask()).status, 202);
  const second = await ask();
  assert.deepEqual([second.status, faultOf(second).code], [409, 'Conflict']);
  finish('done');
  await new Promise(setImmediate);
  assert.equal((await ask()).status, 202);
  const free = await open(false);
  assert.deepEqual([(await free.ask()).status, (await free.ask()).status], [202, 202]);
});
