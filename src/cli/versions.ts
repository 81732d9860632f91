/** The api-versions that commands send. */

/** By type, lower case; the longest prefix counts. The versions are those that az 2.45 sends. */
const API_VERSIONS: readonly (readonly [string, string])[] = [
  ['microsoft.containerregistry/registries', '2022-02-01-preview'],
  ['microsoft.network/privatednszones', '2020-06-01'],
  ['microsoft.network/', '2022-01-01'],
  ['microsoft.compute/', '2022-11-01'],
  ['microsoft.managedidentity/', '2022-01-31-preview'],
  ['microsoft.authorization/locks', '2016-09-01'],
  ['microsoft.authorization/roleassignments', '2020-04-01-preview'],
  ['microsoft.authorization/roledefinitions', '2018-01-01-preview'],
];
/** Groups, providers and the generic resource list. */
export const RESOURCES_VERSION = '2021-04-01';
/** Subscriptions, tenants and locations. */
export const SUBSCRIPTIONS_VERSION = '2019-11-01';

export function apiVersionOf(type: string): string {
  const lower = type.toLowerCase();
  return API_VERSIONS.find(([prefix]) => lower.startsWith(prefix))?.[1] ?? RESOURCES_VERSION;
}
