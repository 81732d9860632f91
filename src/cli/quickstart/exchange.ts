/** One HTTPS exchange inside a machine, with the machine's own resolver and trust, and the address it really went to. */

import { readlinkSync } from 'node:fs';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent, request as requestHttps } from 'node:https';

/** What a report keeps of an exchange. */
export interface Exchange {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly status: number;
  /** The address of the other end of the socket. */
  readonly address: string;
}

export interface Reply {
  readonly exchange: Exchange;
  readonly headers: IncomingMessage['headers'];
  /** Not read yet: every caller reads it or throws it away. */
  readonly body: IncomingMessage;
}

const agent = new Agent({ keepAlive: true, maxSockets: 4 });

/** Sends and gives the reply when its headers are there. Each exchange is added to `log`; an error says at `address` where it was dialled. With `address` no name is looked up: that address is dialled. */
export function exchange(
  log: Exchange[],
  method: string,
  url: string,
  options: { headers?: Record<string, string>; body?: Uint8Array | string | undefined; address?: string | undefined } = {},
): Promise<Reply> {
  const target = new URL(url);
  const send = target.protocol === 'http:' ? requestHttp : requestHttps;
  const { body, address } = options;
  const length = body === undefined ? undefined : Buffer.byteLength(body);
  return new Promise((resolve, reject) => {
    const outgoing = send(
      target,
      {
        method,
        ...(target.protocol === 'https:' ? { agent } : {}),
        ...(address === undefined ? {} : { hostname: address, servername: target.hostname }),
        headers: {
          host: target.host,
          'user-agent': 'postern-quickstart',
          ...(length === undefined ? (method === 'POST' ? { 'content-length': '0' } : {}) : { 'content-length': String(length) }),
          ...options.headers,
        },
      },
      (incoming) => {
        const done: Exchange = {
          method,
          host: target.host,
          path: target.pathname,
          status: incoming.statusCode ?? 0,
          address: incoming.socket.remoteAddress ?? '',
        };
        log.push(done);
        resolve({ exchange: done, headers: incoming.headers, body: incoming });
      },
    );
    let dialled: string | undefined;
    outgoing.on('socket', (socket) => socket.on('connectionAttempt', (ip: string) => (dialled = ip)));
    outgoing.on('error', (error) => reject(Object.assign(error, { address: dialled })));
    outgoing.end(body);
  });
}

/** The whole body. */
export async function bytesOf(reply: Reply): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of reply.body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export async function jsonOf(reply: Reply): Promise<Record<string, unknown>> {
  return JSON.parse((await bytesOf(reply)).toString('utf8')) as Record<string, unknown>;
}

/** An answer that is not the one a step needs: kept whole for the report. */
export class Unexpected extends Error {
  readonly exchange: Exchange;
  readonly requestId: string | undefined;
  readonly answer: string;
  constructor(reply: Reply, answer: Buffer) {
    super(
      `${reply.exchange.method} https://${reply.exchange.host}${reply.exchange.path} answered ${reply.exchange.status}: ${answer.toString('utf8').slice(0, 500)}`,
    );
    this.exchange = reply.exchange;
    this.requestId = requestIdOf(reply);
    this.answer = answer.toString('utf8').slice(0, 2000);
  }
}

export function requestIdOf(reply: Reply): string | undefined {
  const id = reply.headers['x-ms-request-id'] ?? reply.headers['x-ms-correlation-request-id'];
  return Array.isArray(id) ? id[0] : id;
}

/** The reply when its status is one of these. @throws Unexpected */
export async function expected(reply: Reply, ...statuses: number[]): Promise<Reply> {
  if (statuses.includes(reply.exchange.status)) return reply;
  throw new Unexpected(reply, await bytesOf(reply));
}

/** The network namespace this process is in, e.g. `net:[4026532281]`. */
export function networkNamespace(): string {
  return readlinkSync('/proc/self/ns/net');
}

/** Writes one line of JSON to whoever started this program. */
export function report(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Runs a client program: what it throws becomes its last line, and the exit code 1. */
export async function client(run: () => Promise<object>): Promise<void> {
  try {
    report({ event: 'done', networkNamespace: networkNamespace(), ...(await run()) });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const unexpected =
      error instanceof Unexpected ? { status: error.exchange.status, address: error.exchange.address, requestId: error.requestId, answer: error.answer } : {};
    report({ event: 'failed', networkNamespace: networkNamespace(), message, code, ...unexpected });
    process.exitCode = 1;
  } finally {
    agent.destroy();
  }
}
