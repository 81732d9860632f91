/** For the tests of this room: a management API on loopback that answers from a table and keeps what it was asked. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '#base/clock.ts';
import { type DomainName, parseDomainName } from '#base/domain-name.ts';
import type { Json } from '#base/json.ts';
import { CertificateAuthority } from '#identity/certificate-authority.ts';
import { Management, type ManagementOptions } from './management.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Json | undefined;
  readonly text: string;
}

export interface Answered {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

export const SUBSCRIPTION = '11111111-1111-1111-1111-111111111111';
export const TENANT = '22222222-2222-2222-2222-222222222222';
export const S = `/subscriptions/${SUBSCRIPTION}`;

/** A server that gives each request to `answer`; a token is given to whoever asks. `listen` is HOST:PORT. */
export class FakeServer implements AsyncDisposable {
  readonly asked: Asked[] = [];
  readonly clock = new FakeClock();
  readonly waits: number[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
  tokens = 0;
  answer: (asked: Asked) => Answered | undefined = () => undefined;
  caPem = '';
  listen = '';
  #server: ReturnType<typeof createServer> | undefined;
  #clients: Management[] = [];

  static async open(): Promise<FakeServer> {
    const fake = new FakeServer();
    const authority = await CertificateAuthority.open({
      folder: join(fake.folder, 'keys'),
      clock: { now: () => Date.now() },
      permittedDomains: [parseDomainName('azurecr.io') as DomainName],
    });
    const leaf = await authority.leaf(['management.azure.com']);
    fake.caPem = authority.caPem;
    fake.#server = createServer({ key: leaf.key, cert: leaf.certificate }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const url = new URL(request.url ?? '/', 'https://x');
        const {
          status = 200,
          headers = {},
          body,
        } = fake.#give({
          method: request.method ?? '',
          path: url.pathname,
          query: url.searchParams,
          headers: request.headers,
          body: request.headers['content-type'] === 'application/json' ? (JSON.parse(text) as Json) : undefined,
          text,
        });
        response.writeHead(status, { 'content-type': 'application/json', 'x-ms-request-id': 'request-1', ...headers });
        response.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
      });
    });
    const server = fake.#server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    fake.listen = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return fake;
  }

  #give(asked: Asked): Answered {
    if (asked.path === `/${TENANT}/oauth2/v2.0/token`) {
      this.tokens++;
      return { body: { token_type: 'Bearer', expires_in: 3600, access_token: `token-${this.tokens}` } };
    }
    this.asked.push(asked);
    return this.answer(asked) ?? { status: 404, body: { error: { code: 'ResourceNotFound', message: `nothing at ${asked.path}` } } };
  }

  management(options: Partial<ManagementOptions> = {}): Management {
    const client = new Management({
      listen: this.listen,
      caPem: this.caPem,
      credentials: { tenantId: TENANT, subscriptionId: SUBSCRIPTION, appId: 'app', secret: 'secret' },
      clock: this.clock,
      pause: async (ms) => void this.waits.push(ms),
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
