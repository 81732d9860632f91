/** `postern quickstart`: starts Postern and plays, a line a step, what it is for. */

import { type Instance, runningInstance } from '#instance.ts';
import { command } from '../command.ts';
import { connectTo, dataFlag } from '../context.ts';
import { EXIT } from '../failure.ts';
import { startHost } from '../host-run.ts';
import { play } from '../quickstart/play.ts';
import { hold, StepFailure, Steps } from '../quickstart/steps.ts';
import { configOf, UP_OPTIONS } from '../up-options.ts';

/** What a shell gives a command that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130;

export default command({
  path: 'quickstart',
  summary: 'Start Postern and watch an image go in and out through a private endpoint while the public side is refused.',
  options: [...UP_OPTIONS, { name: 'exit', kind: 'flag', summary: 'End after the last step; without it Postern stays up until Ctrl-C.' }],
  notes:
    'Exit code 0: every step held. 1: one did not; it is named, with its request id. 3: this machine lacks a tool or a right; the message says which.\n' +
    'An instance that already runs on the data folder is used and left running. Playing it again finds the world as it was.',
  run: async (args, context) => {
    const config = configOf(args, context.data);
    const steps = new Steps((text) => context.out(text));
    const at = dataFlag(config.data);

    const already = runningInstance(config.data);
    const run = already ? undefined : await startHost(config, (text) => context.err(text));
    let instance: Instance | undefined = already;
    if (run) {
      context.out('Postern quickstart\n');
      instance = await steps
        .step(
          'Postern starts',
          async () => {
            const up = await run.ready;
            hold(up !== undefined, 'it ended before it was up');
            return up;
          },
          ({ url, fabric, rootless }) => `${url}, fabric ${fabric}${fabric === 'world' ? (rootless ? ' as an ordinary user' : ' as root') : ''}`,
        )
        .catch(() => undefined);
      if (!instance) {
        context.exit(await run.ended);
        return undefined;
      }
    } else context.out(`Postern quickstart, on the instance that runs already (${already?.url})\n`);

    const server = await connectTo(instance as Instance, config.data);
    let failed = false;
    // Ctrl-C in the middle stops the server in order (host.ts does that): what then fails is no finding.
    let interrupted = false;
    const interrupt = (): void => {
      interrupted = true;
    };
    if (run) for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupt);
    try {
      await play({ steps, management: server, instance: instance as Instance, data: config.data });
      context.out(`\n${steps.held} steps held in ${(steps.totalMs / 1000).toFixed(1)} s${steps.leftOut === 0 ? '' : `, ${steps.leftOut} left out`}.\n`);
    } catch (error) {
      failed = true;
      context.err(interrupted ? '\nInterrupted.\n' : `\n${error instanceof StepFailure ? error.text : `${String(error)}\n`}`);
    } finally {
      server.close();
    }
    if (!run) {
      context.exit(failed ? EXIT.error : EXIT.ok);
      return undefined;
    }
    if (interrupted) {
      await run.ended;
      context.exit(EXIT_INTERRUPTED);
      return undefined;
    }
    if (args.boolean('exit') || failed) run.stop();
    else context.out(nextText(instance as Instance, at));
    const code = await run.ended;
    context.exit(failed ? EXIT.error : code);
    return undefined;
  },
});

/** Where to look next. */
function nextText(instance: Instance, at: string): string {
  return [
    '',
    `Postern stays up at ${instance.url} until Ctrl-C. In another terminal:`,
    '',
    `  postern status${at}`,
    `  postern exec --vm vm-app${at} -- dig myregistry.${instance.domain}`,
    `  postern acr private-endpoint-connection list -r myregistry -o table${at}`,
    `  postern network private-endpoint show -n pe-registry -g rg${at}`,
    `  postern --help`,
    '',
  ].join('\n');
}
