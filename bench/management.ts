/** The management API, as any client of ARM uses it: one kept connection, the operator's token. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { instanceOf } from '../test/server.ts';

export class Management {
  readonly subscription: string;
  readonly #url: URL;
  readonly #ca: string;
  readonly #token: string;
  readonly #agent: Agent;

  private constructor(url: URL, ca: string, token: string, subscription: string, agent: Agent) {
    this.#url = url;
    this.#ca = ca;
    this.#token = token;
    this.subscription = subscription;
    this.#agent = agent;
  }

  static async open(data: string): Promise<Management> {
    const url = new URL(instanceOf(data)?.url ?? '');
    const ca = readFileSync(join(data, 'ca.pem'), 'utf8');
    const agent = new Agent({ keepAlive: true });
    const { tenantId, subscriptionId, appId, secret } = JSON.parse(readFileSync(join(data, 'operator.json'), 'utf8'));
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: appId,
      client_secret: secret,
      scope: 'https://management.azure.com/.default',
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const { body } = await ask({ url, ca, agent, method: 'POST', path: `/${tenantId}/oauth2/v2.0/token`, headers, body: form.toString() });
    return new Management(url, ca, JSON.parse(body).access_token, subscriptionId, agent);
  }

  async put(path: string, body: unknown): Promise<void> {
    await this.#ask('PUT', path, body);
  }

  async get(path: string): Promise<void> {
    await this.#ask('GET', path);
  }

  /** For a program elsewhere: what it needs to do the same. */
  get token(): string {
    return this.#token;
  }

  id(path: string): string {
    return `/subscriptions/${this.subscription}/resourceGroups/rg/providers/${path}`;
  }

  async #ask(method: string, path: string, body?: unknown): Promise<void> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' };
    const target = `${path === '' ? this.id('').replace(/\/providers\/$/, '') : this.id(path)}?api-version=2024-05-01`;
    const answer = await ask({
      url: this.#url,
      ca: this.#ca,
      agent: this.#agent,
      method,
      path: target,
      headers,
      body: body === undefined ? '' : JSON.stringify(body),
    });
    if (answer.status !== 200 && answer.status !== 201) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
  }
}

/** An endpoint of `registry` in the subnet `endpoints` of a network. */
export function endpointBody(management: Management, network: string, registry: string): object {
  return {
    location: 'westeurope',
    properties: {
      subnet: { id: management.id(`Microsoft.Network/virtualNetworks/${network}/subnets/endpoints`) },
      privateLinkServiceConnections: [
        { name: 'con', properties: { privateLinkServiceId: management.id(`Microsoft.ContainerRegistry/registries/${registry}`), groupIds: ['registry'] } },
      ],
    },
  };
}

interface Ask {
  readonly url: URL;
  readonly ca: string;
  readonly agent: Agent;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

function ask({ url, body, headers, ...options }: Ask): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { ...options, host: url.hostname, port: url.port, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: text }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
