/** Rights follow the scope down, wildcards up, and notActions out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ResourceKey } from '#base/resource-id.ts';
import { actionMatches, permits, type Right } from './access.ts';
import type { RoleAssignmentFact, RoleDefinitionFact, RolePermission, SubscriptionFact } from './facts.ts';
import type { AccessPart } from './snapshot.ts';

const permission = (over: Partial<RolePermission>): RolePermission => ({ actions: [], notActions: [], dataActions: [], notDataActions: [], ...over });
const role = (name: string, ...permissions: RolePermission[]): RoleDefinitionFact => ({
  kind: 'role-definition',
  role: `/providers/microsoft.authorization/roledefinitions/${name}` as ResourceKey,
  name,
  roleName: name.toUpperCase(),
  permissions,
});
const assignment = (principalId: string, scope: string, roleName: string, over: Partial<RoleAssignmentFact> = {}): RoleAssignmentFact => ({
  kind: 'role-assignment',
  assignment: `${scope}/providers/microsoft.authorization/roleassignments/${principalId}-${roleName}` as ResourceKey,
  scope,
  role: roleName,
  principalId,
  ...(scope === '/' ? { tenantId: 't' } : {}),
  ...over,
});
function access(roles: RoleDefinitionFact[], assignments: RoleAssignmentFact[]): AccessPart {
  const byPrincipal = new Map<string, RoleAssignmentFact[]>();
  for (const item of assignments) byPrincipal.set(item.principalId, [...(byPrincipal.get(item.principalId) ?? []), item]);
  const subscriptions = ['s', 'two'].map((name): [ResourceKey, SubscriptionFact] => {
    const subscription = `/subscriptions/${name}` as ResourceKey;
    return [subscription, { kind: 'subscription', subscription, tenantId: name === 's' ? 't' : 'other' }];
  });
  return { roles: new Map(roles.map((item) => [item.name, item])), assignments: byPrincipal, identities: new Map(), subscriptions: new Map(subscriptions) };
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
const may = (principalId: string, action: string, scope: string): boolean => permits(world, { principalId, tenantId: 't' }, { action }, scope).permitted;

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
  const data = (dataAction: string): boolean => permits(world, { principalId: 'data', tenantId: 't' }, { dataAction }, REGISTRY).permitted;
  assert.ok(data('Microsoft.ContainerRegistry/registries/repositories/content/read'));
  assert.ok(!data('Microsoft.ContainerRegistry/registries/repositories/content/delete'));
  assert.ok(!may('data', 'Microsoft.ContainerRegistry/registries/repositories/content/read', REGISTRY));
  assert.ok(!permits(world, { principalId: 'root', tenantId: 't' }, { dataAction: 'x/read' }, '/').permitted, 'Owner has no data actions');
});

test('the grant names its role, assignment and scope; no grant names nothing', () => {
  assert.deepEqual(permits(world, { principalId: 'puller', tenantId: 't' }, { action: PULL }, REGISTRY), {
    permitted: true,
    role: 'ACRPULL',
    assignment: `${REGISTRY}/providers/microsoft.authorization/roleassignments/puller-acrpull`,
    scope: REGISTRY,
  });
  assert.deepEqual(permits(world, { principalId: 'dangling', tenantId: 't' }, { action: PULL }, REGISTRY), { permitted: false });
  assert.deepEqual(permits(world, { principalId: 'nobody', tenantId: 't' }, { action: PULL }, REGISTRY), { permitted: false });
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

test('no right crosses into another tenant, nor into a subscription that is not there', () => {
  assert.ok(may('root', 'x/read', GROUP));
  const foreign = '/subscriptions/two/resourcegroups/g';
  const given = access(
    [role('owner', permission({ actions: ['*'], dataActions: ['*'] }))],
    [assignment('root', '/', 'owner'), assignment('root', foreign, 'owner')],
  );
  for (const scope of [foreign, '/subscriptions/two', '/subscriptions/three', '/subscriptions/'])
    for (const right of [{ action: 'x/read' }, { dataAction: 'x/read' }])
      assert.equal(permits(given, { principalId: 'root', tenantId: 't' }, right, scope).permitted, false, scope);
  assert.ok(permits(given, { principalId: 'root', tenantId: 'other' }, { action: 'x/read' }, foreign).permitted, 'its own tenant');
  assert.equal(permits(given, { principalId: 'root', tenantId: 'other' }, { action: 'x/read' }, '/').permitted, false, 'the `/` of another tenant');
  assert.equal(permits(given, { principalId: 'root', tenantId: 'other' }, { action: 'x/read' }, '/subscriptions/two').permitted, false);
});

test('what a group has its members have, and no others', () => {
  const given = access(
    [role('owner', permission({ actions: ['*'] })), role('reader', permission({ actions: ['*/read'] }))],
    [assignment('team', '/', 'owner'), assignment('ann', GROUP, 'reader')],
  );
  const ann = { principalId: 'ann', tenantId: 't' };
  assert.equal(permits(given, ann, { action: 'x/write' }, GROUP).permitted, false);
  assert.deepEqual(permits(given, { ...ann, groupIds: ['others', 'TEAM'] }, { action: 'x/write' }, GROUP).scope, '/');
  assert.equal(permits(given, { ...ann, groupIds: ['team'] }, { action: 'x/read' }, GROUP).scope, '/', 'the widest grant is named');
  assert.equal(permits(given, { ...ann, tenantId: 'other', groupIds: ['team'] }, { action: 'x/write' }, '/').permitted, false);
});

