/** `postern rest`: any call of the management API. */
import { command } from '../command.ts';
import { UsageError } from '../failure.ts';
import { textArgument } from '../json-argument.ts';

export default command({
  path: 'rest',
  summary: 'Call the management API.',
  options: [
    {
      name: 'url',
      aliases: ['uri'],
      short: 'u',
      kind: 'text',
      placeholder: 'PATH',
      required: true,
      summary: 'Path and query; {subscriptionId} stands for the subscription.',
    },
    { name: 'method', short: 'm', kind: 'text', choices: ['delete', 'get', 'head', 'options', 'patch', 'post', 'put'], summary: 'The method. Default: get.' },
    { name: 'body', short: 'b', kind: 'text', placeholder: 'JSON', summary: 'The body, or @FILE.' },
    { name: 'headers', kind: 'list', placeholder: 'KEY=VALUE', summary: 'Further headers.' },
  ],
  examples: ["postern rest --url '/subscriptions/{subscriptionId}/resources?api-version=2021-04-01'"],
  run: async (args, context) => {
    const server = await context.management();
    const url = args.need('url').replaceAll('{subscriptionId}', context.subscription ?? server.subscriptionId);
    // A whole URL would mean another host, and the token is for this server only.
    if (!url.startsWith('/')) throw new UsageError('argument --url: give a path of this server, for example /subscriptions?api-version=2019-11-01');
    const body = args.text('body');
    const text = body === undefined ? undefined : textArgument(body, 'body');
    const answer = await server.ask((args.text('method') ?? 'get').toUpperCase(), url, text === undefined ? undefined : parsed(text), args.pairs('headers'));
    return answer.body;
  },
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`argument --body: not valid JSON: ${(error as Error).message}`);
  }
}
