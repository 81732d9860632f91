/** Rights follow the scope down, wildcards up, and notActions out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ResourceKey } from '#base/resource-id.ts';
import { actionMatches, permits } from './access.ts';
import type { RoleAssignmentFact, RoleDefinitionFact, RolePermission } from './facts.ts';
import type { AccessPart } from './snapshot.ts';

const permission = (over: Partial<RolePermission>): RolePermission => ({ actions: [], notActions: [], dataActions: [], notDataActions: [], ...over });
const role = (name: string, ...permissions: RolePermission[]): RoleDefinitionFact => ({
  kind: 'role-definition',
  role: `/providers/microsoft.authorization/roledefinitions/${name}` as ResourceKey,
  name,
  roleName: name.toUpperCase(),
  permissions,
});
const assignment = (principalId: string, scope: string, roleName: string): RoleAssignmentFact => ({
  kind: 'role-assignment',
  assignment: `${scope}/providers/microsoft.authorization/roleassignments/${principalId}-${roleName}` as ResourceKey,
  scope,
  role: roleName,
  principalId,
});
function access(roles: RoleDefinitionFact[], assignments: RoleAssignmentFact[]): AccessPart {
  const byPrincipal = new Map<string, RoleAssignmentFact[]>();
  for (const item of assignments) byPrincipal.set(item.principalId, [...(byPrincipal.get(item.principalId) ?? []), item]);
  return { roles: new Map(roles.map((item) => [item.name, item])), assignments: byPrincipal, identities: new Map() };
}

const GROUP = '/subscriptions/s/resourcegroups/g';
const REGISTRY = `${GROUP}/providers/microsoft.containerregistry/registries/r`;
const PULL = 'Microsoft.ContainerRegistry/registries/pull/read';
const world = access(
  [
    role('owner', permission({ actions: ['*'] })),
    role('reader', permission({ actions: ['*/read'] })),
    role('contributor', permission({ actions: ['*'], notActions: ['Microsoft.Authorization/*/Write', 'Microsoft.Authorization/*/Delete'] })),
    role('acrpull', permission({ actions: [PULL] })),
    role('data', permission({ dataActions: ['Microsoft.ContainerRegistry/registries/repositories/content/*'], notDataActions: ['*/delete'] })),
    role('two', permission({ actions: ['a/*'], notActions: ['a/b'] }), permission({ actions: ['a/b'] })),
  ],
  [
    assignment('root', '/', 'owner'),
    assignment('group', GROUP, 'reader'),
    assignment('group', `${GROUP}x`, 'owner'),
    assignment('editor', GROUP, 'contributor'),
    assignment('puller', REGISTRY, 'acrpull'),
    assignment('data', REGISTRY, 'data'),
    assignment('two', GROUP, 'two'),
    assignment('dangling', '/', 'gone'),
  ],
);
const may = (principalId: string, action: string, scope: string): boolean => permits(world, { principalId }, { action }, scope).permitted;

test('an assignment holds at its scope and below, not beside or above', () => {
  assert.ok(may('root', 'anything/at/all', '/'));
  assert.ok(may('root', 'anything/at/all', REGISTRY));
  assert.ok(may('group', 'x/read', GROUP));
  assert.ok(may('group', 'x/read', REGISTRY));
  assert.ok(!may('group', 'x/read', '/subscriptions/s'));
  assert.ok(!may('group', 'x/write', `${GROUP}`));
  assert.ok(may('puller', PULL, REGISTRY));
  assert.ok(!may('puller', PULL, `${REGISTRY}2`), 'a sibling whose name only begins alike');
});

test('case is ignored in action, scope and principal', () => {
  assert.ok(may('PULLER', PULL.toUpperCase(), REGISTRY.toUpperCase()));
});

test('notActions are taken from the same permission only', () => {
  assert.ok(may('editor', 'Microsoft.Network/virtualNetworks/write', REGISTRY));
  assert.ok(!may('editor', 'microsoft.authorization/roleAssignments/write', REGISTRY));
  assert.ok(may('two', 'a/b', GROUP), 'the second permission grants what the first leaves out');
});

test('actions and data actions are apart', () => {
  const data = (dataAction: string): boolean => permits(world, { principalId: 'data' }, { dataAction }, REGISTRY).permitted;
  assert.ok(data('Microsoft.ContainerRegistry/registries/repositories/content/read'));
  assert.ok(!data('Microsoft.ContainerRegistry/registries/repositories/content/delete'));
  assert.ok(!may('data', 'Microsoft.ContainerRegistry/registries/repositories/content/read', REGISTRY));
  assert.ok(!permits(world, { principalId: 'root' }, { dataAction: 'x/read' }, '/').permitted, 'Owner has no data actions');
});

test('the grant names its role, assignment and scope; no grant names nothing', () => {
  assert.deepEqual(permits(world, { principalId: 'puller' }, { action: PULL }, REGISTRY), {
    permitted: true,
    role: 'ACRPULL',
    assignment: `${REGISTRY}/providers/microsoft.authorization/roleassignments/puller-acrpull`,
    scope: REGISTRY,
  });
  assert.deepEqual(permits(world, { principalId: 'dangling' }, { action: PULL }, REGISTRY), { permitted: false });
  assert.deepEqual(permits(world, { principalId: 'nobody' }, { action: PULL }, REGISTRY), { permitted: false });
});

test('wildcards match as the regular expression they stand for', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 3 });
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 4 }), fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 8 }), (pieces, action) => {
      const pattern = new RegExp(`^${pieces.map((text) => text.replaceAll('.', '\\.')).join('.*')}$`);
      assert.equal(actionMatches(pieces.join('*'), action), pattern.test(action));
    }),
    { numRuns: 500 },
  );
});
