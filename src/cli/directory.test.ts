/** The commands about principals, over a directory that answers from a list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import type { JsonObject } from '#base/json.ts';
import { Commands } from './quickstart/commands.ts';
import { type Answered, FakeServer, S, TENANT } from './server.fixture.ts';

const R = `${S}/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/myregistry`;
const APP = '33333333-3333-3333-3333-333333333333';
const OID = '44444444-4444-4444-4444-444444444444';
const NOBODY = '55555555-5555-5555-5555-555555555555';
const old = { keyId: 'old' };

interface Directory {
  readonly applications?: JsonObject[];
  readonly servicePrincipals?: JsonObject[];
  /** What a PUT is answered with. */
  readonly put?: Answered;
}

/** Runs one command line. `calls`: what was asked but for reads of roles, as `METHOD path` and body. */
async function run(line: string, { applications = [], servicePrincipals = [], put }: Directory = {}) {
  await using server = await FakeServer.open();
  server.answer = ({ method, path, query, body }) => {
    if (path.endsWith('/roleDefinitions')) return { body: { value: [{ id: '/roles/pull', properties: { roleName: 'AcrPull' } }] } };
    if (method === 'PUT') return put ?? { status: 201, body: { id: '/a', properties: {} } };
    if (method === 'DELETE' || path.endsWith('/removePassword')) return { status: 204 };
    if (path.endsWith('/addPassword')) return { body: { secretText: 'S3cret' } };
    if (path.endsWith('/getByIds')) return { body: { value: servicePrincipals.filter(({ id }) => (body as { ids: string[] }).ids.includes(id as string)) } };
    if (method === 'POST') return { status: 201, body: { id: path.endsWith('applications') ? 'app-object' : OID, appId: APP, passwordCredentials: [] } };
    const [, , set, id] = path.split('/');
    const all = set === 'applications' ? applications : servicePrincipals;
    if (id !== undefined) return all.some((one) => one.id === id) ? { body: all.find((one) => one.id === id) } : undefined;
    const wanted = /'(.*)'/.exec(query.get('$filter') ?? '')?.[1];
    const found = all.filter(({ appId, displayName }) => wanted === undefined || [appId, displayName].includes(wanted));
    // One a page.
    const at = Number(query.get('$skiptoken') ?? 0);
    const more = at + 1 < found.length ? { '@odata.nextLink': `https://elsewhere.example${path}?$skiptoken=${at + 1}` } : {};
    return { body: { value: found.slice(at, at + 1), ...more } };
  };
  const result = await new Commands(server.management(), server.folder).run(line).catch((error: unknown) => error as Error);
  const asked = server.asked.filter(({ path }) => !path.endsWith('/roleDefinitions'));
  const writes = asked
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path, body }): [string, JsonObject] => [
      `${method} ${path.replace(/[0-9a-f-]{36}$/, (guid) => ([APP, OID].includes(guid) ? guid : 'NEW'))}`,
      body as JsonObject,
    ]);
  return { result: result as JsonObject & Error, asked, writes };
}

test('ad sp create-for-rbac: a password that holds as long as asked, the principal, its roles; printed as az prints it', async () => {
  const { result, writes, asked } = await run(`ad sp create-for-rbac -n ci --role acrpull --scopes ${R}/ ${S} --years 2`);
  assert.deepEqual(result, { appId: APP, displayName: 'ci', password: 'S3cret', tenant: TENANT });
  assert.deepEqual(
    writes.map(([call]) => call),
    [
      'POST /v1.0/applications',
      'POST /v1.0/applications/app-object/addPassword',
      'POST /v1.0/servicePrincipals',
      `PUT ${R}/providers/Microsoft.Authorization/roleAssignments/NEW`,
      `PUT ${S}/providers/Microsoft.Authorization/roleAssignments/NEW`,
    ],
  );
  assert.equal(asked[0]?.query.get('$filter'), "displayName eq 'ci'");
  const [, [, password]] = writes as [unknown, [string, JsonObject]];
  const { startDateTime, endDateTime } = password.passwordCredential as { startDateTime: string; endDateTime: string };
  assert.equal(Number(endDateTime.slice(0, 4)) - Number(startDateTime.slice(0, 4)), 2);
  assert.ok(Math.abs(Date.parse(startDateTime) - systemClock.now()) < 60_000);
  assert.deepEqual(writes[3]?.[1], { properties: { roleDefinitionId: '/roles/pull', principalId: OID, principalType: 'ServicePrincipal' } });
});

