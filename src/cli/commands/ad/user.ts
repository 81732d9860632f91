/** `postern ad user ...`: people who sign in by a password. */
import { commands } from '../../command.ts';
import { listObjects, quoted } from '../../directory.ts';
import { UsageError } from '../../failure.ts';
import type { Option } from '../../options.ts';

const ID: Option = { name: 'id', kind: 'text', placeholder: 'UPN_OR_ID', required: true, summary: 'User principal name or object id.' };
const PASSWORD: Option = { name: 'password', kind: 'text', summary: 'The password: 8 characters or more.' };
const NAME: Option = { name: 'display-name', kind: 'text', placeholder: 'NAME', summary: 'Name that is shown.' };
const FORCE: Option = { name: 'force-change-password-next-sign-in', kind: 'boolean', summary: 'Whether the password must be changed at sign-in: false here.' };
const COLUMNS = { DisplayName: 'displayName', UserPrincipalName: 'userPrincipalName', Id: 'id' };

export default commands(
  {
    path: 'ad user create',
    summary: 'Create a user.',
    options: [
      { ...NAME, required: true },
      { ...PASSWORD, required: true },
      { name: 'user-principal-name', kind: 'text', placeholder: 'NAME@DOMAIN', required: true, summary: "What they sign in by; the domain is the tenant's." },
      { name: 'mail-nickname', kind: 'text', summary: 'Accepted and kept.' },
      FORCE,
    ],
    columns: COLUMNS,
    run: async (args, context) => {
      const upn = args.need('user-principal-name');
      const body = {
        accountEnabled: true,
        displayName: args.need('display-name'),
        mailNickname: args.text('mail-nickname') ?? upn.split('@')[0],
        passwordProfile: { forceChangePasswordNextSignIn: args.boolean('force-change-password-next-sign-in') ?? false, password: args.need('password') },
        userPrincipalName: upn,
      };
      return (await (await context.management()).ask('POST', '/v1.0/users', body)).body;
    },
  },
  {
    path: 'ad user list',
    summary: 'List the users.',
    options: [NAME, { name: 'upn', kind: 'text', summary: 'Of this user principal name.' }, { name: 'filter', kind: 'text', summary: 'An OData filter.' }],
    columns: COLUMNS,
    run: async (args, context) => {
      const [name, upn, filter] = [args.text('display-name'), args.text('upn'), args.text('filter')];
      const filters = [
        ...(name === undefined ? [] : [`startswith(displayName,${quoted(name)})`]),
        ...(upn === undefined ? [] : [`userPrincipalName eq ${quoted(upn)}`]),
        ...(filter === undefined ? [] : [filter]),
      ];
      return listObjects(await context.management(), 'users', filters.length === 0 ? undefined : filters.join(' and '));
    },
  },
  {
    path: 'ad user show',
    summary: 'Show a user.',
    options: [ID],
    columns: COLUMNS,
    run: async (args, context) => (await (await context.management()).ask('GET', `/v1.0/users/${encodeURIComponent(args.need('id'))}`)).body,
  },
  {
    path: 'ad user update',
    summary: 'Change the name or password of a user, or whether they may sign in.',
    options: [ID, NAME, PASSWORD, FORCE, { name: 'account-enabled', kind: 'boolean', summary: 'Whether they may sign in.' }],
    run: async (args, context) => {
      const [name, password, enabled] = [args.text('display-name'), args.text('password'), args.boolean('account-enabled')];
      const body = {
        ...(name === undefined ? {} : { displayName: name }),
        ...(enabled === undefined ? {} : { accountEnabled: enabled }),
        ...(password === undefined
          ? {}
          : { passwordProfile: { forceChangePasswordNextSignIn: args.boolean('force-change-password-next-sign-in') ?? false, password } }),
      };
      if (Object.keys(body).length === 0) throw new UsageError('nothing to update: give at least one setting');
      await (await context.management()).ask('PATCH', `/v1.0/users/${encodeURIComponent(args.need('id'))}`, body);
      return undefined;
    },
  },
  {
    path: 'ad user delete',
    summary: 'Delete a user.',
    options: [ID],
    run: async (args, context) => {
      await (await context.management()).ask('DELETE', `/v1.0/users/${encodeURIComponent(args.need('id'))}`);
      return undefined;
    },
  },
);
