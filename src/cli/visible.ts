/** Text for a terminal: control characters, which others may have put into names and messages, are written out instead of obeyed. */

/** Line feeds and tabs stay. U+0080 to U+009F are control characters to many terminals too. */
export function visible(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, escaped);
}

/** As `visible`, on one line. */
export function visibleLine(text: string): string {
  return text.replace(/\p{Cc}/gu, escaped);
}

/** As JSON writes it. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
