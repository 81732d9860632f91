/**
 * Users and groups at the directory's plane. https://learn.microsoft.com/graph/api/resources/user, .../group. What clients ask: docs/sources.md#directory-people
 */
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import { z } from '#base/schema.ts';
import { emptyReply, jsonReply, type Reply } from '#http/message.ts';
import type { GroupRecord } from '#store/people.ts';
import { bad, bodyOf, type Call, contextOf, displayName, notFound, one, page, type Routes } from './graph-call.ts';
import { type Filterable, parseGraphFilter } from './graph-filter.ts';
import { objectsOf, shownObject } from './graph-objects.ts';
import { presentGroup, presentUser } from './graph-people-shapes.ts';
import type { User } from './people.ts';

const USER_NAMES = ['id', 'userPrincipalName', 'displayName', 'mail', 'mailNickname'] as const;
const GROUP_NAMES = ['id', 'displayName', 'mailNickname', 'description', 'mail'] as const;

function userNames({ objectId, upn, displayName: name }: User): Filterable & { readonly id: string } {
  return { id: objectId, userPrincipalName: upn, displayName: name, mailNickname: upn.slice(0, upn.indexOf('@')) };
}

function groupNames({ objectId, displayName: name, mailNickname, description = '' }: GroupRecord): Filterable & { readonly id: string } {
  return { id: objectId, displayName: name, mailNickname, description };
}

async function listUsers(call: Call): Promise<Reply> {
  const wanted = parseGraphFilter(call.request.query.get('$filter'), USER_NAMES);
  const found = (await call.directory.people.users(call.identity.tenantId)).filter((user) => wanted(userNames(user)));
  return page(
    call,
    'users',
    found.map((user) => ({ id: user.objectId, user })),
    async ({ user }) => presentUser(user),
  );
}

/** By object id or user principal name. @throws Fault `Request_ResourceNotFound` (notFound) */
async function userOf({ directory, identity, key }: Call): Promise<User> {
  const found = key.value.includes('@') ? await directory.findUser(key.value) : await directory.people.findUserByObjectId(key.value);
  return found?.tenantId === identity.tenantId ? found : notFound(key.value);
}

