/** `postern account set`: the subscription that the following commands are about. */
import { readAccount, writeAccount } from '../../account-file.ts';
import { command } from '../../command.ts';
import { subscriptionId } from '../../context.ts';
import { UsageError } from '../../failure.ts';
import { SUBSCRIPTIONS_VERSION } from '../../versions.ts';

export default command({
  path: 'account set',
  summary: 'Choose the subscription that commands are about, by --subscription NAME_OR_ID.',
  options: [{ name: 'name', short: 'n', aliases: ['s'], kind: 'text', placeholder: 'NAME_OR_ID', summary: 'The same as --subscription.' }],
  examples: ['postern account set --subscription "Network team"'],
  run: async (args, context) => {
    const given = context.subscription ?? args.text('name');
    if (given === undefined) throw new UsageError('the following arguments are required: --subscription/--name/-n');
    const server = await context.management();
    const id = await subscriptionId(server, given);
    // One that is not there, or not for this caller, is not chosen.
    await server.get(`/subscriptions/${id}`, SUBSCRIPTIONS_VERSION);
    writeAccount(context.data, { ...readAccount(context.data), subscription: id });
    return undefined;
  },
});
