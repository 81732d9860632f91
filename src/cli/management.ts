/**
 * The management API over HTTPS, as the command line speaks it. Only the listener's own address is ever dialled: absolute URLs in answers give
 * a path and nothing else, so that no name of Azure is resolved or reached from here.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Agent, type RequestOptions, request } from 'node:https';
import { dirname } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { type Clock, systemClock } from '#base/clock.ts';
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import { problemOf, Refusal } from './failure.ts';

export interface Credentials {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly appId: string;
  readonly secret: string;
}

export interface Token {
  readonly text: string;
  readonly expiresAtMs: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed JSON, the text when it is none, undefined when empty. */
  readonly body: Json | undefined;
}

export interface ManagementOptions {
  /** `HOST:PORT` of the listener. */
  readonly listen: string;
  readonly caPem: string;
  readonly credentials: Credentials;
  /** Where the token is kept between commands; not at all when absent. */
  readonly tokenFile?: string;
  readonly clock?: Clock;
  /** The command's words: sent as az sends its own. */
  readonly commandName?: string;
  /** Takes the server's warnings. */
  readonly warn?: (text: string) => void;
  /** How a token is got where not by the credentials: in a machine its identity gives it. */
  readonly token?: (resource?: string) => Promise<Token>;
  /** Return when a change has been taken on, instead of when it is done. */
  readonly noWait?: boolean;
  /** Change nothing: what would be changed is asked for, and kept in `foreseen`. */
  readonly whatIf?: boolean;
  readonly pause?: (ms: number) => Promise<void>;
}

/** The name the server's certificate is checked for, whatever address is dialled. */
const SERVER_NAME = 'management.azure.com';
const RENEW_BEFORE_MS = 5 * 60_000;
const TERMINAL = new Set(['succeeded', 'failed', 'canceled']);

export class Management {
  readonly #options: ManagementOptions;
  readonly #clock: Clock;
  readonly #agent: Agent;
  readonly #host: string;
  readonly #port: number;
  #token: Token | undefined;
  /** What the server foresees for each change, when the option `whatIf` is set. */
  readonly foreseen: Json[] = [];

  constructor(options: ManagementOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { host, port } = dialled(options.listen);
    this.#host = host;
    this.#port = port;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 8, ca: options.caPem, servername: SERVER_NAME });
  }

  get subscriptionId(): string {
    return this.#options.credentials.subscriptionId;
  }

  get tenantId(): string {
    return this.#options.credentials.tenantId;
  }

