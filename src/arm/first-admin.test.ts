import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { FakeClock } from '#base/clock.ts';
import { Directory } from '#identity/directory.ts';
import { Store } from '#store/store.ts';
import { type AdminCredentials, ensureFirstAdmin } from './first-admin.ts';
import { ensureFirstState } from './first-start.ts';
import { testTypes } from './fixture.ts';
import { TypeTable } from './types.ts';

test('the first administrator is made once, owns everything, and its password is kept before it holds', async () => {
  const store = await Store.open(':memory:');
  const clock = new FakeClock();
  const directory = await Directory.open({ store, clock });
  const types = new TypeTable(testTypes);
  const { tenantId, operator } = await ensureFirstState({ store, directory, types, clock, newGuid: randomUUID });
  const written: AdminCredentials[] = [];
  let cut = true;
  const start = () =>
    ensureFirstAdmin({
      store,
      directory,
      tenantId,
      clock,
      newGuid: randomUUID,
      keep: async (credentials) => {
        written.push(credentials);
        if (cut) throw new Error('the disk is full');
      },
    });

  await assert.rejects(start(), /the disk is full/);
  assert.equal(await directory.findUser('admin@postern.onmicrosoft.com'), undefined, 'nobody has a password that was not kept');
  cut = false;
  await start();
  const admin = written[1] as AdminCredentials;
  const identity = await directory.verifyUserPassword(admin.userPrincipalName, admin.password);
  assert.deepEqual([identity?.tenantId, identity?.kind], [tenantId, 'User']);
  const facts = (await store.resources.list()).flatMap((record) => types.factsOf(record));
  assert.deepEqual(
    facts.flatMap((fact) => (fact.kind === 'role-assignment' ? [`${fact.scope} ${fact.principalId}`] : [])).sort(),
    [`/ ${operator?.objectId}`, `/ ${identity?.objectId}`].sort(),
  );

  await directory.people.removeUser(identity?.objectId as string);
  await start();
  assert.equal(written.length, 2);
  assert.equal(await directory.findUser(admin.userPrincipalName), undefined, 'whoever deleted it meant that');
});
