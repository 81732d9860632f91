/** Runs a script of the client tests: every program as a process of its own, nothing waited for but what a script names. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expand, parseScript, ScriptError, type Step } from './script.ts';

export interface ScriptRun {
  /** The folder that programs run in and sections are written to; it exists. */
  readonly work: string;
  /** Variables of the script, which are the environment of its programs too. */
  readonly variables: Record<string, string | undefined>;
  /** How long one program may take, or be waited for. */
  readonly limitMs: number;
  /** The client that it is played with, for steps that are for one client only. */
  readonly client?: string;
}

interface Ended {
  /** 'running' of one that has been awaited and not yet ended. */
  readonly status: number | NodeJS.Signals | 'running';
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that was started, with what it has printed so far. */
class Program {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  #watchers = new Set<() => void>();

  constructor(words: readonly string[], run: ScriptRun, input: 'ignore' | 'pipe' = 'ignore') {
    const [file, ...args] = words as [string, ...string[]];
    this.#child = spawn(file, args, { cwd: run.work, env: run.variables, stdio: [input, 'pipe', 'pipe'] });
    // A program that ends before it has read everything is no mishap of the script's.
    this.#child.stdin?.on('error', () => {});
    for (const name of ['stdout', 'stderr'] as const) {
      this.#child[name]?.setEncoding('utf8').on('data', (text: string) => {
        this[name] += text;
        for (const watcher of this.#watchers) watcher();
      });
    }
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', (error) => reject(new ScriptError(`cannot start ${file}: ${error.message}`)));
      // 'close' comes when the streams have ended too; a server that was detached must therefore not hold them.
      this.#child.on('close', (code, signal) => resolve({ status: code ?? (signal as NodeJS.Signals), stdout: this.stdout, stderr: this.stderr }));
    });
    this.ended.catch(() => {});
  }

  /** A line for it to read. @throws ScriptError when it reads nothing. */
  type(line: string): void {
    if (!this.#child.stdin) throw new ScriptError('it was not started in a terminal');
    this.#child.stdin.write(`${line}\n`);
  }

  /** Ends when `done` says so after some output, or with the program. */
  async until(done: () => boolean): Promise<void> {
    if (done()) return;
    await new Promise<void>((resolve) => {
      const watcher = (): void => {
        if (done()) resolve();
      };
      this.#watchers.add(watcher);
      this.ended.then(
        () => resolve(),
        () => resolve(),
      );
    });
  }

  /** Ends it, and is done when it is gone; what it started itself may still hold its output. */
  async kill(): Promise<void> {
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }
}

/** Runs the script file to its end. @throws Error that says the line, what was expected, and what the last program printed. */
export async function runScript(path: string, run: ScriptRun): Promise<void> {
  const background = new Map<string, Program>();
  const state: { last: Ended | undefined } = { last: undefined };
  try {
    await runFile(path, run, background, state);
    for (const name of background.keys()) throw new ScriptError(`${path}: '${name}' was started and never waited for`);
  } finally {
    for (const program of background.values()) await program.kill();
  }
}

async function runFile(path: string, run: ScriptRun, background: Map<string, Program>, state: { last: Ended | undefined }): Promise<void> {
  const script = parseScript(readFileSync(path, 'utf8'));
  for (const [name, text] of script.files) {
    mkdirSync(dirname(join(run.work, name)), { recursive: true });
    writeFileSync(join(run.work, name), text);
  }
  for (const step of script.steps) {
    if (step.only && (step.only.client === run.client) === step.only.not) continue;
    try {
      await runStep(step, { path, run, background, state, files: script.files });
    } catch (error) {
      if (!(error instanceof ScriptError) || error.message.startsWith(dirname(path))) throw error;
      const { last } = state;
      const printed = last ? `\nthe last program ended with ${last.status}\nstdout:\n${tail(last.stdout)}\nstderr:\n${tail(last.stderr)}` : '';
      throw new ScriptError(`${path}:${step.line}: ${step.negated ? '! ' : ''}${step.text.replace(/^! /, '')}\n${error.message}${printed}`);
    }
  }
}

const tail = (text: string): string => (text.length > 4000 ? `...${text.slice(-4000)}` : text).replace(/^/gm, '  ');

interface Frame {
  path: string;
  run: ScriptRun;
  background: Map<string, Program>;
  state: { last: Ended | undefined };
  files: ReadonlyMap<string, string>;
}

