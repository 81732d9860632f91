/** `importImage` (docs/sources.md#image-import): what becomes a job, and what may not leave its registry for another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '#arm/jobs.ts';
import { Fault } from '#base/fault.ts';
import { type Answer, ControlPlane, ENDPOINT, REGISTRY } from '../control-plane.fixture.ts';

const SOURCE = 'Microsoft.ContainerRegistry/registries/source';
const READER = '00000000-0000-4000-8000-00000000bbbb';
const IMAGE = { sourceImage: 'app:v1' };

async function furnished(): Promise<{ plane: ControlPlane; jobs: Job[]; ask: (body: object, as?: string, path?: string) => Promise<Answer> }> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(SOURCE, { location: 'westeurope', sku: { name: 'Premium' } });
  const jobs: Job[] = [];
  plane.runJob = async (job) => {
    jobs.push(job);
    return undefined;
  };
  const ask = (body: object, as?: string, path = REGISTRY) => plane.ask('POST', `${path}/importImage`, body, as === undefined ? {} : { as });
  return { plane, jobs, ask };
}
const by = (plane: ControlPlane) => ({ resourceId: plane.id(SOURCE), ...IMAGE });
async function give(plane: ControlPlane, scope: string, roleName: string): Promise<void> {
  const roles = (await plane.get(`${scope}/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName eq '${roleName}'`)).body.value;
  const path = `${scope}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`;
  await plane.put(path, { properties: { roleDefinitionId: roles[0].id, principalId: READER, principalType: 'ServicePrincipal' } });
}

test("the body becomes a job: a registry of the world by its id, however it is named, others by name; the operation's result is empty", async () => {
  const { plane, jobs, ask } = await furnished();
  const answer = await ask({ source: by(plane), targetTags: ['app:v1'], mode: 'force' });
  assert.deepEqual([answer.status, answer.body], [200, undefined]);
  const job = (source: object, over: object = {}) => ({
    kind: 'import-image',
    registry: plane.id(REGISTRY).toLowerCase(),
    source,
    targetTags: [],
    untaggedTargetRepositories: [],
    mode: 'NoForce',
    ...over,
  });
  assert.deepEqual(jobs.pop(), job({ ...IMAGE, resourceId: plane.id(SOURCE) }, { targetTags: ['app:v1'], mode: 'Force' }));
  await ask({ source: { registryUri: 'https://Source.azurecr.io/', resourceId: null, ...IMAGE }, untaggedTargetRepositories: ['a'], targetTags: null });
  assert.deepEqual(jobs.pop(), job({ ...IMAGE, resourceId: plane.id(SOURCE) }, { untaggedTargetRepositories: ['a'] }));
  await ask({ source: { registryUri: 'mcr.microsoft.com', ...IMAGE } });
  assert.deepEqual(jobs.pop(), job({ ...IMAGE, registryUri: 'mcr.microsoft.com' }));
  await ask({ source: { registryUri: 'source.azurecr.io', credentials: { password: 'p' }, ...IMAGE } });
  assert.deepEqual(jobs.pop(), job({ ...IMAGE, resourceId: plane.id(SOURCE), credentials: { username: '', password: 'p' } }));
});

test('what the job throws is the answer', async () => {
  const { plane, ask } = await furnished();
  plane.runJob = async () => {
    throw new Fault('conflict', 'Conflict', 'Tag app:v1 already exists in target registry.');
  };
  const answer = await ask({ source: by(plane) });
  assert.deepEqual([answer.status, answer.codes, answer.message], [409, ['Conflict'], 'Tag app:v1 already exists in target registry.']);
});

test('whoever imports needs the right here and the right to pull there, or credentials for there', async () => {
  const { plane, jobs, ask } = await furnished();
  assert.deepEqual((await ask({ source: by(plane) }, READER)).codes, ['AuthorizationFailed']);
  await give(plane, plane.id(REGISTRY), 'Contributor');
  for (const source of [by(plane), { registryUri: 'source.azurecr.io', ...IMAGE }, { ...IMAGE, resourceId: plane.id(`${SOURCE}2`) }]) {
    const answer = await ask({ source }, READER);
    assert.deepEqual([answer.status, answer.codes], [403, ['LinkedAuthorizationFailed']]);
    assert.match(
      answer.message,
      /registries\/importImage\/action' on scope .*permission to perform action 'Microsoft.ContainerRegistry\/registries\/pull\/read'/,
    );
  }
  assert.equal(jobs.length, 0);
  assert.equal((await ask({ source: { ...by(plane), credentials: { username: 'u', password: 'p' } } }, READER)).status, 200);
  await give(plane, plane.id(SOURCE), 'AcrPull');
  assert.equal((await ask({ source: by(plane) }, READER)).status, 200);
  assert.equal(jobs.length, 2);
});

test("another tenant's registry is as if it were not there, and nothing tells its id; credentials lead there", async () => {
  const { plane, jobs, ask } = await furnished();
  const { admin, subscription } = await plane.addTenant();
  const foreign = `${subscription}/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/foreign`;
  await plane.ask('PUT', `${subscription}/resourceGroups/rg`, { location: 'westeurope' }, { as: admin });
  const made = await plane.ask('PUT', foreign, { location: 'westeurope', sku: { name: 'Premium' } }, { as: admin });
  assert.equal(made.status, 201, made.message);
  const absent = await ask({ source: { ...IMAGE, resourceId: foreign.replace('foreign', 'absent') } });
  const there = await ask({ source: { ...IMAGE, resourceId: foreign } });
  assert.deepEqual([there.status, there.codes, there.message], [absent.status, absent.codes, absent.message.replace('absent', 'foreign')]);
  const named = await ask({ source: { ...IMAGE, registryUri: 'foreign.azurecr.io' } });
  assert.ok(named.status === 403 && !named.message.includes(subscription), named.message);
  assert.equal((await ask({ source: { ...IMAGE, registryUri: 'foreign.azurecr.io', credentials: { username: 'u', password: 'p' } } })).status, 200);
  assert.equal(jobs.length, 1);
});

test('exports that are disabled keep images in, but for another name in the same registry', async () => {
  const { plane, jobs, ask } = await furnished();
  await plane.put(ENDPOINT, plane.endpointBody());
  const closed = await plane.ask('PATCH', REGISTRY, { properties: { publicNetworkAccess: 'Disabled', policies: { exportPolicy: { status: 'disabled' } } } });
  assert.equal(closed.status, 200, closed.message);
  const source = { ...IMAGE, resourceId: plane.id(REGISTRY) };
  const answer = await ask({ source }, undefined, SOURCE);
  assert.deepEqual([answer.status, answer.codes], [403, ['ExportDisabled']]);
  assert.match(answer.message, /registry 'MyRegistry' has exports disabled/);
  assert.equal(jobs.length, 0);
  // Credentials are tried first: what they do not open tells them nothing.
  await ask({ source: { ...source, credentials: { password: 'p' } } }, undefined, SOURCE);
  assert.equal((jobs.pop() as Extract<Job, { kind: 'import-image' }>).source.closed?.code, 'ExportDisabled');
  assert.equal((await ask({ source })).status, 200);
  assert.equal((await ask({ source: by(plane) })).status, 200, 'it may import');
});

test('an import passes network rules as a trusted service, of the source and of the target, unless they trust none', async () => {
  const { plane, ask } = await furnished();
  const patch = (path: string, properties: object) => plane.ask('PATCH', path, { properties });
  for (const path of [SOURCE, REGISTRY])
    for (const restricted of [{ publicNetworkAccess: 'Disabled' }, { networkRuleSet: { defaultAction: 'Deny' } }]) {
      await patch(path, { ...restricted, networkRuleBypassOptions: 'AzureServices' });
      assert.equal((await ask({ source: by(plane) })).status, 200);
      await patch(path, { networkRuleBypassOptions: 'None' });
      const answer = await ask({ source: by(plane) });
      assert.deepEqual([answer.status, answer.codes], [403, ['TrustedServicesNotAllowed']]);
      assert.ok(answer.message.includes(path === SOURCE ? "'source'" : "'MyRegistry'"), answer.message);
      await patch(path, { publicNetworkAccess: 'Enabled', networkRuleSet: { defaultAction: 'Allow' } });
      assert.equal((await ask({ source: by(plane) })).status, 200, 'nothing is restricted');
    }
});

test('a body that is none is refused with what is wrong', async () => {
  const { plane, jobs, ask } = await furnished();
  for (const body of [
    {},
    { source: {} },
    { source: { sourceImage: 'a:b' } },
    { source: { ...by(plane), sourceImage: '' } },
    { source: { ...by(plane), resourceId: '/x' } },
    { source: { ...by(plane), resourceId: plane.id('Microsoft.Network/virtualNetworks/vnet-app') } },
    { source: by(plane), mode: 'Sometimes' },
    { source: by(plane), targetTags: 'app:v1' },
    { source: by(plane), targetTags: Array(101).fill('a:b') },
    { source: { ...by(plane), credentials: { username: 'u' } } },
  ])
    assert.equal((await ask(body)).status, 400, JSON.stringify(body));
  assert.equal(jobs.length, 0);
});
