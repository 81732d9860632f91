/** `postern login`: from now on commands are those of a service principal, with its rights and no more; `--identity` in a machine is what holds anyway. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readAccount, writeAccount } from '../account-file.ts';
import { command } from '../command.ts';
import { UsageError } from '../failure.ts';
import { textArgument } from '../json-argument.ts';
import { SUBSCRIPTIONS_VERSION } from '../versions.ts';
import { account } from './account/show.ts';

export default command({
  path: 'login',
  summary: 'Sign in as a service principal instead of as the operator; in a machine, by its managed identity.',
  options: [
    { name: 'service-principal', kind: 'flag', summary: 'As a service principal: --username APPID --password SECRET --tenant ID.' },
    { name: 'username', short: 'u', kind: 'text', placeholder: 'APPID', summary: 'appId of the service principal.' },
    { name: 'password', short: 'p', kind: 'text', placeholder: 'SECRET', summary: 'Its password, or @FILE.' },
    { name: 'tenant', short: 't', kind: 'text', placeholder: 'ID', summary: "Its tenant. Default: the operator's." },
    { name: 'identity', short: 'i', kind: 'flag', summary: 'By the managed identity of the machine.' },
    { name: 'allow-no-subscriptions', kind: 'flag', summary: 'Also one that may read no subscription.' },
  ],
  notes: 'Without it commands on the host sign in as the operator. `postern logout` goes back to that.',
  examples: ['postern login --service-principal -u "$APP_ID" -p "$PASSWORD" --tenant "$TENANT"', 'postern exec --vm vm-app -- postern login --identity'],
  run: async (args, context) => {
    const before = readAccount(context.data);
    if (args.boolean('service-principal')) {
      const [appId, password] = [args.text('username'), args.text('password')];
      if (appId === undefined || password === undefined)
        throw new UsageError('usage error: --service-principal --username APPID --password SECRET --tenant ID');
      const server = await context.management();
      const principal = {
        appId,
        secret: textArgument(password, 'password').trim(),
        tenantId: args.text('tenant') ?? server.tenantId,
        subscriptionId: server.subscriptionId,
      };
      await server.signIn(principal);
      writeAccount(context.data, { principal });
    } else if (args.boolean('identity')) writeAccount(context.data, {});
    else throw new UsageError('usage error: --service-principal -u APPID -p SECRET --tenant ID | --identity (in a machine)');
    rmSync(join(context.data, 'run', 'token.json'), { force: true });
    try {
      const { connect } = await import('../context.ts');
      const server = await connect(context.data);
      const all = await server.list('/subscriptions', SUBSCRIPTIONS_VERSION).finally(() => server.close());
      if (all.length === 0 && !args.boolean('allow-no-subscriptions')) throw new Error(`No subscriptions found for ${server.appId}.`);
      const inUse = all.some((one) => one.subscriptionId === server.subscriptionId) ? server.subscriptionId : String(all[0]?.subscriptionId ?? '');
      const kept = readAccount(context.data);
      if (kept.principal && inUse !== '') writeAccount(context.data, { ...kept, subscription: inUse });
      return all.map((one) => account(one, inUse, server.appId));
    } catch (error) {
      writeAccount(context.data, before);
      throw error;
    }
  },
});
