/** Microsoft.Authorization/roleAssignments: a principal has a role at a scope and below. Never changed, only made and deleted. */
import { resourceType } from '#arm/resource-type.ts';
import { isoTime } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import { isWithin, type ResourceId, type ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { choice, propertiesSchema } from '../schema-parts.ts';
import { ROLE_DEFINITION_TYPE } from './built-in-roles.ts';
import { isAssignableAt, roleByGuid } from './role-definitions.ts';
import { matchesRoleFilter, parseRoleFilter } from './role-filter.ts';

const ROLE_ASSIGNMENT_TYPE = 'Microsoft.Authorization/roleAssignments';
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Properties {
  readonly roleDefinitionId: string;
  readonly principalId: string;
  readonly principalType?: string;
  readonly condition?: string;
}

const propertiesOf = (resource: { body: { properties: JsonObject } }): Properties => resource.body.properties as unknown as Properties;

/** The role's GUID, lower case, whatever scope its id names. */
const guidOf = (resource: { body: { properties: JsonObject } }): string => propertiesOf(resource).roleDefinitionId.split('/').at(-1)?.toLowerCase() ?? '';

/** The scope as it is shown, in the caller's casing. */
function scopeOf({ id }: Pick<ResourceId, 'id'>): string {
  return id.slice(0, id.toLowerCase().lastIndexOf('/providers/microsoft.authorization/')) || '/';
}

export const roleAssignments = resourceType({
  type: ROLE_ASSIGNMENT_TYPE,
  activity: { write: 'Create Role Assignment' },
  scope: 'extension',
  apiVersions: ['2022-04-01', '2020-04-01-preview', '2015-07-01'],
  location: 'none',
  name: { pattern: GUID, message: 'the name of a role assignment is a GUID' },
  verbs: ['GET', 'PUT', 'DELETE'],
  // Azure shows what it deleted, and clients read it; of nothing they take 204 for done, docs/sources.md#role-assignments.
  deletionStatus: 204,
  properties: propertiesSchema({
    roleDefinitionId: z.string().regex(new RegExp(`/providers/${ROLE_DEFINITION_TYPE}/[^/]+$`, 'i'), 'it is no id of a role definition'),
    principalId: z.string().regex(GUID, 'a principal id is a GUID'),
    principalType: choice('ServicePrincipal', 'User', 'Group', 'ForeignGroup', 'Device').optional(),
    description: z.string().max(1024).optional(),
    condition: z.string().optional(),
    conditionVersion: choice('2.0', '1.0').optional(),
    delegatedManagedIdentityResourceId: z.string().optional(),
  }),

  async admit(draft, previous, { known: reader, principals, tenantId }) {
    const { principalId, principalType, roleDefinitionId } = propertiesOf(draft);
    const role = guidOf(draft);
    if (previous) {
      const same = guidOf(previous) === role && propertiesOf(previous).principalId.toLowerCase() === principalId.toLowerCase();
      if (same) return [];
      return [new Fault('conflict', 'RoleAssignmentUpdateNotPermitted', 'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.')];
    }
    const definition = await roleByGuid(role, reader);
    if (!definition) {
      return [
        new Fault('invalid', 'RoleDefinitionDoesNotExist', `The specified role definition with ID '${roleDefinitionId.split('/').at(-1)}' does not exist.`, {
          target: 'properties.roleDefinitionId',
        }),
      ];
    }
    const scope = scopeOf(draft.resourceId).toLowerCase();
    if (!isAssignableAt(definition, scope)) {
      return [
        new Fault(
          'invalid',
          'RoleAssignmentScopeNotAssignableToRoleDefinition',
          `The role definition with ID '${definition.name}' cannot be assigned at the scope '${scopeOf(draft.resourceId)}': its assignableScopes do not contain it.`,
          { target: 'properties.roleDefinitionId' },
        ),
      ];
    }
    const found = await principals.typeOf(principalId);
    // Who says what it is may be ahead of the directory's replication, as after creating it.
    if (found === undefined && principalType === undefined) return [principalNotFound(principalId, tenantId)];
    if (found !== undefined && principalType !== undefined && found !== principalType) {
      return [
        new Fault(
          'invalid',
          'UnmatchedPrincipalType',
          `The PrincipalId '${principalId}' has type '${found}', which is different from specified PrinciaplType '${principalType}'.`,
          { target: 'properties.principalType' },
        ),
      ];
    }
    const twin = (await reader.list(ROLE_ASSIGNMENT_TYPE, draft.resourceId.parent ?? '/')).find(
      (other) =>
        scopeOf(other.resourceId).toLowerCase() === scope &&
        guidOf(other) === role &&
        propertiesOf(other).principalId.toLowerCase() === principalId.toLowerCase(),
    );
    return twin
      ? [new Fault('conflict', 'RoleAssignmentExists', `The role assignment already exists. The ID of the existing role assignment is ${twin.name}.`)]
      : [];
  },

  async prepare(draft, previous, { clock, caller, principals }) {
    const now = isoTime(clock);
    const { createdOn, createdBy, updatedOn, updatedBy } = previous?.body.properties ?? {
      createdOn: now,
      createdBy: caller.principalId,
      updatedOn: now,
      updatedBy: caller.principalId,
    };
    const { principalId, principalType = previous?.body.properties.principalType as string | undefined } = propertiesOf(draft);
    const properties = { ...draft.body.properties, principalType: principalType ?? (await principals.typeOf(principalId)) ?? 'ServicePrincipal' };
    return { body: { ...draft.body, properties: { ...properties, createdOn, createdBy, updatedOn, updatedBy } } };
  },

  facts: (resource) => [
    {
      kind: 'role-assignment',
      assignment: resource.key,
      scope: scopeOf(resource.resourceId).toLowerCase(),
      role: guidOf(resource),
      principalId: propertiesOf(resource).principalId.toLowerCase(),
      ...(resource.parent === undefined ? { tenantId: String(resource.hidden.tenantId) } : {}),
      ...(propertiesOf(resource).condition === undefined ? {} : { conditional: true }),
    },
  ],

  async present(resource): Promise<JsonObject> {
    return { scope: scopeOf(resource.resourceId), ...resource.body.properties };
  },

  /** docs/sources.md#role-assignments: at the scope, inherited from above, and below; with `atScope()` not below. */
  async list(scope: ResourceKey | '/', filter, reader, { groupsOf }) {
    const asked = parseRoleFilter(filter, ['principalId', 'roleDefinitionId']);
    const assignees = asked.assignedTo === undefined ? undefined : new Set([asked.assignedTo, ...groupsOf(asked.assignedTo)]);
    return (await reader.list(ROLE_ASSIGNMENT_TYPE, '/')).filter((assignment) => {
      const at = scopeOf(assignment.resourceId).toLowerCase();
      const { principalId, roleDefinitionId } = propertiesOf(assignment);
      return (
        (isWithin(scope, at) || (!asked.atScope && isWithin(at, scope))) &&
        (assignees === undefined || assignees.has(principalId.toLowerCase())) &&
        matchesRoleFilter(asked, { principalid: principalId, roledefinitionid: roleDefinitionId })
      );
    });
  },

  unenforced: (resource) =>
    resource.body.properties.condition === undefined
      ? []
      : [
          'condition: it is not evaluated; the role gives no data actions and no rights over Microsoft.Authorization but reading, and everything else without it',
        ],
});

/** docs/sources.md#principal-not-found */
function principalNotFound(principalId: string, tenantId: string): Fault {
  return new Fault(
    'invalid',
    'PrincipalNotFound',
    `Principal ${principalId.replaceAll('-', '')} does not exist in the directory ${tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
    { target: 'properties.principalId' },
  );
}
