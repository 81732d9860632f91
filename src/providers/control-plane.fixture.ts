/** A control plane for tests: the real engine, store and fold around the types of this room, asked as clients ask. The world settles at once. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { assignOwner, ensureFirstState } from '#arm/first-start.ts';
import { type Job, unservedJob } from '#arm/jobs.ts';
import { Operations } from '#arm/operations.ts';
import { type Arm, armPlane } from '#arm/plane.ts';
import type { PrincipalType } from '#arm/resource-type.ts';
import { TypeTable } from '#arm/types.ts';
import { FakeClock, isoTime } from '#base/clock.ts';
import type { DomainName } from '#base/domain-name.ts';
import type { JsonObject } from '#base/json.ts';
import { silentLog } from '#base/log.ts';
import { resolveAddresses } from '#dns/resolution.ts';
import type { Request } from '#http/message.ts';
import { Store } from '#store/store.ts';
import { insertTenant } from '#store/tenants.ts';
import { Derivation } from '#topology/derive.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import { resourceTypes } from './index.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers as clients do
  readonly body: any;
  /** The code of the error, or of each of its details. */
  readonly codes: readonly string[];
  readonly message: string;
}

export const OPERATOR = '00000000-0000-4000-8000-00000000aaaa';
const DOMAIN = 'azurecr.io' as DomainName;

export class ControlPlane {
  readonly clock = new FakeClock();
  readonly store: Store;
  subscription = '';
  /** What the log was told of errors that were nobody's fault but ours. */
  readonly errors: object[] = [];
  /** What registries hold. */
  readonly registryBytes = new Map<string, number>();
  /** What the directory says of an object id: a service principal in no group unless said otherwise. */
  readonly principals = new Map<string, PrincipalType | undefined>();
  readonly groups = new Map<string, readonly string[]>();
  /** Who does the jobs of actions; a test may set its own. */
  runJob: (job: Job) => Promise<unknown> = unservedJob;
  readonly #derivation = new Derivation({ domain: DOMAIN });
  readonly #types = new TypeTable(resourceTypes);
  #arm: Arm | undefined;
  readonly #tenants = new Set<string>();
  #guids = 0;

  private constructor(store: Store) {
    this.store = store;
  }

  static async open(): Promise<ControlPlane> {
    const plane = new ControlPlane(await Store.open(':memory:'));
    await plane.#start();
    return plane;
  }

