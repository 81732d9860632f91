/**
 * The faults of the sources: every code with its kind and words, read from the code itself. A fault is a call whose arguments hold a code and then a message,
 * `new Fault('invalid', 'SubnetIsFull', \`...\`)` or that of a function which makes one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FaultCode {
  readonly code: string;
  /** Undefined where the sources make the fault of a kind that they compute. */
  readonly kind: string | undefined;
  /** The words, with `…` for what is put in; undefined where they are computed. */
  readonly message: string;
  /** The room, or room and namespace. */
  readonly room: string;
}

const CODE = /(['"])((?:[A-Z][a-z0-9]+){1,}[A-Za-z0-9]*|[A-Z]{4,}(?:_[A-Z]+)*)\1,\s*(['"`])/g;

/** Every fault of the files below `folder`, by code. */
export function faultCodes(folder: string): FaultCode[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.(?:test|fixture)\.ts$/.test(name))
    .sort();
  const texts = new Map(files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  const makers = new Map<string, string>();
  for (const text of texts.values())
    for (const [, name, kind] of text.matchAll(/(?:const|function) (\w+)[^;{]*?(?:=>|\{\s*return)\s*new Fault\(\s*'(\w+)'/gs))
      makers.set(name as string, kind as string);
  const found = new Map<string, FaultCode>();
  for (const [name, text] of texts)
    for (const match of text.matchAll(CODE)) {
      const [whole, , code = '', quote = ''] = match;
      const before = text.slice(0, match.index);
      const message = wordsAt(text, match.index + whole.length, quote);
      const direct = /new Fault\(\s*'(\w+)',\s*$/.exec(before)?.[1];
      const maker = /(?<![\w.])(\w+)\(\s*$/.exec(before)?.[1];
      const kind = direct ?? (maker === undefined ? undefined : makers.get(maker));
      if (kind === undefined || !/\s/.test(message)) continue;
      const room = name
        .split('/')
        .slice(0, name.startsWith('providers/') ? 2 : 1)
        .join('/');
      const key = `${code} ${message}`;
      if (!found.has(key)) found.set(key, { code, kind, message, room });
    }
  return [...found.values()].sort((a, b) => compare(a.code, b.code) || compare(a.message, b.message));
}

/** The text of a literal that begins at `from`, with `…` for each `${}`. */
function wordsAt(text: string, from: number, quote: string): string {
  let words = '';
  for (let at = from; at < text.length; at++) {
    const character = text[at] as string;
    if (character === quote) return words;
    if (character === '\\') words += text[++at];
    else if (quote === '`' && character === '$' && text[at + 1] === '{') {
      at = closing(text, at + 2);
      words += '…';
    } else words += character;
  }
  return words;
}

/** Where the brace that is open at `from` closes; braces inside literals of their own count likewise, since they come in pairs. */
function closing(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  return text.length;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
