/** Rules of role definitions and assignments. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPlane, OPERATOR, REGISTRY } from '../control-plane.fixture.ts';
import { parseRoleFilter } from './role-filter.ts';

const ACR_PULL = '7f951dda-4ed3-4680-a7ca-43fe172d538d';
const PRINCIPAL = '22222222-2222-4222-8222-222222222222';
const guid = (digit: number): string => '########-####-4###-8###-############'.replaceAll('#', String(digit));
const assignmentAt = (scope: string, digit: number): string => `${scope}/providers/Microsoft.Authorization/roleAssignments/${guid(digit)}`;
const roleAt = (scope: string, name: string): string => `${scope}/providers/Microsoft.Authorization/roleDefinitions/${name}`;

async function furnished(): Promise<{ plane: ControlPlane; registry: string; assignment(role: string, principalId?: string): object }> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  return {
    plane,
    registry: plane.id(REGISTRY),
    assignment: (role, principalId = PRINCIPAL) => ({
      properties: { roleDefinitionId: roleAt(plane.subscription, role), principalId, principalType: 'serviceprincipal' },
    }),
  };
}

const names = (answer: { body: { value: { properties: { roleName: string } }[] } }): string[] =>
  answer.body.value.map(({ properties }) => properties.roleName).sort();

test('built-in roles are seen at every scope, by name and by id (docs/sources.md#role-assignments)', async () => {
  const { plane, registry } = await furnished();
  assert.deepEqual(names(await plane.get(roleAt(plane.subscription, '').slice(0, -1))), [
    'AcrDelete',
    'AcrPull',
    'AcrPush',
    'Contributor',
    'Network Contributor',
    'Owner',
    'Private DNS Zone Contributor',
    'Reader',
    'User Access Administrator',
  ]);
  const found = await plane.get(`${roleAt(registry, '').slice(0, -1)}?$filter=roleName eq 'acrpull'`);
  assert.equal(found.body.value.length, 1);
  assert.equal(found.body.value[0].name, ACR_PULL);
  assert.deepEqual(found.body.value[0].properties.permissions[0].actions, ['Microsoft.ContainerRegistry/registries/pull/read']);
  assert.equal(found.body.value[0].properties.type, 'BuiltInRole');
  for (const scope of ['', plane.subscription, registry]) assert.equal((await plane.get(roleAt(scope, ACR_PULL))).body.properties.roleName, 'AcrPull', scope);
  assert.equal((await plane.get(roleAt(plane.subscription, guid(9)))).status, 404);
  assert.equal((await plane.ask('DELETE', roleAt('', ACR_PULL))).status, 403);
});

test('an assignment shows its scope and who made it, and acts (docs/sources.md#role-assignments)', async () => {
  const { plane, registry, assignment } = await furnished();
  const answer = await plane.ask('PUT', assignmentAt(registry, 1), assignment(ACR_PULL));
  assert.equal(answer.status, 201);
  assert.equal(answer.body.properties.scope, registry);
  assert.equal(answer.body.properties.principalType, 'ServicePrincipal');
  assert.equal(answer.body.properties.createdBy, OPERATOR);
  assert.deepEqual(
    plane.snapshot.access.assignments.get(PRINCIPAL)?.map(({ scope, role }) => [scope, role]),
    [[registry.toLowerCase(), ACR_PULL]],
  );
});

test('role, principal and name are checked; a twin is refused; nothing is changed later', async () => {
  const { plane, registry, assignment } = await furnished();
  const missing = await plane.ask('PUT', assignmentAt(registry, 1), assignment(guid(9)));
  assert.equal(missing.status, 400);
  assert.deepEqual(missing.codes, ['RoleDefinitionDoesNotExist']);
  assert.deepEqual((await plane.ask('PUT', assignmentAt(registry, 1), assignment(ACR_PULL, 'me'))).codes, ['InvalidParameter']);
  assert.equal((await plane.ask('PUT', `${registry}/providers/Microsoft.Authorization/roleAssignments/pull`, assignment(ACR_PULL))).status, 400);

  await plane.put(assignmentAt(registry, 1), assignment(ACR_PULL));
  const twin = await plane.ask('PUT', assignmentAt(registry, 2), assignment(ACR_PULL.toUpperCase()));
  assert.equal(twin.status, 409);
  assert.deepEqual(twin.codes, ['RoleAssignmentExists']);
  await plane.put(assignmentAt(plane.subscription, 3), assignment(ACR_PULL));
  assert.equal((await plane.ask('PUT', assignmentAt(registry, 1), assignment(ACR_PULL))).status, 200);
  assert.deepEqual((await plane.ask('PUT', assignmentAt(registry, 1), assignment(ACR_PULL, guid(5)))).codes, ['RoleAssignmentUpdateNotPermitted']);
  assert.equal((await plane.ask('DELETE', assignmentAt(registry, 1))).status, 204);
});

test('lists show what is inherited; atScope() hides what lies below (docs/sources.md#role-assignments)', async () => {
  const { plane, registry, assignment } = await furnished();
  await plane.put(assignmentAt(registry, 1), assignment(ACR_PULL));
  await plane.put(assignmentAt(plane.subscription, 3), assignment(ACR_PULL));
  const list = async (scope: string, filter = ''): Promise<string[]> =>
    (await plane.get(`${scope}/providers/Microsoft.Authorization/roleAssignments${filter === '' ? '' : `?$filter=${filter}`}`)).body.value
      .filter(({ properties }: { properties: { principalId: string } }) => properties.principalId === PRINCIPAL)
      .map(({ name }: { name: string }) => name)
      .sort();
  assert.deepEqual(await list(registry, 'atScope()'), [guid(1), guid(3)]);
  assert.deepEqual(await list(plane.subscription, 'atScope()'), [guid(3)]);
  assert.deepEqual(await list(plane.subscription), [guid(1), guid(3)]);
  assert.deepEqual(await list(plane.subscription, `principalId eq '${PRINCIPAL}'`), [guid(1), guid(3)]);
  assert.deepEqual(await list(plane.subscription, `atScope() and assignedTo('${PRINCIPAL}')`), [guid(3)]);
  assert.deepEqual(await list(plane.subscription, `principalId eq '${guid(7)}'`), []);
});

test('custom roles: unique names, assigned where they may be, not deleted while assigned', async () => {
  const { plane, registry, assignment } = await furnished();
  const role = (roleName: string, scope = plane.subscription) => ({
    properties: { roleName, description: 'looks', assignableScopes: [scope], permissions: [{ actions: ['Microsoft.ContainerRegistry/*/read'] }] },
  });
  const shown = await plane.put(roleAt(plane.subscription, guid(4)), role('Looker'));
  assert.equal(shown.properties.type, 'CustomRole');
  assert.deepEqual(shown.properties.permissions, [{ actions: ['Microsoft.ContainerRegistry/*/read'], notActions: [], dataActions: [], notDataActions: [] }]);
  assert.deepEqual((await plane.ask('PUT', roleAt(plane.subscription, guid(5)), role('looker'))).codes, ['RoleDefinitionWithSameNameExists']);
  assert.deepEqual((await plane.ask('PUT', roleAt(plane.subscription, guid(5)), role('AcrPull'))).codes, ['RoleDefinitionWithSameNameExists']);
  const forged = await plane.ask('PUT', roleAt(plane.subscription, ACR_PULL), role('Mine'));
  assert.deepEqual(forged.codes, ['RoleDefinitionExists']);
  assert.ok(names(await plane.get(roleAt(registry, '').slice(0, -1))).includes('Looker'));
  await plane.put(assignmentAt(registry, 6), assignment(guid(4)));
  assert.deepEqual((await plane.ask('DELETE', roleAt(plane.subscription, guid(4)))).codes, ['RoleDefinitionHasAssignments']);
  await plane.ask('DELETE', assignmentAt(registry, 6));
  assert.equal((await plane.ask('DELETE', roleAt(plane.subscription, guid(4)))).status, 204);
});

