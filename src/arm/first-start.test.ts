import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { FakeClock } from '#base/clock.ts';
import type { DomainName } from '#base/domain-name.ts';
import { Fault } from '#base/fault.ts';
import { Directory } from '#identity/directory.ts';
import { Store } from '#store/store.ts';
import { ensureFirstState, requireDomain } from './first-start.ts';
import { testTypes } from './fixture.ts';
import { TypeTable } from './types.ts';

test('the first start makes tenant, subscription, roles and operator; later ones find them', async () => {
  const store = await Store.open(':memory:');
  const clock = new FakeClock();
  const directory = await Directory.open({ store, clock });
  const start = (types = testTypes) => ensureFirstState({ store, directory, types: new TypeTable(types), clock, newGuid: randomUUID });
  const first = await start();
  assert.ok(first.operator);
  const identity = await directory.verifySecret(first.operator.appId, first.operator.secret);
  assert.deepEqual([identity?.objectId, identity?.tenantId], [first.operator.objectId, first.tenantId]);
  const { revision } = store;
  const second = await start();
  assert.deepEqual(second, { tenantId: first.tenantId, subscriptionId: first.subscriptionId });
  assert.equal(store.revision, revision, 'nothing is written twice');
  const again = await ensureFirstState({ store, directory, types: new TypeTable(testTypes), clock, newGuid: randomUUID, operatorKnown: false });
  assert.deepEqual([again.operator?.objectId, again.operator?.appId], [first.operator.objectId, first.operator.appId]);
  assert.ok(await directory.verifySecret(first.operator.appId, again.operator?.secret as string), 'lost credentials are made anew');
  const types = new TypeTable(testTypes);
  const facts = (await store.resources.list()).flatMap((record) => types.factsOf(record));
  assert.deepEqual(
    facts.filter(({ kind }) => kind === 'role-assignment').map((fact) => fact.kind === 'role-assignment' && [fact.scope, fact.principalId]),
    [['/', first.operator.objectId]],
  );
  // A newer version says something else of a built-in resource.
  const [roles, ...others] = testTypes;
  const [owner] = roles?.builtIn ?? [];
  assert.ok(roles && owner);
  await start([{ ...roles, builtIn: [{ ...owner, body: { properties: { ...owner.body.properties, description: 'new' } } }] }, ...others]);
  assert.equal((await store.resources.get(owner.id.toLowerCase() as never))?.body.properties.description, 'new');
});

test('a data folder keeps the domain it was made for', async () => {
  const store = await Store.open(':memory:');
  const [azure, own] = ['azurecr.io' as DomainName, 'registry.corp.example' as DomainName];
  await requireDomain(store, azure);
  const { revision } = store;
  await requireDomain(store, azure);
  assert.equal(store.revision, revision);
  await assert.rejects(requireDomain(store, own), (error) => {
    assert.ok(error instanceof Fault);
    assert.equal(error.code, 'DataFolderDomain');
    assert.match(error.message, /made for the domain 'azurecr\.io'.*--domain azurecr\.io, or .*--data DIR --domain registry\.corp\.example/);
    return true;
  });
  await requireDomain(store, azure);
});