  get appId(): string {
    return this.#options.credentials.appId;
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * One request with the caller's token; every status is an answer. `path` has its query. Where only what would be is asked for, this is the one place
   * through which everything goes: a verb that changes something never leaves it.
   */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    if (!this.#options.whatIf || method === 'GET' || method === 'HEAD') return this.#send(method, path, body, headers);
    const [at, query] = path.split('?') as [string, string?];
    const answer = await this.#send('POST', `${at}/whatIf${query === undefined ? '' : `?${query}`}`, { method, ...(body === undefined ? {} : { body }) });
    if (answer.status >= 400) return answer;
    this.foreseen.push(answer.body ?? null);
    // What comes after goes on as if the change were done, with what was sent in place of an answer.
    return { status: 200, headers: {}, body: (body ?? {}) as Json };
  }

  async #send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await this.#raw(method, path, body === undefined ? undefined : JSON.stringify(body), {
      authorization: `Bearer ${await this.#accessToken()}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    });
    // A token of an earlier life of the data folder: ask once for a new one.
    if (answer.status === 401 && this.#options.tokenFile !== undefined && this.#token && !this.#fresh) {
      this.#token = undefined;
      this.#fresh = true;
      return this.#send(method, path, body, headers);
    }
    const warning = answer.headers.warning;
    if (typeof warning === 'string') for (const text of warningTexts(warning)) this.#warn(text);
    return answer;
  }

  /** As `send`, for an answer below 400. @throws Refusal */
  async ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    const answer = await this.send(method, path, body, headers);
    if (answer.status >= 400) throw refusal(answer);
    return answer;
  }

  async get(path: string, apiVersion: string): Promise<JsonObject> {
    return (await this.ask('GET', versioned(path, apiVersion))).body as JsonObject;
  }

  /** The resource, or undefined when there is none. */
  async find(path: string, apiVersion: string): Promise<JsonObject | undefined> {
    const answer = await this.send('GET', versioned(path, apiVersion));
    if (answer.status === 404) return undefined;
    if (answer.status >= 400) throw refusal(answer);
    return answer.body as JsonObject;
  }

  /** All pages of a list. */
  async list(path: string, apiVersion: string): Promise<JsonObject[]> {
    const all: JsonObject[] = [];
    let next: string | undefined = versioned(path, apiVersion);
    while (next !== undefined) {
      const page = (await this.ask('GET', next)).body as { value?: JsonObject[]; nextLink?: string } | undefined;
      all.push(...(page?.value ?? []));
      next = page?.nextLink ? pathOf(page.nextLink) : undefined;
    }
    return all;
  }

  /** Creates or replaces, waits until it is done, and gives the resource. */
  async put(path: string, apiVersion: string, body: JsonObject, headers?: Record<string, string>): Promise<JsonObject> {
    return (await this.#finish(path, apiVersion, await this.ask('PUT', versioned(path, apiVersion), body, headers))) as JsonObject;
  }

  async patch(path: string, apiVersion: string, body: JsonObject): Promise<JsonObject> {
    return (await this.#finish(path, apiVersion, await this.ask('PATCH', versioned(path, apiVersion), body))) as JsonObject;
  }

  async delete(path: string, apiVersion: string): Promise<void> {
    await this.#finish(undefined, apiVersion, await this.ask('DELETE', versioned(path, apiVersion)));
  }

  async post(path: string, apiVersion: string, body?: JsonObject): Promise<Json | undefined> {
    const first = await this.ask('POST', versioned(path, apiVersion), body);
    const done = await this.#finish(undefined, apiVersion, first);
    const location = header(first, 'location');
    // An operation's state is not its result: that is where Location leads.
    if (done !== undefined || location === undefined || this.#options.noWait || header(first, 'azure-asyncoperation') === undefined) return done;
    return (await this.ask('GET', pathOf(location))).body;
  }

  /** Waits for a long-running operation (ARM RPC "Asynchronous operations"): `Azure-AsyncOperation`, else `Location`, else the resource's own state. */
  async #finish(path: string | undefined, apiVersion: string, first: Answer): Promise<Json | undefined> {
    if (this.#options.noWait || this.#options.whatIf) return first.body;
    const state = provisioningState(first.body);
    const operation = header(first, 'azure-asyncoperation');
    const location = header(first, 'location');
    if (state !== undefined && TERMINAL.has(state)) return this.#settled(first.body);
    if (operation !== undefined) {
      for (let answer = first; ; ) {
        await this.#wait(answer);
        answer = await this.ask('GET', pathOf(operation));
        const status = String((answer.body as JsonObject | undefined)?.status ?? '').toLowerCase();
        if (!TERMINAL.has(status)) continue;
        if (status !== 'succeeded') throw new Refusal(answer.status, problemOf(answer.status, answer.body), requestIdOf(first));
        return path === undefined ? undefined : this.get(path, apiVersion);
      }
    }
    if (first.status === 202 && location !== undefined) {
      for (let answer = first; ; ) {
        await this.#wait(answer);
        answer = await this.ask('GET', pathOf(header(answer, 'location') ?? location));
        if (answer.status !== 202) return answer.body ?? (path === undefined ? undefined : this.get(path, apiVersion));
      }
    }
    if (path !== undefined && state !== undefined) {
      for (let answer = first; ; ) {
        await this.#wait(answer);
        answer = await this.ask('GET', versioned(path, apiVersion));
        if (TERMINAL.has(provisioningState(answer.body) ?? 'succeeded')) return this.#settled(answer.body);
      }
    }
    return first.body;
  }

  #settled(body: Json | undefined): Json | undefined {
    const state = provisioningState(body);
    if (state === 'succeeded') return body;
    throw new Refusal(500, { code: 'ProvisioningStateNotSucceeded', message: `The operation ended as ${state}.` });
  }

  async #wait(answer: Answer): Promise<void> {
    const seconds = Number(header(answer, 'retry-after') ?? 1);
    const pause = this.#options.pause ?? ((ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)));
    await pause(Number.isFinite(seconds) ? Math.min(seconds, 30) * 1000 : 1000);
  }

  #fresh = false;
  readonly #warned = new Set<string>();

  /** Each warning once, however often a command reads what it is about. */
  #warn(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#options.warn?.(text);
  }

  /** A token of the caller's: for the control plane, which registries take too unless told not to, or for another resource. */
  async accessToken(resource?: string): Promise<Token> {
    if (resource !== undefined) return this.#options.token ? this.#options.token(resource) : this.#newToken(resource);
    await this.#accessToken();
    return this.#token as Token;
  }

  async #accessToken(): Promise<string> {
    const { credentials, tokenFile } = this.#options;
    this.#token ??= tokenFile === undefined || this.#fresh ? undefined : keptToken(tokenFile, credentials);
    if (this.#token && this.#token.expiresAtMs - RENEW_BEFORE_MS > this.#clock.now()) return this.#token.text;
    this.#token = await (this.#options.token ? this.#options.token() : this.#newToken('https://management.azure.com/'));
    this.#fresh = true;
    if (tokenFile !== undefined) keepToken(tokenFile, credentials, this.#token);
    return this.#token.text;
  }

  /** Whether these credentials are good for a token, which is thrown away. @throws Refusal */
  async signIn(credentials: Credentials): Promise<void> {
    await this.#newToken('https://management.azure.com/', credentials);
  }

  async #newToken(resource: string, credentials = this.#options.credentials): Promise<Token> {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: credentials.appId,
      client_secret: credentials.secret,
      scope: `${resource}/.default`,
    });
    const answer = await this.#raw('POST', `/${credentials.tenantId}/oauth2/v2.0/token`, form.toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    });
    const body = answer.body as { access_token?: string; expires_in?: number } | undefined;
    if (answer.status !== 200 || typeof body?.access_token !== 'string') throw refusal(answer);
    return { text: body.access_token, expiresAtMs: this.#clock.now() + Number(body.expires_in ?? 3600) * 1000 };
  }

  #raw(method: string, path: string, body: string | undefined, headers: Record<string, string>): Promise<Answer> {
    const options: RequestOptions = {
      method,
      path,
      host: this.#host,
      port: this.#port,
      agent: this.#agent,
      headers: {
        host: SERVER_NAME,
        accept: 'application/json',
        'user-agent': 'postern-cli',
        ...(this.#options.commandName === undefined ? {} : { commandname: this.#options.commandName }),
        ...(body === undefined
          ? method === 'GET' || method === 'HEAD'
            ? {}
            : { 'content-length': '0' }
          : { 'content-length': String(Buffer.byteLength(body)) }),
        ...headers,
      },
    };
    return new Promise((resolve, reject) => {
      const outgoing = request(options, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: parsed(Buffer.concat(chunks).toString('utf8')) }),
        );
      });
      outgoing.on('socket', (socket) => (socket as TLSSocket).setNoDelay(true));
      outgoing.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(error, this.#options.listen)));
      outgoing.end(body);
    });
  }
}

/** Where to connect for a listener: one on every address is reached by loopback. */
export function dialled(listen: string): { host: string; port: number } {
  const at = listen.lastIndexOf(':');
  const host = listen.slice(0, at).replace(/^\[|\]$/g, '');
  return { host: host === '0.0.0.0' || host === '' ? '127.0.0.1' : host === '::' ? '::1' : host, port: Number(listen.slice(at + 1)) };
}

/** The path with its `api-version`, beside whatever query it has. */
export function versioned(path: string, apiVersion: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}api-version=${apiVersion}`;
}

/** Path and query of an absolute or relative URL: the rest of it is never dialled. */
export function pathOf(url: string): string {
  const parsedUrl = new URL(url, 'https://listener.invalid');
  return `${parsedUrl.pathname}${parsedUrl.search}`;
}

/** The texts of a Warning header (RFC 7234 section 5.5): `299 agent "text", 299 agent "text"`; the header as it is when it has no such form. */
export function warningTexts(header: string): readonly string[] {
  const texts = [...header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text]) => (text as string).replace(/\\(.)/g, '$1'));
  return texts.length === 0 ? [header] : texts;
}

