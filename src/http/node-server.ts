/** The only adapter between node:http and requests and replies as data. Knows sockets and limits; knows nothing of planes. */
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerOptions, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { sendFile, writeChunk } from './file-body.ts';
import type { Reply, Request, TraceStep } from './message.ts';

/** What a server must be made with; `serve` sets the rest. */
export const SERVER_OPTIONS = {
  /** More is answered with 431. Registry tokens with many scopes take kilobytes. */
  maxHeaderSize: 32 * 1024,
  /** How often connections are looked over for headers that are late. */
  connectionsCheckingInterval: 5_000,
  /** The head must be there in this time; a body may take as long as it moves. */
  headersTimeout: 30_000,
  requestTimeout: 0,
  keepAliveTimeout: 65_000,
  noDelay: true,
  /** A missing Host is refused by `serve`, in words and with an id. */
  requireHostHeader: false,
} as const satisfies ServerOptions;

/** A connection on which nothing has moved for this long is closed, in the midst of a request too. */
export const IDLE_MS = 60_000;
/** An unread body up to this is read and forgotten, so that the connection can go on. */
const DRAIN_BYTES = 256 * 1024;
/** After a reply to a larger one the connection is held so long, or for so many bytes more: closing at once would reset it, and the client would lose the reply. */
const LINGER_MS = 2_000;
const LINGER_BYTES = 16 * 1024 * 1024;

/** A request from a socket. The edge sets `host` to the canonical name once SNI, Host and arrival have been found to agree. */
export interface SocketRequest extends Request {
  host: string;
}

export type Handler = (request: SocketRequest, socket: Socket) => Promise<Reply>;

/** A Host header as name and port: lower case, without the port, the brackets of IPv6 and a trailing dot. Undefined when it is none (RFC 9110 section 7.2). */
export function parseHost(header: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9_.-]{1,254}))(?::\d{0,5})?$/.exec(header.toLowerCase());
  const name = (match?.[1] ?? match?.[2])?.replace(/\.$/, '');
  return name === '' ? undefined : name;
}

/**
 * Serves requests with a handler. Every reply carries `x-ms-request-id`; a handler that throws makes one 500, logged once.
 * Aborts the request's signal when the client goes away.
 */
export function serve(server: Server | SecureServer, handle: Handler, options: { log: Log; idleMs?: number; lingerMs?: number }): void {
  const { log } = options;
  server.timeout = options.idleMs ?? IDLE_MS;
  server.headersTimeout = SERVER_OPTIONS.headersTimeout;
  server.requestTimeout = SERVER_OPTIONS.requestTimeout;
  server.keepAliveTimeout = SERVER_OPTIONS.keepAliveTimeout;
  /** Connections with an exchange under way: a parser's complaint must not be written into a reply. */
  const busy = new WeakMap<Duplex, number>();

  const onRequest = (message: IncomingMessage, response: ServerResponse, expectation: Expectation): void => {
    const { socket } = message;
    busy.set(socket, (busy.get(socket) ?? 0) + 1);
    response.once('close', () => busy.set(socket, (busy.get(socket) ?? 1) - 1));
    void exchange(message, response, expectation, handle, log, options.lingerMs ?? LINGER_MS);
  };
  server.on('request', (message, response) => onRequest(message, response, { invited: true }));
  // The body is invited when somebody reads it: by then the request has been admitted (RFC 9110 section 10.1.1).
  server.on('checkContinue', (message, response) => {
    const expectation: Expectation = { invited: false };
    const read = message._read;
    message._read = (size) => {
      message._read = read;
      if (!expectation.invited && !response.headersSent) {
        expectation.invited = true;
        response.writeContinue();
      }
      read.call(message, size);
    };
    onRequest(message, response, expectation);
  });
  // RFC 9110 section 10.1.1: there is no other expectation than 100-continue.
  server.on('checkExpectation', (message, response) => {
    const id = randomUUID();
    const refusal = closing(plainRefusal(417, 'ExpectationFailed', "The expectation of the 'Expect' header cannot be met; 100-continue can.", id));
    void send(message, response, refusal, id, { invited: false }, 0).catch(() => response.destroy());
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseMalformed(error, socket, (busy.get(socket) ?? 0) > 0));
}

/** Whether the client waits for `100 Continue` before it sends its body. */
interface Expectation {
  invited: boolean;
}

async function exchange(
  message: IncomingMessage,
  response: ServerResponse,
  expectation: Expectation,
  handle: Handler,
  log: Log,
  lingerMs: number,
): Promise<void> {
  const id = randomUUID();
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  let reply: Reply;
  try {
    const request = requestFrom(message, id, gone.signal);
    reply = request instanceof Fault ? closing(plainRefusal(request.status, request.code, request.message, id)) : await handle(request, message.socket);
  } catch (error) {
    reply = unexpected(error, id, log);
  }
  try {
    await send(message, response, reply, id, expectation, lingerMs);
  } catch (error) {
    if (reply.body?.kind === 'stream') reply.body.stream.destroy();
    if (response.destroyed || gone.signal.aborted) return;
    if (!response.headersSent) await send(message, response, unexpected(error, id, log), id, expectation, lingerMs).catch(() => response.destroy());
    else {
      // The head promised more than can be sent: only a broken connection tells the client so.
      log.error({ requestId: id, error: String(error) }, 'a reply broke off');
      response.destroy();
    }
  }
}

/** The request as data; a Fault when it names no path or host that could be served. */
function requestFrom(message: IncomingMessage, id: string, signal: AbortSignal): SocketRequest | Fault {
  const target = message.url ?? '';
  // Absolute and asterisk forms (RFC 9112 section 3.2) name another host than Host does, or none; no client of ours sends them.
  if (!target.startsWith('/')) return new Fault('invalid', 'InvalidRequestTarget', 'The request target must be a path that starts with a slash.');
  const authority = message.headers.host ?? '';
  const hosts = message.rawHeaders.filter((name, index) => index % 2 === 0 && name.length === 4 && name.toLowerCase() === 'host');
  const host = hosts.length === 1 ? parseHost(authority) : undefined;
  if (host === undefined) return new Fault('invalid', 'InvalidHostHeader', 'The request must have one Host header with a host name or address.');
  const mark = target.indexOf('?');
  const search = mark < 0 ? '' : target.slice(mark + 1);
  const trace: TraceStep[] = [];
  return {
    id,
    method: message.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(search),
    search,
    headers: message.headers,
    host,
    authority,
    body: message,
    signal,
    trace,
  };
}

/** Readable by both kinds of client: ARM's envelope and OCI's in one. */
function plainRefusal(status: number, code: string, text: string, id: string): Reply {
  const bytes = Buffer.from(JSON.stringify({ error: { code, message: text }, errors: [{ code, message: text }], requestId: id }));
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: { kind: 'bytes', bytes } };
}

