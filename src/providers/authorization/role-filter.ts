/** `$filter` of role lists: `NAME eq 'VALUE'` joined by `and`, and the functions that clients send. Read here because what a scope shows depends on it. */
import { Fault } from '#base/fault.ts';

export interface RoleFilter {
  /** `assignedTo('ID')`: of the principal, and of the groups it is in; lower case. */
  readonly assignedTo: string | undefined;
  /** `atScope()`: at the scope and above, not below. */
  readonly atScope: boolean;
  /** Lower-case name -> lower-case value. */
  readonly equal: ReadonlyMap<string, string>;
}

const TERM = /^\s*(?:(atScope|atScopeAndBelow)\(\s*\)|assignedTo\(\s*'((?:[^']|'')*)'\s*\)|([A-Za-z]\w*)\s+eq\s+'((?:[^']|'')*)')\s*(?:and\s+(?=\S)|$)/i;

/** The filter, of which every name must be among `names`. @throws Fault `InvalidFilterInQueryString` */
export function parseRoleFilter(text: string | undefined, names: readonly string[]): RoleFilter {
  const equal = new Map<string, string>();
  let atScope = false;
  let assignedTo: string | undefined;
  let rest = text?.trim() ?? '';
  while (rest !== '') {
    const [whole, fn, assignee, name = 'principalId', value = ''] = TERM.exec(rest) ?? [];
    const known = names.find((one) => one.toLowerCase() === name.toLowerCase());
    const isKnown = assignee === undefined ? fn !== undefined || known !== undefined : known !== undefined;
    if (whole === undefined || !isKnown) {
      throw new Fault(
        'invalid',
        'InvalidFilterInQueryString',
        `The filter '${text?.slice(0, 200)}' is not supported: it may have atScope() and 'eq' on ${names.join(', ')}, joined by 'and'.`,
        {
          target: '$filter',
        },
      );
    }
    if (assignee !== undefined) assignedTo = assignee.toLowerCase();
    else if (fn === undefined) equal.set((known as string).toLowerCase(), value.replaceAll("''", "'").toLowerCase());
    else if (fn.toLowerCase() === 'atscope') atScope = true;
    rest = rest.slice(whole.length);
  }
  return { atScope, assignedTo, equal };
}

/** Whether the values, by lower-case name, are what the filter asks for. */
export function matchesRoleFilter(filter: RoleFilter, values: Readonly<Record<string, string>>): boolean {
  return [...filter.equal].every(([name, value]) => values[name]?.toLowerCase() === value);
}
