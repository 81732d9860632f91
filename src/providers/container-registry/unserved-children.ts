/** What Azure hangs below registries and is not served yet: connected registries, tasks and their runs. Lists are empty, and whoever makes one is told. */
import { type Action, resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { propertiesSchema } from '../schema-parts.ts';
import { REGISTRY_TYPE } from './private-link.ts';
import { childType } from './tiers.ts';

function notServed(what: string, instead: string): Fault {
  return new Fault('notImplemented', 'NotServed', `${what} are not served yet. ${instead}`);
}

const BUILD_ELSEWHERE = 'Build with docker or another builder, and push the image.';

function unserved(collection: string, what: string, instead: string, apiVersion: string) {
  return resourceType({
    type: childType(collection),
    scope: 'resourceGroup',
    apiVersions: [apiVersion],
    location: 'none',
    verbs: ['GET', 'PUT'],
    name: { pattern: /./, message: 'it has a name' },
    properties: propertiesSchema({}),
    async admit() {
      return [notServed(what, instead)];
    },
  });
}

export const unservedChildren = [
  unserved('connectedRegistries', 'Connected registries', 'Replications and imports bring content to other places.', '2025-11-01'),
  unserved('tasks', 'Tasks', BUILD_ELSEWHERE, '2019-06-01-preview'),
  unserved('taskRuns', 'Task runs', BUILD_ELSEWHERE, '2019-06-01-preview'),
  unserved('runs', 'Runs of tasks', BUILD_ELSEWHERE, '2019-06-01-preview'),
];

function refused(name: string, what: string): Action {
  return {
    permission: `${REGISTRY_TYPE}/${name}/action`,
    async run() {
      throw notServed(what, BUILD_ELSEWHERE);
    },
  };
}

/** Actions of a registry for what is not served. */
export const unservedActions: Readonly<Record<string, Action>> = {
  scheduleRun: refused('scheduleRun', 'Builds in the registry'),
  listBuildSourceUploadUrl: refused('listBuildSourceUploadUrl', 'Builds in the registry'),
};
