/**
 * ARM resources as az prints them: `properties` lifted to the top at every level, az's own names where they differ from the wire's,
 * `resourceGroup` beside every id.
 */
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';

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
  return printed;
}

/** A resource, or a list of them, with `properties` as they are and `resourceGroup` beside the id: what az's generic commands print. */
export function flattenEnvelope(value: JsonObject | readonly JsonObject[]): Json {
  if (Array.isArray(value)) return value.map((one: JsonObject) => flattenEnvelope(one));
  const resource = value as JsonObject;
  const group = typeof resource.id === 'string' ? resourceGroupOf(resource.id) : undefined;
  return { ...resource, ...(group === undefined ? {} : { resourceGroup: group }) };
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
  // az 2.45 prints `privateIpAddress`, later ones the wire's `privateIPAddress`: scripts of both kinds find theirs.
  if (typeof object.privateIPAddress === 'string') object.privateIpAddress = object.privateIPAddress;
}

function renamed(value: Json, from: string, to: string): Json {
  if (!isJsonObject(value) || value[from] === undefined) return value;
  const { [from]: moved, resourceGroup, ...rest } = value;
  return { ...rest, [to]: moved };
}

function resourceGroupOf(id: string): string | undefined {
  return /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\//i.exec(id)?.[1];
}
