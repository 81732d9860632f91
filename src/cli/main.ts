/** The command line: finds the command, reads its arguments, runs it, prints what it returns, and ends with its exit code. */
import { resolve } from 'node:path';
import { dataFolder } from '../config.ts';
import { type Arguments, parseArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { TerminalContext } from './context.ts';
import { EXIT, failureOf, UsageError } from './failure.ts';
import { GLOBAL_OPTIONS } from './options.ts';
import type { Format } from './output.ts';
import { findCommand } from './tree.ts';

async function main(argv: readonly string[]): Promise<number> {
  const ordered = commandFirst(argv);
  const words = ordered.slice(0, leadingWords(ordered));
  if (words.length === 0) {
    if (argv.includes('--version') || argv.includes('-v')) return version();
    return help([], argv.length === 0 || argv.some((word) => word === '-h' || word === '--help'), argv[0]);
  }
  const found = await findCommand(words);
  if (!found) return help(words, ordered.length === words.length || ordered.some((word) => word === '-h' || word === '--help'), ordered[words.length]);
  const { command, length } = found;
  let context: TerminalContext | undefined;
  try {
    const args = parseArguments(command, ordered.slice(length));
    if (args.boolean('help')) {
      const { commandHelp } = await import('./help.ts');
      process.stdout.write(commandHelp(command));
      return EXIT.ok;
    }
    const query = args.text('query');
    const data = args.text('data');
    context = new TerminalContext({
      data: data === undefined ? dataFolder() : resolve(data),
      format: args.text('output') as Format | undefined,
      queried: query !== undefined,
      subscription: args.text('subscription'),
      commandName: command.path,
      onlyShowErrors: args.boolean('only-show-errors') === true,
      noWait: args.boolean('no-wait') === true,
      whatIf: args.boolean('what-if') === true,
    });
    if (args.boolean('debug')) process.env.POSTERN_DEBUG = '1';
    const value = await outcome(command, args, context);
    if (value !== undefined) {
      const { render } = await import('./output.ts');
      process.stdout.write(await render(value, { format: context.format, query, columns: command.columns, colour: process.stdout.isTTY }));
    }
    return context.exitCode;
  } catch (error) {
    const { text, exitCode } = failureOf(error, command.path);
    process.stderr.write(text);
    return exitCode;
  } finally {
    await context?.close();
  }
}

/** What the command returns; nothing of what is not waited for, as with az; in place of what is not to be done, what would come of it. */
async function outcome(command: Command, args: Arguments, context: TerminalContext): Promise<unknown> {
  const value = await command.run(args, context);
  if (args.boolean('no-wait')) return undefined;
  const foreseen = await context.foreseen();
  if (foreseen === undefined) return value;
  const { foreseenText } = await import('./what-if.ts');
  if (context.formatGiven && context.format !== 'table') return foreseen.length === 1 ? foreseen[0] : foreseen;
  context.out(foreseen.map(foreseenText).join('\n'));
  return undefined;
}

/** Global options may stand before the command's words: they are read as if they stood behind. */
function commandFirst(argv: readonly string[]): readonly string[] {
  let index = 0;
  while (index < argv.length) {
    const [flag, ...attached] = (argv[index] as string).split('=');
    const option = GLOBAL_OPTIONS.find(({ name, short, kind }) => kind !== 'flag' && (flag === `--${name}` || (short && flag === `-${short}`)));
    if (!option) break;
    index += attached.length > 0 ? 1 : 2;
  }
  // Behind the words, but before whatever belongs to somebody else.
  const behind = argv.slice(index);
  const count = leadingWords(behind);
  return [...behind.slice(0, count), ...argv.slice(0, index), ...behind.slice(count)];
}

function leadingWords(argv: readonly string[]): number {
  const end = argv.findIndex((word) => word.startsWith('-'));
  return end < 0 ? argv.length : end;
}

/** The help of a group; for words that are neither group nor command, what was probably meant. */
async function help(words: readonly string[], asked: boolean, stray: string | undefined): Promise<number> {
  const { groupHelp } = await import('./help.ts');
  const text = await groupHelp(words);
  if (text !== undefined && asked) {
    process.stdout.write(text);
    return EXIT.ok;
  }
  const { error, group } =
    text === undefined
      ? await misspelt(words)
      : { error: new UsageError(stray === undefined ? 'a command is missing' : `unrecognized arguments: ${stray}`), group: words };
  const failure = failureOf(error, group.join(' '));
  process.stderr.write(failure.text);
  return failure.exitCode;
}

/** What is wrong with the words, and the innermost group that they do name, whose help tells what there is. */
async function misspelt(words: readonly string[]): Promise<{ error: UsageError; group: readonly string[] }> {
  const { below } = await import('./tree.ts');
  const { nearest } = await import('./suggestion.ts');
  for (let length = 0; length < words.length; length++) {
    const { groups, commands } = await below(words.slice(0, length));
    const names = [...groups, ...commands].map(([name]) => name);
    const word = words[length] as string;
    if (names.includes(word)) continue;
    const near = nearest(word, names);
    const group = words.slice(0, length);
    const within = ['postern', ...group].join(' ');
    return { error: new UsageError(`'${word}' is not a command of '${within}'`, near === undefined ? undefined : `${within} ${near}`), group };
  }
  return { error: new UsageError(`'${words.join(' ')}' is no command`), group: [] };
}

async function version(): Promise<number> {
  const { readFileSync } = await import('node:fs');
  const { version: number } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  process.stdout.write(`postern ${number}\n`);
  return EXIT.ok;
}

// A reader that goes away early (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await main(process.argv.slice(2));