const upnText = z
  .string()
  .max(113)
  .regex(/^[^@\s/\\'"#%<>,;:()[\]]{1,64}@[^@\s/]+$/, 'a user principal name is written as ann@contoso.onmicrosoft.com');
const password = z.string().max(256);
const profile = z.looseObject({ password: password.nullish(), forceChangePasswordNextSignIn: z.boolean().nullish() });

/** What is the same of every one: taken so, and refused when asked to be otherwise. */
const USER_CONSTANTS: JsonObject = { passwordPolicies: 'DisablePasswordExpiration' };
const newUser = z.looseObject({
  accountEnabled: z.boolean(),
  displayName,
  mailNickname: z.string().max(64).nullish(),
  userPrincipalName: upnText,
  passwordProfile: profile,
});

async function createUser(call: Call): Promise<Reply> {
  const { accountEnabled, displayName: name, userPrincipalName: upn, passwordProfile } = await bodyOf(call, newUser, USER_CONSTANTS);
  requirePassword(passwordProfile);
  await requireDomain(call, upn);
  const options = { tenantId: call.identity.tenantId, upn, displayName: name, enabled: accountEnabled };
  return one(call, 201, 'users', presentUser(await call.directory.createUser({ ...options, password: passwordProfile.password ?? '' })));
}

/** @throws Fault `Request_BadRequest` (invalid) */
function requirePassword({ password: text, forceChangePasswordNextSignIn: force }: z.infer<typeof profile>): void {
  if (force) throw bad("'forceChangePasswordNextSignIn' cannot be true: nobody can change a password at sign-in here. Give the password and say false.");
  if ((text ?? '').length < 8)
    throw bad('The specified password does not comply with password complexity requirements. Please provide a different password: 8 characters or more.');
}

/** @throws Fault `Request_BadRequest` (invalid) when the name's domain is not the tenant's */
async function requireDomain({ directory, identity }: Call, upn: string): Promise<void> {
  const domain = (await directory.findTenant(identity.tenantId))?.domain;
  if (domain !== undefined && upn.slice(upn.indexOf('@') + 1).toLowerCase() === domain.toLowerCase()) return;
  throw bad(
    `The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization: '${domain ?? ''}'.`,
  );
}

const changedUser = newUser.partial();

async function changeUser(call: Call): Promise<Reply> {
  const { objectId } = await userOf(call);
  const body = await bodyOf(call, changedUser, USER_CONSTANTS);
  if (body.passwordProfile) requirePassword(body.passwordProfile);
  if (body.userPrincipalName !== undefined) await requireDomain(call, body.userPrincipalName);
  const changed = await call.directory.people.updateUser(objectId, {
    ...(body.accountEnabled === undefined ? {} : { enabled: body.accountEnabled }),
    ...(body.displayName === undefined ? {} : { displayName: body.displayName }),
    ...(body.userPrincipalName === undefined ? {} : { upn: body.userPrincipalName }),
    ...(body.passwordProfile?.password ? { password: body.passwordProfile.password } : {}),
  });
  return changed ? emptyReply(204) : notFound(call.key.value);
}

async function showMe(call: Call): Promise<Reply> {
  if (call.identity.kind !== 'User') throw new Fault('invalid', 'BadRequest', '/me request is only valid with delegated authentication flow.');
  return one(call, 200, 'users', presentUser(await userOf({ ...call, key: { by: 'id', value: call.identity.objectId } })));
}

async function listGroups(call: Call): Promise<Reply> {
  const wanted = parseGraphFilter(call.request.query.get('$filter'), GROUP_NAMES);
  const found = (await call.directory.people.groups(call.identity.tenantId)).filter((group) => wanted(groupNames(group)));
  return page(
    call,
    'groups',
    found.map((group) => ({ id: group.objectId, group })),
    async ({ group }) => presentGroup(group),
  );
}

/** @throws Fault `Request_ResourceNotFound` (notFound) */
async function groupOf({ directory, identity, key }: Call): Promise<GroupRecord> {
  const found = await directory.people.findGroup(key.value);
  return found?.tenantId === identity.tenantId ? found : notFound(key.value);
}

const GROUP_CONSTANTS: JsonObject = { mailEnabled: false, securityEnabled: true };
const newGroup = z.looseObject({
  displayName,
  mailNickname: z.string().regex(/^[\w!#$%&'*+./=?^`{|}~-]{1,64}$/, 'it is no mail nickname'),
  description: z.string().max(1024).nullish(),
});

async function createGroup(call: Call): Promise<Reply> {
  const { displayName: name, mailNickname, description } = await bodyOf(call, newGroup, GROUP_CONSTANTS);
  const options = { tenantId: call.identity.tenantId, displayName: name, mailNickname, description: description ?? undefined };
  return one(call, 201, 'groups', presentGroup(await call.directory.people.createGroup(options)));
}

async function listMembers(call: Call): Promise<Reply> {
  const members = new Set(call.directory.people.membersOf((await groupOf(call)).objectId));
  return page(call, 'directoryObjects', await objectsOf(call, members), async (object) => shownObject(call, object));
}

const reference = z.looseObject({ '@odata.id': z.string() });

/** Principals and groups of the tenant may be members; a group of a group gives what it has to its own members. */
async function addMember(call: Call): Promise<Reply> {
  const { objectId: groupId } = await groupOf(call);
  const memberId = (await bodyOf(call, reference, {}))['@odata.id'].split('/').at(-1)?.toLowerCase() ?? '';
  const [member] = await objectsOf(call, new Set([memberId]));
  if (!member || member.kind === 'application') notFound(memberId);
  if (memberId === groupId) throw bad('A group cannot be a member of itself.');
  if (!(await call.directory.people.addMember({ groupId, memberId })))
    throw bad("One or more added object references already exist for the following modified properties: 'members'.");
  return emptyReply(204);
}

async function removeMember(call: Call): Promise<Reply> {
  const { objectId: groupId } = await groupOf(call);
  if (!(await call.directory.people.removeMember({ groupId, memberId: call.inner }))) notFound(call.inner);
  return emptyReply(204);
}

async function showOrganization(call: Call): Promise<Reply> {
  const tenant = await call.directory.findTenant(call.identity.tenantId);
  if (!tenant) return notFound(call.identity.tenantId);
  const domain = { name: tenant.domain, isDefault: true, isInitial: true, type: 'Managed', capabilities: 'Email, OfficeCommunicationsOnline' };
  const value = [{ id: tenant.id, displayName: tenant.displayName, createdDateTime: tenant.createdAt, tenantType: 'AAD', verifiedDomains: [domain] }];
  return jsonReply(200, { '@odata.context': contextOf(call, 'organization'), value });
}

export const peopleRoutes: Routes = {
  me: { GET: showMe },
  // Nobody owns an object: who may change one is a role.
  'me/ownedobjects': { GET: (call) => page(call, 'directoryObjects', [], async () => ({})) },
  organization: { GET: showOrganization },
  users: { GET: listUsers, POST: createUser },
  'users/*': {
    GET: async (call) => one(call, 200, 'users', presentUser(await userOf(call))),
    PATCH: changeUser,
    DELETE: async (call) => ((await call.directory.people.removeUser((await userOf(call)).objectId)) ? emptyReply(204) : notFound(call.key.value)),
  },
  groups: { GET: listGroups, POST: createGroup },
  'groups/*': {
    GET: async (call) => one(call, 200, 'groups', presentGroup(await groupOf(call))),
    DELETE: async (call) => ((await call.directory.people.removeGroup((await groupOf(call)).objectId)) ? emptyReply(204) : notFound(call.key.value)),
  },
  'groups/*/owners': { GET: async (call) => (await groupOf(call)) && page(call, 'directoryObjects', [], async () => ({})) },
  'groups/*/members': { GET: listMembers },
  'groups/*/members/$ref': { POST: addMember },
  'groups/*/members/*/$ref': { DELETE: removeMember },
};
