/**
 * A registry's own plane, as az speaks it: the challenge of `/v2/`, the exchange of the caller's token, then the calls. In a machine the registry is reached by
 * its name; on the host by the public listener, where it is NAME.HOST-DOMAIN: a name below the registries' domain is never resolved there, for that would send
 * credentials to Azure's own servers.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import { runningInstance } from '#instance.ts';
import type { Context } from './context.ts';
import { problemOf, Refusal } from './failure.ts';
import { machineCaPem } from './machine-session.ts';
import { type Answer, dialled, parsed, pathOf } from './management.ts';
import type { Option } from './options.ts';
import { findRegistry, NO_REGISTRY, REGISTRY_TYPE } from './resources.ts';
import { apiVersionOf } from './versions.ts';

/** The user name that says: the password is a refresh token. */
export const TOKEN_USER = '00000000-0000-0000-0000-000000000000';

export const SIGN_IN: readonly Option[] = [
  { name: 'username', short: 'u', kind: 'text', summary: 'A user of the registry, in place of who is signed in.' },
  { name: 'password', short: 'p', kind: 'text', summary: 'Its password.' },
  { name: 'suffix', kind: 'text', summary: 'Accepted for scripts.' },
];

/** Where a registry is reached: what the connection dials, and the name it is called by. */
interface Place {
  /** The host with its port unless that is 443, as clients are told it. */
  readonly authority: string;
  readonly name: string;
  readonly dial: { readonly host: string; readonly port: number };
  readonly caPem: string;
}

export interface RegistryClientOptions {
  readonly place: Place;
  readonly tenantId: string;
  /** A token of the caller's. */
  readonly token: () => Promise<string>;
  readonly login?: { readonly username: string; readonly password: string };
}

export class RegistryClient {
  readonly #options: RegistryClientOptions;
  readonly #agent: Agent;
  readonly #access = new Map<string, string>();
  #service: string | undefined;
  #refresh: string | undefined;

