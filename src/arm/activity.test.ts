/** The activity log: what was done with what did it, what was refused beside it, and who may see which of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { insertActivity, listActivity, pruneActivity } from '#store/activity.ts';
import { Store } from '#store/store.ts';
import { parseActivityFilter } from './activity-list.ts';
import { type Ask, type Cloud, openCloud, READER_ROLE } from './fixture.ts';

// biome-ignore lint/suspicious/noExplicitAny: events are read freely here.
type Event = any;
async function logged(cloud: Cloud, filter = '', options: Ask & { more?: string } = {}): Promise<Event[]> {
  const query = `api-version=2015-04-01${filter === '' ? '' : `&$filter=${encodeURIComponent(filter)}`}${options.more ?? ''}`;
  const answer = await cloud.ask('GET', `${cloud.subscription}/providers/microsoft.insights/eventtypes/management/values?${query}`, options);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.value as Event[];
}
const shop = (cloud: Cloud, name: string): string => `${cloud.group}/providers/Contoso.Shop/shops/${name}`;
const told = (events: Event[]): string[] =>
  events.map(({ operationName, status, subStatus }) => `${operationName.localizedValue}: ${status.value}, ${subStatus.value}`);

test('each change is told with who, from where, what and what came of it; reads are not', async () => {
  const cloud = await openCloud();
  const id = shop(cloud, 'books');
  await cloud.ask('PUT', id, { body: { location: 'westeurope' }, headers: { 'x-ms-correlation-request-id': 'together', 'x-ms-client-request-id': 'mine' } });
  await cloud.ask('GET', id);
  await cloud.ask('PATCH', id, { body: { tags: { a: 'b' } } });
  await cloud.ask('POST', `${id}/listCode`);
  await cloud.ask('DELETE', id);
  await cloud.ask('DELETE', id);
  const events = await logged(cloud);
  assert.deepEqual(told(events), [
    'Delete Shop: Succeeded, OK',
    'List Code: Succeeded, OK',
    'Create or Update Shop: Succeeded, OK',
    'Create or Update Shop: Succeeded, Created',
    'Create or Update Resource Group: Succeeded, Created',
  ]);
  const first = events[3];
  assert.equal(first.operationName.value, 'Contoso.Shop/shops/write');
  assert.equal(first.subStatus.localizedValue, 'Created (HTTP Status Code: 201)');
  assert.deepEqual(
    [first.resourceId, first.resourceGroupName, first.resourceProviderName.value, first.resourceType.value],
    [id, 'rg', 'Contoso.Shop', 'Contoso.Shop/shops'],
  );
  assert.deepEqual([first.correlationId, first.httpRequest], ['together', { clientRequestId: 'mine', clientIpAddress: '127.0.0.1', method: 'PUT' }]);
  assert.deepEqual([first.caller, first.level, first.category.value], ['00000000-0000-4000-8000-000000000001', 'Informational', 'Administrative']);
  assert.match(first.id, /\/events\/[^/]+\/ticks\/6\d{17}$/);
  assert.equal(first.eventTimestamp, new Date(cloud.clock.now()).toISOString());
  assert.equal(JSON.stringify(events).includes('"code"'), false);
});

test('what was refused is told as Failed with its code, and only what was refused of a change', async () => {
  const cloud = await openCloud();
  const id = shop(cloud, 'books');
  await cloud.ask('PUT', id, { body: { location: 'nowhere' } });
  await cloud.ask('PUT', id, { body: { location: 'westeurope' }, as: 'nobody' });
  await cloud.ask('GET', shop(cloud, 'none'));
  await cloud.ask('GET', id, { as: 'nobody' });
  await cloud.ask('PUT', id, { body: {}, as: null });
  const refused = await logged(cloud, "status eq 'Failed'");
  assert.deepEqual(told(refused), ['Create or Update Shop: Failed, Forbidden', 'Create or Update Shop: Failed, BadRequest']);
  const [forbidden] = refused;
  assert.deepEqual([forbidden.level, forbidden.caller], ['Error', 'nobody']);
  assert.equal(JSON.parse(forbidden.properties.statusMessage).error.code, 'AuthorizationFailed');
});

test('a change that is undone is told as refused alone: the event goes with the transaction', async () => {
  const cloud = await openCloud();
  const id = shop(cloud, 'books');
  await cloud.ask('PUT', id, { body: { location: 'westeurope' } });
  assert.equal((await cloud.ask('POST', `${id}/fail`)).status, 500);
  const [event, ...others] = await logged(cloud, `resourceUri eq '${id}'`);
  assert.deepEqual([event.status.value, event.subStatus.value, others.length], ['Failed', 'InternalServerError', 1]);
  assert.doesNotMatch(JSON.stringify(event), /a bug/);
});

test('filters: time, group, resource, caller, provider, correlation; quoted or bare; the rest is refused', async () => {
  const cloud = await openCloud();
  const [one, two] = [shop(cloud, 'one'), shop(cloud, 'two')];
  await cloud.ask('PUT', one, { body: { location: 'westeurope' }, headers: { 'x-ms-correlation-request-id': 'C1' } });
  await cloud.clock.advance(60_000);
  await cloud.ask('PUT', two, { body: { location: 'westeurope' } });
  const later = new Date(cloud.clock.now()).toISOString();
  const ids = async (filter: string): Promise<string[]> => (await logged(cloud, filter)).map(({ resourceId }) => resourceId);
  assert.deepEqual(await ids(`eventTimestamp ge '${later}'`), [two]);
  assert.deepEqual(
    await ids(`eventTimestamp ge 2020-01-01T00:00:00Z and eventTimestamp le ${later.replace('Z', '+00:00')} and resourceUri eq '${one.toUpperCase()}'`),
    [one],
  );
  assert.deepEqual(await ids("eventTimestamp ge '2020-01-01T00:00:00Z' and resourceGroupName eq 'RG' and resourceProvider eq 'contoso.shop'"), [two, one]);
  assert.deepEqual(await ids('resourceProvider eq Contoso.Shop and correlationId eq C1'), [one]);
  assert.deepEqual(await ids("caller eq 'somebody'"), []);
  assert.deepEqual(await ids("resourceGroupName eq 'other'"), []);
  for (const bad of ["eventTimestamp gt 'x'", "eventTimestamp ge 'x'", "name eq 'x'", "caller eq 'x' or caller eq 'y'", "caller eq 'x' and", 'caller'])
    assert.throws(() => parseActivityFilter(bad), { code: 'BadRequest' }, bad);
  const [only] = await logged(cloud, `resourceUri eq '${one}'`, { more: '&$select=caller,status' });
  assert.deepEqual(Object.keys(only), ['caller', 'status']);
});

test('pages of 200, each event once, the newest first', async () => {
  const cloud = await openCloud();
  for (let index = 0; index < 450; index++) await cloud.ask('PATCH', cloud.group, { body: { tags: { n: String(index) } } });
  const seen: string[] = [];
  let path: string | undefined = `${cloud.subscription}/providers/Microsoft.Insights/eventTypes/management/values?api-version=2015-04-01`;
  for (let pages = 0; path !== undefined && pages < 10; pages++) {
    const { body } = await cloud.ask('GET', path);
    const value = body.value as Event[];
    assert.ok(value.length <= 200);
    seen.push(...value.map(({ eventDataId }) => eventDataId));
    path = (body.nextLink as string | undefined)?.replace('https://localhost:8443', '');
  }
  assert.equal(seen.length, 451);
  assert.equal(new Set(seen).size, 451);
});

test('who may read a part of the subscription sees what happened there; who may read nothing is refused', async () => {
  const cloud = await openCloud();
  const other = `${cloud.subscription}/resourceGroups/other`;
  await cloud.ask('PUT', other, { body: { location: 'westeurope' } });
  const assignment = `${other}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111111`;
  await cloud.ask('PUT', assignment, {
    body: { properties: { roleDefinitionId: READER_ROLE, principalId: 'ann' } },
  });
  const seen = await logged(cloud, '', { as: 'ann' });
  assert.deepEqual([...new Set(seen.map(({ resourceGroupName }) => resourceGroupName))], ['other']);
  const refused = await cloud.ask('GET', `${cloud.subscription}/providers/microsoft.insights/eventtypes/management/values?api-version=2015-04-01`, {
    as: 'nobody',
  });
  assert.equal(refused.status, 403);
});

test('a ring for refusals and one for the rest: old ones go, of their own kind and place only', async () => {
  const store = await Store.open(':memory:');
  const record = (refused: boolean, at: string, n: number, place = 's') => ({
    place,
    resource: `${n}`,
    resourceGroup: '',
    caller: '',
    at,
    refused,
    correlationId: '',
    event: {},
  });
  await store.write(async ({ database }) => {
    for (let n = 0; n < 10; n++) await insertActivity(database, record(n % 2 === 1, n < 2 ? '2020' : '2026', n));
    await insertActivity(database, record(true, '2020', 10, 'other'));
    await pruneActivity(database, { place: 's', refused: true, keep: 2, before: '2021' });
  });
  const left = async (place = 's'): Promise<string[]> => (await listActivity(store.database, { place, limit: 100 })).map(({ resource }) => resource);
  assert.deepEqual(await left(), ['9', '8', '7', '6', '4', '2', '0']);
  await store.write(({ database }) => pruneActivity(database, { place: 's', refused: false, keep: 100, before: '2021' }));
  assert.deepEqual(await left(), ['9', '8', '7', '6', '4', '2']);
  assert.deepEqual(await left('other'), ['10'], "what happens in one place drives out nothing of another's");
});

test('any number of refusals is a bounded number of events', async () => {
  const cloud = await openCloud();
  await Promise.all(Array.from({ length: 3000 }, () => cloud.ask('PUT', shop(cloud, 'books'), { body: {}, as: 'nobody' })));
  await cloud.ask('PUT', cloud.group, { body: {}, as: 'nobody' });
  await logged(cloud);
  const { count } = (await cloud.store.database
    .selectFrom('activity_events')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('refused', '=', 1)
    .executeTakeFirstOrThrow()) as { count: number };
  assert.ok(count > 0 && count <= 2_100, `${count} refusals are kept`);
});

test('pages come by an index, in order: no page reads and sorts the whole log', async () => {
  const store = await Store.open(':memory:');
  const plan = await sql<{ detail: string }>`explain query plan select event from activity_events
    where subscription = 's' and at >= '2026' and sequence < 9 order by sequence desc limit 200`.execute(store.database);
  assert.deepEqual(
    plan.rows.map(({ detail }) => detail.replace(/ \(.*/, '')),
    ['SEARCH activity_events USING INDEX activity_events_order'],
  );
});