test('a role is offered and changed only by who may write roles at all of its assignable scopes, and assigned nowhere else', async () => {
  const { plane, registry, assignment } = await furnished();
  const group = `${plane.subscription}/resourceGroups/rg2`;
  await plane.put(group, { location: 'westeurope' });
  const OWNER = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
  const as = '33333333-3333-4333-8333-333333333333';
  await plane.put(assignmentAt(group, 1), assignment(OWNER, as));
  const role = (...assignableScopes: string[]) => ({ properties: { roleName: 'Mine', assignableScopes, permissions: [{ actions: ['*'] }] } });

  for (const scopes of [['/'], ['//'], [plane.subscription], [group, registry]]) {
    const refused = await plane.ask('PUT', roleAt(group, guid(2)), role(...scopes), { as });
    assert.deepEqual([refused.status, refused.codes], [403, ['LinkedAuthorizationFailed']], scopes.join());
  }
  assert.equal((await plane.ask('PUT', roleAt(group, guid(2)), role(group), { as })).status, 201);
  assert.equal((await plane.ask('PUT', roleAt(group, guid(2)), role(`${group}/`), { as })).status, 201, 'also for one that is there');

  // Once an owner of more has offered it to more, the group's owner changes it no longer: who holds it elsewhere would be given more.
  await plane.put(roleAt(group, guid(2)), role(group, plane.subscription));
  assert.deepEqual((await plane.ask('PUT', roleAt(group, guid(2)), role(group), { as })).codes, ['LinkedAuthorizationFailed']);
  await plane.put(roleAt(group, guid(2)), role(group));

  assert.deepEqual((await plane.ask('PUT', assignmentAt(registry, 3), assignment(guid(2)))).codes, ['RoleAssignmentScopeNotAssignableToRoleDefinition']);
  assert.deepEqual((await plane.ask('PUT', assignmentAt('', 3), assignment(guid(2)))).codes, ['RoleAssignmentScopeNotAssignableToRoleDefinition']);
  assert.equal((await plane.ask('PUT', assignmentAt(group, 3), assignment(guid(2)))).status, 201);
});