test('an assignment with a condition gives no data action and no right to give rights', () => {
  const given = access([role('owner', permission({ actions: ['*'], dataActions: ['*'] }))], [assignment('ann', GROUP, 'owner', { conditional: true })]);
  const held = (right: Right): boolean => permits(given, { principalId: 'ann', tenantId: 't' }, right, REGISTRY).permitted;
  assert.ok(held({ action: 'Microsoft.ContainerRegistry/registries/write' }));
  assert.ok(held({ action: 'Microsoft.Authorization/roleAssignments/read' }));
  for (const action of ['write', 'delete']) assert.ok(!held({ action: `MICROSOFT.Authorization/roleAssignments/${action}` }), action);
  assert.ok(!held({ action: 'Microsoft.Authorization/elevateAccess/action' }));
  assert.ok(!held({ dataAction: 'Microsoft.ContainerRegistry/registries/repositories/content/read' }));
});

test('over any tree of scopes, roles, groups and tenants: permitted exactly when some assignment says so', () => {
  const scopes = ['/', '/subscriptions/s', GROUP, REGISTRY, `${REGISTRY}/replications/x`, '/subscriptions/two', '/subscriptions/two/resourcegroups/g'];
  const scope = fc.constantFrom(...scopes);
  const name = fc.constantFrom('a/read', 'a/write', 'b/read', '*', '*/read', 'a/*');
  const list = fc.array(name, { maxLength: 2 });
  const permissions = fc.array(fc.record({ actions: list, notActions: list, dataActions: list, notDataActions: list }), { minLength: 1, maxLength: 2 });
  const principals = ['ann', 'g1', 'g2'];
  const held = fc.record({
    who: fc.constantFrom(...principals),
    at: scope,
    role: fc.constantFrom('r0', 'r1', 'none'),
    conditional: fc.boolean(),
    tenantId: fc.constantFrom('t', 'other'),
  });
  const asked = fc.record({
    tenantId: fc.constantFrom('t', 'other'),
    groupIds: fc.subarray(['g1', 'g2']),
    at: scope,
    name: fc.constantFrom('a/read', 'a/write', 'b/read'),
    data: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.tuple(permissions, permissions), fc.array(held, { maxLength: 6 }), asked, ([r0, r1], assignments, ask) => {
      const given = access(
        [role('r0', ...r0), role('r1', ...r1)],
        assignments.map(({ who, at, role: roleName, conditional, tenantId }, index) => ({
          ...assignment(who, at, roleName, { conditional, ...(at === '/' ? { tenantId } : {}) }),
          assignment: `${index}` as ResourceKey,
        })),
      );
      // The definition, read slowly: no short cut of the code is in it.
      const home = (at: string): string | undefined => (at.startsWith('/subscriptions/two') ? 'other' : at.startsWith('/subscriptions/s') ? 't' : undefined);
      const covers = (patterns: readonly string[]): boolean => patterns.some((pattern) => actionMatches(pattern, ask.name));
      const expected =
        (home(ask.at) ?? ask.tenantId) === ask.tenantId &&
        assignments.some(
          ({ who, at, role: roleName, conditional, tenantId }) =>
            (who === 'ann' || ask.groupIds.includes(who)) &&
            (at === '/' ? tenantId === ask.tenantId : ask.at === at || ask.at.startsWith(`${at}/`)) &&
            !(conditional && ask.data) &&
            (roleName === 'r0' ? r0 : roleName === 'r1' ? r1 : []).some((each) =>
              ask.data ? covers(each.dataActions) && !covers(each.notDataActions) : covers(each.actions) && !covers(each.notActions),
            ),
        );
      const right: Right = ask.data ? { dataAction: ask.name } : { action: ask.name };
      const principal = { principalId: 'ann', tenantId: ask.tenantId, groupIds: ask.groupIds };
      assert.equal(permits(given, principal, right, ask.at).permitted, expected);
    }),
    { numRuns: 1000 },
  );
});
