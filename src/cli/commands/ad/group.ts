/** `postern ad group ...`: groups, whose members have the roles that the group has. */
import type { JsonObject } from '#base/json.ts';
import { commands } from '../../command.ts';
import type { Context } from '../../context.ts';
import { listObjects, quoted } from '../../directory.ts';
import type { Option } from '../../options.ts';

const GROUP: Option = { name: 'group', short: 'g', kind: 'text', placeholder: 'NAME_OR_ID', required: true, summary: 'Name or object id of the group.' };
const MEMBER: Option = { name: 'member-id', kind: 'text', placeholder: 'ID', required: true, summary: 'Object id of the member.' };
const COLUMNS = { DisplayName: 'displayName', Id: 'id', Description: 'description' };

/** The group with this name, else the one with this object id, and the path it is asked at. @throws Refusal 404 */
async function groupOf(context: Context, given: string): Promise<{ path: string; object: JsonObject }> {
  const server = await context.management();
  const [named] = await listObjects(server, 'groups', `displayName eq ${quoted(given)}`);
  const path = `/v1.0/groups/${encodeURIComponent(named === undefined ? given : String(named.id))}`;
  return { path, object: named ?? ((await server.ask('GET', path)).body as JsonObject) };
}

async function membersOf(context: Context, group: string): Promise<JsonObject[]> {
  const { path } = await groupOf(context, group);
  return listObjects(await context.management(), `${path.slice('/v1.0/'.length)}/members`);
}

export default commands(
  {
    path: 'ad group create',
    summary: 'Create a group.',
    options: [
      { name: 'display-name', kind: 'text', placeholder: 'NAME', required: true, summary: 'Its name.' },
      { name: 'mail-nickname', kind: 'text', required: true, summary: 'Its mail nickname.' },
      { name: 'description', kind: 'text', summary: 'What it is for.' },
    ],
    columns: COLUMNS,
    run: async (args, context) => {
      const description = args.text('description');
      const names = { displayName: args.need('display-name'), mailNickname: args.need('mail-nickname') };
      const body = { ...names, ...(description === undefined ? {} : { description }), mailEnabled: false, securityEnabled: true };
      return (await (await context.management()).ask('POST', '/v1.0/groups', body)).body;
    },
  },
  {
    path: 'ad group list',
    summary: 'List the groups.',
    options: [{ name: 'display-name', kind: 'text', placeholder: 'NAME', summary: 'What the name begins with.' }],
    columns: COLUMNS,
    run: async (args, context) => {
      const name = args.text('display-name');
      return listObjects(await context.management(), 'groups', name === undefined ? undefined : `startswith(displayName,${quoted(name)})`);
    },
  },
  {
    path: 'ad group show',
    summary: 'Show a group.',
    options: [GROUP],
    columns: COLUMNS,
    run: async (args, context) => (await groupOf(context, args.need('group'))).object,
  },
  {
    path: 'ad group delete',
    summary: 'Delete a group.',
    options: [GROUP],
    run: async (args, context) => {
      const { path } = await groupOf(context, args.need('group'));
      await (await context.management()).ask('DELETE', path);
      return undefined;
    },
  },
  {
    path: 'ad group member add',
    summary: 'Add a user, a service principal or a group to a group.',
    options: [GROUP, MEMBER],
    run: async (args, context) => {
      const { path } = await groupOf(context, args.need('group'));
      const reference = { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${args.need('member-id')}` };
      await (await context.management()).ask('POST', `${path}/members/$ref`, reference);
      return undefined;
    },
  },
  {
    path: 'ad group member remove',
    summary: 'Take a member out of a group.',
    options: [GROUP, MEMBER],
    run: async (args, context) => {
      const { path } = await groupOf(context, args.need('group'));
      await (await context.management()).ask('DELETE', `${path}/members/${encodeURIComponent(args.need('member-id'))}/$ref`);
      return undefined;
    },
  },
  {
    path: 'ad group member list',
    summary: 'List the members of a group.',
    options: [GROUP],
    columns: COLUMNS,
    run: (args, context) => membersOf(context, args.need('group')),
  },
  {
    path: 'ad group member check',
    summary: 'Tell whether somebody is a member of a group.',
    options: [GROUP, MEMBER],
    run: async (args, context) => {
      const { object } = await groupOf(context, args.need('group'));
      const path = `/v1.0/directoryObjects/${encodeURIComponent(args.need('member-id'))}/checkMemberGroups`;
      const { body } = await (await context.management()).ask('POST', path, { groupIds: [object.id] });
      return { value: ((body as { value?: string[] } | undefined)?.value ?? []).includes(String(object.id)) };
    },
  },
);