test('a principal that is unknown, or is of another kind than said, is given nothing (docs/sources.md#principal-not-found)', async () => {
  const { plane, registry } = await furnished();
  const properties = { roleDefinitionId: roleAt('', ACR_PULL), principalId: PRINCIPAL };
  plane.principals.set(PRINCIPAL, undefined);
  const unknown = await plane.ask('PUT', assignmentAt(registry, 1), { properties });
  assert.deepEqual([unknown.status, unknown.codes], [400, ['PrincipalNotFound']]);
  assert.match(unknown.message, / does not exist in the directory /, 'az asks again on this text');
  const said = await plane.ask('PUT', assignmentAt(registry, 1), { properties: { ...properties, principalType: 'User' } });
  assert.deepEqual([said.status, said.body.properties.principalType], [201, 'User'], 'who says what it is may be ahead of the directory');
  plane.principals.set(PRINCIPAL, 'Group');
  const other = await plane.ask('PUT', assignmentAt(registry, 2), { properties: { ...properties, principalType: 'User' } });
  assert.deepEqual([other.status, other.codes], [400, ['UnmatchedPrincipalType']]);
  const found = await plane.ask('PUT', assignmentAt(plane.subscription, 2), { properties });
  assert.equal(found.body.properties.principalType, 'Group');
});

test('a condition is kept, shown and warned of, and what it could restrict is not granted', async () => {
  const { plane } = await furnished();
  const OWNER = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
  const condition = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (1 == 2))";
  const delegatedManagedIdentityResourceId = `${plane.subscription}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/x`;
  const properties = { roleDefinitionId: roleAt('', OWNER), principalId: PRINCIPAL, condition, conditionVersion: '2.0', delegatedManagedIdentityResourceId };
  const made = await plane.ask('PUT', assignmentAt(plane.subscription, 1), { properties });
  assert.equal(made.status, 201);
  assert.match(String(made.headers.warning), /condition: it is not evaluated/);
  assert.deepEqual(
    [made.body.properties.condition, made.body.properties.conditionVersion, made.body.properties.delegatedManagedIdentityResourceId],
    [condition, '2.0', delegatedManagedIdentityResourceId],
  );
  const as = { as: PRINCIPAL };
  assert.equal((await plane.ask('PUT', `${plane.subscription}/resourceGroups/c`, { location: 'westeurope' }, as)).status, 201);
  assert.equal((await plane.ask('GET', assignmentAt(plane.subscription, 1), undefined, as)).status, 200);
  const giving = await plane.ask('PUT', assignmentAt(plane.subscription, 2), { properties: { ...properties, condition: undefined, principalId: guid(7) } }, as);
  assert.deepEqual([giving.status, giving.codes], [403, ['AuthorizationFailed']]);
  assert.equal((await plane.ask('DELETE', assignmentAt(plane.subscription, 1), undefined, as)).status, 403);

  // The description and the condition of one may be changed; whom it is given to may not.
  const changed = await plane.ask('PUT', assignmentAt(plane.subscription, 1), {
    properties: { ...properties, condition: undefined, description: 'now without' },
  });
  assert.deepEqual([changed.status, changed.body.properties.description, changed.headers.warning], [200, 'now without', undefined]);
  assert.equal((await plane.ask('PUT', assignmentAt(plane.subscription, 2), { properties: { ...properties, principalId: guid(7) } }, as)).status, 201);
});

test('a conditionVersion is 2.0; there are no deny assignments', async () => {
  const { plane } = await furnished();
  const properties = { roleDefinitionId: roleAt('', ACR_PULL), principalId: PRINCIPAL, condition: 'x', conditionVersion: '3.0' };
  assert.deepEqual((await plane.ask('PUT', assignmentAt(plane.subscription, 1), { properties })).codes, ['InvalidParameter']);
  const denied = await plane.get(`${plane.subscription}/providers/Microsoft.Authorization/denyAssignments?$filter=atScope()`);
  assert.deepEqual([denied.status, denied.body.value], [200, []]);
});

test('filters: terms joined by and, names known, the rest refused', () => {
  assert.deepEqual(
    [...parseRoleFilter("roleName eq 'It''s' and type eq 'BuiltInRole'", ['roleName', 'type']).equal],
    [
      ['rolename', "it's"],
      ['type', 'builtinrole'],
    ],
  );
  assert.equal(parseRoleFilter('atScope()', ['principalId']).atScope, true);
  assert.equal(parseRoleFilter('atScopeAndBelow()', ['roleName']).atScope, false);
  assert.equal(parseRoleFilter(undefined, []).equal.size, 0);
  for (const bad of ["name ne 'x'", "roleName eq 'x' and", "other eq 'x'", 'atScope() or atScope()', "atScope()type eq 'x'", "assignedTo('x')"])
    assert.throws(() => parseRoleFilter(bad, ['roleName']), { code: 'InvalidFilterInQueryString' }, bad);
});
