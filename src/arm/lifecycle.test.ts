import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Cloud, faultOf, openCloud } from './fixture.ts';

const shop = (cloud: Cloud, name = 'one'): string => `${cloud.group}/providers/Contoso.Shop/shops/${name}`;
const net = (cloud: Cloud, name = 'n'): string => `${cloud.group}/providers/Contoso.Net/networks/${name}`;
const good = (cloud: Cloud, name = 'g'): string => `${cloud.group}/providers/Contoso.Shop/goods/${name}`;

test('PUT creates with 201, then replaces with 200; GET shows the envelope', async () => {
  const cloud = await openCloud();
  const created = await cloud.ask('PUT', shop(cloud, 'One'), { body: { location: 'West Europe', tags: { a: 'b' }, properties: { goods: ['x'] } } });
  assert.equal(created.status, 201);
  assert.equal(created.body.location, 'westeurope');
  assert.deepEqual(created.body.sku, { name: 'Small' });
  assert.equal((created.body.properties as { provisioningState: string }).provisioningState, 'Succeeded');
  const read = await cloud.ask('GET', shop(cloud, 'ONE').toLowerCase());
  assert.equal(read.status, 200);
  assert.equal(read.body.id, shop(cloud, 'One'), 'the id keeps the casing of its maker');
  assert.deepEqual(read.body, created.body);
  assert.equal(read.headers.etag, created.headers.etag);
  const replaced = await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope', properties: {} } });
  assert.equal(replaced.status, 200);
  assert.deepEqual((replaced.body.properties as { goods: string[] }).goods, []);
  assert.equal(replaced.body.tags, undefined, 'a PUT replaces');
  assert.notEqual(replaced.body.etag, created.body.etag);
});

test('the same content again writes no revision', async () => {
  const cloud = await openCloud();
  const body = { location: 'westeurope', identity: { type: 'SystemAssigned' }, properties: { goods: ['x', 'y'] } };
  const first = await cloud.ask('PUT', shop(cloud), { body });
  const revision = cloud.store.revision;
  const second = await cloud.ask('PUT', shop(cloud), { body });
  assert.equal(second.status, 200);
  assert.deepEqual(second.body, first.body);
  assert.equal(cloud.store.revision, revision);
});

test('PUT, GET, PUT of what was read changes nothing, whatever was put', async () => {
  const cloud = await openCloud();
  let count = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.record(
        {
          tags: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string({ maxLength: 10, unit: 'grapheme' }), { maxKeys: 3 }),
          sku: fc.constantFrom({ name: 'Small' }, { name: 'Large' }),
          identity: fc.constantFrom({ type: 'SystemAssigned' }, { type: 'None' }),
          properties: fc.record(
            {
              open: fc.boolean(),
              code: fc.string(),
              hours: fc.record({ from: fc.nat(10), to: fc.integer({ min: 11, max: 24 }) }),
              goods: fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/)),
            },
            { requiredKeys: [] },
          ),
        },
        { requiredKeys: [] },
      ),
      async (parts) => {
        const path = shop(cloud, `shop${++count}`);
        const made = await cloud.ask('PUT', path, { body: { location: 'westeurope', ...parts } });
        // A good of another shop's name is taken over: that is another test.
        assert.equal(made.status, 201, JSON.stringify(made.body));
        const before = await cloud.store.resources.list();
        const again = await cloud.ask('PUT', path, { body: made.body });
        assert.equal(again.status, 200);
        assert.deepEqual(again.body, made.body);
        assert.deepEqual(await cloud.store.resources.list(), before);
      },
    ),
    { numRuns: 60 },
  );
});

test('PATCH merges objects, replaces arrays and tags, and takes away with null', async () => {
  const cloud = await openCloud();
  await cloud.ask('PUT', shop(cloud), {
    body: { location: 'westeurope', tags: { a: '1', b: '2' }, sku: { name: 'Large' }, properties: { goods: ['x', 'y'], code: 'c', open: false } },
  });
  const patched = await cloud.ask('PATCH', shop(cloud), { body: { tags: { a: '3' }, properties: { hours: { to: 20 }, goods: ['z'], open: null } } });
  assert.equal(patched.status, 200, JSON.stringify(patched.body));
  assert.deepEqual(patched.body.tags, { a: '3' });
  assert.deepEqual(patched.body.sku, { name: 'Large' });
  const { hours, goods, open } = patched.body.properties as Record<string, unknown>;
  assert.deepEqual([hours, goods, open], [{ from: 8, to: 20 }, ['z'], true]);
  assert.equal((await cloud.ask('POST', `${shop(cloud)}/listCode`)).body.code, 'c');
  assert.equal((await cloud.ask('PATCH', shop(cloud, 'absent'), { body: {} })).status, 404);
});

