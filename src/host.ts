/**
 * The parent, in the host's namespaces: opens the host's listeners, starts the server in a world of its own, passes on the wish to stop, and tells why when
 * something ends early. It holds no state. What it says to the server and hears from it is in `underHost` of main.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isoTime, systemClock } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import { toolPath } from '#fabric/commands.ts';
import type { MachineEntry } from '#fabric/enter.ts';
import { missingTools, needsUserNamespace, refusalOf, worldCommand } from '#fabric/launch.ts';
import { childrenOf } from '#fabric/processes.ts';
import { type Config, type HostPort, urlOf } from './config.ts';
import type { Instance } from './instance.ts';

export interface HostOptions {
  /** Takes lines for people. */
  log(line: string): void;
  onReady?(instance: Instance): void;
  /** The command that is the server; tests hand in their own. */
  readonly program?: readonly string[];
  /** How long a stop may take. */
  readonly graceMs?: number;
}

export const EXIT_FAILED = 1;
export const EXIT_FLAGS = 2;
export const EXIT_MACHINE = 3;

const GRACE_MS = 10_000;
/** Lines of the server's log that are shown when it ends by itself. */
const LAST_LINES = 10;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs Postern until it is told to stop by SIGINT, SIGTERM or SIGHUP. A second signal within the grace says nothing new (npm passes on the Ctrl-C that the
 * terminal has sent already); a third does not wait any longer.
 * @returns the exit code: 0 stopped as asked, 1 failed, 2 a flag has to change, 3 this machine lacks a tool or a right. The reason was logged.
 */
export async function runHost(config: Config, options: HostOptions): Promise<number> {
  const listeners: number[] = [];
  try {
    if (config.fabric === 'world') checkMachine(config);
    prepareFolder(config.data);
    // Late, so that `exec`, which shares this file, does without system calls of its own.
    const { boundPort, lockFile, openListener } = await import('#fabric/sockets.ts');
    (await lockFile(join(config.data, 'lock'), process.pid)).release();
    listeners.push(openListener(config.listen.host, config.listen.port, 'listen'));
    listeners.push(openListener(config.public.host, config.public.port, 'public'));
    const [listen, publicAt] = [config.listen, config.public].map(({ host }, index) => ({ host, port: boundPort(listeners[index] as number) })) as [
      HostPort,
      HostPort,
    ];
    // From here on they are the run's.
    const given = listeners.splice(0);
    return await new Run({ ...config, listen, public: publicAt }, options, given).end;
  } catch (thrown) {
    for (const fd of listeners) (await import('#fabric/sockets.ts')).close(fd);
    if (!(thrown instanceof Fault)) throw thrown;
    options.log(thrown.message);
    return exitCode(thrown);
  }
}

/** Runs a command in a machine of the instance; the exit code is the command's. @throws Fault */
export async function runExec({
  instance,
  machine,
  command,
}: {
  readonly instance: Pick<Instance, 'worldPid' | 'rootless'>;
  readonly machine: MachineEntry['machine'];
  readonly command: readonly string[];
}): Promise<number> {
  if (instance.worldPid === undefined) throw new Fault('unavailable', 'NoMachines', 'Postern runs with --fabric none: there are no machines on this host.');
  const { runInMachine } = await import('#fabric/enter.ts');
  return runInMachine({ worldPid: instance.worldPid, rootless: instance.rootless, machine }, command);
}

function exitCode(fault: Fault): number {
  if (/^(?:MissingTool|NamespacesRefused)$/.test(fault.code)) return EXIT_MACHINE;
  return /^(?:AddressInUse|PortNotPermitted|AddressNotOnThisHost|ListenFailed|InvalidFlag|NotADataFolder)$/.test(fault.code) ? EXIT_FLAGS : EXIT_FAILED;
}

function checkMachine(config: Config): void {
  const missing = missingTools();
  if (missing) throw missing;
  if (`${config.data}/`.startsWith('/run/'))
    throw new Fault('invalid', 'InvalidFlag', `--data: ${config.data} lies below /run, which the world has for itself. Choose a folder elsewhere.`);
}

/** What a data folder may hold. Anything else means that a folder was named by mistake, which must not be closed to its users. */
const OURS = /^(?:lock|log|run|keys|blobs|compile-cache|ca\.pem|operator\.json|admin\.json|az|postern\.db(?:-\w+)?)$/;

/** Creates the data folder, for its user alone. @throws Fault `NotADataFolder`, `DataFolderNotUsable`. */
function prepareFolder(data: string): void {
  // The kernel's own file systems keep nothing, and a folder is not made in them.
  if (/^\/(?:proc|sys|dev)(?:\/|$)/.test(data)) throw new Fault('invalid', 'InvalidFlag', `--data: ${data} is not on a disk. Choose a folder elsewhere.`);
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    const entries = readdirSync(data);
    if (!entries.includes('postern.db') && !entries.every((entry) => OURS.test(entry)))
      throw new Fault('invalid', 'NotADataFolder', `--data: ${data} holds other things. Name an empty folder, or one that does not exist yet.`);
    if ((statSync(data).mode & 0o777) !== 0o700) chmodSync(data, 0o700);
    for (const name of ['run', 'log']) mkdirSync(join(data, name), { recursive: true, mode: 0o700 });
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    throw new Fault('forbidden', 'DataFolderNotUsable', `The data folder ${data} cannot be used: ${(thrown as Error).message}. Name another with --data.`, {
      cause: thrown,
    });
  }
}

