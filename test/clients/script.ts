/**
 * The script language of the client tests: a txtar file whose comment is the script and whose sections are files for it.
 *
 *     # A comment. A line that ends in \ goes on in the next.
 *     exec postern acr show --name myregistry     must end with 0; `! exec` must end with anything else
 *     status 3                                     the last exec ended with exactly that
 *     stdout 'Premium'                             a regular expression (flags m, u) on what the last exec printed; `! stdout` must not match
 *     stderr '^ERROR'
 *     cmp stdout expected.txt                      what it printed is that section, with variables put in
 *     set ID = stdout '"id": "(.*)"'               the first group, or the whole match, or without an expression all of it, trimmed
 *     set GREETING = text "hello $NAME"
 *     start pull curl ...                          runs on in the background
 *     await pull stderr 'HTTP/1.1 200'             until it has printed that; then `stdout`, `stderr` and `set` read what it has printed so far
 *     wait pull                                    until it ends, with 0; `! wait` with anything else
 *     terminal ask az login ...                    as start, in a terminal of its own: what it asks is answered by
 *     type ask 'secret'                            a line typed there
 *     use setup/network.script                     the steps of another file, here
 *     [az] stdout 'privateIPAddress'               only when played with the client az; `[!az]` only with another
 *
 * A script whose first line is `# with: az az-debian postern` is played once with each of these clients, as the program `az`.
 *
 * Words are split at blanks. 'Single quotes' keep everything; in "double quotes" and outside of them $NAME and ${NAME} are put in,
 * and a backslash keeps the next character. The sections are written into the script's own folder, $WORK, in which everything runs.
 */

/** A word before variables are put in: pieces of text and names of variables. */
export type Word = readonly (string | { readonly variable: string })[];

export interface Step {
  readonly line: number;
  readonly negated: boolean;
  /** The only client that the step is for, or the only one that it is not for. */
  readonly only?: { readonly client: string; readonly not: boolean };
  readonly command: keyof typeof COMMANDS;
  readonly words: readonly Word[];
  /** The line as written, for messages. */
  readonly text: string;
}

export interface Script {
  readonly steps: readonly Step[];
  /** The sections, by name. */
  readonly files: ReadonlyMap<string, string>;
  /** The clients that it is played with, once each; empty when it names none. */
  readonly clients: readonly string[];
}

/** Each command: fewest and most words after it, and whether `!` means something before it. */
const COMMANDS = {
  exec: { least: 1, most: Number.POSITIVE_INFINITY, negatable: true },
  status: { least: 1, most: 1, negatable: false },
  stdout: { least: 1, most: 1, negatable: true },
  stderr: { least: 1, most: 1, negatable: true },
  cmp: { least: 2, most: 2, negatable: false },
  set: { least: 3, most: 4, negatable: false },
  start: { least: 2, most: Number.POSITIVE_INFINITY, negatable: false },
  terminal: { least: 2, most: Number.POSITIVE_INFINITY, negatable: false },
  type: { least: 2, most: 2, negatable: false },
  await: { least: 3, most: 3, negatable: false },
  wait: { least: 1, most: 1, negatable: true },
  use: { least: 1, most: 1, negatable: false },
} as const;

export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}

