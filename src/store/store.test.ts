/** The store: transactions, the change feed, references, and what a second opener sees. */
import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { CompiledQuery } from 'kysely';
import { Fault } from '#base/fault.ts';
import { resourceKey } from '#base/resource-id.ts';
import { migrations } from './migrations.ts';
import { listPrincipals, secretsOf } from './principals.ts';
import { type Change, Store } from './store.ts';
import { listTenants } from './tenants.ts';

const id = (name: string): string => `/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/${name}`;
const record = (name: string, properties: Record<string, string> = {}) => ({
  key: resourceKey(id(name)),
  id: id(name),
  type: 'Microsoft.X/things',
  name,
  parent: resourceKey('/subscriptions/s/resourceGroups/g'),
  owner: undefined,
  body: { properties },
  hidden: {},
  etag: '1',
});

test('a rehearsal tells what it would change, and changes nothing', async () => {
  const store = await Store.open(':memory:');
  await store.write(({ resources }) => resources.put(record('a')));
  const told: Change[] = [];
  store.subscribe((change) => told.push(change));
  const { value, resources } = await store.rehearse(async (transaction) => {
    await transaction.resources.delete(record('a').key);
    await transaction.resources.put(record('b'));
    await transaction.resources.put(record('c'));
    await transaction.resources.delete(record('c').key);
    return transaction.changes().length;
  });
  assert.equal(value, 2);
  assert.deepEqual(
    resources.map(({ key, before, after }) => [key, before === undefined, after === undefined]),
    [
      [record('a').key, false, true],
      [record('b').key, true, false],
    ],
  );
  assert.deepEqual([store.revision, (await store.resources.list()).map(({ name }) => name), told], [1, ['a'], []]);
  await assert.rejects(
    store.rehearse(() => Promise.reject(new Error('no'))),
    /no/,
  );
});

test('a transaction that throws leaves nothing and tells nobody', async () => {
  const store = await Store.open(':memory:');
  const told: Change[] = [];
  store.subscribe((change) => told.push(change));
  await assert.rejects(
    store.write(async (transaction) => {
      await transaction.resources.put(record('a'));
      throw new Error('no');
    }),
    /no/,
  );
  assert.equal(await store.resources.get(resourceKey(id('a'))), undefined);
  assert.deepEqual(told, []);
  assert.equal(store.revision, 0);
  await store.close();
});

test('each transaction is one change, told in order, with what was before', async () => {
  const store = await Store.open(':memory:');
  const told: Change[] = [];
  store.subscribe((change) => told.push(change));
  await Promise.all([
    store.write(async ({ resources }) => {
      await resources.put(record('a'));
      await resources.put(record('a', { v: '2' }));
    }),
    store.write(({ resources }) => resources.put(record('a', { v: '3' }))),
    store.write(({ resources }) => resources.delete(resourceKey(id('a')))),
  ]);
  assert.deepEqual(
    told.map(({ revision, resources }) => [revision, resources.map(({ before, after }) => [before?.body.properties.v, after?.body.properties.v])]),
    [
      [1, [[undefined, '2']]],
      [2, [['2', '3']]],
      [3, [['3', undefined]]],
    ],
  );
  await store.close();
});

test('a transaction that changes no resource makes no revision', async () => {
  const store = await Store.open(':memory:');
  await store.write(async ({ database }) => database.insertInto('settings').values({ name: 'x', value: 'y' }).execute());
  await store.write(async ({ resources }) => {
    await resources.put(record('a'));
    await resources.delete(resourceKey(id('a')));
  });
  assert.equal((await store.write(async () => 1)).revision, store.revision);
  await store.close();
});

test('referrers are found by any id in the body, in values and in names, and forgotten with the record', async () => {
  const store = await Store.open(':memory:');
  const target = resourceKey(id('target'));
  await store.write(async ({ resources }) => {
    await resources.put(record('a', { deep: id('TARGET') }));
    await resources.put(record('b', { [id('target')]: 'x' }));
    await resources.put(record('c', { text: 'not an id' }));
  });
  assert.deepEqual(
    (await store.resources.referrers(target)).map(({ name }) => name),
    ['a', 'b'],
  );
  const a = await store.resources.get(resourceKey(id('a')));
  assert.deepEqual({ ...(await store.resources.referrerTags(target))[0] }, { key: a?.key, id: a?.id, etag: a?.etag });
  await store.write(async ({ resources }) => {
    await resources.delete(resourceKey(id('a')));
    await resources.put(record('b'));
  });
  assert.deepEqual(await store.resources.referrers(target), []);
  assert.deepEqual(await store.resources.referrerTags(target), []);
  await store.close();
});

test('children are counted by type', async () => {
  const store = await Store.open(':memory:');
  const parent = resourceKey(id('a'));
  await store.write(async ({ resources }) => {
    await resources.put(record('a'));
    for (const name of ['x', 'y']) await resources.put({ ...record(name), parent });
    await resources.put({ ...record('z'), parent, type: 'Microsoft.X/others' });
  });
  const { type } = record('x');
  assert.equal(await store.resources.countChildren(parent, type), 2);
  assert.equal(await store.resources.countChildren(resourceKey(id('x')), type), 0);
  await store.close();
});

