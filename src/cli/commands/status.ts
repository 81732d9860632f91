/** `postern status`: what runs on a data folder, where, how it is, and what is stored but not acting. */

import { type Instance, runningInstance } from '#instance.ts';
import { command } from '../command.ts';
import { connectTo } from '../context.ts';
import { EXIT } from '../failure.ts';

/** What `/postern/status` answers. */
interface ServerStatus {
  readonly health: string;
  readonly revision: number;
  readonly networks: number;
  readonly machines: number;
  readonly registries: number;
  readonly faults: readonly { readonly owner: string; readonly code?: string; readonly message?: string }[];
  /** Settings that are stored and do not act yet. */
  readonly notEnforced: readonly { readonly id: string; readonly message: string }[];
}

export default command({
  path: 'status',
  summary: 'Show what runs: addresses, process, fabric, revision, health, and settings that are stored but not yet enforced.',
  options: [],
  notes: 'Exit code 0: it runs and is healthy. 1: it runs and something is wrong. 3: it does not run.',
  examples: ['postern status', 'postern status -o json --query health'],
  run: async (_args, context) => {
    const instance = runningInstance(context.data);
    if (!instance) {
      context.exit(EXIT.notFound);
      if (context.formatGiven) return { data: context.data, health: 'NotRunning', running: false };
      context.err(`Postern does not run on ${context.data}.\nStart it with: postern up --detach\n`);
      return undefined;
    }
    const server = await connectTo(instance, context.data);
    try {
      const status = (await server.ask('GET', '/postern/status')).body as unknown as ServerStatus;
      if (status.health !== 'Healthy') context.exit(EXIT.error);
      if (context.formatGiven) return { ...instance, ...status, running: true, data: context.data };
      context.out(statusText(instance, status, context.data));
      return undefined;
    } finally {
      server.close();
    }
  },
});

/** The same for people. */
export function statusText(instance: Instance, status: ServerStatus, data: string): string {
  const rows: [string, string][] = [
    ['Health', status.health],
    ['Management', instance.url],
    [
      'Registries',
      `https://<registry>.${instance.hostDomain}:${instance.public.slice(instance.public.lastIndexOf(':') + 1)} (listening at ${instance.public})`,
    ],
    ['Process', `${instance.pid}, since ${instance.startedAt}`],
    ['Fabric', `${instance.fabric}${instance.fabric === 'world' ? (instance.rootless ? ', as an ordinary user' : ', as root') : ''}`],
    [
      'World',
      `revision ${status.revision}: ${count(status.registries, 'registry', 'registries')}, ${count(status.networks, 'network')}, ${count(status.machines, 'machine')}`,
    ],
    ['Data', data],
    ['Version', instance.version],
  ];
  const lines = rows.map(([name, text]) => `${name.padEnd(12)}${text}`);
  if (status.faults.length > 0) lines.push('', 'Out of order:', ...status.faults.map((fault) => `  ${fault.owner}: (${fault.code}) ${fault.message}`));
  if (status.notEnforced.length > 0) lines.push('', 'Stored, not yet enforced:', ...status.notEnforced.map(({ id, message }) => `  ${id}: ${message}`));
  return `${lines.join('\n')}\n`;
}

function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}
