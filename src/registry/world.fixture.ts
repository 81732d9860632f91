/** A small world for tests of the registry plane: registries, principals with roles, and requests as data. No sockets, a clock that stands still. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { FakeClock } from '#base/clock.ts';
import { type Digest, digestOf } from '#base/digest.ts';
import { type DomainName, parseDomainName } from '#base/domain-name.ts';
import { parsePrefix } from '#base/ip.ts';
import { silentLog } from '#base/log.ts';
import { type ResourceKey, resourceKey, subscriptionKeyOf } from '#base/resource-id.ts';
import type { BlobStore } from '#blobs/blob-store.ts';
import { MemoryBlobStore } from '#blobs/memory.ts';
import type { Plane, Reply, TraceStep } from '#http/message.ts';
import { Directory } from '#identity/directory.ts';
import { SigningKeys } from '#identity/keys.ts';
import { Tokens } from '#identity/tokens.ts';
import { Store } from '#store/store.ts';
import type { Arrival } from '#topology/arrival.ts';
import { Derivation } from '#topology/derive.ts';
import { registryFact } from '#topology/facts.fixture.ts';
import type { ConnectionState, Fact, RegistryFact } from '#topology/facts.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import type { RegistryRooms } from './call.ts';
import { registryPlane } from './plane.ts';

export const TENANT = '11111111-1111-1111-1111-111111111111';
const GROUP = '/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg';
const REGISTRIES = 'Microsoft.ContainerRegistry/registries';
export const DATA_KEY = Buffer.alloc(32, 5);

/** As the built-in roles have them. */
const ROLES = {
  Owner: ['*'],
  AcrPull: [`${REGISTRIES}/pull/read`],
  AcrPush: [`${REGISTRIES}/pull/read`, `${REGISTRIES}/push/write`],
  AcrDelete: [`${REGISTRIES}/artifacts/delete`],
} as const;
export type RoleName = keyof typeof ROLES;

export interface Principal {
  readonly objectId: string;
  readonly appId: string;
  readonly secret: string;
}

export const key = (kind: string, name: string): ResourceKey => resourceKey(`${GROUP}/providers/${kind}/${name}`);
export const registryKey = (name: string): ResourceKey => key(REGISTRIES, name);

/** From a network of the world, as its egress address. */
export const fromNetwork: Arrival = {
  via: 'public',
  listener: 'network',
  peer: '10.1.0.4',
  network: key('Microsoft.Network/virtualNetworks', 'vnet'),
  source: '203.0.113.7',
};
/** By the host's public listener. */
export const fromHost: Arrival = { via: 'public', listener: 'host:127.0.0.1:5443', peer: '127.0.0.1', source: '127.0.0.1' };
/** By the private endpoint `pe`. */
export function byEndpoint(registry: string, member = 'registry'): Arrival {
  return {
    via: 'endpoint',
    listener: 'network',
    peer: '10.0.0.9',
    network: key('Microsoft.Network/virtualNetworks', 'vnet'),
    endpoint: key('Microsoft.Network/privateEndpoints', 'pe'),
    registry: registryKey(registry),
    member,
    address: '10.0.0.5',
  };
}

export interface Ask {
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array | string | readonly Uint8Array[] | Readable;
  readonly form?: Record<string, string> | readonly (readonly [string, string])[];
  readonly arrival?: Arrival;
  /** The canonical host that the edge sets when it differs from the one in the URL. */
  readonly host?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Reply['headers'];
  readonly header: (name: string) => string;
  readonly bytes: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape.
  readonly json: any;
  /** The code of the first error of an OCI body. */
  readonly code: string | undefined;
  readonly trace: readonly TraceStep[];
}

let sharedKeys: Promise<SigningKeys> | undefined;
const clock = new FakeClock();
/** RSA keys take a tenth of a second to make: one set for all tests of a file. */
function signingKeys(): Promise<SigningKeys> {
  sharedKeys ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-keys-'));
    const keys = await SigningKeys.open(folder, clock);
    rmSync(folder, { recursive: true });
    return keys;
  })();
  return sharedKeys;
}

export class World {
  readonly store: Store;
  readonly clock = clock;
  readonly tokens: Tokens;
  readonly directory: Directory;
  readonly blobs: BlobStore;
  readonly #derivation = new Derivation({ domain: parseDomainName('azurecr.io') as DomainName });
  #plane: Plane;
  #revision = 0;
  #assignments = 0;