test('secrets are shown nowhere and survive a PUT of what was read', async () => {
  const cloud = await openCloud();
  const made = await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope', properties: { code: 'secret-1' } } });
  const listed = await cloud.ask('GET', `${cloud.group}/providers/Contoso.Shop/shops`);
  assert.ok(!JSON.stringify([made.body, listed.body]).includes('secret-1'));
  await cloud.ask('PUT', shop(cloud), { body: { ...made.body, tags: { changed: 'yes' } } });
  assert.equal((await cloud.ask('POST', `${shop(cloud)}/listCode`)).body.code, 'secret-1');
});

test('all problems of a body come at once, each with its target', async () => {
  const cloud = await openCloud();
  const refused = await cloud.ask('PUT', shop(cloud, 'a-b'), {
    body: {
      location: 'atlantis',
      tags: { 'a/b': 'x' },
      sku: { name: 'Huge' },
      identity: { type: 'Borrowed' },
      properties: { open: 'yes', hours: { from: -1, to: 30 } },
    },
  });
  assert.equal(refused.status, 400);
  const { code, details } = faultOf(refused);
  assert.equal(code, 'MultipleErrorsOccurred');
  assert.deepEqual(details?.map(({ target }) => target).sort(), [
    'identity.type',
    'location',
    'name',
    'properties.hours.from',
    'properties.hours.to',
    'properties.open',
    'sku.name',
    'tags.a/b',
  ]);
  assert.equal((await cloud.ask('GET', shop(cloud, 'a-b'))).status, 404);
});

test('one problem is itself, without wrapping', async () => {
  const cloud = await openCloud();
  const refused = await cloud.ask('PUT', shop(cloud), { body: { location: 'mars' } });
  assert.equal(faultOf(refused).code, 'LocationNotAvailableForResourceType');
  assert.match(
    faultOf(refused).message,
    /^The provided location 'mars' is not available for resource type 'Contoso\.Shop\/shops'\. List of available regions for the resource type is '/,
  );
  assert.equal(faultOf(await cloud.ask('PUT', shop(cloud), { body: {} })).code, 'LocationRequired');
});

test('location and immutable properties are fixed at creation', async () => {
  const cloud = await openCloud();
  await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope', properties: { kind: 'books' } } });
  const moved = await cloud.ask('PUT', shop(cloud), { body: { location: 'eastus', properties: { kind: 'books' } } });
  assert.deepEqual([moved.status, faultOf(moved).code], [409, 'InvalidResourceLocation']);
  const changed = await cloud.ask('PATCH', shop(cloud), { body: { properties: { kind: 'bread' } } });
  assert.deepEqual([changed.status, faultOf(changed).code, faultOf(changed).target], [409, 'PropertyChangeNotAllowed', 'properties.kind']);
  const group = await cloud.ask('PUT', cloud.group, { body: { location: 'eastus' } });
  assert.deepEqual([group.status, faultOf(group).code], [409, 'InvalidResourceGroupLocation']);
});

test('what must exist first is asked in order', async () => {
  const cloud = await openCloud();
  const codeOf = async (method: string, path: string): Promise<string> =>
    faultOf(await cloud.ask(method, path, { body: { location: 'westeurope', properties: { prefix: '10.0.0.0/24' } } })).code;
  const other = '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg';
  assert.equal(await codeOf('PUT', `${other}/providers/Contoso.Net/networks/n`), 'SubscriptionNotFound');
  assert.equal(await codeOf('PUT', '/subscriptions/mine/resourceGroups/rg'), 'InvalidSubscriptionId');
  assert.equal(await codeOf('PUT', `${cloud.subscription}/resourceGroups/absent/providers/Contoso.Net/networks/n`), 'ResourceGroupNotFound');
  assert.equal(await codeOf('GET', `${cloud.subscription}/resourceGroups/absent/providers/Contoso.Net/networks/n`), 'ResourceGroupNotFound');
  assert.equal(await codeOf('PUT', `${net(cloud)}/ranges/r`), 'ParentResourceNotFound');
  assert.equal(await codeOf('GET', net(cloud)), 'ResourceNotFound');
  assert.equal(await codeOf('GET', `${cloud.subscription}/resourceGroups/absent`), 'ResourceGroupNotFound');
});