interface FromServer {
  readonly ready?: { readonly revision: number };
  readonly fault?: { readonly code: string; readonly message: string };
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One run of the server, from its start to its end. */
class Run {
  /** The exit code. */
  readonly end: Promise<number>;
  readonly #config: Config;
  readonly #options: HostOptions;
  readonly #rootless: boolean;
  readonly #child: ChildProcess;
  /** The last of what the server and its tools wrote outside the log. */
  #said = '';
  #ready = false;
  #fault: FromServer['fault'];
  #signals = 0;
  #killer: NodeJS.Timeout | undefined;

  constructor(config: Config, options: HostOptions, listeners: readonly number[]) {
    this.#config = config;
    this.#options = options;
    this.#rootless = config.fabric === 'world' && needsUserNamespace();
    const server = options.program ?? [process.execPath, '--disable-warning=ExperimentalWarning', fileURLToPath(new URL('./main.ts', import.meta.url))];
    const [program = '', ...args] = config.fabric === 'world' ? worldCommand(server, this.#rootless) : server;
    this.#child = spawn(program, args, {
      cwd: '/',
      // A session of its own: the terminal's Ctrl-C reaches this process only, which then stops the server in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', ...listeners],
      env: { ...process.env, PATH: toolPath(), NODE_COMPILE_CACHE: join(config.data, 'compile-cache'), POSTERN_HOST_PID: String(process.pid) },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said = `${this.#said}${text}`.slice(-8192);
      });
    }
    this.#child.on('message', (message: FromServer) => this.#hear(message));
    // Listened for before anything is awaited: it may be over at once.
    const exit = new Promise<Exit>((resolve) => {
      this.#child.once('error', (error) => {
        this.#said += `${error.message}\n`;
        resolve({ code: null, signal: null });
      });
      this.#child.once('exit', (code, signal) => {
        // All that was said has been heard by then, unless somebody who is no part of the world holds the pipes.
        const told = (): void => resolve({ code, signal });
        this.#child.once('close', told);
        setTimeout(told, 500).unref();
      });
    });
    this.#tell({ config });
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    this.end = this.#untilEnd(exit, listeners);
  }

  async #untilEnd(exit: Promise<Exit>, listeners: readonly number[]): Promise<number> {
    const { close } = await import('#fabric/sockets.ts');
    // The server has them. A copy kept here would leave clients waiting at a port that nobody serves.
    for (const fd of listeners) close(fd);
    try {
      const { code, signal } = await exit;
      return this.#report(code, signal);
    } finally {
      clearTimeout(this.#killer);
      for (const signal of SIGNALS) process.off(signal, this.#onSignal);
      rmSync(this.#instanceFile, { force: true });
    }
  }

  get #instanceFile(): string {
    return join(this.#config.data, 'run', 'instance.json');
  }

  #hear(message: FromServer): void {
    if (message.fault) this.#fault = message.fault;
    if (!message.ready || this.#ready) return;
    this.#ready = true;
    const instance = this.#instance();
    // Whole or not at all for those who read it meanwhile.
    writeFileSync(`${this.#instanceFile}.new`, `${JSON.stringify(instance, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${this.#instanceFile}.new`, this.#instanceFile);
    this.#options.onReady?.(instance);
  }

  #instance(): Instance {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
    const { fabric, listen, domain, hostDomain } = this.#config;
    const worldPid = fabric === 'world' ? childrenOf(this.#child.pid as number)[0] : undefined;
    return {
      pid: process.pid,
      ...(worldPid !== undefined && { worldPid }),
      rootless: this.#rootless,
      fabric,
      url: urlOf(listen),
      listen: hostPort(listen),
      public: hostPort(this.#config.public),
      domain,
      hostDomain,
      startedAt: isoTime(systemClock),
      version,
    };
  }

  readonly #onSignal = (): void => {
    this.#signals += 1;
    if (this.#signals === 1) {
      this.#tell({ stop: true });
      this.#killer = setTimeout(() => this.#kill(), this.#options.graceMs ?? GRACE_MS);
    } else if (this.#signals >= 3) this.#kill();
  };

  /** A server that is gone cannot be told; its exit says the rest. */
  #tell(message: object): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Ends the world: what was started by --pdeathsig and --kill-child goes with its first process. */
  #kill(): void {
    this.#child.kill('SIGKILL');
  }

  #report(code: number | null, signal: NodeJS.Signals | null): number {
    const { log } = this.#options;
    if (this.#fault) {
      log(this.#fault.message);
      return EXIT_FAILED;
    }
    if (this.#signals > 0) {
      if (code === 0) return 0;
      log(`Postern was ended before it had stopped in order (${signal ?? `code ${code}`}). The next start puts everything right.`);
      return EXIT_FAILED;
    }
    const refusal = this.#ready || this.#config.fabric === 'none' ? undefined : refusalOf(code, this.#said, this.#rootless);
    if (refusal) {
      log(refusal.message);
      return EXIT_MACHINE;
    }
    log(`The server ended by itself (${signal ?? `code ${code}`}).`);
    for (const line of [...lastLines(this.#said), ...lastLines(readLog(this.#config.data))]) log(`  ${line}`);
    return EXIT_FAILED;
  }
}

function hostPort({ host, port }: HostPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function readLog(data: string): string {
  try {
    return readFileSync(join(data, 'log', 'server.log'), 'utf8');
  } catch {
    return '';
  }
}

function lastLines(text: string): readonly string[] {
  return text.split('\n').filter(Boolean).slice(-LAST_LINES);
}
