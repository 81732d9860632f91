/** What parsers of JSON disagree about: RFC 8259 section 4 leaves repeated names to them, section 9 how deep they go. Pure. */

/** Go's encoding/json refuses more than 10,000; recursive parsers give up earlier. No manifest nests ten. */
const MAX_DEPTH = 1000;

/**
 * Why two parsers might read this text differently, which is known to be JSON; undefined when they will not.
 * Repeated names: JavaScript takes the last, others the first, and Go's decodes one list into what the other has left.
 */
export function ambiguityOf(text: string): string | undefined {
  /** The names of each object that is open; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let isName = false;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '"': {
        const end = endOfString(text, at);
        if (isName) {
          const name: string = JSON.parse(text.slice(at, end + 1));
          const names = open.at(-1);
          if (names?.has(name)) return `an object has the member '${name.slice(0, 100)}' twice`;
          names?.add(name);
        }
        at = end;
        break;
      }
      case '{':
      case '[':
        if (open.length === MAX_DEPTH) return `it nests deeper than ${MAX_DEPTH} levels`;
        isName = text[at] === '{';
        open.push(isName ? new Set() : undefined);
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ',':
        isName = open.at(-1) !== undefined;
        break;
      case ':':
        isName = false;
        break;
    }
  }
  return undefined;
}

/** The closing quote of the string that opens at `start`: the first that an even number of backslashes stands before. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

/**
 * A member that is one of these names but for the case of its letters, where Go's encoding/json, which most clients are built on, would read it as that name.
 * Its folding also takes U+017F for `s` and U+212A for `k`.
 */
export function lookalikeOf(object: object, names: readonly string[]): string | undefined {
  const fold = (name: string): string => name.toUpperCase().toLowerCase();
  const folded = new Set(names.map(fold));
  return Object.keys(object).find((name) => !names.includes(name) && folded.has(fold(name)));
}
