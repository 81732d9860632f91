/** Pages of names: `n`, `last` and the Link header of distribution-spec "Listing Tags". */

import type { Request } from '#http/message.ts';
import type { Page } from '#store/repositories.ts';
import { oci } from './faults.ts';

/** The longest page, and the one for clients that ask for none: a page must cost the server little, whatever `n` says (CVE-2023-2253). */
export const MAX_PAGE = 1000;

/** The page that the query asks for, of `usual` items when it names no number. @throws Fault `PAGINATION_NUMBER_INVALID`. */
export function pageOf(request: Request, usual = MAX_PAGE): Page {
  const n = request.query.get('n');
  if (n !== null && !/^\d{1,15}$/.test(n)) throw oci('PAGINATION_NUMBER_INVALID', { detail: { n: n.slice(0, 100) } });
  return { after: request.query.get('last') ?? '', limit: Math.min(n === null ? usual : Number(n), MAX_PAGE) };
}

/**
 * The names of one page, read by `list` with one more than fits, and the Link header that leads on when there are more.
 * An empty page (`n=0`) leads nowhere.
 */
export async function pageOfNames(
  request: Request,
  path: string,
  list: (page: Page) => Promise<string[]>,
): Promise<{ names: string[]; headers: Record<string, string> }> {
  const page = pageOf(request);
  if (page.limit === 0) return { names: [], headers: {} };
  const names = await list({ after: page.after, limit: page.limit + 1 });
  if (names.length <= page.limit) return { names, headers: {} };
  names.pop();
  const query = new URLSearchParams({ last: names.at(-1) as string, n: String(page.limit) });
  return { names, headers: { link: `<${path}?${query}>; rel="next"` } };
}
