/** What a command gets besides its arguments: the data folder, the server behind it, and the terminal. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { Json } from '#base/json.ts';
import type { Instance } from '#instance.ts';
import { readAccount } from './account-file.ts';
import type { Credentials, Management, ManagementOptions } from './management.ts';
import type { Format } from './output.ts';
import { SUBSCRIPTIONS_VERSION } from './versions.ts';

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
  /** A line that begins with `WARNING: `, unless only errors are to be shown. */
  warn(text: string): void;
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
  readonly #calls: Pick<ManagementOptions, 'noWait' | 'whatIf'>;
  readonly #quiet: boolean;
  #management: Promise<Management> | undefined;
  #subscriptionPath: Promise<string> | undefined;

  constructor(options: {
    data: string;
    format: Format | undefined;
    queried?: boolean;
    subscription?: string | undefined;
    commandName: string;
    onlyShowErrors?: boolean;
    noWait?: boolean;
    whatIf?: boolean;
  }) {
    this.data = options.data;
    this.format = options.format ?? 'json';
    this.formatGiven = options.format !== undefined || options.queried === true;
    this.subscription = options.subscription;
    this.commandName = options.commandName;
    this.#quiet = options.onlyShowErrors === true;
    this.#calls = { noWait: options.noWait === true, whatIf: options.whatIf === true };
  }

  out(text: string): void {
    process.stdout.write(text);
  }

  err(text: string): void {
    process.stderr.write(text);
  }

  warn(text: string): void {
    if (!this.#quiet) this.err(`WARNING: ${text}\n`);
  }

  management(): Promise<Management> {
    this.#management ??= connect(this.data, { commandName: this.commandName, warn: (text) => this.warn(text), ...this.#calls });
    return this.#management;
  }

  subscriptionPath(): Promise<string> {
    this.#subscriptionPath ??= this.management().then(async (server) => `/subscriptions/${await subscriptionId(server, this.subscription)}`);
    return this.#subscriptionPath;
  }

  /** What the server foresees; undefined when nothing was asked in place of being done. */
  async foreseen(): Promise<readonly Json[] | undefined> {
    return this.#calls.whatIf ? (await this.management()).foreseen : undefined;
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

type ConnectOptions = Pick<ManagementOptions, 'commandName' | 'warn' | 'noWait' | 'whatIf'>;

/** The server of a data folder, or in a machine the one that it lives in. @throws Fault when none runs or the folder may not be read. */
export async function connect(data: string, options: ConnectOptions = {}): Promise<Management> {
  const { runningInstance } = await import('#instance.ts');
  const instance = runningInstance(data);
  if (instance) return connectTo(instance, data, options);
  const { connectInMachine, insideMachine } = await import('./machine-session.ts');
  if (insideMachine()) return connectInMachine(data, options);
  throw new Fault('unavailable', 'NotRunning', `Postern does not run on ${data}. Start it with: postern up --detach${dataFlag(data)}`);
}

/** As `connect`, for an instance that is known to run. Who signs in is the one of `postern login`, else the operator. */
export async function connectTo(instance: Instance, data: string, options: ConnectOptions = {}): Promise<Management> {
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
  const account = readAccount(data);
  const credentials = account.principal ?? credentialsOf(read('operator.json'), join(data, 'operator.json'));
  return new Management({
    listen: instance.listen,
    caPem: read('ca.pem'),
    credentials: account.subscription === undefined ? credentials : { ...credentials, subscriptionId: account.subscription },
    tokenFile: join(data, 'run', 'token.json'),
    ...options,
  });
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The id of a subscription that is given by id or by name; the one in use when none is. @throws Fault when no subscription has the name */
export async function subscriptionId(server: Management, given: string | undefined): Promise<string> {
  if (given === undefined) {
    if (server.subscriptionId !== '') return server.subscriptionId;
    throw new Fault('notFound', 'NoSubscription', 'No subscription found that you may read. Ask for a role in one: postern role assignment create');
  }
  if (GUID.test(given)) return given.toLowerCase();
  const all = await server.list('/subscriptions', SUBSCRIPTIONS_VERSION);
  const found = all.find(({ displayName }) => String(displayName).toLowerCase() === given.toLowerCase());
  if (!found) throw new Fault('notFound', 'SubscriptionNotFound', `The subscription of '${given}' doesn't exist.`);
  return String(found.subscriptionId);
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
