/** Reads TypeScript as tokens: enough of the grammar to tell code from comments, strings, templates and regular expressions, and to find every import. */

export interface Token {
  readonly kind: 'word' | 'number' | 'string' | 'template' | 'regex' | 'mark';
  /** For strings and templates without substitutions: the text between the quotes, as written. For templates with substitutions: undefined text is ''. */
  readonly text: string;
  readonly line: number;
}

export interface Comment {
  readonly text: string;
  readonly line: number;
}

export interface Source {
  readonly tokens: readonly Token[];
  readonly comments: readonly Comment[];
  readonly lines: number;
}

/** How one file names another: by which form of words. `mention`: a string that names one of our files outside any import form, e.g. `new URL('./worker.ts', ...)`. */
export interface Import {
  readonly specifier: string;
  readonly form: 'import' | 'import type' | 're-export' | 're-export type' | 'dynamic' | 'require' | 'mention';
  readonly line: number;
}

/** After these words an expression begins, so that a slash begins a regular expression. */
const BEFORE_EXPRESSION = new Set('return typeof instanceof in of new delete void throw case do else yield await'.split(' '));

/** Splits a source text. Never fails: what it cannot read is one mark a character. */
export function scan(text: string): Source {
  const tokens: Token[] = [];
  const comments: Comment[] = [];
  /** One entry for each `${` that is open: how many braces are open inside it. */
  const substitutions: number[] = [];
  let line = 1;
  let at = 0;

  const take = (end: number): string => {
    const taken = text.slice(at, end);
    for (const character of taken) if (character === '\n') line++;
    at = end;
    return taken;
  };
  const push = (kind: Token['kind'], tokenText: string, startLine: number): void => void tokens.push({ kind, text: tokenText, line: startLine });
  const regexMayStart = (): boolean => {
    const last = tokens.at(-1);
    if (!last) return true;
    if (last.kind === 'word') return BEFORE_EXPRESSION.has(last.text);
    return last.kind === 'mark' && !')]}'.includes(last.text);
  };
  /** From a backquote or from the brace that closes a substitution: up to the closing backquote or the next substitution. */
  const template = (opening: boolean): void => {
    const startLine = line;
    let end = at + 1;
    while (end < text.length && text[end] !== '`' && !(text[end] === '$' && text[end + 1] === '{')) end += text[end] === '\\' ? 2 : 1;
    const whole = opening && text[end] === '`';
    const body = text.slice(at + 1, end);
    if (text[end] === '$') substitutions.push(0);
    take(Math.min(text.length, text[end] === '$' ? end + 2 : end + 1));
    if (whole) push('string', body, startLine);
    else push('template', '', startLine);
  };

  while (at < text.length) {
    const character = text[at] as string;
    const startLine = line;
    if (text.startsWith('//', at) || (at === 0 && text.startsWith('#!'))) {
      const end = text.indexOf('\n', at);
      comments.push({ text: take(end === -1 ? text.length : end), line: startLine });
    } else if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2);
      comments.push({ text: take(end === -1 ? text.length : end + 2), line: startLine });
    } else if (character === "'" || character === '"') {
      let end = at + 1;
      while (end < text.length && text[end] !== character && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1;
      push('string', take(Math.min(text.length, end + 1)).slice(1, -1), startLine);
    } else if (character === '`') {
      template(true);
    } else if (character === '}' && substitutions.at(-1) === 0) {
      substitutions.pop();
      template(false);
    } else if (character === '/' && regexMayStart()) {
      let end = at + 1;
      let inClass = false;
      while (end < text.length && text[end] !== '\n' && (inClass || text[end] !== '/')) {
        if (text[end] === '[') inClass = true;
        else if (text[end] === ']') inClass = false;
        end += text[end] === '\\' ? 2 : 1;
      }
      push('regex', take(Math.min(text.length, end + 1)), startLine);
    } else if (/[\p{ID_Start}$_#@]/u.test(character)) {
      const [word] = /^[#@]?[\p{ID_Continue}$]*/u.exec(text.slice(at)) as RegExpExecArray;
      push('word', take(at + Math.max(1, word.length)), startLine);
    } else if (/[0-9]/.test(character)) {
      const [number] = /^[0-9a-zA-Z_.]+/.exec(text.slice(at)) as RegExpExecArray;
      push('number', take(at + number.length), startLine);
    } else if (/\s/.test(character)) {
      take(at + 1);
    } else {
      const depth = substitutions.length - 1;
      if (depth >= 0 && character === '{') substitutions[depth] = (substitutions[depth] as number) + 1;
      if (depth >= 0 && character === '}') substitutions[depth] = (substitutions[depth] as number) - 1;
      push('mark', take(at + 1), startLine);
    }
  }
  return { tokens, comments, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0) };
}

