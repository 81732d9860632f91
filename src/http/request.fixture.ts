/** Requests without sockets, for tests of planes. */
import { Readable } from 'node:stream';
import type { Request } from './message.ts';

/** A request as a plane gets it. `url` is absolute; `form` makes a form body. */
export function requestOf(
  method: string,
  url: string,
  options: { headers?: Record<string, string>; form?: Record<string, string>; body?: string } = {},
): Request {
  const { host, hostname, pathname, search, searchParams } = new URL(url);
  const text = options.form ? new URLSearchParams(options.form).toString() : (options.body ?? '');
  return {
    id: '00000000-0000-0000-0000-000000000001',
    method,
    path: pathname,
    query: searchParams,
    search: search.slice(1),
    headers: { host, ...(options.form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}), ...options.headers },
    host: hostname,
    authority: host,
    body: Readable.from(text === '' ? [] : [Buffer.from(text)]),
    signal: new AbortController().signal,
    trace: [],
  };
}