test('ad sp create-for-rbac again: the same application, a new password, the earlier ones end, the role is there already', async () => {
  const application = { id: 'o', appId: APP, displayName: 'ci', passwordCredentials: [old] };
  const { result, writes } = await run(`ad sp create-for-rbac -n ci --role AcrPull --scopes ${R}`, {
    applications: [application],
    servicePrincipals: [{ id: OID, appId: APP, displayName: 'ci' }],
    put: { status: 409, body: { error: { code: 'RoleAssignmentExists', message: 'there' } } },
  });
  assert.equal(result.appId, APP);
  assert.deepEqual(
    writes.map(([call]) => call),
    ['POST /v1.0/applications/o/addPassword', `PUT ${R}/providers/Microsoft.Authorization/roleAssignments/NEW`, 'POST /v1.0/applications/o/removePassword'],
  );
  assert.deepEqual(writes[2]?.[1], old);
  const refused = await run(`ad sp create-for-rbac -n ci --role AcrPull --scopes ${R}`, {
    put: { status: 403, body: { error: { code: 'No', message: 'no' } } },
  });
  assert.match(refused.result.message, /\(No\)/);
  const twice = await run('ad sp create-for-rbac -n ci', { applications: [application, { ...application, id: 'p' }] });
  assert.match(twice.result.message, /2 applications are named 'ci'/);
});

test('nothing is made when the command line or the role is wrong', async () => {
  for (const [line, words] of [
    [`ad sp create-for-rbac -n ci --role Nobody --scopes ${R}`, /Role 'Nobody' doesn't exist/],
    ['ad sp create-for-rbac -n ci --role AcrPull', /both --role and --scopes/],
    [`ad sp create-for-rbac -n ci --scopes ${R}`, /both --role and --scopes/],
    ['ad sp create-for-rbac -n ci --years 0', /--years 0/],
    ['ad sp create-for-rbac -n ci --years 9999', /--years 9999/],
    [`ad sp credential reset --id ${APP} --years -1`, /--years -1/],
  ] as const) {
    const { result, writes } = await run(line);
    assert.match(result.message, words);
    assert.deepEqual(writes, []);
  }
});

test('ad sp and app list follow their pages on this server only; show, delete and reset take either id', async () => {
  const principal = { id: OID, appId: APP, displayName: 'ci', passwordCredentials: [old] };
  const both = { servicePrincipals: [principal, { ...principal, id: 'x', displayName: 'other' }], applications: [{ id: 'o', appId: APP }] };
  assert.equal((await run('ad sp list --all', both)).result.length, 2);
  const { asked } = await run("ad sp list --display-name O'Brien", both);
  assert.equal(asked[0]?.query.get('$filter'), "startswith(displayName,'O''Brien')");
  assert.equal((await run('ad app list', both)).result.length, 1);
  for (const id of [APP, OID]) {
    assert.equal((await run(`ad sp show --id ${id}`, both)).result.displayName, 'ci');
    assert.deepEqual((await run(`ad sp delete --id ${id}`, both)).writes, [[`DELETE /v1.0/servicePrincipals/${OID}`, undefined]]);
  }
  assert.equal((await run(`ad sp show --id ${NOBODY}`, both)).result.status, 404);
  for (const id of [APP, 'o']) assert.deepEqual((await run(`ad app delete --id ${id}`, both)).writes, [['DELETE /v1.0/applications/o', undefined]]);
  const { result, writes } = await run(`ad sp credential reset --id ${APP}`, both);
  assert.deepEqual(result, { appId: APP, password: 'S3cret', tenant: TENANT });
  assert.deepEqual(
    writes.map(([call]) => call),
    [`POST /v1.0/servicePrincipals/${OID}/addPassword`, `POST /v1.0/servicePrincipals/${OID}/removePassword`],
  );
  assert.equal((await run(`ad sp credential reset --id ${APP} --append`, both)).writes.length, 1);
});

test('the operator does not cut off the branch it sits on', async () => {
  const own = { id: OID, appId: 'app', displayName: 'postern-operator', passwordCredentials: [old] };
  const both = { servicePrincipals: [own], applications: [own] };
  for (const line of ['ad sp delete --id app', 'ad app delete --id app', 'ad sp credential reset --id app', 'ad sp create-for-rbac -n postern-operator']) {
    const { result, writes } = await run(line, both);
    assert.match(result.message, /is the operator/, line);
    assert.deepEqual(writes, [], line);
  }
});

test('role assignment create --assignee: an appId is looked up, an object id too, and nobody is refused', async () => {
  const servicePrincipals = [{ id: OID, appId: APP }];
  for (const id of [APP, OID]) {
    const { writes } = await run(`role assignment create --assignee ${id} --role AcrPull --scope ${R}`, { servicePrincipals });
    assert.equal((writes.at(-1)?.[1]?.properties as JsonObject | undefined)?.principalId, OID);
  }
  const { result, writes } = await run(`role assignment create --assignee ${NOBODY} --role AcrPull --scope ${R}`, { servicePrincipals });
  assert.match(result.message, /No user, group or service principal has/);
  assert.ok(!writes.some(([call]) => call.startsWith('PUT')));
});
