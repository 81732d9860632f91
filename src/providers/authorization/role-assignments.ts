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
  readonly principalType: string;
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
  scope: 'extension',
  apiVersions: ['2022-04-01', '2020-04-01-preview', '2015-07-01'],
  location: 'none',
  name: { pattern: GUID, message: 'the name of a role assignment is a GUID' },
  verbs: ['GET', 'PUT', 'DELETE'],
  properties: propertiesSchema({
    roleDefinitionId: z.string().regex(new RegExp(`/providers/${ROLE_DEFINITION_TYPE}/[^/]+$`, 'i'), 'it is no id of a role definition'),
    principalId: z.string().regex(GUID, 'a principal id is a GUID'),
    principalType: choice('ServicePrincipal', 'User', 'Group', 'ForeignGroup', 'Device').default('ServicePrincipal'),
    description: z.string().max(1024).optional(),
    condition: z.string().optional(),
    conditionVersion: z.string().optional(),
  }),

  async admit(draft, previous, { reader }) {
    const { principalId, roleDefinitionId } = propertiesOf(draft);
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
    const twin = (await reader.list(ROLE_ASSIGNMENT_TYPE, '/')).find(
      (other) =>
        scopeOf(other.resourceId).toLowerCase() === scope &&
        guidOf(other) === role &&
        propertiesOf(other).principalId.toLowerCase() === principalId.toLowerCase(),
    );
    return twin
      ? [new Fault('conflict', 'RoleAssignmentExists', `The role assignment already exists. The ID of the existing role assignment is ${twin.name}.`)]
      : [];
  },

  async prepare(draft, previous, { clock, caller }) {
    const now = isoTime(clock);
    const { createdOn, createdBy, updatedOn, updatedBy } = previous?.body.properties ?? {
      createdOn: now,
      createdBy: caller.principalId,
      updatedOn: now,
      updatedBy: caller.principalId,
    };
    return { body: { ...draft.body, properties: { ...draft.body.properties, createdOn, createdBy, updatedOn, updatedBy } } };
  },

  facts: (resource) => [
    {
      kind: 'role-assignment',
      assignment: resource.key,
      scope: scopeOf(resource.resourceId).toLowerCase(),
      role: guidOf(resource),
      principalId: propertiesOf(resource).principalId.toLowerCase(),
    },
  ],

  async present(resource): Promise<JsonObject> {
    return { scope: scopeOf(resource.resourceId), ...resource.body.properties };
  },

  /** docs/sources.md#role-assignments: at the scope, inherited from above, and below; with `atScope()` not below. */
  async list(scope: ResourceKey | '/', filter, reader) {
    const asked = parseRoleFilter(filter, ['principalId']);
    return (await reader.list(ROLE_ASSIGNMENT_TYPE, '/')).filter((assignment) => {
      const at = scopeOf(assignment.resourceId).toLowerCase();
      return (
        (isWithin(scope, at) || (!asked.atScope && isWithin(at, scope))) && matchesRoleFilter(asked, { principalid: propertiesOf(assignment).principalId })
      );
    });
  },

  unenforced: (resource) => (resource.body.properties.condition === undefined ? [] : ['condition: the role holds without it']),

  table: { Principal: 'principalId', Role: 'roleDefinitionId', Scope: 'scope' },
});