test('a provider that is not registered is named, until it is', async () => {
  const cloud = await openCloud();
  const provider = `${cloud.subscription}/providers/contoso.shop`;
  assert.equal((await cloud.ask('POST', `${provider}/unregister`)).body.registrationState, 'NotRegistered');
  const refused = await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope' } });
  assert.deepEqual([refused.status, faultOf(refused).code], [409, 'MissingSubscriptionRegistration']);
  assert.equal((await cloud.ask('POST', `${provider}/register`)).body.registrationState, 'Registered');
  assert.equal((await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope' } })).status, 201);
  assert.equal((await cloud.ask('POST', `${provider}/unregister`)).status, 409);
});

test('If-None-Match, If-Match and the etag of a body are conditions', async () => {
  const cloud = await openCloud();
  const put = async (path: string, headers: Record<string, string>, body: object = {}) => cloud.ask('PUT', path, { body, headers });
  assert.equal((await put(good(cloud), { 'if-match': '*' })).status, 412);
  const made = await put(good(cloud), { 'if-none-match': '*' });
  assert.equal(made.status, 201);
  const refused = await put(good(cloud), { 'if-none-match': '*' });
  assert.deepEqual([refused.status, faultOf(refused).code], [412, 'PreconditionFailed']);
  assert.match(faultOf(refused).message, /exists already/);
  const etag = made.body.etag as string;
  const changed = await put(good(cloud), { 'if-match': etag }, { properties: { by: 'me' } });
  assert.equal(changed.status, 200);
  assert.equal((await put(good(cloud), { 'if-match': etag }, { properties: { by: 'you' } })).status, 412);
  assert.equal((await put(good(cloud), {}, { etag, properties: { by: 'you' } })).status, 412, 'the body carries the old etag');
  assert.equal((await put(good(cloud), {}, { etag: changed.body.etag, properties: { by: 'you' } })).status, 200);
  assert.equal((await put(good(cloud, 'new'), {}, { etag })).status, 201, 'a body etag is no condition on what does not exist');
  assert.equal((await cloud.ask('DELETE', good(cloud), { headers: { 'if-match': etag } })).status, 412);
  const read = await cloud.ask('GET', good(cloud));
  assert.equal((await cloud.ask('GET', good(cloud), { headers: { 'if-none-match': read.body.etag as string } })).status, 304);
  // What a GET shows beyond the record makes the header's tag longer; as a condition of a write it is as good as the record's.
  const network = await cloud.ask('PUT', net(cloud), { body: { location: 'westeurope', properties: { prefix: '10.0.0.0/24' } } });
  const tag = network.headers.etag as string;
  assert.match(tag, new RegExp(`^${(network.body.etag as string).slice(0, -1)}\\.[0-9a-f]{16}"$`));
  assert.equal((await cloud.ask('GET', net(cloud), { headers: { 'if-none-match': tag } })).status, 304);
  assert.equal((await cloud.ask('HEAD', net(cloud))).headers.etag, tag);
  const tagged = { body: { location: 'westeurope', tags: { a: 'b' }, properties: { prefix: '10.0.0.0/24' } }, headers: { 'if-match': `"other", ${tag}` } };
  assert.equal((await cloud.ask('PUT', net(cloud), tagged)).status, 200);
  assert.equal((await cloud.ask('PUT', net(cloud), tagged)).status, 412);
  // A type without `etagInBody` takes the body's etag for what it is: read-only.
  await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope' } });
  assert.equal((await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope', etag: 'W/"old"', tags: { a: 'b' } } })).status, 200);
});

test('children in a body are written with their parent, all or nothing', async () => {
  const cloud = await openCloud();
  const body = (ranges?: object[]) => ({ location: 'westeurope', properties: { prefix: '10.0.0.0/16', ...(ranges ? { ranges } : {}) } });
  const one = { name: 'one', properties: { prefix: '10.0.1.0/24' } };
  const two = { name: 'two', properties: { prefix: '10.0.2.0/24' } };
  const made = await cloud.ask('PUT', net(cloud), { body: body([one, two]) });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const names = async (): Promise<string[]> => (await cloud.store.resources.children(net(cloud).toLowerCase() as never)).map(({ name }) => name);
  assert.deepEqual(await names(), ['one', 'two']);
  await cloud.ask('PUT', net(cloud), { body: body() });
  assert.deepEqual(await names(), ['one', 'two'], 'a body without the property leaves them');
  await cloud.ask('PATCH', net(cloud), { body: { tags: {} } });
  assert.deepEqual(await names(), ['one', 'two']);
  const refused = await cloud.ask('PUT', net(cloud), { body: body([one, { name: 'three', properties: { prefix: 'x', note: 5 } }, { properties: {} }, one]) });
  assert.equal(refused.status, 400);
  assert.deepEqual(
    faultOf(refused).details?.map(({ target }) => target),
    ['properties.ranges[1].properties.prefix', 'properties.ranges[1].properties.note', 'properties.ranges[2]', 'properties.ranges[3].name'],
  );
  const late = await cloud.ask('PUT', net(cloud), { body: body([{ name: 'four', properties: { prefix: '10.0.3.0/24', note: 'refuse me' } }]) });
  assert.deepEqual([faultOf(late).code, faultOf(late).target], ['Refused', 'properties.ranges[0].properties.note']);
  assert.deepEqual(await names(), ['one', 'two'], 'the refusal undid the deletion of what was not listed');
  await cloud.ask('PUT', net(cloud), { body: body([two]) });
  assert.deepEqual(await names(), ['two']);
});

test('an owner-made resource is updated by clients, not created', async () => {
  const cloud = await openCloud();
  await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope' } });
  const refused = await cloud.ask('PUT', `${shop(cloud)}/visits/v`, { body: { properties: { state: 'Open' } } });
  assert.deepEqual([refused.status, faultOf(refused).code], [400, 'CannotCreateResource']);
});

test('built-in resources are read and never changed', async () => {
  const cloud = await openCloud();
  const [role] = await cloud.store.resources.list({ type: 'Microsoft.Authorization/roleDefinitions' });
  assert.equal((await cloud.ask('GET', role?.id as string)).status, 200);
  for (const method of ['PUT', 'DELETE'])
    assert.equal(faultOf(await cloud.ask(method, role?.id as string, { body: { properties: {} } })).code, 'BuiltInResourceCannotBeChanged');
});

test('a write that throws changes nothing and says nothing of the bug', async () => {
  const cloud = await openCloud();
  await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope' } });
  const before = await cloud.store.resources.list();
  const broken = await cloud.ask('POST', `${shop(cloud)}/fail`);
  assert.equal(broken.status, 500);
  assert.ok(!JSON.stringify(broken.body).includes('a bug'));
  assert.deepEqual(await cloud.store.resources.list(), before);
});

test('concurrent writes of one resource happen one after the other', async () => {
  const cloud = await openCloud();
  const body = (index: number) => ({ location: 'westeurope', properties: { goods: [`g${index}`] } });
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => cloud.ask('PUT', shop(cloud), { body: body(index) })));
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  assert.equal(answers.filter(({ status }) => status === 200).length, 19);
  const owned = await cloud.store.resources.list({ type: 'Contoso.Shop/goods' });
  assert.deepEqual(
    owned.map(({ name }) => name),
    ['g19'],
  );
  const conditional = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      cloud.ask('PUT', good(cloud, 'x'), { body: { properties: { by: `${index}` } }, headers: { 'if-none-match': '*' } }),
    ),
  );
  assert.deepEqual(conditional.map(({ status }) => status).sort(), [201, ...Array(9).fill(412)]);
});

