/** Microsoft.Authorization/roleDefinitions: sets of permissions. Built-in ones always exist; custom ones are stored where they were made. */

import { isDeepStrictEqual } from 'node:util';
import { type Resource, type ResourceLookup, resourceType } from '#arm/resource-type.ts';
import { isoTime } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import { isWithin, type ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import type { RolePermission } from '#topology/facts.ts';
import { missingLinkedRight } from '../references.ts';
import { propertiesSchema } from '../schema-parts.ts';
import { builtInRoles, ROLE_DEFINITION_TYPE } from './built-in-roles.ts';
import { matchesRoleFilter, parseRoleFilter } from './role-filter.ts';

interface Properties {
  readonly roleName: string;
  readonly type: 'BuiltInRole' | 'CustomRole';
  readonly assignableScopes: readonly string[];
  readonly permissions: readonly RolePermission[];
}

const propertiesOf = (resource: { body: { properties: JsonObject } }): Properties => resource.body.properties as unknown as Properties;

/** The role of that GUID, wherever it was made: assignments name roles by ids of any scope. */
export async function roleByGuid(guid: string, reader: ResourceLookup): Promise<Resource | undefined> {
  return (await reader.list(ROLE_DEFINITION_TYPE, '/')).find((role) => role.name.toLowerCase() === guid.toLowerCase());
}

/** Whether the role may be assigned at a scope. */
export function isAssignableAt(role: Resource, scope: string): boolean {
  return propertiesOf(role).assignableScopes.some((assignable) => isWithin(scope.toLowerCase(), scopeKey(assignable)));
}

/** A scope as the fold compares it. */
function scopeKey(scope: string): ResourceKey | '/' {
  return (scope.toLowerCase().replace(/\/+$/, '') || '/') as ResourceKey | '/';
}

/** Whether the role may be assigned at a scope, or somewhere below it. */
function isSeenAt(role: Resource, scope: string): boolean {
  return propertiesOf(role).assignableScopes.some((assignable) => isWithin(scope, scopeKey(assignable)) || isWithin(scopeKey(assignable), scope));
}

const actions = z.array(z.string().regex(/^[\w.*/-]+$/, 'an action is written as Microsoft.Namespace/type/read, with * for any part')).default([]);

export const roleDefinitions = resourceType({
  type: ROLE_DEFINITION_TYPE,
  scope: 'extension',
  apiVersions: ['2022-04-01', '2018-01-01-preview'],
  location: 'none',
  name: { pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, message: 'the name of a role definition is a GUID' },
  builtIn: builtInRoles,
  // Its clients take nothing else, docs/sources.md#role-assignments.
  writeStatus: 201,
  deletionStatus: 204,
  properties: propertiesSchema({
    roleName: z.string().min(1).max(512),
    description: z.string().max(2048).default(''),
    assignableScopes: z.array(z.string().startsWith('/')).min(1),
    permissions: z.array(z.object({ actions, notActions: actions, dataActions: actions, notDataActions: actions })).min(1),
  }),

  async admit(draft, previous, { reader, known, caller }) {
    const { roleName, assignableScopes } = propertiesOf(draft);
    const { key, name } = draft.resourceId;
    const others = (await reader.list(ROLE_DEFINITION_TYPE, '/')).filter((role) => role.key !== key);
    const faults: Fault[] = [];
    // Whoever may write roles in one group only must neither offer one to the whole tenant nor change one that is held elsewhere.
    for (const scope of new Set([...assignableScopes, ...(previous ? propertiesOf(previous).assignableScopes : [])])) {
      if (caller.may(`${ROLE_DEFINITION_TYPE}/write`, scopeKey(scope))) continue;
      faults.push(missingLinkedRight(caller, { action: `${ROLE_DEFINITION_TYPE}/write`, scope: draft.resourceId.id }, scope, 'properties.assignableScopes'));
    }
    if (!previous && others.some((role) => role.name.toLowerCase() === name.toLowerCase())) {
      faults.push(new Fault('conflict', 'RoleDefinitionExists', `A role definition with the id ${name} exists already.`));
    }
    // Names are one tenant's own, ids are everybody's.
    const names = (await known.list(ROLE_DEFINITION_TYPE, '/')).filter((role) => role.key !== key);
    if (names.some((role) => propertiesOf(role).roleName.toLowerCase() === roleName.toLowerCase())) {
      faults.push(
        new Fault(
          'conflict',
          'RoleDefinitionWithSameNameExists',
          `A custom role with the same name already exists in this directory. Use a different name than '${roleName}'.`,
          {
            target: 'properties.roleName',
          },
        ),
      );
    }
    return faults;
  },

  async prepare(draft, previous, { clock, caller }) {
    const { createdOn = isoTime(clock), createdBy = caller.principalId, updatedOn, updatedBy, ...before } = previous?.body.properties ?? {};
    const properties: JsonObject = { ...draft.body.properties, type: 'CustomRole' };
    const same = updatedOn !== undefined && isDeepStrictEqual(before, properties);
    const updated = same ? { updatedOn, updatedBy } : { updatedOn: isoTime(clock), updatedBy: caller.principalId };
    return { body: { ...draft.body, properties: { ...properties, createdOn, createdBy, ...updated } } };
  },

  facts: (resource) => [
    {
      kind: 'role-definition',
      role: resource.key,
      name: resource.name.toLowerCase(),
      roleName: propertiesOf(resource).roleName,
      permissions: propertiesOf(resource).permissions,
    },
  ],

  async mayDelete(resource, { reader }) {
    const assigned = (await reader.list('Microsoft.Authorization/roleAssignments', '/')).filter((assignment) =>
      (assignment.body.properties.roleDefinitionId as string).toLowerCase().endsWith(`/${resource.name.toLowerCase()}`),
    );
    if (assigned.length === 0) return [];
    return [
      new Fault(
        'invalid',
        'RoleDefinitionHasAssignments',
        `There are existing role assignments referencing role (code: ${resource.name}): ${assigned.map(({ id }) => id).join(', ')}.`,
      ),
    ];
  },

  /** A scope shows the roles that may be assigned at it or below; `roleName eq 'AcrPull'` is how clients turn a name into an id. */
  async list(scope: ResourceKey | '/', filter, reader) {
    const asked = parseRoleFilter(filter, ['roleName', 'type']);
    return (await reader.list(ROLE_DEFINITION_TYPE, '/')).filter(
      (role) => isSeenAt(role, scope) && matchesRoleFilter(asked, { rolename: propertiesOf(role).roleName, type: propertiesOf(role).type }),
    );
  },

  async find(id, reader) {
    const role = await roleByGuid(id.name, reader);
    return role && isSeenAt(role, id.parent ?? '/') ? role : undefined;
  },
});
