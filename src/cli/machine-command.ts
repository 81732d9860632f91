/** Running a command in a machine of this host, for the commands that do. */
import { Fault } from '#base/fault.ts';
import { runningInstance } from '#instance.ts';
import { type Context, connectTo } from './context.ts';
import { execIn, type MachinePlace } from './host-run.ts';
import type { Management } from './management.ts';

/**
 * Runs a command in the machine, which has the terminal meanwhile; its exit code becomes Postern's. `group` is needed where the name is used twice.
 * @throws Fault `NoMachines`, `MachineNotFound`, `Ambiguous`
 */
export async function runInMachine(
  context: Context,
  machine: { readonly name: string; readonly group: string | undefined },
  words: readonly string[],
): Promise<void> {
  const instance = runningInstance(context.data);
  if (!instance) {
    await context.management();
    return;
  }
  if (instance.fabric === 'none') throw new Fault('unavailable', 'NoMachines', 'Postern runs with --fabric none: there are no machines on this host.');
  const server = await connectTo(instance, context.data);
  const place = await machineOf(server, machine.name, machine.group);
  server.close();
  // The compile cache lies in the data folder, which no machine sees.
  delete process.env.NODE_COMPILE_CACHE;
  context.exit(await execIn(instance, place, words));
}

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