test('identities are assigned, kept, and filled from the identity resources', async () => {
  const cloud = await openCloud();
  const person = `${cloud.group}/providers/Contoso.Id/people/ann`;
  const ann = await cloud.ask('PUT', person, { body: { location: 'westeurope' } });
  const { principalId, clientId } = ann.body.properties as Record<string, string>;
  const made = await cloud.ask('PUT', shop(cloud), {
    body: { location: 'westeurope', identity: { type: 'UserAssigned, SystemAssigned', userAssignedIdentities: { [person.toUpperCase()]: {} } } },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const identity = made.body.identity as { type: string; principalId: string; userAssignedIdentities: object };
  assert.equal(identity.type, 'SystemAssigned, UserAssigned');
  assert.deepEqual(identity.userAssignedIdentities, { [person]: { principalId, clientId } });
  const kept = await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope' } });
  assert.deepEqual(kept.body.identity, identity, 'left out, it stays');
  const taken = await cloud.ask('PATCH', shop(cloud), { body: { identity: { type: 'SystemAssigned', userAssignedIdentities: { [person]: null } } } });
  assert.equal((taken.body.identity as typeof identity).principalId, identity.principalId);
  assert.equal((taken.body.identity as typeof identity).userAssignedIdentities, undefined);
  const none = await cloud.ask('PATCH', shop(cloud), { body: { identity: { type: 'None' } } });
  assert.equal(none.body.identity, undefined);
  const missing = await cloud.ask('PATCH', shop(cloud), { body: { identity: { type: 'UserAssigned', userAssignedIdentities: { [`${person}x`]: {} } } } });
  assert.deepEqual([missing.status, faultOf(missing).code], [400, 'LinkedResourceNotFound']);
});

test('an identity that was assigned stays so for who may not assign it, and falls off when it is deleted', async () => {
  const cloud = await openCloud();
  const person = `${cloud.group}/providers/Contoso.Id/people/ann`;
  await cloud.ask('PUT', person, { body: { location: 'westeurope' } });
  await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope', identity: { type: 'UserAssigned', userAssignedIdentities: { [person]: {} } } } });
  const owner = '/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
  await cloud.ask('PUT', `${shop(cloud)}/providers/Microsoft.Authorization/roleAssignments/a1`, {
    body: { properties: { roleDefinitionId: owner, principalId: 'bob' } },
  });
  assert.equal((await cloud.ask('PATCH', shop(cloud), { as: 'bob', body: { tags: { a: '1' } } })).status, 200);
  await cloud.ask('DELETE', person);
  const after = await cloud.ask('PATCH', shop(cloud), { body: { tags: { a: '2' } } });
  assert.equal(after.status, 200, JSON.stringify(after.body));
  assert.deepEqual((after.body.identity as { userAssignedIdentities: object }).userAssignedIdentities, {});
});

test('null in a PUT is as good as absent', async () => {
  const cloud = await openCloud();
  const made = await cloud.ask('PUT', shop(cloud), {
    body: { location: 'westeurope', tags: null, sku: null, identity: null, properties: { code: null, hours: { from: null }, goods: null } },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
});

test('assigning an identity needs the right to do so', async () => {
  const cloud = await openCloud();
  const person = `${cloud.group}/providers/Contoso.Id/people/ann`;
  await cloud.ask('PUT', person, { body: { location: 'westeurope' } });
  await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope' } });
  const owner = '/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
  await cloud.ask('PUT', `${shop(cloud)}/providers/Microsoft.Authorization/roleAssignments/a1`, {
    body: { properties: { roleDefinitionId: owner, principalId: 'bob' } },
  });
  const refused = await cloud.ask('PATCH', shop(cloud), { as: 'bob', body: { identity: { type: 'UserAssigned', userAssignedIdentities: { [person]: {} } } } });
  assert.deepEqual([refused.status, faultOf(refused).code], [403, 'LinkedAuthorizationFailed']);
});

test('settings that do not act yet are warned of and listed', async () => {
  const cloud = await openCloud();
  const made = await cloud.ask('PUT', shop(cloud), { body: { location: 'westeurope', properties: { open: false } } });
  assert.deepEqual(made.headers.warning, ['299 postern "open: the shop stays \\"open\\""']);
  assert.deepEqual((await cloud.ask('GET', shop(cloud))).headers.warning, made.headers.warning);
  assert.deepEqual(await cloud.arm.unenforcedSettings(), [{ id: shop(cloud), message: 'open: the shop stays "open"' }]);
});

test('HEAD answers 204 or 404', async () => {
  const cloud = await openCloud();
  assert.equal((await cloud.ask('HEAD', cloud.group)).status, 204);
  assert.equal((await cloud.ask('HEAD', `${cloud.group}x`)).status, 404);
});
