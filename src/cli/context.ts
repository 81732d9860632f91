/** What a command gets besides its arguments: the data folder, the server behind it, and the terminal. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { Instance } from '#instance.ts';
import type { Credentials, Management } from './management.ts';
import type { Format } from './output.ts';

export interface Context {
  /** Absolute path of the data folder. */
  readonly data: string;
  readonly format: Format;
  /** Whether the format was asked for: commands for people print text when it was not. */
  readonly formatGiven: boolean;
  readonly subscription: string | undefined;
  /** Writes to the terminal as it is. */
  out(text: string): void;
  err(text: string): void;
  /** The server, connected once for all the command asks. @throws Fault when none runs on the data folder. */
  management(): Promise<Management>;
  /** `/subscriptions/ID`. */
  subscriptionPath(): Promise<string>;
  /** Returns when the person has agreed. @throws Fault when there is nobody to ask or the answer is no. */
  confirm(question: string): Promise<void>;
  /** Ends the command with this code instead of 0. */
  exit(code: number): void;
}

/** The context of a real terminal. */
export class TerminalContext implements Context {
  readonly data: string;
  readonly format: Format;
  readonly formatGiven: boolean;
  readonly subscription: string | undefined;
  readonly commandName: string;
  exitCode = 0;
  #management: Promise<Management> | undefined;

  constructor(options: { data: string; format: Format | undefined; queried?: boolean; subscription?: string | undefined; commandName: string }) {
    this.data = options.data;
    this.format = options.format ?? 'json';
    this.formatGiven = options.format !== undefined || options.queried === true;
    this.subscription = options.subscription;
    this.commandName = options.commandName;
  }

  out(text: string): void {
    process.stdout.write(text);
  }

  err(text: string): void {
    process.stderr.write(text);
  }

  management(): Promise<Management> {
    this.#management ??= connect(this.data, { commandName: this.commandName, warn: (text) => this.err(`WARNING: ${text}\n`) });
    return this.#management;
  }

  async subscriptionPath(): Promise<string> {
    return `/subscriptions/${this.subscription ?? (await this.management()).subscriptionId}`;
  }

  async confirm(question: string): Promise<void> {
    if (!process.stdin.isTTY) throw new Fault('conflict', 'NoTTY', 'Unable to prompt for confirmation as no tty available. Use --yes.');
    const { createInterface } = await import('node:readline/promises');
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await lines.question(`${question} (y/n): `);
    lines.close();
    if (!/^y(es)?$/i.test(answer.trim())) throw new Fault('conflict', 'Cancelled', 'Operation cancelled.');
  }

  exit(code: number): void {
    this.exitCode = code;
  }

  async close(): Promise<void> {
    (await this.#management?.catch(() => undefined))?.close();
  }
}

/** The server of a data folder, with the operator's credentials. @throws Fault when none runs or the folder may not be read. */
export async function connect(data: string, options: { commandName?: string; warn?: (text: string) => void } = {}): Promise<Management> {
  const { runningInstance } = await import('#instance.ts');
  const instance = runningInstance(data);
  if (!instance) throw new Fault('unavailable', 'NotRunning', `Postern does not run on ${data}. Start it with: postern up --detach${dataFlag(data)}`);
  return connectTo(instance, data, options);
}

/** As `connect`, for an instance that is known to run. */
export async function connectTo(instance: Instance, data: string, options: { commandName?: string; warn?: (text: string) => void } = {}): Promise<Management> {
  const { Management } = await import('./management.ts');
  const read = (name: string): string => {
    try {
      return readFileSync(join(data, name), 'utf8');
    } catch (error) {
      throw new Fault(
        'unavailable',
        'DataFolder',
        `${join(data, name)} cannot be read (${(error as NodeJS.ErrnoException).code}). Run this as the user who runs Postern.`,
      );
    }
  };
  return new Management({
    listen: instance.listen,
    caPem: read('ca.pem'),
    credentials: credentialsOf(read('operator.json'), join(data, 'operator.json')),
    tokenFile: join(data, 'run', 'token.json'),
    ...options,
  });
}

function credentialsOf(text: string, file: string): Credentials {
  try {
    return JSON.parse(text) as Credentials;
  } catch (error) {
    throw new Fault(
      'unavailable',
      'DataFolder',
      `${file} is damaged (${(error as Error).message}). Stop Postern, remove that file and start it again: it makes new credentials.`,
      { cause: error },
    );
  }
}

/** ` --data DIR` where the folder is not the one that is found without. */
export function dataFlag(data: string): string {
  const home = process.env.XDG_DATA_HOME ?? join(process.env.HOME ?? '', '.local', 'share');
  return data === (process.env.POSTERN_DATA ?? join(home, 'postern')) ? '' : ` --data ${data}`;
}
