/** Output formats as az prints them (knack's formatters): json with sorted keys, tsv, table, yaml. */
import { withOtherNames } from './flatten.ts';
import { visible, visibleLine } from './visible.ts';

export type Format = 'json' | 'jsonc' | 'none' | 'table' | 'tsv' | 'yaml' | 'yamlc';

/**
 * Heading -> dotted path into the printed object, for `-o table`. At its end `name()` is the last name of an id, `count()` the length of a list, and `seconds()` a
 * time without what is shorter than a second. A list is printed with commas.
 */
export type Columns = Readonly<Record<string, string>>;

type Row = Record<string, unknown>;

/** What is printed for a value, with its final newline; empty for nothing. `columns` are used for tables of unqueried values. */
export async function render(
  value: unknown,
  options: { format: Format; query?: string | undefined; columns?: Columns | undefined; colour?: boolean },
): Promise<string> {
  const queried = options.query !== undefined;
  // Keys are sorted before the query, so that what a query orders itself stays in its order.
  const chosen = queried ? await search(withOtherNames(sorted(value)), options.query as string) : sorted(value);
  if (chosen === undefined || chosen === null) return '';
  switch (options.format) {
    case 'none':
      return '';
    case 'tsv':
      return tsv(chosen);
    case 'table':
      return table(queried || !options.columns ? chosen : columned(value, options.columns));
    case 'yaml':
    case 'yamlc': {
      const { stringify } = await import('yaml');
      return stringify(sorted(chosen), { indentSeq: false, lineWidth: 0, version: '1.1', aliasDuplicateObjects: false });
    }
    case 'jsonc':
    case 'json': {
      // JSON itself lets the control characters from U+007F on pass.
      const text = visible(JSON.stringify(sorted(chosen), null, 2));
      return `${options.format === 'jsonc' && options.colour ? coloured(text) : text}\n`;
    }
  }
}

/** The query's result. @throws UsageError when the query is malformed. */
async function search(value: unknown, query: string): Promise<unknown> {
  const { search: run } = await import('@jmespath-community/jmespath');
  try {
    return run(value as Parameters<typeof run>[0], query);
  } catch (error) {
    const { UsageError } = await import('./failure.ts');
    throw new UsageError(`argument --query: invalid jmespath_type value: '${query}' (${(error as Error).message})`);
  }
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRow(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
      .filter((key) => value[key] !== undefined)
      .map((key) => [key, sorted(value[key])]),
  );
}

/** One line an item; a cell that is a list is its length, one that is an object is empty. Literals are Python's, except a boolean alone on its line. */
function tsv(value: unknown): string {
  const cell = (item: unknown): string => {
    if (Array.isArray(item)) return String(item.length);
    if (isRow(item)) return '';
    return literal(item);
  };
  const line = (item: unknown): string => {
    if (Array.isArray(item)) return item.map(cell).join('\t');
    if (isRow(item)) return Object.values(item).map(cell).join('\t');
    return typeof item === 'boolean' ? String(item) : literal(item);
  };
  return (Array.isArray(value) ? value : [value]).map((item) => `${line(item)}\n`).join('');
}

/** Scalars as Python's `str` writes them, which is what scripts written for az compare with. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  return String(value);
}

const NOT_IN_TABLES = ['id', 'type', 'etag'];

/** What tabulate, which az prints with, adds to the width of every heading (`MIN_PADDING`). */
const HEADING_PADDING = 2;

/** Headings from keys, scalars only; two blanks between columns and a rule of dashes below the headings. */
function table(value: unknown): string {
  const rows: Row[] = (Array.isArray(value) ? value : [value]).map((item): Row => {
    if (Array.isArray(item)) return Object.fromEntries(item.map((cell, index) => [`Column${index + 1}`, cell]));
    if (!isRow(item)) return { Result: item };
    return Object.fromEntries(
      Object.entries(item)
        .filter(([key, cell]) => !NOT_IN_TABLES.includes(key) && cell !== null && cell !== undefined && typeof cell !== 'object')
        .map(([key, cell]) => [key.charAt(0).toUpperCase() + key.slice(1), cell]),
    );
  });
  const headings = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (headings.length === 0) return '';
  const cells = rows.map((row) => headings.map((heading) => (row[heading] === undefined || row[heading] === null ? '' : visibleLine(literal(row[heading])))));
  const widths = headings.map((heading, column) => Math.max(heading.length + HEADING_PADDING, ...cells.map((row) => (row[column] as string).length)));
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, column) => text.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd();
  return `${[line(headings), widths.map((width) => '-'.repeat(width)).join('  '), ...cells.map(line)].join('\n')}\n`;
}

function columned(value: unknown, columns: Columns): Row[] {
  return (Array.isArray(value) ? value : [value]).map((item) =>
    Object.fromEntries(
      Object.entries(columns).map(([heading, path]) => {
        const cell = path.split('.').reduce<unknown>((at, key) => (STEPS[key] ? STEPS[key](at) : (at as Row | null | undefined)?.[key]), item) ?? '';
        return [heading, Array.isArray(cell) ? cell.map(literal).join(', ') : cell];
      }),
    ),
  );
}

const STEPS: Readonly<Record<string, (at: unknown) => unknown>> = {
  'name()': lastOf,
  'count()': (at) => (Array.isArray(at) ? at.length : 0),
  'seconds()': (at) => (typeof at === 'string' ? at.replace(/(?:\.\d+)?(?:Z|\+00:00)$/, 'Z') : at),
};

/** The last name of an id. */
function lastOf(id: unknown): string {
  return String(id ?? '')
    .split('/')
    .pop() as string;
}

function coloured(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (match, text?: string, colon?: string) => {
    if (text !== undefined) return colon === undefined ? `\u001b[33m${text}\u001b[39m` : `\u001b[94m${text}\u001b[39m${colon}`;
    return `\u001b[36m${match}\u001b[39m`;
  });
}
