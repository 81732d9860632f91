/** `postern exec`: runs a command inside a machine. */
import { command } from '../command.ts';
import { runInMachine } from '../machine-command.ts';
import { RESOURCE_GROUP } from '../options.ts';

export default command({
  path: 'exec',
  summary: "Run a command inside a machine: with its network, its resolver, its trust store and its identity's address.",
  options: [
    { name: 'vm', kind: 'text', placeholder: 'NAME', required: true, summary: 'Name of the virtual machine.' },
    { ...RESOURCE_GROUP, required: false, summary: 'Name of its resource group; needed when the name is used twice.' },
  ],
  rest: 'COMMAND [ARGUMENT...]',
  notes:
    "The exit code is the command's own. A machine sees this host's programs, but has a /tmp, a /run and a home of its own. `postern vm docker` runs a Docker daemon in it.",
  examples: ['postern exec --vm vm-app -- dig +short myregistry.azurecr.io', 'postern exec --vm vm-app -- bash'],
  run: async (args, context) => {
    await runInMachine(context, { name: args.need('vm'), group: args.text('resource-group') }, args.rest);
    return undefined;
  },
});
