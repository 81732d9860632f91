/** `postern down`: stops the instance of a data folder and returns when it is gone. */

import { monotonicMs } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import { lives, runningInstance } from '#instance.ts';
import { command } from '../command.ts';

const PATIENCE_MS = 30_000;

export default command({
  path: 'down',
  summary: 'Stop Postern. Returns when it is gone.',
  options: [],
  run: async (_args, context) => {
    const instance = runningInstance(context.data);
    if (!instance) {
      context.err(`Postern does not run on ${context.data}: nothing to stop.\n`);
      return undefined;
    }
    try {
      process.kill(instance.pid, 'SIGTERM');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EPERM')
        throw new Fault('forbidden', 'NotYours', `Process ${instance.pid} belongs to another user. Run this as the user who started Postern.`);
    }
    const start = monotonicMs();
    while (lives(instance.pid, instance.startedAt)) {
      if (monotonicMs() - start > PATIENCE_MS)
        throw new Fault('timeout', 'StillRunning', `Process ${instance.pid} still runs after ${PATIENCE_MS / 1000} s. See ${context.data}/log/server.log`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    context.err(`Postern has stopped (process ${instance.pid}).\n`);
    return undefined;
  },
});