export function refusal(answer: Answer): Refusal {
  return new Refusal(answer.status, problemOf(answer.status, answer.body), requestIdOf(answer));
}

function requestIdOf(answer: Answer): string | undefined {
  return header(answer, 'x-ms-request-id');
}

function header(answer: Answer, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function provisioningState(body: Json | undefined): string | undefined {
  const properties = isJsonObject(body) ? body.properties : undefined;
  const state = isJsonObject(properties) ? properties.provisioningState : undefined;
  return typeof state === 'string' ? state.toLowerCase() : undefined;
}

/** The body of an answer as JSON; as it stands where it is none, undefined where there is none. */
export function parsed(text: string): Json | undefined {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function unreachable(error: NodeJS.ErrnoException, listen: string): Error {
  if (error.code === 'ECONNREFUSED') return new Error(`Nothing listens at ${listen}. Is Postern still starting, or has it just stopped? See: postern status`);
  return new Error(`The server at ${listen} could not be asked: ${error.message}`);
}

interface KeptToken {
  readonly tenantId: string;
  readonly appId: string;
  readonly token: string;
  readonly expiresAtMs: number;
}

function keptToken(file: string, credentials: Credentials): Token | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as KeptToken;
    if (kept.tenantId !== credentials.tenantId || kept.appId !== credentials.appId || typeof kept.token !== 'string') return undefined;
    return { text: kept.token, expiresAtMs: Number(kept.expiresAtMs) };
  } catch {
    return undefined;
  }
}

/** Written beside and renamed, so that two commands at once never read half a token. A folder that cannot be written costs a token a command, no more. */
function keepToken(file: string, credentials: Credentials, token: Token): void {
  const kept: KeptToken = { tenantId: credentials.tenantId, appId: credentials.appId, token: token.text, expiresAtMs: token.expiresAtMs };
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const beside = `${file}.${process.pid}`;
    writeFileSync(beside, JSON.stringify(kept), { mode: 0o600 });
    chmodSync(beside, 0o600);
    renameSync(beside, file);
  } catch {
    // The next command asks again.
  }
}
