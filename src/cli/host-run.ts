/** The one door to host.ts: running Postern in this process, for `up` and `quickstart`, and entering a machine, for `exec`. Loaded late, so that no other command pays. */
import { Fault } from '#base/fault.ts';
import { type Instance, runningInstance } from '#instance.ts';
import type { Config } from '../config.ts';

/** @throws Fault when an instance runs on the data folder already. */
export function refuseSecond(data: string): void {
  const instance = runningInstance(data);
  if (instance)
    throw new Fault('conflict', 'AlreadyRunning', `Postern already runs on ${data}: ${instance.url}, process ${instance.pid}. Stop it with: postern down`);
}

/** A run that is ready, or that has ended before it was. */
export interface HostRun {
  /** Resolves when it is up; undefined when it ended before. */
  readonly ready: Promise<Instance | undefined>;
  /** The exit code, once everything is stopped. */
  readonly ended: Promise<number>;
  stop(): void;
}

export async function startHost(config: Config, err: (text: string) => void): Promise<HostRun> {
  const { runHost } = await import('#host.ts');
  let becameReady: (instance: Instance) => void = () => undefined;
  const up = new Promise<Instance>((resolve) => {
    becameReady = resolve;
  });
  const ended = runHost(config, { log: (line: string) => err(`${line}\n`), onReady: (instance: Instance) => becameReady(instance) });
  return {
    ready: Promise.race([up, ended.then(() => undefined)]),
    ended,
    stop: () => void process.kill(process.pid, 'SIGTERM'),
  };
}

/** A machine as `/postern/machines` states it. Paths are as seen inside the world. */
export interface MachinePlace {
  readonly id: string;
  readonly name: string;
  readonly networkNamespace: string;
  readonly mountNamespace: string;
}

/** Runs a command in a machine with this terminal; its exit code. */
export async function execIn(instance: Instance, machine: MachinePlace, command: readonly string[]): Promise<number> {
  const { runExec } = await import('#host.ts');
  return runExec({ instance, machine, command });
}
