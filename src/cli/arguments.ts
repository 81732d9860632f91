/**
 * The argument grammar, which is az's: `--name value`, `--name=value`, `-n value`, several values after one flag, booleans `true|false`,
 * the last of two equal flags wins unless each adds, unknown flags are refused. Written here because it is a hundred lines and a library costs 10 ms at every start.
 */
import { UsageError } from './failure.ts';
import { flagOf, GLOBAL_OPTIONS, type Option } from './options.ts';
import { nearest } from './suggestion.ts';

/** What a command takes. */
export interface Grammar {
  readonly options: readonly Option[];
  /** Words besides the options: their names, for the help. None are taken when absent. */
  readonly positionals?: readonly { readonly name: string; readonly required: boolean; readonly summary: string }[];
  /** Everything after `--` is given on untouched when this is set; the text stands for it in the help. */
  readonly rest?: string;
}

type Value = string | number | boolean | readonly string[] | readonly (readonly string[])[];

/** The parsed arguments of one command, asked for by long name. */
export class Arguments {
  readonly #values: ReadonlyMap<string, Value>;
  readonly positionals: readonly string[];
  /** What stood after `--`. */
  readonly rest: readonly string[];

  constructor(values: ReadonlyMap<string, Value>, positionals: readonly string[] = [], rest: readonly string[] = []) {
    this.#values = values;
    this.positionals = positionals;
    this.rest = rest;
  }

  text(name: string): string | undefined {
    return this.#values.get(name) as string | undefined;
  }

  /** The text of an option that is declared as required. */
  need(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new UsageError(`the following arguments are required: --${name}`);
    return value;
  }

  integer(name: string): number | undefined {
    return this.#values.get(name) as number | undefined;
  }

  boolean(name: string): boolean | undefined {
    return this.#values.get(name) as boolean | undefined;
  }