  private constructor(store: Store, tokens: Tokens, blobs: BlobStore, directory: Directory) {
    this.store = store;
    this.tokens = tokens;
    this.blobs = blobs;
    this.directory = directory;
    const subscription = subscriptionKeyOf(resourceKey(GROUP)) as ResourceKey;
    this.state(subscription, [{ kind: 'subscription', subscription, tenantId: TENANT }]);
    for (const [roleName, actions] of Object.entries(ROLES))
      this.state(key('Microsoft.Authorization/roleDefinitions', roleName), [
        {
          kind: 'role-definition',
          role: key('Microsoft.Authorization/roleDefinitions', roleName),
          name: roleName.toLowerCase(),
          roleName,
          permissions: [{ actions, notActions: [], dataActions: [], notDataActions: [] }],
        },
      ]);
    this.#plane = this.newPlane();
  }

  /** A world with the registry `myregistry`. */
  static async open(options: { blobs?: BlobStore; registry?: Partial<RegistryFact> } = {}): Promise<World> {
    const store = await Store.open(':memory:');
    const directory = await Directory.open({ store, clock });
    const world = new World(store, new Tokens({ keys: await signingKeys(), clock, tenantId: TENANT }), options.blobs ?? new MemoryBlobStore(), directory);
    await world.addRegistry('myregistry', options.registry);
    return world;
  }

  get snapshot(): Snapshot {
    return this.#derivation.snapshot;
  }

  /** What the plane is built from. */
  get rooms(): RegistryRooms {
    const { store, blobs, tokens, directory } = this;
    const domains = { domain: 'azurecr.io' as DomainName, hostDomain: 'localhost' as DomainName };
    return { store, blobs, tokens, directory, snapshot: () => this.snapshot, clock, log: silentLog, dataKey: DATA_KEY, ...domains };
  }

  newPlane(blobs = this.blobs, more: Partial<RegistryRooms> = {}): Plane {
    this.#plane = registryPlane({ ...this.rooms, blobs, ...more });
    return this.#plane;
  }

  /** Makes facts true of one resource; none takes it away. */
  state(resource: ResourceKey, facts: readonly Fact[]): void {
    this.#derivation.update(++this.#revision, [[resource, facts]]);
  }

  async addRegistry(name: string, policy: Partial<RegistryFact> = {}): Promise<void> {
    const registry = registryKey(name);
    const id = `${GROUP}/providers/${REGISTRIES}/${name}`;
    await this.store.write(({ resources }) =>
      resources.put({ key: registry, id, type: REGISTRIES, name, parent: undefined, owner: undefined, body: { properties: {} }, hidden: {}, etag: '1' }),
    );
    this.setRegistry(name, policy);
  }

  setRegistry(name: string, policy: Partial<RegistryFact> = {}): void {
    const registry = registryKey(name);
    this.state(registry, [registryFact(registry, name, policy)]);
  }

  /** The private endpoint `pe` at 10.0.0.5 (registry) and 10.0.0.6 (data). */
  connect(name: string, state: ConnectionState): void {
    const connection = key(`${REGISTRIES}`, `${name}/privateEndpointConnections/pe`);
    const endpoint = key('Microsoft.Network/privateEndpoints', 'pe');
    this.state(connection, [{ kind: 'connection', connection, registry: registryKey(name), endpoint, state, approvedOnce: state === 'Approved' }]);
  }

  async principal(...roles: readonly RoleName[]): Promise<Principal> {
    const principal = await this.directory.createServicePrincipal({ tenantId: TENANT, displayName: roles.join('+') });
    for (const role of roles) this.assign(principal, role);
    return principal;
  }

