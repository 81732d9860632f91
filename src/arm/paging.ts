/** Pages of lists: `$top`, `$skiptoken` and an absolute `nextLink`. The order is that of the keys, so a page begins after the last key of the one before it. */
import { invalidSkipToken, invalidTop } from './faults.ts';

/** How many a page holds at most, and unless `$top` says less. */
export const PAGE_SIZE = 1000;

export interface Page {
  readonly size: number;
  /** The last key of the page before; undefined for the first. */
  readonly after: string | undefined;
}

/** @throws Fault `InvalidTopInQueryString`, `InvalidSkipTokenInQueryString` */
export function parsePage(top: string | undefined, skipToken: string | undefined): Page {
  if (top !== undefined && !/^[1-9]\d{0,3}$/.test(top)) throw invalidTop(top);
  const size = top === undefined ? PAGE_SIZE : Number(top);
  if (size > PAGE_SIZE) throw invalidTop(String(top));
  if (skipToken === undefined) return { size, after: undefined };
  const after = Buffer.from(skipToken, 'base64url').toString('utf8');
  if (!after.startsWith('/') || skipTokenAfter(after) !== skipToken) throw invalidSkipToken();
  return { size, after };
}

/** The `$skiptoken` of the page after `key`. */
export function skipTokenAfter(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

/** The page's part of items that are in order of their keys, and the token of the next page when there is one. */
export function cut<T>(items: readonly T[], keyOf: (item: T) => string, page: Page): { items: readonly T[]; next: string | undefined } {
  const start = page.after === undefined ? 0 : items.findIndex((item) => keyOf(item) > (page.after as string));
  if (start < 0) return { items: [], next: undefined };
  const part = items.slice(start, start + page.size);
  const last = part.at(-1);
  return { items: part, next: last !== undefined && start + page.size < items.length ? skipTokenAfter(keyOf(last)) : undefined };
}