test('a list below a scope does not take in its neighbours', async () => {
  const store = await Store.open(':memory:');
  await store.write(async ({ resources }) => {
    await resources.put(record('a'));
    await resources.put({ ...record('a'), key: resourceKey('/subscriptions/s/resourceGroups/g2/providers/Microsoft.X/things/z'), name: 'z' });
  });
  assert.deepEqual(
    (await store.resources.list({ under: '/subscriptions/s/resourcegroups/g' })).map(({ name }) => name),
    ['a'],
  );
  await store.close();
});

test('a file is found again by the next opener, and one of a newer version is refused unchanged', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-store-'));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'x.db');
  const first = await Store.open(path);
  await first.write(({ resources }) => resources.put(record('a')));
  await first.close();
  const second = await Store.open(path);
  assert.equal(second.revision, 1);
  assert.equal((await second.resources.get(resourceKey(id('a'))))?.revision, 1);
  await second.close();
  const raw = new DatabaseSync(path);
  raw.exec('pragma user_version = 999');
  raw.close();
  await assert.rejects(Store.open(path), (error) => error instanceof Fault && error.code === 'DataFolderTooNew');
});

test('reads see committed state only, and do not wait for a writer', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-store-'));
  context.after(() => rm(folder, { recursive: true }));
  const store = await Store.open(join(folder, 'x.db'));
  await store.write(async ({ resources }) => {
    await resources.put(record('a'));
    assert.equal(await store.resources.get(resourceKey(id('a'))), undefined);
    assert.ok(await resources.get(resourceKey(id('a'))));
  });
  assert.ok(await store.resources.get(resourceKey(id('a'))));
  await store.close();
});

test('a full disk is told as such, undoes all, and hinders nobody afterwards', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-'));
  context.after(() => rm(folder, { recursive: true }));
  for (const path of [':memory:', join(folder, 'postern.db')]) {
    const store = await Store.open(path);
    // SQLite answers a database at its bound as a full disk: SQLITE_FULL.
    const bound = (pages: number) => store.write(({ database }) => database.executeQuery(CompiledQuery.raw(`pragma max_page_count = ${pages}`)));
    await bound(1);
    const before = store.revision;
    const full = store.write(({ resources }) => resources.put(record('big', { filler: 'x'.repeat(5_000_000) })));
    await assert.rejects(full, (error) => error instanceof Fault && error.kind === 'insufficientStorage' && /no space left.*free space/.test(error.message));
    assert.equal(store.revision, before);
    assert.equal(await store.resources.get(record('big').key), undefined);
    await bound(1_000_000);
    await store.write(({ resources }) => resources.put(record('big', { filler: 'x'.repeat(5_000_000) })));
    assert.equal(store.revision, before + 1);
    await store.close();
  }
});

test('the database is for its user only, and one that cannot be used says what to do', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-'));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'postern.db');
  writeFileSync(path, '', { mode: 0o644 });
  const store = await Store.open(path);
  await store.write(({ resources }) => resources.put(record('one')));
  for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix);
  await store.close();
  writeFileSync(path, 'not a database'.repeat(1000));
  await assert.rejects(Store.open(path), (error) => error instanceof Fault && error.code === 'DatabaseNotUsable' && /--data/.test(error.message));
});

test('principals and secrets of the first schema become applications of the first tenant with theirs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-migration-'));
  try {
    const path = join(folder, 'postern.db');
    const old = new DatabaseSync(path);
    old.exec(`${migrations[0]}; pragma user_version = 1;
      insert into settings values ('tenantId', 'tenant-1');
      insert into principals values ('o1', 'a1', 'ServicePrincipal', 'one', 't1'), ('o2', 'a2', 'ServicePrincipal', 'two', 't2');
      insert into principal_secrets values ('k1', 'o1', 's', 'h', 'first', 't3');`);
    old.close();
    const store = await Store.open(path);
    const principals = await listPrincipals(store.database, 'tenant-1');
    assert.deepEqual(
      (await listTenants(store.database)).map(({ id, domain }) => [id, domain]),
      [['tenant-1', 'postern.onmicrosoft.com']],
    );
    assert.deepEqual(await listPrincipals(store.database, ''), []);
    const guids = new Set(principals.map(({ applicationId }) => applicationId));
    assert.equal(guids.size, 2);
    for (const guid of guids) assert.match(guid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.deepEqual(principals.map(({ appId, objectId, displayName, createdAt }) => [appId, objectId, displayName, createdAt]).sort(), [
      ['a1', 'o1', 'one', 't1'],
      ['a2', 'o2', 'two', 't2'],
    ]);
    assert.deepEqual(await secretsOf(store.database, 'a1'), [
      { keyId: 'k1', appId: 'a1', salt: 's', hash: 'h', displayName: 'first', startsAt: 't1', expiresAt: 't3' },
    ]);
    await store.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
