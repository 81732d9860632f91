/** What subnets and interfaces are associated with: network security groups and route tables, seen from both sides. */
import type { Draft, HookContext, Resource, ResourceLookup } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { invalidReference, keyOf, linkedRight } from '../references.ts';

const USERS = { subnets: 'Microsoft.Network/virtualNetworks/subnets', networkInterfaces: 'Microsoft.Network/networkInterfaces' } as const;

/** Properties of a subnet or interface that name what it is associated with, and of which type that is. */
const ASSOCIATIONS = { networkSecurityGroup: 'Microsoft.Network/networkSecurityGroups', routeTable: 'Microsoft.Network/routeTables' } as const;

/** The subnets and interfaces that name a resource, as its GET shows them. Empty lists are left out. */
export async function associationsOf(key: ResourceKey, reader: ResourceLookup): Promise<JsonObject> {
  const shown: JsonObject = {};
  for (const [property, type] of Object.entries(USERS)) {
    const users = await reader.referrers(key, type);
    if (users.length > 0) shown[property] = users.map(({ id }): Json => ({ id }));
  }
  return shown;
}

/** Why a resource that subnets or interfaces name may not be deleted (docs/sources.md#in-use). */
export async function inUse(what: string, code: string, resource: Resource, reader: ResourceLookup): Promise<Fault[]> {
  const users: string[] = [];
  for (const type of Object.values(USERS)) users.push(...(await reader.referrers(resource.key, type)).map(({ id }) => id));
  if (users.length === 0) return [];
  return [
    new Fault(
      'invalid',
      code,
      `${what} ${resource.id} cannot be deleted because it is in use by the following resources: ${users.slice(0, 10).join(', ')}. In order to delete the ${what}, remove the association with the resource(s).`,
    ),
  ];
}

/** Faults of associations that the caller may not make, that name nothing, or something in another region. One that stands is not asked again. */
export async function associationFaults(
  draft: Draft,
  previous: Resource | undefined,
  region: string | undefined,
  { known, caller }: Pick<HookContext, 'known' | 'caller'>,
): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const [property, type] of Object.entries(ASSOCIATIONS)) {
    const id = (draft.body.properties[property] as { id: string } | undefined)?.id;
    const before = (previous?.body.properties[property] as { id: string } | undefined)?.id;
    if (id === undefined || (before !== undefined && keyOf(before) === keyOf(id))) continue;
    const target = `properties.${property}.id`;
    const write = { action: `${draft.resourceId.type}/write`, scope: draft.resourceId.id };
    const refused = linkedRight(caller, write, { action: `${type}/join/action`, id }, target);
    const named = await known.get(keyOf(id));
    if (refused) faults.push(refused);
    else if (!named || named.body.location !== region) faults.push(invalidReference(id, draft.resourceId.id, target));
  }
  return faults;
}