  constructor(options: RegistryClientOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, ca: options.place.caPem, servername: options.place.name });
  }

  /** What clients name it by. */
  get authority(): string {
    return this.#options.place.authority;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** The answer to `/v2/` without credentials, and the address it came from. */
  async probe(): Promise<{ answer: Answer; address: string | undefined }> {
    let address: string | undefined;
    const answer = await this.#send('GET', '/v2/', {}, undefined, (socket) => {
      address = socket.remoteAddress;
    });
    return { answer, address };
  }

  /** The service that the registry's challenge names. @throws Error in az's words when it issues none */
  async challenge(): Promise<string> {
    if (this.#service !== undefined) return this.#service;
    const { answer } = await this.probe();
    if (answer.status === 403) {
      const name = this.authority.split('.')[0];
      throw new Error(
        `Looks like you don't have access to registry '${this.authority}'. To see configured firewall rules, run 'postern acr show --query networkRuleSet --name ${name}'.`,
      );
    }
    const header = String(answer.headers['www-authenticate'] ?? '');
    const service = /service="([^"]*)"/.exec(header)?.[1];
    if (answer.status !== 401 || service === undefined) throw new Error(`Registry '${this.authority}' did not issue a challenge.`);
    this.#service = service;
    return service;
  }

  /** The caller's token exchanged for one that renews. @throws Refusal */
  async refreshToken(): Promise<string> {
    if (this.#refresh !== undefined) return this.#refresh;
    const service = await this.challenge();
    const form = { grant_type: 'access_token', service, tenant: this.#options.tenantId, access_token: await this.#options.token() };
    this.#refresh = String((await this.#form('/oauth2/exchange', form)).refresh_token);
    return this.#refresh;
  }

  /** A token for one scope. @throws Refusal */
  async accessToken(scope: string): Promise<string> {
    const kept = this.#access.get(scope);
    if (kept !== undefined) return kept;
    const { login } = this.#options;
    const service = await this.challenge();
    const body: Record<string, string> = login
      ? { grant_type: 'password', service, scope, username: login.username, password: login.password }
      : { grant_type: 'refresh_token', service, scope, refresh_token: await this.refreshToken() };
    const token = String((await this.#form('/oauth2/token', body)).access_token);
    this.#access.set(scope, token);
    return token;
  }

  /** One call with a token for the scope; an answer below 400. @throws Refusal */
  async ask(method: string, path: string, scope: string, options: { headers?: Record<string, string>; body?: JsonObject } = {}): Promise<Answer> {
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const headers = {
      authorization: `Bearer ${await this.accessToken(scope)}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    };
    const answer = await this.#send(method, path, headers, body);
    if (answer.status >= 400) throw refusal(answer);
    return answer;
  }

  /** All pages of a list, of which `key` is the name in each page: at most `top` items. */
  async list(path: string, scope: string, key: string, top = Number.POSITIVE_INFINITY): Promise<Json[]> {
    const all: Json[] = [];
    let next: string | undefined = `${path}${path.includes('?') ? '&' : '?'}n=${Math.min(top, 100)}`;
    while (next !== undefined && all.length < top) {
      const answer: Answer = await this.ask('GET', next, scope);
      const page = isJsonObject(answer.body) ? answer.body[key] : undefined;
      if (Array.isArray(page)) all.push(...page);
      const link = /<([^>]+)>; *rel="?next"?/.exec(String(answer.headers.link ?? ''))?.[1];
      next = link === undefined ? undefined : pathOf(link);
    }
    return all.slice(0, top);
  }

  async #form(path: string, fields: Record<string, string>): Promise<JsonObject> {
    const answer = await this.#send('POST', path, { 'content-type': 'application/x-www-form-urlencoded' }, new URLSearchParams(fields).toString());
    if (answer.status !== 200 || !isJsonObject(answer.body)) throw refusal(answer);
    return answer.body;
  }

  #send(method: string, path: string, headers: Record<string, string>, body?: string, connected?: (socket: Socket) => void): Promise<Answer> {
    const { place } = this.#options;
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          method,
          path,
          ...place.dial,
          agent: this.#agent,
          headers: {
            host: place.authority,
            'user-agent': 'postern-cli',
            ...(body === undefined && method !== 'GET'
              ? { 'content-length': '0' }
              : body === undefined
                ? {}
                : { 'content-length': String(Buffer.byteLength(body)) }),
            ...headers,
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          connected?.(incoming.socket);
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () =>
            resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: parsed(Buffer.concat(chunks).toString('utf8')) }),
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}

function refusal(answer: Answer): Refusal {
  const id = answer.headers['x-ms-correlation-request-id'] ?? answer.headers['x-ms-request-id'];
  return new Refusal(answer.status, problemOf(answer.status, answer.body), Array.isArray(id) ? id[0] : id);
}

/** The client of the registry with this name, signed in as whoever runs the command, or as the user given. */
export async function registryClient(context: Context, name: string, login?: { username: string; password: string }): Promise<RegistryClient> {
  const server = await context.management();
  const registry = await known(context, name);
  const properties = isJsonObject(registry?.properties) ? registry.properties : {};
  const policies = isJsonObject(properties.policies) ? properties.policies : {};
  const policy = isJsonObject(policies.azureADAuthenticationAsArmPolicy) ? policies.azureADAuthenticationAsArmPolicy : {};
  // Where tokens for Azure Resource Manager are not taken, one for registries is.
  const resource = policy.status === 'disabled' ? 'https://containerregistry.azure.net' : undefined;
  const short = (name.split('/').pop() as string).split('.')[0] as string;
  return new RegistryClient({
    place: placeOf(context.data, String(registry?.name ?? short).toLowerCase(), String(properties.loginServer ?? `${short.toLowerCase()}.azurecr.io`)),
    tenantId: server.tenantId,
    token: async () => (await server.accessToken(resource)).text,
    ...(login ? { login } : {}),
  });
}

/** The registry as the management API tells it; undefined for one who may pull and read nothing there: its login server is guessed then, as az does it. */
async function known(context: Context, name: string): Promise<JsonObject | undefined> {
  try {
    return await (await context.management()).get(await findRegistry(context, name, undefined), apiVersionOf(REGISTRY_TYPE));
  } catch (error) {
    const missing =
      (error instanceof Fault && [NO_REGISTRY, 'NoSubscription'].includes(error.code)) || (error instanceof Refusal && [403, 404].includes(error.status));
    if (!missing) throw error;
    return undefined;
  }
}

/** Where the registry is for this process. */
export function placeOf(data: string, name: string, loginServer: string): Place {
  const instance = runningInstance(data);
  if (!instance) return { authority: loginServer, name: loginServer, dial: { host: loginServer, port: 443 }, caPem: machineCaPem() };
  const dial = dialled(instance.public);
  const host = `${name}.${instance.hostDomain}`;
  return { authority: dial.port === 443 ? host : `${host}:${dial.port}`, name: host, dial, caPem: readFileSync(join(data, 'ca.pem'), 'utf8') };
}
