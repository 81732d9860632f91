/** Microsoft.ContainerRegistry/registries/scopeMaps: what tokens may do in which repositories. The system's own are the registry's. */
import { type OwnedResource, type Resource, type ResourceLookup, resourceType } from '#arm/resource-type.ts';
import { isoTime } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { propertiesSchema } from '../schema-parts.ts';
import { childQuota, childType, SCOPE_MAP_LIMITS } from './tiers.ts';

export const SCOPE_MAP_TYPE = childType('scopeMaps');

const REPOSITORY = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*';
/** `repositories/NAME/content/read`, NAME a repository (OCI distribution) or a beginning with `*`; `gateway/NAME/config/read` (docs/sources.md#scope-maps). */
const ACTION = new RegExp(
  `^(?:repositories/(?:\\*|${REPOSITORY}(?:/${REPOSITORY})*(?:/?\\*)?)/(?:content/(?:read|write|delete)|metadata/(?:read|write))|gateway/[a-zA-Z0-9]+/(?:config|message)/(?:read|write))$`,
);

const every = (...rights: string[]): string[] => rights.map((right) => `repositories/*/${right}`);

/** Name, description and actions of the scope maps that every registry has (docs/sources.md#scope-maps). */
const SYSTEM: readonly (readonly [name: string, description: string, actions: readonly string[]])[] = [
  [
    '_repositories_admin',
    'Can perform all read, write and delete operations on the registry',
    every('metadata/read', 'metadata/write', 'content/read', 'content/write', 'content/delete'),
  ],
  ['_repositories_pull', 'Can pull any repository of the registry', every('content/read')],
  ['_repositories_pull_metadata_read', 'Can perform all read operations on the registry', every('content/read', 'metadata/read')],
  ['_repositories_push', 'Can push to any repository of the registry', every('content/read', 'content/write')],
  [
    '_repositories_push_metadata_write',
    'Can perform all read and write operations on the registry',
    every('metadata/read', 'metadata/write', 'content/read', 'content/write'),
  ],
];

/** The scope maps that a registry makes and keeps. */
export function systemScopeMaps(registry: Pick<Resource, 'id' | 'body'>): OwnedResource[] {
  return SYSTEM.map(([name, description, actions]) => ({
    id: `${registry.id}/scopeMaps/${name}`,
    body: { properties: { description, actions: [...actions], creationDate: registry.body.properties.creationDate } },
  }));
}

/** How many scope maps clients made. */
export async function countScopeMaps(registry: ResourceKey, reader: ResourceLookup): Promise<number> {
  return (await reader.countChildren(registry, SCOPE_MAP_TYPE)) - SYSTEM.length;
}

const actionsOf = (resource: { body: { properties: JsonObject } }): readonly string[] => resource.body.properties.actions as string[];

function fixed(name: string): Fault {
  return new Fault('invalid', 'SystemScopeMapIsFixed', `Scope map '${name}' is one of the system's and cannot be changed or deleted. Make one of your own.`);
}

export const scopeMaps = resourceType({
  type: SCOPE_MAP_TYPE,
  scope: 'resourceGroup',
  apiVersions: ['2026-11-01', '2025-11-01', '2023-07-01', '2020-11-01-preview'],
  location: 'none',
  asyncOperationPath: 'resource',
  name: { pattern: /^[a-zA-Z0-9-]{5,50}$/, message: "a scope map's name has 5-50 letters, digits and '-'" },
  properties: propertiesSchema({
    description: z.string().max(256).optional(),
    actions: z
      .array(
        z.string().regex(ACTION, { error: (issue) => `'${issue.input}' is not an action such as repositories/NAME/content/read or gateway/NAME/config/read` }),
      )
      .min(1)
      .max(SCOPE_MAP_LIMITS.actions),
  }),

  limit: (draft, { reader }) => childQuota(draft, 'scopeMaps', reader, SYSTEM.length),

  async admit(draft, previous) {
    if (previous?.owner) return [fixed(previous.name)];
    const repositories = new Set(actionsOf(draft).flatMap((action) => /^repositories\/(.+)\/[a-z]+\/[a-z]+$/.exec(action)?.[1] ?? []));
    if (repositories.size <= SCOPE_MAP_LIMITS.repositories) return [];
    return [
      new Fault('invalid', 'InvalidParameter', `A scope map names at most ${SCOPE_MAP_LIMITS.repositories} repositories, not ${repositories.size}.`, {
        target: 'properties.actions',
      }),
    ];
  },

  async prepare(draft, previous, { clock }) {
    const creationDate = previous?.body.properties.creationDate ?? isoTime(clock);
    return { body: { ...draft.body, properties: { ...draft.body.properties, actions: [...new Set(actionsOf(draft))], creationDate } } };
  },

  facts: (resource) => [
    {
      kind: 'scope-map',
      scopeMap: resource.key,
      registry: resource.parent as ResourceKey,
      actions: actionsOf(resource).filter((action) => action.startsWith('repositories/')),
    },
  ],

  async present(resource): Promise<JsonObject> {
    return { ...resource.body.properties, type: resource.owner ? 'SystemDefined' : 'UserDefined' };
  },

  /** Tokens that have it are left with no rights: az says so before it asks. */
  async mayDelete(resource) {
    return resource.owner ? [fixed(resource.name)] : [];
  },

  unenforced: (resource) =>
    actionsOf(resource).some((action) => action.startsWith('gateway/')) ? ['actions: those of gateway/ act nowhere, there are no connected registries'] : [],
});
