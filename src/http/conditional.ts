/** Conditional requests: RFC 9110 section 13 for resources that have an entity tag and no modification date. */
import type { IncomingHttpHeaders } from 'node:http';
import { etagMatches } from '#base/etag.ts';

export type Precondition = 'proceed' | 'not-modified' | 'failed';

/**
 * What If-Match and If-None-Match say of the current tag (undefined: nothing exists), in the order of section 13.2.2.
 * `not-modified` (304) only for GET and HEAD; other methods fail with 412.
 */
export function precondition(method: string, headers: IncomingHttpHeaders, etag: string | undefined): Precondition {
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined && !etagMatches(ifMatch, etag)) return 'failed';
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined && etagMatches(ifNoneMatch, etag)) return method === 'GET' || method === 'HEAD' ? 'not-modified' : 'failed';
  return 'proceed';
}

/** Whether a Range header counts in the presence of If-Range (section 13.1.5): only for the very tag, compared strongly. Dates never match. */
export function rangeHolds(ifRange: string | undefined, etag: string): boolean {
  return ifRange === undefined || ifRange.trim() === `"${etag}"`;
}
