/**
 * `$filter` of the directory: the part of OData that az and the Azure SDKs send, terms joined by `and`. Pure.
 * https://learn.microsoft.com/graph/filter-query-parameter
 *
 *     NAME eq 'VALUE'     startswith(NAME,'VALUE')     NAMES/any(x:x eq 'VALUE')
 */
import { Fault } from '#base/fault.ts';

/** What may be filtered by: texts, and lists of texts. */
export type Filterable = Readonly<Record<string, string | readonly string[]>>;

const VALUE = "'(?<value>(?:[^']|'')*)'";
const FORMS: readonly { readonly form: RegExp; readonly holds: (own: string | readonly string[], value: string) => boolean }[] = [
  { form: new RegExp(String.raw`^(?<name>\w+)\s+eq\s+${VALUE}`, 'i'), holds: (own, value) => typeof own === 'string' && own.toLowerCase() === value },
  {
    form: new RegExp(String.raw`^startswith\(\s*(?<name>\w+)\s*,\s*${VALUE}\s*\)`, 'i'),
    holds: (own, value) => typeof own === 'string' && own.toLowerCase().startsWith(value),
  },
  {
    form: new RegExp(String.raw`^(?<name>\w+)/any\(\s*(?<each>\w+)\s*:\s*\k<each>\s+eq\s+${VALUE}\s*\)`, 'i'),
    holds: (own, value) => typeof own !== 'string' && own.some((one) => one.toLowerCase() === value),
  },
];

/**
 * Whether an item is asked for. `names` are those that items have; case counts for nothing, neither in names nor in values. Absent: everything.
 * @throws Fault `Request_UnsupportedQuery` (invalid)
 */
export function parseGraphFilter(text: string | null, names: readonly string[]): (item: Filterable) => boolean {
  const terms: ((item: Filterable) => boolean)[] = [];
  let rest = text?.trim() ?? '';
  while (rest !== '') {
    const read = FORMS.map(({ form, holds }) => ({ match: form.exec(rest), holds })).find(({ match }) => match !== null);
    const { name: named = '', value = '' } = read?.match?.groups ?? {};
    const name = names.find((one) => one.toLowerCase() === named.toLowerCase());
    const after = read?.match ? rest.slice(read.match[0].length) : rest;
    const more = /^\s+and\s+(?=\S)/i.exec(after);
    if (!read || name === undefined || (after.trim() !== '' && !more))
      throw new Fault(
        'invalid',
        'Request_UnsupportedQuery',
        `The filter '${(text ?? '').slice(0, 200)}' is not supported: write NAME eq 'VALUE', startswith(NAME,'VALUE') or NAMES/any(x:x eq 'VALUE'), joined by 'and', with names of ${names.join(', ')}.`,
      );
    const wanted = value.replaceAll("''", "'").toLowerCase();
    terms.push((item) => read.holds(item[name] ?? '', wanted));
    rest = more ? after.slice(more[0].length) : '';
  }
  return (item) => terms.every((holds) => holds(item));
}
