import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { Store } from '#store/store.ts';
import { faultOf, openCloud } from './fixture.ts';
import { Operations } from './operations.ts';

const RESOURCE = '/subscriptions/s/resourcegroups/g/providers/contoso.net/doors/d' as ResourceKey;
const OWNER = '/subscriptions/s/resourcegroups/g/providers/contoso.net/networks/n' as ResourceKey;
const broken = new Fault('internal', 'NoNamespace', 'No namespace.');

async function open(): Promise<{ store: Store; operations: Operations }> {
  const store = await Store.open(':memory:');
  return { store, operations: new Operations({ store, clock: new FakeClock() }) };
}
const operation = (revision: number, id = `op-${revision}`) => ({
  id,
  resource: RESOURCE,
  state: 'Creating' as const,
  revision,
  concerns: new Set<string>([RESOURCE, OWNER]),
  principalId: 'me',
});

test('a settled revision ends every operation up to it', async () => {
  const { operations } = await open();
  const followed = operations.follow(operation(3), 60_000);
  assert.equal(operations.provisioningState(RESOURCE), 'Creating');
  operations.settle(2, []);
  assert.equal(operations.provisioningState(RESOURCE), 'Creating');
  operations.settle(5, []);
  assert.equal(await followed, 'done');
  assert.equal(operations.provisioningState(RESOURCE), 'Succeeded');
  assert.equal(await operations.follow(operation(4), 60_000), 'done', 'what is settled already is done at once');
  assert.equal(await operations.settled(5, 0), true);
  assert.equal(await operations.settled(6, 0), false);
});

test('the fault of an owner fails what concerns it, until the owner is well again', async () => {
  const { operations } = await open();
  const followed = operations.follow(operation(3), 60_000);
  const other = operations.follow({ ...operation(3, 'other'), resource: OWNER, concerns: new Set([`${OWNER}2`]) }, 60_000);
  operations.settle(3, [{ revision: 3, owner: OWNER, fault: broken }]);
  await assert.rejects(followed, broken);
  assert.equal(await other, 'done');
  assert.equal(operations.provisioningState(RESOURCE), 'Failed');
  operations.settle(4, []);
  assert.equal(operations.provisioningState(RESOURCE), 'Failed', 'nobody has tried again');
  operations.settle(5, [{ revision: 5, owner: OWNER }]);
  assert.equal(operations.provisioningState(RESOURCE), 'Succeeded');
});

test('an outcome that came before anybody asked still counts', async () => {
  const { operations } = await open();
  operations.settle(3, [{ revision: 3, owner: OWNER, fault: broken }]);
  await assert.rejects(operations.follow(operation(3), 60_000), broken);
  assert.equal(await operations.follow(operation(2), 60_000).catch(() => 'failed'), 'failed');
});

test('a fault of an earlier revision does not fail a later write', async () => {
  const { operations } = await open();
  operations.settle(3, [{ revision: 3, owner: OWNER, fault: broken }]);
  operations.settle(4, []);
  assert.equal(await operations.follow(operation(4), 60_000), 'done');
});

test('a late operation can be polled, also after a restart', async () => {
  const { store, operations } = await open();
  assert.equal(await operations.follow(operation(3), 0), 'late');
  assert.equal((await operations.get('op-3'))?.status, 'InProgress');
  const restarted = new Operations({ store, clock: new FakeClock() });
  assert.equal((await restarted.get('op-3'))?.status, 'InProgress', 'the world is not made yet');
  restarted.settle(3, []);
  assert.equal((await restarted.get('op-3'))?.status, 'Succeeded');
  operations.settle(3, [{ revision: 3, owner: OWNER, fault: broken }]);
  assert.deepEqual((await operations.get('op-3'))?.error, { code: 'NoNamespace', message: 'No namespace.' });
  await store.write(async () => {});
  assert.equal((await new Operations({ store, clock: new FakeClock() }).get('op-3'))?.status, 'Failed');
  assert.equal(await operations.get('never'), undefined);
});

