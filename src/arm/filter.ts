/** `$filter` of lists: the part of OData that ARM's clients send, `NAME eq 'VALUE'` joined by `and`. */
import { isJsonObject } from '#base/json.ts';
import { invalidFilter } from './faults.ts';

export interface Filter {
  /** Whether an item, as a list would show it, is asked for. */
  matches(item: object): boolean;
  /** The type that all items asked for have, when the filter says so. */
  readonly resourceType: string | undefined;
  /** Whether it asks for everything. */
  readonly empty: boolean;
}

const TERM = /^\s*([A-Za-z][\w./]*)\s+(eq|ne)\s+'((?:[^']|'')*)'\s*(?:and\s+|$)/i;

/**
 * The filter of a `$filter`, which looks a name up in the item, then in its `properties`; `resourceType` is the item's type and `resourceGroup` the group in its id;
 * `tagName` and `tagValue` look at the names and values of its tags.
 * Names and values are compared without regard to case. Absent or empty: everything.
 * @throws Fault `InvalidFilterInQueryString`
 */
export function parseFilter(text: string | undefined): Filter {
  const terms: { name: string; equal: boolean; value: string }[] = [];
  let rest = text?.trim() ?? '';
  while (rest !== '') {
    const match = TERM.exec(rest);
    if (!match) throw invalidFilter(text as string);
    terms.push({
      name: (match[1] as string).toLowerCase(),
      equal: match[2]?.toLowerCase() === 'eq',
      value: (match[3] as string).replaceAll("''", "'").toLowerCase(),
    });
    rest = rest.slice(match[0].length);
    if (rest === '' && /and\s+$/i.test(match[0])) throw invalidFilter(text as string);
  }
  return {
    matches: (item) =>
      hasTag(item, terms) && terms.every(({ name, equal, value }) => valuesOf(item, name).some((text) => text.toLowerCase() === value) === equal),
    resourceType: terms.find((term) => term.name === 'resourcetype' && term.equal)?.value,
    empty: terms.length === 0,
  };
}

/** `tagName eq 'a' and tagValue eq 'b'` asks for one tag that is both. */
function hasTag(item: object, terms: readonly { name: string; equal: boolean; value: string }[]): boolean {
  const name = terms.find((term) => term.name === 'tagname' && term.equal)?.value;
  const value = terms.find((term) => term.name === 'tagvalue' && term.equal)?.value;
  if (name === undefined || value === undefined) return true;
  return Object.entries((item as { tags?: Record<string, string> }).tags ?? {}).some(
    ([own, text]) => own.toLowerCase() === name && text.toLowerCase() === value,
  );
}

function valuesOf(item: object, name: string): readonly string[] {
  const { tags } = item as { tags?: Record<string, string> };
  if (name === 'tagname') return Object.keys(tags ?? {});
  if (name === 'tagvalue') return Object.values(tags ?? {});
  const value = memberOf(item, name);
  return value === undefined ? [] : [value];
}

function memberOf(item: object, name: string): string | undefined {
  const id = (item as { id?: string }).id ?? '';
  if (name === 'resourcetype') return (item as { type?: string }).type;
  if (name === 'resourcegroup') return /^\/subscriptions\/[^/]+\/resourcegroups\/([^/]+)/i.exec(id)?.[1];
  const found = member(item, name) ?? member((item as { properties?: unknown }).properties, name.replace(/^properties[./]/, ''));
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? String(found) : undefined;
}

function member(object: unknown, name: string): unknown {
  return isJsonObject(object) ? Object.entries(object).find(([key]) => key.toLowerCase() === name)?.[1] : undefined;
}