  /** The values after a flag; of one that may be repeated, those after all of them. */
  list(name: string): readonly string[] | undefined {
    return (this.#values.get(name) as readonly (string | readonly string[])[] | undefined)?.flat();
  }

  /** The values after each of the flags of an option that may be repeated. */
  lists(name: string): readonly (readonly string[])[] {
    return (this.#values.get(name) as readonly (readonly string[])[] | undefined) ?? [];
  }

  /** `KEY=VALUE ...` as an object; a key alone has the empty text. */
  pairs(name: string): Record<string, string> | undefined {
    const list = this.list(name);
    if (list === undefined) return undefined;
    return Object.fromEntries(
      list
        .filter((pair) => pair !== '')
        .map((pair) => {
          const at = pair.indexOf('=');
          return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
        }),
    );
  }
}

/** How an option is written for people: `--resource-group/-g`. */
export function spelling(option: Option): string {
  return [`--${option.name}`, ...(option.aliases ?? []).map(flagOf), ...(option.short ? [`-${option.short}`] : [])].join('/');
}

/**
 * Reads `argv` (without the command's words) against the command's options and the global ones. With `--help` nothing else is asked for.
 * @throws UsageError naming every unknown or missing argument, or the first bad value.
 */
export function parseArguments(definition: Grammar, argv: readonly string[]): Arguments {
  const options = [...definition.options, ...GLOBAL_OPTIONS];
  const byFlag = new Map<string, Option>();
  for (const option of options) {
    for (const long of [option.name, ...(option.aliases ?? [])]) byFlag.set(flagOf(long), option);
    if (option.short) byFlag.set(`-${option.short}`, option);
  }
  const values = new Map<string, Value>();
  const positionals: string[] = [];
  const unknown: string[] = [];
  let rest: readonly string[] = [];
  let index = 0;
  const isFlag = (text: string | undefined): boolean => text !== undefined && /^-./.test(text) && !/^-\d+(\.\d+)?$/.test(text);

  while (index < argv.length) {
    const argument = argv[index++] as string;
    if (argument === '--') {
      if (definition.rest === undefined && index < argv.length) unknown.push(...argv.slice(index));
      rest = argv.slice(index);
      break;
    }
    if (!isFlag(argument)) {
      if (positionals.length < (definition.positionals?.length ?? 0)) positionals.push(argument);
      else unknown.push(argument);
      continue;
    }
    const { option, flag, attached } = lookUp(argument, byFlag);
    if (!option) {
      unknown.push(argument);
      while (index < argv.length && argv[index] !== '--' && !isFlag(argv[index])) unknown.push(argv[index++] as string);
      continue;
    }
    if (option.kind === 'flag') {
      if (attached !== undefined) throw new UsageError(`argument ${spelling(option)}: takes no value, but '${attached}' was given`);
      values.set(option.name, true);
      continue;
    }
    const given: string[] = attached === undefined ? [] : [attached];
    if (attached === undefined) {
      const most = option.kind === 'list' ? Number.POSITIVE_INFINITY : 1;
      while (given.length < most && index < argv.length && argv[index] !== '--' && !isFlag(argv[index])) {
        // A boolean flag stands alone too: what follows is its value only when it reads like one.
        if (option.kind === 'boolean' && booleanOf(argv[index] as string) === undefined) break;
        given.push(argv[index++] as string);
      }
    }
    const value = parsedValue(option, given, flag);
    if (option.repeat)
      values.set(option.name, [...((values.get(option.name) as readonly (readonly string[])[] | undefined) ?? []), value as readonly string[]]);
    else values.set(option.name, value);
  }

  const known = [...byFlag.keys()];
  if (values.get('help') !== true) {
    if (unknown.length > 0) {
      const flag = unknown.find((text) => text.startsWith('-'))?.replace(/=.*$/s, '');
      throw new UsageError(`unrecognized arguments: ${unknown.join(' ')}`, flag === undefined ? undefined : nearest(flag, known));
    }
    const missing = [
      ...options.filter((option) => option.required && !values.has(option.name)).map(spelling),
      ...(definition.positionals ?? [])
        .slice(positionals.length)
        .filter((one) => one.required)
        .map((one) => one.name),
    ];
    if (missing.length > 0) throw new UsageError(`the following arguments are required: ${missing.join(', ')}`);
    if (definition.rest !== undefined && rest.length === 0) throw new UsageError(`the following arguments are required: -- ${definition.rest}`);
  }
  return new Arguments(values, positionals, rest);
}

function lookUp(argument: string, byFlag: ReadonlyMap<string, Option>): { option: Option | undefined; flag: string; attached?: string } {
  const exact = byFlag.get(argument);
  if (exact) return { option: exact, flag: argument };
  const equals = argument.indexOf('=');
  if (equals > 0) {
    const flag = argument.slice(0, equals);
    return { option: byFlag.get(flag), flag, attached: argument.slice(equals + 1) };
  }
  // `-nVALUE`
  if (!argument.startsWith('--') && argument.length > 2) {
    const flag = argument.slice(0, 2);
    const option = byFlag.get(flag);
    if (option && option.kind !== 'flag') return { option, flag, attached: argument.slice(2) };
  }
  return { option: undefined, flag: argument };
}

function booleanOf(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  if (['true', 't', 'yes', 'y', '1'].includes(lower)) return true;
  if (['false', 'f', 'no', 'n', '0'].includes(lower)) return false;
  return undefined;
}

function parsedValue(option: Option, given: readonly string[], flag: string): Value {
  const bad = (problem: string): UsageError => new UsageError(`argument ${spelling(option)}: ${problem}`);
  if (option.kind === 'boolean') {
    const value = given[0] === undefined ? true : booleanOf(given[0]);
    if (value === undefined) throw bad(`invalid choice: '${given[0]}' (choose from false, true)`);
    return value;
  }
  if (given.length === 0 && option.alone) return option.alone;
  if (given.length === 0) throw bad(option.kind === 'list' ? 'expected at least one argument' : 'expected one argument');
  const chosen = given.map((text) => {
    if (!option.choices) return text;
    const choice = option.choices.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
    if (choice === undefined) {
      const near = nearest(
        text.toLowerCase(),
        option.choices.map((one) => one.toLowerCase()),
      );
      const hint = near === undefined ? undefined : `${flag} ${option.choices.find((one) => one.toLowerCase() === near)}`;
      throw new UsageError(`argument ${spelling(option)}: '${text}' is not a valid value. Allowed values: ${option.choices.join(', ')}.`, hint);
    }
    return choice;
  });
  if (option.kind === 'list') return chosen;
  if (option.kind === 'integer') {
    if (!/^-?\d{1,15}$/.test(chosen[0] as string)) throw bad(`invalid int value: '${chosen[0]}'`);
    return Number(chosen[0]);
  }
  return chosen[0] as string;
}
