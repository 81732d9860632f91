/**
 * ARM resources as az prints them: `properties` lifted to the top at every level, az's own names where they differ from the wire's,
 * `resourceGroup` beside every id.
 */
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';

/** What az's models of a type leave out, and whether they print times as Python does; the first match counts. Compared with az 2.91 by test/clients. */
const MODELS: readonly { readonly type: RegExp; readonly without: readonly string[]; readonly pythonTimes?: true }[] = [
  { type: /^Microsoft\.ContainerRegistry\/registries\/privateLinkResources$/i, without: ['etag', 'provisioningState'], pythonTimes: true },
  { type: /^Microsoft\.ContainerRegistry\//i, without: ['etag'], pythonTimes: true },
  { type: /^Microsoft\.Authorization\/roleAssignments$/i, without: ['etag', 'provisioningState', 'systemData'], pythonTimes: true },
  { type: /^Microsoft\.Authorization\/locks$/i, without: ['provisioningState'] },
  { type: /^Microsoft\.Authorization\/role/i, without: ['etag', 'provisioningState'], pythonTimes: true },
  { type: /^Microsoft\.Network\/privateEndpoints$/i, without: ['systemData', 'resourceGuid'] },
  { type: /^Microsoft\.Network\/privateEndpoints\/privateDnsZoneGroups$/i, without: ['systemData', 'type'] },
  {
    type: /^Microsoft\.Network\/privateEndpoints\/privateDnsZoneGroups\/privateDnsZoneConfigs$/i,
    without: ['id', 'type', 'resourceGroup', 'provisioningState'],
  },
  { type: /^Microsoft\.Network\/privateDnsZones\/(?:A|AAAA|CNAME|MX|PTR|SOA|SRV|TXT)$/i, without: ['systemData', 'provisioningState'] },
  { type: /^Microsoft\.Network\//i, without: ['systemData'] },
  { type: /^Microsoft\.ManagedIdentity\//i, without: ['etag', 'provisioningState'] },
];

/** Resource groups alone keep their `properties`: az prints them so. */
const KEPT = /^Microsoft\.Resources\/resourceGroups$/i;

/** The printed form of a resource, a list of them, or anything else a server answers. Changes nothing of its argument. */
export function flatten(value: Json | undefined): Json {
  if (Array.isArray(value)) return value.map(flatten);
  if (!isJsonObject(value)) return value ?? null;
  const lifted =
    isJsonObject(value.properties) && !KEPT.test(String(value.type)) && (typeof value.id === 'string' || typeof value.name === 'string')
      ? lift(value, value.properties)
      : value;
  const printed: JsonObject = {};
  for (const [key, member] of Object.entries(lifted)) if (member !== undefined) printed[key] = flatten(member);
  rename(printed);
  const group = typeof printed.id === 'string' ? resourceGroupOf(printed.id) : undefined;
  if (group !== undefined && printed.resourceGroup === undefined) printed.resourceGroup = group;
  const model = typeof printed.id === 'string' ? MODELS.find(({ type }) => type.test(String(printed.type))) : undefined;
  for (const key of model?.without ?? []) delete printed[key];
  return model?.pythonTimes ? pythonTimes(printed) : printed;
}

/** Times as Python's `isoformat` writes them, which is what az prints of those that its models know to be times: `2026-01-01T00:00:00.123000+00:00`. */
export function pythonTimes(value: Json): Json {
  if (Array.isArray(value)) return value.map(pythonTimes);
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, pythonTimes(member as Json)]));
  const time = typeof value === 'string' ? /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(value) : null;
  if (!time) return value;
  const micros = (time[2] ?? '').padEnd(6, '0').slice(0, 6);
  return `${time[1]}${/^0*$/.test(micros) ? '' : `.${micros}`}+00:00`;
}

/**
 * The printed form with the names that other versions of az print, for queries: 2.45 has `privateIpAddress`, later ones the wire's `privateIPAddress`, and the
 * documents have the former. What is printed in whole has the later ones only.
 */
export function withOtherNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withOtherNames);
  if (!isJsonObject(value)) return value;
  const named = Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withOtherNames(member)]));
  for (const [later, other] of OTHER_NAMES) if (named[later] !== undefined && named[other] === undefined) named[other] = named[later];
  return named;
}

const OTHER_NAMES = [
  ['privateIPAddress', 'privateIpAddress'],
  ['privateIPAllocationMethod', 'privateIpAllocationMethod'],
  ['azureAdAuthenticationAsArmPolicy', 'azureADAuthenticationAsArmPolicy'],
] as const;

/** A resource, or a list of them, with `properties` as they are and `resourceGroup` beside the id: what az's generic commands print. */
export function flattenEnvelope(value: JsonObject | readonly JsonObject[]): Json {
  if (Array.isArray(value)) return value.map((one: JsonObject) => flattenEnvelope(one));
  const resource = value as JsonObject;
  const group = typeof resource.id === 'string' ? resourceGroupOf(resource.id) : undefined;
  const times = Object.fromEntries(['createdTime', 'changedTime'].filter((key) => key in resource).map((key) => [key, pythonTimes(resource[key] as Json)]));
  return { ...resource, ...times, ...(group === undefined ? {} : { resourceGroup: group }) };
}

/** The envelope wins over a property of the same name, but for a role definition's `type`, which az calls `roleType`. */
function lift(resource: JsonObject, properties: JsonObject): JsonObject {
  const { properties: _, ...envelope } = resource;
  const { type, ...rest } = properties;
  return { ...rest, ...(type === undefined ? {} : /roleDefinitions$/i.test(String(resource.type)) ? { roleType: type } : { type }), ...envelope };
}

/** Names that az's models give to wire fields. */
function rename(object: JsonObject): void {
  if (Array.isArray(object.ipRules)) object.ipRules = object.ipRules.map((rule) => renamed(rule, 'value', 'ipAddressOrRange'));
  if (Array.isArray(object.virtualNetworkRules))
    object.virtualNetworkRules = object.virtualNetworkRules.map((rule) => renamed(rule, 'id', 'virtualNetworkResourceId'));
  const { azureADAuthenticationAsArmPolicy: policy } = object;
  if (policy !== undefined) {
    delete object.azureADAuthenticationAsArmPolicy;
    object.azureAdAuthenticationAsArmPolicy = policy;
  }
}

function renamed(value: Json, from: string, to: string): Json {
  if (!isJsonObject(value) || value[from] === undefined) return value;
  const { [from]: moved, resourceGroup, ...rest } = value;
  return { ...rest, [to]: moved };
}

function resourceGroupOf(id: string): string | undefined {
  return /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\//i.exec(id)?.[1];
}
