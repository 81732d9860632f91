/** `postern vm run-command invoke`: runs a script in a machine, by the management API. `postern exec` is the shorter way on the host. */
import { commands } from '../../command.ts';
import { textArgument } from '../../json-argument.ts';
import { namingOf, nounOf, targetsOf } from '../../noun-commands.ts';
import { NO_WAIT } from '../../options.ts';
import { apiVersionOf } from '../../versions.ts';

const NOUN = nounOf('vm');

export default commands({
  path: 'vm run-command invoke',
  summary: 'Run a script in a virtual machine, and show what it wrote.',
  options: [
    ...namingOf(NOUN),
    { name: 'command-id', kind: 'text', required: true, choices: ['RunShellScript'], summary: 'What is run.' },
    { name: 'scripts', kind: 'list', repeat: true, placeholder: 'LINE', summary: 'Lines of the script, or @FILE.' },
    { name: 'parameters', kind: 'list', placeholder: '[NAME=]VALUE', summary: 'Variables of the script; without a name its arguments.' },
    NO_WAIT,
  ],
  examples: [
    "postern vm run-command invoke -g rg -n vm-app --command-id RunShellScript --scripts 'dig +short myregistry.azurecr.io' --query 'value[0].message' -o tsv",
  ],
  run: async (args, context) => {
    const server = await context.management();
    const script = (args.list('scripts') ?? []).flatMap((line) => (line.startsWith('@') ? textArgument(line, 'scripts').split('\n') : [line]));
    const parameters = Object.entries(args.list('parameters') ?? []).map(([index, given]) => {
      const at = given.indexOf('=');
      return at < 0 ? { name: `arg${Number(index) + 1}`, value: given } : { name: given.slice(0, at), value: given.slice(at + 1) };
    });
    const body = { commandId: args.need('command-id'), ...(script.length === 0 ? {} : { script }), ...(parameters.length === 0 ? {} : { parameters }) };
    const results = [];
    for (const path of await targetsOf(NOUN, args, context)) results.push(await server.post(`${path}/runCommand`, apiVersionOf(NOUN.type), body));
    return results.length === 1 ? results[0] : results;
  },
});
