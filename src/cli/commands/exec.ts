/** `postern exec`: runs a command inside a machine. */
import { Fault } from '#base/fault.ts';
import { runningInstance } from '#instance.ts';
import { command } from '../command.ts';
import { connectTo } from '../context.ts';
import { execIn, type MachinePlace } from '../host-run.ts';
import type { Management } from '../management.ts';
import { RESOURCE_GROUP } from '../options.ts';

export default command({
  path: 'exec',
  summary: "Run a command inside a machine: with its network, its resolver, its trust store and its identity's address.",
  options: [
    { name: 'vm', kind: 'text', placeholder: 'NAME', required: true, summary: 'Name of the virtual machine.' },
    { ...RESOURCE_GROUP, required: false, summary: 'Name of its resource group; needed when the name is used twice.' },
  ],
  rest: 'COMMAND [ARGUMENT...]',
  notes: "The exit code is the command's own.",
  examples: ['postern exec --vm vm-app -- dig +short myregistry.azurecr.io', 'postern exec --vm vm-app -- bash'],
  run: async (args, context) => {
    const instance = runningInstance(context.data);
    if (!instance) {
      await context.management();
      return undefined;
    }
    if (instance.fabric === 'none') throw new Fault('unavailable', 'NoMachines', 'Postern runs with --fabric none: there are no machines on this host.');
    const server = await connectTo(instance, context.data);
    const machine = await machineOf(server, args.need('vm'), args.text('resource-group'));
    server.close();
    // The compile cache lies in the data folder, which no machine sees.
    delete process.env.NODE_COMPILE_CACHE;
    context.exit(await execIn(instance, machine, args.rest));
    return undefined;
  },
});

async function machineOf(server: Management, name: string, group: string | undefined): Promise<MachinePlace> {
  const { value } = (await server.ask('GET', `/postern/machines?name=${encodeURIComponent(name)}`)).body as unknown as { value: MachinePlace[] };
  const found = value.filter(({ id }) => group === undefined || id.toLowerCase().includes(`/resourcegroups/${group.toLowerCase()}/`));
  const [machine] = found;
  if (!machine)
    throw new Fault(
      'notFound',
      'MachineNotFound',
      `There is no machine '${name}'${group === undefined ? '' : ` in resource group '${group}'`}. See: postern vm list -o table`,
    );
  if (found.length > 1)
    throw new Fault(
      'conflict',
      'Ambiguous',
      `There are ${found.length} machines '${name}'. Say which by --resource-group:\n${found.map(({ id }) => `  ${id}`).join('\n')}`,
    );
  return machine;
}
