/** Entering a machine: a command of the host's run with the machine's network, mounts and name. */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { Fault } from '#base/fault.ts';
import { machineEnvironment } from './machine-environment.ts';
import { childrenOf } from './processes.ts';

export interface MachineEntry {
  /** The first process of the world, as the caller sees it. */
  readonly worldPid: number;
  /** Whether the world has a user namespace of its own. */
  readonly rootless: boolean;
  /** Paths are as seen inside the world. */
  readonly machine: { readonly name: string; readonly networkNamespace: string; readonly mountNamespace: string; readonly utsNamespace?: string };
}

/**
 * A terminal's Ctrl-C reaches everyone in between as well, and nsenter, which waits for the command, would end of it and the command with it. So it is
 * ignored from here on, and no longer by the command. Where `env` cannot take that back (coreutils before 8.31), Ctrl-C just ends the command.
 */
const RESET = 'env --default-signal=INT,QUIT';
const OUTSIDE = `if ${RESET} true 2>/dev/null; then trap "" INT QUIT; fi; exec "$@"`;

/** Goes to the caller's folder where the machine has it, else home; then becomes the command, with the shell's own codes 126 and 127 when it cannot. */
const INSIDE = `folder=$1; shift; cd "$folder" 2>/dev/null || cd; if ${RESET} true 2>/dev/null; then exec ${RESET} "$@"; fi; exec "$@"`;

/** The command line that runs `command` in the machine. `owner` is who started the world, where the caller is root and the world is not. */
export function enterCommand(
  { worldPid, rootless, machine }: MachineEntry,
  command: readonly string[],
  folder: string,
  owner?: { readonly uid: number; readonly gid: number },
): readonly string[] {
  const world = `/proc/${worldPid}`;
  // Root has no name in a rootless world; the one who started it does, and is root there.
  const become = owner ? ['--reuid', String(owner.uid), '--regid', String(owner.gid), '--clear-groups'] : [];
  const user = rootless ? [`--user=${world}/ns/user`, '--preserve-credentials'] : [];
  const uts = machine.utsNamespace === undefined ? [] : [`--uts=${world}/root${machine.utsNamespace}`];
  const places = [`--pid=${world}/ns/pid`, `--net=${world}/root${machine.networkNamespace}`, `--mount=${world}/root${machine.mountNamespace}`, ...uts];
  // One pdeathsig for nsenter and one for the command, which nsenter forks to get into the PID namespace.
  const outside = ['setpriv', '--pdeathsig', 'KILL', ...become, 'sh', '-c', OUTSIDE, 'sh', 'nsenter', ...user, ...places, '--'];
  return [...outside, 'setpriv', '--pdeathsig', 'KILL', 'sh', '-c', INSIDE, 'sh', folder, ...command];
}

const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * Runs `command` in the machine with this process's input, output and errors, and resolves to its exit code (128 + n for signal n, as shells tell it).
 * Signals go on to the command; those that a terminal sends have reached it already, as one of the terminal's foreground group.
 * @throws Fault when the world is gone or belongs to another user.
 */
export async function runInMachine(entry: MachineEntry, command: readonly string[], stdio: 'inherit' | 'pipe' = 'inherit'): Promise<number> {
  let world: { uid: number; gid: number };
  try {
    world = statSync(`/proc/${entry.worldPid}`);
  } catch (cause) {
    throw new Fault('unavailable', 'WorldGone', `The world of this instance (process ${entry.worldPid}) is gone. See: postern status`, { cause });
  }
  const caller = process.getuid?.() ?? 0;
  if (caller !== 0 && caller !== world.uid)
    throw new Fault('forbidden', 'NotYours', `The world of this instance belongs to user ${world.uid}. Run this as that user, or as root.`);
  const owner = entry.rootless && caller === 0 && world.uid !== 0 ? world : undefined;
  const [program = '', ...args] = enterCommand(entry, command, process.cwd(), owner);
  const child = spawn(program, args, { stdio, env: machineEnvironment(entry.machine.name, process.env) });
  const atTerminal = [0, 1, 2].some((fd) => isatty(fd));
  const forward = (signal: NodeJS.Signals): void => {
    if (atTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT')) return;
    const inside = child.pid === undefined ? [] : childrenOf(child.pid);
    // Before the command has started there is only nsenter to tell, and its end is the command's.
    for (const pid of inside.length > 0 ? inside : [child.pid ?? 0]) if (pid > 0) send(pid, signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', (cause) => reject(new Fault('unavailable', 'MissingTool', `'${program}' could not be started: ${cause.message}.`, { cause })));
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Ended meanwhile.
  }
}
