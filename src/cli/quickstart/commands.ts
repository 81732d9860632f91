/** The quickstart's commands: the same ones that a person types, run in this process over one connection. */
import type { JsonObject } from '#base/json.ts';
import { parseArguments } from '../arguments.ts';
import type { Context } from '../context.ts';
import { Refusal, UsageError } from '../failure.ts';
import type { Management } from '../management.ts';
import { findCommand } from '../tree.ts';

export class Commands {
  readonly #context: Context;

  constructor(management: Management, data: string) {
    this.#context = {
      data,
      format: 'json',
      formatGiven: true,
      subscription: undefined,
      out: () => undefined,
      err: () => undefined,
      warn: () => undefined,
      management: async () => management,
      subscriptionPath: async () => `/subscriptions/${management.subscriptionId}`,
      confirm: async () => undefined,
      exit: () => undefined,
    };
  }

  /** What the command would print. The words are a command line without quotes; `values` are further arguments as they are. */
  async run(line: string, ...values: readonly string[]): Promise<JsonObject> {
    const words = [...line.split(' '), ...values];
    const end = words.findIndex((word) => word.startsWith('-'));
    const found = await findCommand(end < 0 ? words : words.slice(0, end));
    if (!found) throw new UsageError(`'${line}' is no command`);
    return (await found.command.run(parseArguments(found.command, words.slice(found.length)), this.#context)) as JsonObject;
  }

  /** The resource that `NOUN show NAMING` shows; where there is none, it is made by `NOUN create NAMING REST` first. */
  async ensure(noun: string, naming: string, rest = '', ...values: readonly string[]): Promise<JsonObject> {
    try {
      return await this.run(`${noun} show ${naming}`);
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 404) throw error;
    }
    await this.run(`${noun} create ${naming}${rest === '' ? '' : ` ${rest}`}`, ...values);
    return this.run(`${noun} show ${naming}`);
  }
}
