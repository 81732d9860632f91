/** `postern up`: runs Postern, in the foreground or detached. */
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { Instance } from '#instance.ts';
import { command } from '../command.ts';
import { dataFlag } from '../context.ts';
import { EXIT } from '../failure.ts';
import { refuseSecond, startHost } from '../host-run.ts';
import { spawnPostern } from '../own-process.ts';
import { readyText } from '../ready-text.ts';
import { configOf, flagsOf, UP_OPTIONS } from '../up-options.ts';

export default command({
  path: 'up',
  summary: 'Run Postern, until Ctrl-C or `postern down`.',
  options: [
    ...UP_OPTIONS,
    { name: 'detach', short: 'd', kind: 'flag', summary: 'Return when it is up and leave it running; its output goes to log/up.log in the data folder.' },
  ],
  notes: 'Exit code 2: a port is in use or a flag is wrong. 3: this machine lacks a tool or a right; the message says which, and the command that helps.',
  examples: ['postern up', 'postern up --detach', 'postern up --data /srv/postern --public 0.0.0.0:443 --host-domain registry.example'],
  run: async (args, context) => {
    const config = configOf(args, context.data);
    refuseSecond(config.data);
    if (args.boolean('detach')) {
      const { exitCode, instance, output } = await detached(config.data, flagsOf(args));
      if (instance) context.out(readyText(instance, dataFlag(config.data), { detached: true }));
      else context.err(output);
      context.exit(exitCode);
      return undefined;
    }
    const run = await startHost(config, (text) => context.err(text));
    const instance = await run.ready;
    if (instance) {
      context.out(readyText(instance, dataFlag(config.data), { detached: false }));
      // The one who started this detached waits for the word and then lets go.
      if (process.send) process.send({ ready: instance }, () => process.disconnect?.());
    }
    context.exit(await run.ended);
    return undefined;
  },
});

/** The file for what the detached process writes. @throws Fault when the data folder cannot be made or written. */
function opened(file: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return openSync(file, 'a', 0o600);
  } catch (error) {
    const data = dirname(dirname(file));
    throw new Fault('forbidden', 'DataFolderNotUsable', `The data folder ${data} cannot be used: ${(error as Error).message}. Name another with --data.`, {
      cause: error,
    });
  }
}

/** Starts `postern up` as a process of its own session and returns when it is up or has failed, with what it wrote meanwhile. */
async function detached(data: string, flags: readonly string[]): Promise<{ exitCode: number; instance?: Instance; output: string }> {
  const file = join(data, 'log', 'up.log');
  const log = opened(file);
  const before = statSync(file).size;
  const child = spawnPostern(['up', `--data=${data}`, ...flags], { detached: true, stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  return new Promise((resolve) => {
    const written = (): string => readFileSync(file).subarray(before).toString('utf8');
    child.on('message', (message: { ready?: Instance }) => {
      if (!message.ready) return;
      child.removeAllListeners();
      if (child.connected) child.disconnect();
      child.unref();
      resolve({ exitCode: EXIT.ok, instance: message.ready, output: '' });
    });
    child.on('error', (error) => resolve({ exitCode: EXIT.error, output: `ERROR: ${error.message}\n` }));
    child.on('exit', (code) => resolve({ exitCode: code === 0 ? EXIT.error : (code ?? EXIT.error), output: written() }));
  });
}