/** Whether a string names a file of ours: by `#room/` or a relative path. */
const OURS = /^(?:#|\.{1,2}\/).*\.ts$/;

/**
 * Every import of a source, in every form. `computed` are the lines of dynamic imports whose module is not written out, and of `createRequire`: nobody can check those.
 */
export function importsOf(source: Source): { imports: readonly Import[]; computed: readonly number[] } {
  const { tokens } = source;
  const imports: Import[] = [];
  const computed: number[] = [];
  const counted = new Set<Token>();
  const add = (token: Token, form: Import['form']): void => {
    counted.add(token);
    imports.push({ specifier: token.text, form, line: token.line });
  };
  /** The first argument of a call, when it is one string and nothing more. */
  const literalArgument = (index: number): Token | undefined => {
    const argument = tokens[index];
    const after = tokens[index + 1];
    return argument?.kind === 'string' && (after === undefined || after.text === ')' || after.text === ',') ? argument : undefined;
  };
  /** The string after the next `from` of the clause that starts at `start`; undefined when the clause has none. */
  const from = (start: number): Token | undefined => {
    for (let index = start; index < tokens.length; index++) {
      const token = tokens[index] as Token;
      if (token.kind === 'word' && token.text === 'from' && tokens[index + 1]?.kind === 'string') return tokens[index + 1];
      // A clause is names, commas, braces and a star: anything else ends it.
      if (token.kind !== 'word' && token.kind !== 'string' && !'{},*'.includes(token.text)) return undefined;
    }
    return undefined;
  };

  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word') continue;
    if (token.text === 'createRequire') computed.push(token.line);
    const before = tokens[index - 1];
    const member = before?.kind === 'mark' && before.text === '.';
    const next = tokens[index + 1];
    const called = next?.kind === 'mark' && next.text === '(';
    if (called && !member && (token.text === 'import' || token.text === 'require')) {
      const argument = literalArgument(index + 2);
      if (argument) add(argument, token.text === 'import' ? 'dynamic' : 'require');
      // A module of ours has no `require`, unless it makes one; a method may be called so.
      else if (token.text === 'import') computed.push(token.line);
    } else if (called && member && token.text === 'resolve' && tokens[index - 2]?.text === 'meta') {
      const argument = literalArgument(index + 2);
      if (argument) add(argument, 'dynamic');
      else computed.push(token.line);
    } else if (token.text === 'import' && !member && next?.kind === 'string') {
      add(next, 'import');
    } else if (token.text === 'import' && !member && (next?.kind === 'word' || next?.text === '{' || next?.text === '*')) {
      const module = from(index + 1);
      // `import type from './x.ts'` takes a default named type; `import type { T } from` takes only types.
      const typeOnly = next.text === 'type' && tokens[index + 2]?.text !== 'from';
      if (module) add(module, typeOnly ? 'import type' : 'import');
    } else if (token.text === 'export' && (next?.text === '{' || next?.text === '*' || next?.text === 'type')) {
      const clause = tokens[index + (next.text === 'type' ? 2 : 1)];
      const module = clause?.text === '{' || clause?.text === '*' ? from(index + 1) : undefined;
      if (module) add(module, next.text === 'type' ? 're-export type' : 're-export');
    }
  }
  for (const token of tokens) if (token.kind === 'string' && !counted.has(token) && OURS.test(token.text)) add(token, 'mention');
  return { imports, computed };
}
