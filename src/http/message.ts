/** What a plane takes and gives: a request and a reply as data. Sockets are the business of node-server alone. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Arrival } from '#topology/arrival.ts';

/** One step of how a request was decided, kept for `postern why`. */
export interface TraceStep {
  /** What was asked: `listener`, `endpoint`, `state`, `rule`, `identity`, `role`, `token`, `signature`... */
  readonly check: string;
  readonly ok: boolean;
  /** The facts that decided, in words and values; no secrets. */
  readonly detail: string;
}

export interface Request {
  /** The id that every answer carries and `postern why` takes. */
  readonly id: string;
  readonly method: string;
  /** Percent-encoded path as received, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The query as received, without `?`. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  /** The Host header, lower case, without port. Agrees with the SNI and the arrival: the edge has refused the rest. */
  readonly host: string;
  /** `host` or `host:port` as the client wrote it: for absolute URLs in replies. */
  readonly authority: string;
  readonly body: Readable;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** Planes append what they decided. */
  readonly trace: TraceStep[];
}

/** Bytes to send. A file is read by range without a stream: `end` is exclusive. */
export type ReplyBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly start: number; readonly end: number }
  | { readonly kind: 'stream'; readonly stream: Readable };

export interface Reply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: ReplyBody;
}

/** A plane: tests call it without sockets. It throws only for bugs; refusals are replies. */
export type Plane = (request: Request, arrival: Arrival) => Promise<Reply>;

export function jsonReply(status: number, value: unknown, headers: Record<string, string | readonly string[]> = {}): Reply {
  const bytes = Buffer.from(JSON.stringify(value));
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'content-length': String(bytes.length), ...headers },
    body: { kind: 'bytes', bytes },
  };
}

export function emptyReply(status: number, headers: Record<string, string | readonly string[]> = {}): Reply {
  return { status, headers: { 'content-length': '0', ...headers } };
}