/** Whoever frames a request oddly may have meant more by it: what follows on the connection is not read. */
function closing(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, connection: 'close' } };
}

function unexpected(error: unknown, id: string, log: Log): Reply {
  log.error({ requestId: id, error: String(error), stack: (error as Error)?.stack }, 'a request failed unexpectedly');
  return plainRefusal(500, 'InternalServerError', `The server met an unexpected condition; its log has the cause under request id ${id}.`, id);
}

async function send(message: IncomingMessage, response: ServerResponse, reply: Reply, id: string, expectation: Expectation, lingerMs: number): Promise<void> {
  const { body, status } = reply;
  const bodiless = message.method === 'HEAD' || status === 204 || status === 304;
  const headers: Record<string, string | string[]> = { 'x-ms-request-id': id };
  for (const [name, value] of Object.entries(reply.headers)) headers[name] = typeof value === 'string' ? value : [...value];
  if (headers['content-length'] === undefined && status !== 204 && status !== 304) {
    if (body?.kind === 'bytes') headers['content-length'] = String(body.bytes.length);
    else if (body?.kind === 'file') headers['content-length'] = String(body.end - body.start);
    else if (body === undefined && message.method !== 'HEAD') headers['content-length'] = '0';
  }
  const rest = unread(message, expectation);
  if (rest !== 'none') headers.connection = 'close';
  const head = (): void => {
    response.writeHead(status, headers);
  };

  if (bodiless || body === undefined) {
    if (body?.kind === 'stream') body.stream.destroy();
    head();
    // Flushed now: the end may have to wait for the rest of the request.
    if (rest === 'linger') response.flushHeaders();
  } else if (body.kind === 'bytes') {
    head();
    if (rest === 'none') {
      response.end(body.bytes);
      return;
    }
    response.write(body.bytes);
  } else if (body.kind === 'file') await sendFile(response, body, head);
  else {
    head();
    for await (const chunk of body.stream as Readable & AsyncIterable<Uint8Array>) await writeChunk(response, chunk);
  }
  if (rest === 'linger') await linger(message, lingerMs);
  response.end();
}

/**
 * What to do about a body that the handler did not read: nothing when it is small (node:http drains it), close when the client was never invited to
 * send it, linger when it is large or of unknown length and on its way.
 */
function unread(message: IncomingMessage, expectation: Expectation): 'none' | 'close' | 'linger' {
  if (message.complete || message.readableEnded) return 'none';
  if (!expectation.invited) {
    // Whoever drains the body from now on must not invite it.
    expectation.invited = true;
    return 'close';
  }
  const declared = message.headers['content-length'];
  return declared !== undefined && Number(declared) <= DRAIN_BYTES ? 'none' : 'linger';
}

/** Reads and forgets until the body ends, the client goes, or a time or a number of bytes is over. */
function linger(message: IncomingMessage, lingerMs: number): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    const timer = setTimeout(resolve, lingerMs);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    message.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > LINGER_BYTES) done();
    });
    message.once('end', done).once('close', done).once('error', done).resume();
  });
}

/** What the parser cannot read is answered once, in plain words, and the connection closed. A connection in the midst of a reply is only closed. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex, midst: boolean): void {
  if (midst || !socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, code, text] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'RequestHeadersTooLarge', `The request's headers are larger than ${SERVER_OPTIONS.maxHeaderSize} bytes.`]
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'RequestTimeout', "The request's headers did not arrive in time."]
        : [400, 'BadRequest', 'The request is not HTTP/1.1 as RFC 9112 has it.'];
  const id = randomUUID();
  const { headers, body } = plainRefusal(status as number, code as string, text as string, id);
  const bytes = body?.kind === 'bytes' ? Buffer.from(body.bytes) : Buffer.alloc(0);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status as number]}`,
    'Connection: close',
    `Content-Type: ${headers['content-type']}`,
    `Content-Length: ${bytes.length}`,
    `x-ms-request-id: ${id}`,
  ].join('\r\n');
  socket.end(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), bytes]), () => socket.destroy());
}