async function runStep(step: Step, { path, run, background, state, files }: Frame): Promise<void> {
  // `set` names a variable and `use` a file; all other words are values.
  const words = step.words.map((word) => expand(word, run.variables));
  const fail = (message: string): never => {
    throw new ScriptError(message);
  };
  const started = (name: string): Program => background.get(name) ?? fail(`nothing named '${name}' was started`);
  const last = (): Ended => state.last ?? fail('no program has run yet');
  const printedBy = (ended: { stdout: string; stderr: string }, stream: string): string =>
    stream === 'stdout' || stream === 'stderr' ? ended[stream] : fail(`'${stream}' is neither stdout nor stderr`);
  const judge = (ended: Ended): void => {
    state.last = ended;
    if (typeof ended.status !== 'number') fail(`it was ended by ${ended.status}`);
    if (!step.negated && ended.status !== 0) fail(`it ended with ${ended.status}`);
    if (step.negated && ended.status === 0) fail('it ended with 0, and was expected to fail');
  };
  switch (step.command) {
    case 'exec': {
      const program = new Program(words, run);
      try {
        judge(await within(run.limitMs, program.ended));
      } finally {
        await program.kill();
      }
      return;
    }
    case 'start':
    case 'terminal': {
      const [name, ...command] = words as [string, ...string[]];
      if (background.has(name)) fail(`'${name}' was started already`);
      const typed = step.command === 'terminal';
      background.set(name, typed ? new Program(inTerminal(command), run, 'pipe') : new Program(command, run));
      return;
    }
    case 'type':
      started(words[0] as string).type(words[1] as string);
      return;
    case 'await': {
      const [name, stream, pattern] = words as [string, string, string];
      const program = started(name);
      const matches = (): boolean => expression(pattern).test(printedBy(program, stream));
      await within(run.limitMs, program.until(matches));
      if (!matches()) fail(`'${name}' ended without printing that:\n${tail(printedBy(program, stream))}`);
      state.last = { status: 'running', stdout: program.stdout, stderr: program.stderr };
      return;
    }
    case 'wait': {
      const program = started(words[0] as string);
      const ended = await within(run.limitMs, program.ended);
      background.delete(words[0] as string);
      judge(ended);
      return;
    }
    case 'status':
      if (String(last().status) !== words[0]) fail(`it ended with ${last().status}`);
      return;
    case 'stdout':
    case 'stderr':
      if (expression(words[0] as string).test(last()[step.command]) === step.negated) fail(step.negated ? 'it printed that' : 'it did not print that');
      return;
    case 'cmp': {
      const [stream, name] = words as [string, string];
      const section = files.get(name) ?? fail(`there is no section '${name}'`);
      const expected = section.replace(/\$\{(\w+)\}/g, (_, variable: string) => run.variables[variable] ?? fail(`$${variable} is not set`));
      const actual = printedBy(last(), stream);
      if (actual !== expected) fail(`it printed something else than ${name}:\n${difference(expected, actual)}`);
      return;
    }
    case 'set': {
      const [name, equals, source, argument] = words as [string, string, string, string | undefined];
      if (equals !== '=' || !/^[A-Za-z_]\w*$/.test(name)) fail('a variable is set by: set NAME = stdout|stderr|text ...');
      run.variables[name] = source === 'text' ? (argument ?? '') : (captured(printedBy(last(), source), argument) ?? fail('it did not print that'));
      return;
    }
    case 'use':
      await runFile(join(dirname(path), words[0] as string), run, background, state);
  }
}

/** The command line that runs a command in a terminal of its own; what it prints there is the standard output. */
function inTerminal(command: readonly string[]): string[] {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  return ['script', '--quiet', '--return', '--flush', '--echo', 'never', '--command', `exec ${quoted}`, '/dev/null'];
}

function expression(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'mu');
  } catch (error) {
    throw new ScriptError((error as Error).message);
  }
}

function captured(printed: string, pattern: string | undefined): string | undefined {
  if (pattern === undefined) return printed.trim();
  const match = expression(pattern).exec(printed);
  return match ? (match[1] ?? match[0]) : undefined;
}

/** The first line in which two texts differ. */
function difference(expected: string, actual: string): string {
  const [wanted, got] = [expected.split('\n'), actual.split('\n')];
  const index = wanted.findIndex((line, at) => line !== got[at]);
  const at = index === -1 ? wanted.length : index;
  return `line ${at + 1}: expected ${JSON.stringify(wanted[at])}, got ${JSON.stringify(got[at])}`;
}

/** @throws ScriptError when the promise takes longer. */
async function within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ScriptError(`it took longer than ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