/** Reads a script. @throws ScriptError with the line, for anything that is not the grammar above. */
export function parseScript(text: string): Script {
  const lines = text.split('\n');
  const steps: Step[] = [];
  const files = new Map<string, string>();
  const sectionStart = (line: string): string | undefined => /^-- (\S+) --$/.exec(line)?.[1];

  let index = 0;
  for (; index < lines.length && sectionStart(lines[index] as string) === undefined; index++) {
    const line = index + 1;
    let written = lines[index] as string;
    if (/^\s*(?:#|$)/.test(written)) continue;
    while (written.endsWith('\\')) {
      index++;
      if (index >= lines.length) throw new ScriptError(`line ${line}: nothing follows the backslash`);
      written = `${written.slice(0, -1)} ${(lines[index] as string).trim()}`;
    }
    const words = splitWords(written, line);
    const condition = typeof words[0]?.[0] === 'string' ? /^\[(!?)([a-z-]+)\]$/.exec(words[0][0]) : null;
    if (condition) words.shift();
    const negated = words[0]?.length === 1 && words[0][0] === '!';
    if (negated) words.shift();
    const [name, ...rest] = words;
    const command = name?.length === 1 ? name[0] : undefined;
    if (typeof command !== 'string' || !Object.hasOwn(COMMANDS, command)) throw new ScriptError(`line ${line}: '${written.trim()}' begins with no command`);
    const rule = COMMANDS[command as keyof typeof COMMANDS];
    if (negated && !rule.negatable) throw new ScriptError(`line ${line}: '!' means nothing before ${command}`);
    if (rest.length < rule.least || rest.length > rule.most) throw new ScriptError(`line ${line}: ${command} takes ${amount(rule)}, not ${rest.length}`);
    const only = condition ? { only: { client: condition[2] as string, not: condition[1] === '!' } } : {};
    steps.push({ line, negated, ...only, command: command as keyof typeof COMMANDS, words: rest, text: written.trim().replace(/\s+/g, ' ') });
  }
  while (index < lines.length) {
    const name = sectionStart(lines[index] as string) as string;
    if (files.has(name)) throw new ScriptError(`line ${index + 1}: there are two sections '${name}'`);
    const start = ++index;
    while (index < lines.length && sectionStart(lines[index] as string) === undefined) index++;
    const body = lines.slice(start, index).join('\n');
    // Every section ends with its newline, be it the last of the file or not.
    files.set(name, body === '' || body.endsWith('\n') ? body : `${body}\n`);
  }
  const clients =
    /^# with: (.*)$/
      .exec(lines[0] as string)?.[1]
      ?.trim()
      .split(/\s+/) ?? [];
  return { steps, files, clients };
}

function amount({ least, most }: { least: number; most: number }): string {
  if (least === most) return `${least} word${least === 1 ? '' : 's'}`;
  return most === Number.POSITIVE_INFINITY ? `${least} or more words` : `${least} to ${most} words`;
}

function splitWords(text: string, line: number): Word[] {
  const words: Word[] = [];
  let pieces: (string | { variable: string })[] | undefined;
  const add = (piece: string | { variable: string }): void => {
    pieces ??= [];
    const last = pieces.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') pieces[pieces.length - 1] = last + piece;
    else pieces.push(piece);
  };
  const end = (): void => {
    if (pieces) words.push(pieces);
    pieces = undefined;
  };
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '\\' && at + 1 < text.length) {
      add(text[++at] as string);
    } else if (character === '"') {
      quoted = !quoted;
      add('');
    } else if (character === "'" && !quoted) {
      const close = text.indexOf("'", at + 1);
      if (close === -1) throw new ScriptError(`line ${line}: a single quote is not closed`);
      add(text.slice(at + 1, close));
      at = close;
    } else if (character === '$') {
      const variable = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/.exec(text.slice(at));
      // A $ before anything else is itself: expressions end with it.
      add(variable ? { variable: (variable[1] ?? variable[2]) as string } : '$');
      if (variable) at += variable[0].length - 1;
    } else if (/\s/.test(character) && !quoted) {
      end();
    } else {
      add(character);
    }
  }
  if (quoted) throw new ScriptError(`line ${line}: a double quote is not closed`);
  end();
  return words;
}

/** The word with its variables put in. @throws ScriptError for a variable that is not set. */
export function expand(word: Word, variables: Readonly<Record<string, string | undefined>>): string {
  return word
    .map((piece) => {
      if (typeof piece === 'string') return piece;
      const value = variables[piece.variable];
      if (value === undefined) throw new ScriptError(`$${piece.variable} is not set`);
      return value;
    })
    .join('');
}
