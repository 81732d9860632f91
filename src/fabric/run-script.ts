/**
 * Running a script inside a machine from within the world, for those who ask by the control plane. In a PID namespace of its own, so that all it started
 * ends with it, at its end or at the limit of its time. It has the rights that commands of `postern exec` have.
 */
import { spawn } from 'node:child_process';
import { Fault } from '#base/fault.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { toolPath } from './commands.ts';
import type { Fabric } from './fabric.ts';
import { machineEnvironment } from './machine-environment.ts';

export interface Script {
  /** Lines; the first may be a `#!`, otherwise `sh` runs it. */
  readonly lines: readonly string[];
  /** Its arguments in order; those whose names can be variables are also in its environment. */
  readonly parameters: readonly { readonly name: string; readonly value: string }[];
}

/** The last bytes of what it wrote, as text. */
export interface ScriptResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ScriptLimits {
  readonly timeMs: number;
  /** Of each of the two outputs; what came before is dropped. */
  readonly outputBytes: number;
}

/** Puts the script into a file of the machine's own /tmp, so that neither its length nor its input is in the way, and becomes it. */
const INSIDE = 'file=$(mktemp) && cat >"$file" && chmod 700 "$file" || exit 126; cd; "$file" "$@" </dev/null; code=$?; rm -f "$file"; exit $code';

/** docs/sources.md#run-command */
export const SCRIPT_LIMITS: ScriptLimits = { timeMs: 90 * 60_000, outputBytes: 4096 };

/**
 * Runs the script to its end.
 * @throws Fault `MachineNotReal` where there is no such machine on this host, `ScriptTimedOut` when it was killed at the limit, `MissingTool`
 */
export async function runScript(
  fabric: Pick<Fabric, 'driver' | 'machine'>,
  key: ResourceKey,
  { lines, parameters }: Script,
  limits: ScriptLimits = SCRIPT_LIMITS,
): Promise<ScriptResult> {
  const machine = fabric.machine(key);
  const name = key.slice(key.lastIndexOf('/') + 1);
  if (!machine) {
    const why = fabric.driver === 'none' ? 'Postern runs with --fabric none: start it with --fabric world to have machines' : 'see postern status for why';
    throw new Fault('conflict', 'MachineNotReal', `The machine '${name}' is not there on this host, so nothing can run in it; ${why}.`);
  }
  const places = [`--net=${machine.networkNamespace}`, `--mount=${machine.mountNamespace}`, `--uts=${machine.utsNamespace}`];
  const environment = machineEnvironment(name, { ...process.env, PATH: toolPath() });
  // Set by the last of them, inside: variables can tell a program which code to load, and the ones before it run where the server's own files are.
  const named = parameters.filter(({ name: each }) => /^[A-Za-z_]\w*$/.test(each) && !(each in environment)).map(({ name: each, value }) => `${each}=${value}`);
  const own = ['unshare', '--pid', '--fork', '--kill-child=KILL', '--', 'env', ...named, 'sh', '-c', INSIDE, 'sh', ...parameters.map(({ value }) => value)];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'nsenter', ...places, '--', ...own], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
    env: environment,
  });
  const stdout = tailOf(child.stdout, limits.outputBytes);
  const stderr = tailOf(child.stderr, limits.outputBytes);
  // It may end before it has read everything.
  child.stdin.on('error', () => {});
  child.stdin.end(lines.join('\n'));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    // setpriv and nsenter have become unshare, whose end is that of the first process in the namespace, and so of all in it.
    child.kill('SIGKILL');
  }, limits.timeMs);
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', (cause) => reject(new Fault('unavailable', 'MissingTool', `'setpriv' could not be started: ${cause.message}.`, { cause })));
      child.once('close', (code) => resolve(code ?? 128));
    });
    if (late) throw new Fault('timeout', 'ScriptTimedOut', `The script ran longer than ${limits.timeMs / 1000} s and was ended with all that it had started.`);
    return { exitCode, stdout: stdout(), stderr: stderr() };
  } finally {
    clearTimeout(timer);
  }
}

function tailOf(stream: NodeJS.ReadableStream, bytes: number): () => string {
  let kept = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]);
    if (kept.length > bytes) kept = kept.subarray(kept.length - bytes);
  });
  return () => kept.toString('utf8');
}