  /** Returns how to take the role away again. */
  assign(principal: Principal, role: RoleName, scope: string = registryKey('myregistry')): () => void {
    const assignment = key('Microsoft.Authorization/roleAssignments', String(++this.#assignments));
    this.state(assignment, [{ kind: 'role-assignment', assignment, scope, role: role.toLowerCase(), principalId: principal.objectId, tenantId: TENANT }]);
    return () => this.state(assignment, []);
  }

  /** Sends one request to the plane. A URL without a host is for `myregistry.azurecr.io`. */
  async ask(method: string, url: string, options: Ask = {}): Promise<Answer> {
    const absolute = url.startsWith('https://') ? url : `https://myregistry.azurecr.io${url}`;
    // Not by `new URL`: it would tidy up paths that the plane must see as they were sent.
    const [, authority, path, search] = /^https:\/\/([^/]*)([^?]*)\??(.*)$/s.exec(absolute) as unknown as [string, string, string, string];
    const form = options.form && new URLSearchParams(options.form as Record<string, string>).toString();
    const body = form ?? options.body ?? '';
    const stream = body instanceof Readable ? body : Readable.from(chunksOf(body), { objectMode: false });
    const trace: TraceStep[] = [];
    const headers = {
      ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      ...Object.fromEntries(Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
    };
    const reply = await this.#plane(
      {
        id: 'request-1',
        method,
        path,
        search,
        query: new URLSearchParams(search),
        headers,
        host: options.host ?? authority.replace(/:\d+$/, ''),
        authority,
        body: stream,
        signal: new AbortController().signal,
        trace,
      },
      options.arrival ?? fromNetwork,
    );
    const bytes = bytesOf(reply);
    const isJson = /json/.test(String(reply.headers['content-type'])) && bytes.length > 0;
    const json = isJson ? JSON.parse(bytes.toString()) : undefined;
    if (reply.headers['content-length'] !== undefined && method !== 'HEAD')
      assert.equal(Number(reply.headers['content-length']), bytes.length, 'content-length');
    assert.equal(reply.headers['x-ms-correlation-request-id'], 'request-1');
    assert.equal(reply.headers['docker-distribution-api-version'], 'registry/2.0');
    if (reply.status >= 400)
      assert.ok(
        trace.some((step) => !step.ok),
        `a refusal without a reason in its trace: ${method} ${url}`,
      );
    return {
      status: reply.status,
      headers: reply.headers,
      header: (name) => String(reply.headers[name] ?? ''),
      bytes,
      json,
      code: json?.errors?.[0]?.code,
      trace,
    };
  }
}

function chunksOf(body: Exclude<Ask['body'], undefined | Readable>): Buffer[] {
  if (typeof body === 'string') return body === '' ? [] : [Buffer.from(body)];
  return (body instanceof Uint8Array ? [body] : body).map((chunk) => Buffer.from(chunk as Uint8Array)).filter((chunk) => chunk.length > 0);
}

function bytesOf(reply: Reply): Buffer {
  if (reply.body === undefined) return Buffer.alloc(0);
  if (reply.body.kind === 'bytes') return Buffer.from(reply.body.bytes);
  if (reply.body.kind === 'file') return readFileSync(reply.body.path).subarray(reply.body.start, reply.body.end);
  throw new Error('the registry plane sends no streams');
}

export function basic(principal: { appId: string; secret: string }): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${principal.appId}:${principal.secret}`).toString('base64')}` };
}

/** A prefix that is known to be one. */
export function prefix(text: string) {
  return parsePrefix(text) as NonNullable<ReturnType<typeof parsePrefix>>;
}

/** One caller at one world: pushes as clients do. */
export class Client {
  readonly world: World;
  readonly headers: Record<string, string>;
  constructor(world: World, principal: Principal) {
    this.world = world;
    this.headers = basic(principal);
  }
  ask(method: string, url: string, options: Ask = {}): Promise<Answer> {
    return this.world.ask(method, url, { ...options, headers: { ...this.headers, ...options.headers } });
  }
  async pushBlob(repository: string, content: string | Uint8Array): Promise<Digest> {
    const bytes = Buffer.from(content as string);
    const digest = digestOf(bytes);
    const answer = await this.ask('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes });
    assert.equal(answer.status, 201, answer.bytes.toString());
    return digest;
  }
  /** An image of one layer. */
  async pushImage(repository: string, tag: string, more: object = {}): Promise<{ digest: Digest; bytes: Buffer; layer: Digest; config: Digest }> {
    const config = await this.pushBlob(repository, '{}');
    const layer = await this.pushBlob(repository, `layer of ${tag}`);
    const bytes = Buffer.from(JSON.stringify(imageManifest(config, layer, more)));
    const answer = await this.ask('PUT', `/v2/${repository}/manifests/${tag}`, { headers: { 'content-type': OCI_IMAGE }, body: bytes });
    assert.equal(answer.status, 201, answer.bytes.toString());
    return { digest: digestOf(bytes), bytes, layer, config };
  }
}

export const OCI_IMAGE = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

export function imageManifest(config: Digest, layer: Digest, more: object = {}): object {
  return {
    schemaVersion: 2,
    mediaType: OCI_IMAGE,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config, size: 2 },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: layer, size: 10 }],
    ...more,
  };
}
