/** What the server foresees of a change, for people. */
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';

/** Every part of `{changes, impact, undo}` under its heading, a line an item. */
export function foreseenText(foreseen: Json): string {
  if (!isJsonObject(foreseen)) return 'Nothing would change.\n';
  const { changes, impact, undo } = foreseen;
  const sections: [string, readonly string[]][] = [
    ['Would change:', lines(changes)],
    ['Impact:', lines(impact)],
    ['To undo it:', lines(undo)],
  ];
  const told = sections.filter(([, items]) => items.length > 0);
  if (told.length === 0) return 'Nothing would change.\n';
  return `${told.map(([heading, items]) => `${heading}\n${items.map((item) => `  ${item}\n`).join('')}`).join('\n')}\nNothing was changed.\n`;
}

/** A list, or the lists of an object each under its key. */
function lines(value: Json | undefined): string[] {
  if (Array.isArray(value)) return value.map(lineOf);
  if (!isJsonObject(value)) return value === undefined || value === null || value === '' ? [] : [String(value)];
  return Object.entries(value).flatMap(([key, member]) =>
    Array.isArray(member) ? member.map((item) => `${key}: ${lineOf(item)}`) : lines({ [key]: [member ?? null] }),
  );
}

function lineOf(item: Json): string {
  if (!isJsonObject(item)) return String(item);
  return Object.entries(item as JsonObject)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(', ');
}