test('a write that the world is slow to follow answers 201 and is polled to its end', async () => {
  const cloud = await openCloud({ settleMs: 0 });
  cloud.settle();
  cloud.settling = false;
  const network = `${cloud.group}/providers/Contoso.Net/networks/n`;
  const late = await cloud.ask('PUT', network, { body: { location: 'westeurope', properties: { prefix: '10.0.0.0/16' } } });
  assert.equal(late.status, 201);
  assert.equal((late.body.properties as { provisioningState: string }).provisioningState, 'Creating');
  assert.equal(late.headers['retry-after'], '1');
  const url = new URL(late.headers['azure-asyncoperation'] as string);
  assert.match(url.pathname, /^\/subscriptions\/[^/]+\/providers\/Contoso\.Net\/locations\/westeurope\/operations\/[^/]+$/);
  const poll = () => cloud.ask('GET', `${url.pathname}${url.search}`);
  assert.equal((await poll()).body.status, 'InProgress');
  assert.equal((await cloud.ask('GET', `${url.pathname}${url.search}`, { as: 'bob' })).status, 403);
  cloud.settle();
  assert.equal((await poll()).body.status, 'Succeeded');
  assert.equal(((await cloud.ask('GET', network)).body.properties as { provisioningState: string }).provisioningState, 'Succeeded');

  const shop = await cloud.ask('PUT', `${cloud.group}/providers/Contoso.Shop/shops/one`, { body: { location: 'westeurope' } });
  assert.match(new URL(shop.headers['azure-asyncoperation'] as string).pathname, /\/shops\/one\/operationStatuses\/shops-[^/]+$/);

  const gone = await cloud.ask('DELETE', network);
  assert.equal(gone.status, 202);
  const result = new URL(gone.headers.location as string);
  const running = await cloud.ask('GET', `${result.pathname}${result.search}`);
  assert.deepEqual([running.status, running.headers['retry-after']], [202, '1']);
  cloud.settle();
  assert.equal((await cloud.ask('GET', `${result.pathname}${result.search}`)).status, 200);
  const group = await cloud.ask('DELETE', cloud.group);
  assert.equal(group.status, 202);
  cloud.settle();
  const ended = new URL(group.headers.location as string);
  assert.equal((await cloud.ask('GET', `${ended.pathname}${ended.search}`)).status, 200);
  assert.equal(faultOf(await cloud.ask('GET', ended.pathname.replace(/[^/]+$/, 'never'))).code, 'OperationNotFound');
});

test('a write whose network cannot be made answers with its fault and stays, Failed', async () => {
  const cloud = await openCloud();
  const network = `${cloud.group}/providers/Contoso.Net/networks/n`;
  cloud.outcomes.set(network.toLowerCase(), new Fault('unavailable', 'NetworkNotMade', 'The kernel refused.'));
  const failed = await cloud.ask('PUT', network, { body: { location: 'westeurope', properties: { prefix: '10.0.0.0/16', ranges: [] } } });
  assert.deepEqual([failed.status, faultOf(failed).code], [503, 'NetworkNotMade']);
  const read = await cloud.ask('GET', network);
  assert.equal((read.body.properties as { provisioningState: string }).provisioningState, 'Failed');
});

test('a job is answered with its result when it is quick, and polled when it is not', async () => {
  let finish: (value: unknown) => void = () => {};
  const jobs: unknown[] = [];
  const cloud = await openCloud({
    settleMs: 0,
    runJob: (job) => {
      jobs.push(job);
      return new Promise((resolve) => {
        finish = resolve;
      });
    },
  });
  const shop = `${cloud.group}/providers/Contoso.Shop/shops/one`;
  await cloud.ask('PUT', shop, { body: { location: 'westeurope', properties: { code: 'c' } } });
  const started = await cloud.ask('POST', `${shop}/stocktake`, { body: { what: 'apples' } });
  assert.equal(started.status, 202);
  assert.equal(started.headers['retry-after'], '1');
  assert.deepEqual(jobs, [{ kind: 'run-command', machine: shop.toLowerCase(), script: ['apples'], parameters: [] }]);
  const status = new URL(started.headers['azure-asyncoperation'] as string);
  const result = new URL(started.headers.location as string);
  assert.equal((await cloud.ask('GET', status.pathname)).body.status, 'InProgress');
  assert.equal((await cloud.ask('GET', result.pathname)).status, 202);
  assert.equal(
    ((await cloud.ask('GET', shop)).body.properties as { provisioningState: string }).provisioningState,
    'Succeeded',
    'a job leaves its resource as it is',
  );
  finish('three');
  await new Promise(setImmediate);
  assert.equal((await cloud.ask('GET', status.pathname)).body.status, 'Succeeded');
  assert.deepEqual((await cloud.ask('GET', result.pathname)).body, { counted: 'three' });
  const stranger = await cloud.ask('GET', result.pathname, { as: '00000000-0000-4000-8000-0000000000ff' });
  assert.equal(stranger.status, 403);
});

test('what a job throws is the answer, at once or at the poll', async () => {
  const { operations } = await open();
  const one = { id: 'one', resource: RESOURCE, principalId: 'me' };
  assert.deepEqual(await operations.run(one, async () => 5, 60_000), { result: 5 });
  await assert.rejects(
    operations.run(one, () => Promise.reject(broken), 60_000),
    broken,
  );
  let fail: (fault: Fault) => void = () => {};
  const job = (): Promise<never> =>
    new Promise((_resolve, reject) => {
      fail = reject;
    });
  const late = await operations.run({ ...one, id: 'two' }, job, 0);
  assert.equal(late, 'late');
  assert.equal(operations.provisioningState(RESOURCE), 'Succeeded');
  fail(broken);
  await new Promise(setImmediate);
  const polled = await operations.get('two');
  assert.deepEqual([polled?.status, polled?.error?.code, polled?.fault], ['Failed', 'NoNamespace', broken]);
});

test('a job that a restart cut off has failed', async () => {
  const { store, operations } = await open();
  await operations.run({ id: 'cut', resource: RESOURCE, principalId: 'me' }, () => new Promise(() => {}), 0);
  const after = new Operations({ store, clock: new FakeClock() });
  after.settle(9, []);
  const polled = await after.get('cut');
  assert.deepEqual([polled?.status, polled?.error?.code], ['Failed', 'OperationInterrupted']);
});
