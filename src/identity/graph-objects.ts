/**
 * Objects of any kind at the directory's plane, by their ids, and which groups they are in. https://learn.microsoft.com/graph/api/directoryobject-getbyids,
 * .../directoryobject-checkmembergroups, .../directoryobject-getmembergroups.
 */
import type { JsonObject } from '#base/json.ts';
import { z } from '#base/schema.ts';
import { jsonReply, type Reply } from '#http/message.ts';
import type { GroupRecord } from '#store/people.ts';
import type { PrincipalRecord } from '#store/principals.ts';
import { type Principal, presentApplication, presentPrincipal, principals } from './graph-applications.ts';
import { bodyOf, type Call, contextOf, notFound, one, type Routes } from './graph-call.ts';
import { presentGroup, presentUser } from './graph-people-shapes.ts';
import type { User } from './people.ts';

/** Graph's own limits. */
const MOST_IDS = 1000;
const MOST_GROUPS = 20;

export type DirectoryObject = { readonly id: string } & (
  | { readonly kind: 'user'; readonly user: User }
  | { readonly kind: 'group'; readonly group: GroupRecord }
  | { readonly kind: 'serviceprincipal'; readonly principal: Principal }
  | { readonly kind: 'application'; readonly application: PrincipalRecord }
);

/** The objects of the caller's tenant with these ids, lower case. */
export async function objectsOf(call: Call, ids: ReadonlySet<string>): Promise<readonly DirectoryObject[]> {
  const { directory, identity } = call;
  const found: DirectoryObject[] = [];
  for (const id of ids) {
    const user = await directory.people.findUserByObjectId(id);
    if (user?.tenantId === identity.tenantId) found.push({ id, kind: 'user', user });
    const group = user ? undefined : await directory.people.findGroup(id);
    if (group?.tenantId === identity.tenantId) found.push({ id, kind: 'group', group });
  }
  if (found.length === ids.size) return found;
  for (const principal of await principals(call))
    if (ids.has(principal.objectId.toLowerCase())) found.push({ id: principal.objectId, kind: 'serviceprincipal', principal });
  for (const application of await directory.list(identity.tenantId))
    if (ids.has(application.applicationId)) found.push({ id: application.applicationId, kind: 'application', application });
  return found;
}

/** An object with its type, as lists of several types show it. */
export async function shownObject(call: Call, object: DirectoryObject): Promise<JsonObject> {
  switch (object.kind) {
    case 'user':
      return { '@odata.type': '#microsoft.graph.user', ...presentUser(object.user) };
    case 'group':
      return { '@odata.type': '#microsoft.graph.group', ...presentGroup(object.group) };
    case 'serviceprincipal':
      return { '@odata.type': '#microsoft.graph.servicePrincipal', ...(await presentPrincipal(call, object.principal)) };
    case 'application':
      return { '@odata.type': '#microsoft.graph.application', ...(await presentApplication(call, object.application)) };
  }
}

async function getByIds(call: Call): Promise<Reply> {
  const schema = z.looseObject({ ids: z.array(z.string()).max(MOST_IDS), types: z.array(z.string()).nullish() });
  const { ids, types } = await bodyOf(call, schema, {});
  const kinds = (types ?? ['directoryObject']).map((type) => type.toLowerCase());
  const objects = await objectsOf(call, new Set(ids.map((id) => id.toLowerCase())));
  const asked = objects.filter(({ kind }) => kinds.includes('directoryobject') || kinds.includes(kind));
  const value = await Promise.all(asked.map((object) => shownObject(call, object)));
  return jsonReply(200, { '@odata.context': contextOf(call, 'directoryObjects'), value });
}

async function showObject(call: Call): Promise<Reply> {
  const [object] = await objectsOf(call, new Set([call.key.value]));
  return object ? one(call, 200, 'directoryObjects', await shownObject(call, object)) : notFound(call.key.value);
}

/** Of the groups that are asked for, those that the object is in, also by way of others. */
async function checkMemberGroups(call: Call): Promise<Reply> {
  const { groupIds } = await bodyOf(call, z.looseObject({ groupIds: z.array(z.string()).max(MOST_GROUPS) }), {});
  const groups = await groupsOf(call);
  return idList(
    call,
    groupIds.filter((id) => groups.includes(id.toLowerCase())),
  );
}

/** Every group that the object is in, also by way of others. All of them are security groups. */
async function getMemberGroups(call: Call): Promise<Reply> {
  await bodyOf(call, z.looseObject({ securityEnabledOnly: z.boolean().nullish() }), {});
  return idList(call, await groupsOf(call));
}

/** @throws Fault `Request_ResourceNotFound` (notFound) */
async function groupsOf(call: Call): Promise<readonly string[]> {
  const { directory, identity, key } = call;
  const user = key.value.includes('@') ? await directory.findUser(key.value) : undefined;
  const id = user?.tenantId === identity.tenantId ? user.objectId : key.value;
  const [object] = await objectsOf(call, new Set([id]));
  return object ? directory.groupsOf(object.id) : notFound(key.value);
}

function idList(call: Call, value: readonly string[]): Reply {
  return jsonReply(200, { '@odata.context': contextOf(call, 'Collection(Edm.String)'), value });
}

export const objectRoutes: Routes = {
  'directoryobjects/getbyids': { POST: getByIds },
  'directoryobjects/*': { GET: showObject },
  'directoryobjects/*/checkmembergroups': { POST: checkMemberGroups },
  'directoryobjects/*/getmembergroups': { POST: getMemberGroups },
  'groups/*/getmembergroups': { POST: getMemberGroups },
  'groups/*/checkmembergroups': { POST: checkMemberGroups },
  'users/*/getmembergroups': { POST: getMemberGroups },
  'users/*/checkmembergroups': { POST: checkMemberGroups },
};

/** POST only because their questions are long. */
export const READING_ACTIONS = /\/(?:getbyids|checkmembergroups|getmembergroups)$/;