  async #start(): Promise<void> {
    const { store, clock } = this;
    const types = this.#types;
    const newGuid = (): string => `00000000-0000-4000-8000-${String(++this.#guids).padStart(12, '0')}`;
    const operations = new Operations({ store, clock });
    store.subscribe(({ revision, resources }) => {
      this.#derivation.update(
        revision,
        resources.map(({ key, after }) => [key, after ? types.factsOf(after) : []] as const),
      );
      operations.settle(revision, []);
    });
    const directory = {
      createServicePrincipal: async () => ({ objectId: OPERATOR, appId: OPERATOR, secret: 'none' }),
      findByObjectId: async () => undefined,
    } as unknown as Parameters<typeof ensureFirstState>[0]['directory'];
    const first = await ensureFirstState({ store, directory, types, clock, newGuid });
    this.subscription = `/subscriptions/${first.subscriptionId}`;
    this.#arm = armPlane({
      store,
      types,
      snapshot: () => this.snapshot,
      // The token is the object id of who asks, with the tenant behind an @ when it is not the first.
      tokens: {
        verifyAccess: async (token) => {
          const [objectId = '', tenantId = first.tenantId] = token.split('@');
          return { objectId, tenantId, appId: objectId, kind: 'ServicePrincipal', groups: this.groups.get(objectId) ?? [] };
        },
      },
      principals: {
        typeOf: async (objectId) => (this.principals.has(objectId) ? this.principals.get(objectId) : 'ServicePrincipal'),
        groupsOf: (objectId) => this.groups.get(objectId) ?? [],
        hasTenant: async (tenantId) => tenantId === first.tenantId || this.#tenants.has(tenantId.toLowerCase()),
      },
      operations,
      clock,
      log: { ...silentLog, error: (fields) => void this.errors.push(fields) },
      domain: DOMAIN,
      tenantId: first.tenantId,
      newGuid,
      runJob: (job) => this.runJob(job),
      preview: (changes) => this.#derivation.preview(changes),
      resolve: resolveAddresses,
      registryUsage: async (registry) => ({ bytes: this.registryBytes.get(registry) ?? 0 }),
    });
  }

  /** Another tenant with an Owner, whose token that is, and a subscription in it with the providers registered. */
  async addTenant(): Promise<{ tenantId: string; admin: string; subscription: string }> {
    const tenantId = randomUUID();
    const objectId = randomUUID();
    await this.store.write(async (transaction) => {
      await insertTenant(transaction.database, { id: tenantId, displayName: tenantId, domain: `${tenantId}.example`, createdAt: isoTime(this.clock) });
      await assignOwner(transaction, { principal: { objectId, type: 'ServicePrincipal' }, tenantId, clock: this.clock, newGuid: randomUUID });
    });
    this.#tenants.add(tenantId);
    const admin = `${objectId}@${tenantId}`;
    return { tenantId, admin, subscription: await this.addSubscription(tenantId, admin) };
  }

  /** A further subscription of a tenant, with the providers registered by its Owner; its id. */
  async addSubscription(tenantId: string, admin: string): Promise<string> {
    const made = await this.put(`/providers/Microsoft.Subscription/aliases/${randomUUID()}`, {
      properties: { displayName: 'more', additionalProperties: { subscriptionTenantId: tenantId } },
    });
    const subscription = `/subscriptions/${made.properties.subscriptionId}`;
    for (const namespace of ['Microsoft.ContainerRegistry', 'Microsoft.Network', 'Microsoft.Compute', 'Microsoft.ManagedIdentity'])
      await this.ask('POST', `${subscription}/providers/${namespace}/register`, undefined, { as: admin });
    return subscription;
  }

  get snapshot(): Snapshot {
    return this.#derivation.snapshot;
  }

  /**
   * Sends one request. A path that does not start with `/` is below the resource group `rg`, after `providers/`. `raw`: the path is sent as it is, percent signs
   * and all, with its query, and so is the body, a text.
   */
  async ask(method: string, path: string, body?: unknown, options: { as?: string; headers?: Record<string, string>; raw?: boolean } = {}): Promise<Answer> {
    const [pathname = '', search = ''] = this.id(path).split('?');
    const query = new URLSearchParams(search);
    if (!options.raw && !query.has('api-version')) query.set('api-version', '2024-01-01');
    const text = body === undefined ? '' : options.raw ? (body as string) : JSON.stringify(body);
    const request: Request = {
      id: `request-${++this.#guids}`,
      method,
      path: options.raw ? pathname : encodeURI(pathname),
      query,
      search: query.toString(),
      headers: {
        authorization: `Bearer ${options.as ?? OPERATOR}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
        ...options.headers,
      },
      host: 'management.azure.com',
      authority: 'management.azure.com',
      body: Readable.from(body === undefined ? [] : [Buffer.from(text)]),
      signal: new AbortController().signal,
      trace: [],
    };
    const reply = await (this.#arm as Arm).plane(request, { via: 'management', listener: 'test', peer: '127.0.0.1' });
    const bytes = reply.body?.kind === 'bytes' ? Buffer.from(reply.body.bytes).toString() : '';
    const answered = bytes === '' ? undefined : JSON.parse(bytes);
    const error = answered?.error as { code: string; message: string; details?: { code: string; message: string }[] } | undefined;
    return {
      status: reply.status,
      headers: reply.headers,
      body: answered,
      codes: error ? (error.details ?? [error]).map(({ code }) => code) : [],
      message: error ? [error.message, ...(error.details ?? []).map(({ message }) => message)].join('\n') : '',
    };
  }

  /** The whole id of a path as `ask` takes it. */
  id(path: string): string {
    return path.startsWith('/') ? path : `${this.subscription}/resourceGroups/rg/providers/${path}`;
  }

  get(path: string): Promise<Answer> {
    return this.ask('GET', path);
  }

  /** PUT that must succeed; its answer's body. */
  async put(path: string, body: unknown): Promise<Answer['body']> {
    const answer = await this.ask('PUT', path, body);
    if (answer.status >= 300) throw new Error(`PUT ${path}: ${answer.status} ${answer.message}`);
    return answer.body;
  }

  /** The properties that a GET shows. */
  async properties(path: string): Promise<Answer['body']> {
    const answer = await this.get(path);
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.message}`);
    return answer.body.properties;
  }

  /** The resource group `rg`, a network with a subnet `s` of the size, and a registry: what most tests stand on. */
  async furnish(options: { sku?: string; subnet?: string } = {}): Promise<void> {
    await this.put(`${this.subscription}/resourceGroups/rg`, { location: 'westeurope' });
    await this.put(NETWORK, {
      location: 'westeurope',
      properties: {
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: [{ name: 's', properties: { addressPrefix: options.subnet ?? '10.0.1.0/24' } }],
      },
    });
    await this.put(REGISTRY, { location: 'westeurope', sku: { name: options.sku ?? 'Premium' } });
  }

  /** The body of a private endpoint in `s` to the registry. */
  endpointBody(options: { manual?: boolean; message?: string; subnet?: string; more?: JsonObject } = {}): JsonObject {
    const connection = {
      name: 'c',
      properties: {
        privateLinkServiceId: this.id(REGISTRY),
        groupIds: ['registry'],
        ...(options.message === undefined ? {} : { requestMessage: options.message }),
      },
    };
    return {
      location: 'westeurope',
      properties: {
        subnet: { id: this.id(options.subnet ?? SUBNET) },
        [options.manual ? 'manualPrivateLinkServiceConnections' : 'privateLinkServiceConnections']: [connection],
        ...options.more,
      },
    };
  }

  /** The path of the only connection of the registry. */
  async connection(): Promise<string> {
    const { body } = await this.get(`${REGISTRY}/privateEndpointConnections`);
    return body.value[0].id;
  }
}

export const REGISTRY = 'Microsoft.ContainerRegistry/registries/MyRegistry';
export const NETWORK = 'Microsoft.Network/virtualNetworks/vnet-app';
export const SUBNET = `${NETWORK}/subnets/s`;
export const ENDPOINT = 'Microsoft.Network/privateEndpoints/pe';
export const ZONE = 'Microsoft.Network/privateDnsZones/privatelink.azurecr.io';
