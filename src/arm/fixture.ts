/** For tests only: a small cloud of made-up types that fill every slot of the contract, behind the real engine, store and derivation. */
import { Readable } from 'node:stream';
import { FakeClock } from '#base/clock.ts';
import type { DomainName } from '#base/domain-name.ts';
import { Fault } from '#base/fault.ts';
import { type IpAddress, type IpPrefix, parsePrefix } from '#base/ip.ts';
import type { JsonObject } from '#base/json.ts';
import { silentLog } from '#base/log.ts';
import { parseResourceId, type ResourceKey } from '#base/resource-id.ts';
import { type Schema, z } from '#base/schema.ts';
import type { Request, TraceStep } from '#http/message.ts';
import type { RequestLimits } from '#http/request-limits.ts';
import type { Identity } from '#identity/tokens.ts';
import { Store } from '#store/store.ts';
import type { Arrival } from '#topology/arrival.ts';
import { Derivation } from '#topology/derive.ts';
import type { RunJob } from './engine.ts';
import { ensureFirstState } from './first-start.ts';
import { unservedJob } from './jobs.ts';
import { Operations, type OwnerOutcome } from './operations.ts';
import { type Arm, armPlane } from './plane.ts';
import { type ResourceType, resourceType } from './resource-type.ts';
import { TypeTable } from './types.ts';

const object = (shape: z.ZodRawShape): Schema<JsonObject> => z.object(shape) as unknown as Schema<JsonObject>;
const text = (value: unknown): string => String(value);
const key = (id: unknown): ResourceKey => parseResourceId(text(id)).key;
const name = { pattern: /^[\w.-]{1,40}$/, message: 'letters, digits, dots and dashes.' };
const apiVersions = ['2024-01-01', '2023-01-01-preview'];
const OWNER = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const CLERK = 'c1e2f3a4-0000-4000-8000-0000000000c1';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';

const role = (guid: string, roleName: string, actions: string[]) => ({
  id: `/providers/Microsoft.Authorization/roleDefinitions/${guid}`,
  body: { properties: { roleName, permissions: [{ actions, notActions: [], dataActions: [], notDataActions: [] }] } },
});

const roleDefinitions = resourceType({
  type: 'Microsoft.Authorization/roleDefinitions',
  scope: 'extension',
  apiVersions,
  location: 'none',
  name,
  properties: object({}),
  builtIn: [role(OWNER, 'Owner', ['*']), role(READER, 'Reader', ['*/read']), role(CLERK, 'Clerk', ['Contoso.Shop/shops/listCode/action'])],
  facts: (resource) => [
    {
      kind: 'role-definition',
      role: resource.key,
      name: resource.name,
      roleName: text(resource.body.properties.roleName),
      permissions: resource.body.properties.permissions as never,
    },
  ],
});

const roleAssignments = resourceType({
  type: 'Microsoft.Authorization/roleAssignments',
  scope: 'extension',
  apiVersions,
  location: 'none',
  name,
  verbs: ['GET', 'PUT', 'DELETE'],
  properties: object({ roleDefinitionId: z.string(), principalId: z.string() }),
  facts: (resource) => [
    {
      kind: 'role-assignment',
      assignment: resource.key,
      scope: resource.parent ?? '/',
      role: text(resource.body.properties.roleDefinitionId).split('/').at(-1) as string,
      principalId: text(resource.body.properties.principalId),
      ...(resource.parent === undefined ? { tenantId: text(resource.hidden.tenantId) } : {}),
    },
  ],
  list: async (scope, _filter, reader) => (await reader.list('Microsoft.Authorization/roleAssignments', '/')).filter(({ parent }) => (parent ?? '/') === scope),
});

const resourceGroups = resourceType({
  type: 'Microsoft.Resources/resourceGroups',
  scope: 'subscription',
  apiVersions,
  location: 'required',
  tags: true,
  name,
  properties: object({}),
});

const identities = resourceType({
  type: 'Contoso.Id/people',
  scope: 'resourceGroup',
  apiVersions,
  location: 'required',
  name,
  properties: object({}),
  prepare: async (draft, previous, { newGuid }) => ({
    body: { ...draft.body, properties: previous?.body.properties ?? { principalId: newGuid(), clientId: newGuid() } },
  }),
  facts: (resource) => [
    {
      kind: 'identity',
      identity: resource.key,
      id: resource.id,
      principalId: text(resource.body.properties.principalId),
      clientId: text(resource.body.properties.clientId),
      tenantId: 't',
    },
  ],
});

const prefixOf = (value: unknown): IpPrefix => parsePrefix(text(value)) as IpPrefix;

const networks = resourceType({
  type: 'Contoso.Net/networks',
  scope: 'resourceGroup',
  apiVersions,
  location: 'required',
  tags: true,
  asyncOperationPath: 'location',
  name,
  properties: object({ prefix: z.string() }),
  embeds: { ranges: 'Contoso.Net/networks/ranges' },
  facts: (resource) => [
    {
      kind: 'network',
      network: resource.key,
      id: resource.id,
      name: resource.name,
      location: 'westeurope',
      prefixes: [prefixOf(resource.body.properties.prefix)],
      egressAddress: '203.0.113.1' as IpAddress,
    },
  ],
  affects: async (resource, reader) => (await reader.referrers(resource.key, 'Contoso.Net/beacons')).map((beacon) => beacon.key),
  mayDelete: async (resource, { reader }) => {
    for (const range of await reader.children(resource.key)) if ((await reader.referrers(range.key)).length > 0) return [inUse(range.name)];
    return [];
  },
});

const inUse = (what: string): Fault => new Fault('invalid', 'InUse', `'${what}' is in use.`);

const ranges = resourceType({
  type: 'Contoso.Net/networks/ranges',
  scope: 'resourceGroup',
  apiVersions,
  location: 'none',
  name,
  properties: object({ prefix: z.string().regex(/^[\d./]+$/, 'a prefix was expected'), note: z.string().optional() }),
  admit: async (draft) =>
    draft.body.properties.note === 'refuse me' ? [new Fault('invalid', 'Refused', 'Not with this note.', { target: 'properties.note' })] : [],
  facts: (resource) => [
    { kind: 'subnet', network: resource.parent as ResourceKey, subnet: resource.key, name: resource.name, prefix: prefixOf(resource.body.properties.prefix) },
  ],
  mayDelete: async (resource, { reader }) => ((await reader.referrers(resource.key)).length > 0 ? [inUse(resource.name)] : []),
});

const cards = resourceType({
  type: 'Contoso.Net/cards',
  scope: 'resourceGroup',
  apiVersions,
  location: 'none',
  ownerMade: true,
  name,
  properties: object({ range: z.object({ id: z.string() }), address: z.string() }),
  facts: (resource) => {
    const range = key((resource.body.properties.range as JsonObject).id);
    const address = resource.body.properties.address as IpAddress;
    return [{ kind: 'address', network: range.slice(0, range.indexOf('/ranges/')) as ResourceKey, subnet: range, nic: resource.key, address }];
  },
});

const doorId = (resource: { id: string }): string => resource.id;

const doors = resourceType({
  type: 'Contoso.Net/doors',
  scope: 'resourceGroup',
  apiVersions,
  location: 'required',
  asyncOperationPath: 'location',
  name,
  properties: object({ range: z.object({ id: z.string() }), shop: z.string(), wanted: z.string().optional(), pair: z.boolean().default(false) }),
  immutable: ['range.id', 'shop'],
  limit: async (draft, { reader }) => {
    const taken = await reader.referrers(key(draft.body.properties.shop), 'Contoso.Shop/shops/visits');
    return taken.length >= 50 ? new Fault('invalid', 'TooMany', 'A shop has 50 doors at most.') : undefined;
  },
  admit: async (draft, _previous, { reader, caller }) => {
    const faults: Fault[] = [];
    const shop = key(draft.body.properties.shop);
    if (!(await reader.get(shop))) faults.push(new Fault('invalid', 'NoShop', 'There is no such shop.', { target: 'properties.shop' }));
    if (!caller.may('Contoso.Shop/shops/visits/write', shop)) faults.push(new Fault('forbidden', 'NoRight', 'No right to the shop.'));
    return faults;
  },
  prepare: async (draft, previous, { allocateAddress }) => {
    const wanted = draft.body.properties.wanted as string | undefined;
    const address =
      previous && wanted === undefined
        ? previous.hidden.address
        : await allocateAddress(key((draft.body.properties.range as JsonObject).id), {
            ...(wanted === undefined ? {} : { wanted }),
            keepFor: `${draft.resourceId.key.replace('/doors/', '/cards/')}-card` as ResourceKey,
          });
    const second = draft.body.properties.pair ? await allocateAddress(key((draft.body.properties.range as JsonObject).id)) : undefined;
    return { body: draft.body, hidden: { ...draft.hidden, address, ...(second ? { second } : {}) } };
  },
  owns: async (resource, { reader }) => {
    const { range, shop } = resource.body.properties;
    const visit = `${text(shop)}/visits/${resource.name}`;
    const card = `${resource.id.replace('/doors/', '/cards/')}-card`;
    const gone = (await reader.get(key(card))) && !(await reader.get(key(visit)));
    const state = (await reader.get(key(visit)))?.body.properties.state ?? 'Open';
    return [
      { id: card, body: { properties: { range, address: resource.hidden.address, door: { id: doorId(resource) } } } },
      ...(gone ? [] : [{ id: visit, body: { properties: { door: { id: doorId(resource) }, state } } }]),
    ];
  },
  present: async (resource, { reader }) => ({
    ...resource.body.properties,
    address: resource.hidden.address,
    second: resource.hidden.second,
    state: (await reader.get(key(`${text(resource.body.properties.shop)}/visits/${resource.name}`)))?.body.properties.state ?? 'Gone',
  }),
});

const shops = resourceType({
  type: 'Contoso.Shop/shops',
  scope: 'resourceGroup',
  apiVersions,
  location: 'required',
  tags: true,
  identity: true,
  asyncOperationPath: 'resource',
  sku: object({ name: z.enum(['Small', 'Large']).default('Small') }),
  name: { pattern: /^[a-z0-9]{3,20}$/i, message: '3-20 letters and digits.' },
  properties: object({
    open: z.boolean().default(true),
    kind: z.enum(['books', 'bread']).default('bread'),
    code: z.string().optional(),
    hours: z.object({ from: z.int().min(0).default(8), to: z.int().max(24).default(18) }).default({ from: 8, to: 18 }),
    goods: z.array(z.string()).default([]),
  }),
  immutable: ['kind'],
  secret: ['code'],
  owns: async (resource, { reader }) => {
    const group = parseResourceId(resource.id).parent;
    const beacons = await reader.referrers(resource.key, 'Contoso.Net/beacons');
    return [...(resource.body.properties.goods as string[]), ...beacons.map((beacon) => `of-${beacon.name}`)].map((good) => ({
      id: `${group}/providers/Contoso.Shop/goods/${good}`,
      body: { properties: { by: resource.name } },
    }));
  },
  present: async (resource) => ({ ...resource.body.properties, address: `${resource.name}.example` }),
  mayDelete: async (resource, { reader }) =>
    (await reader.children(resource.key)).some(({ type }) => type === 'Contoso.Shop/shops/visits') ? [inUse(resource.name)] : [],
  actions: {
    stocktake: {
      permission: 'Contoso.Shop/shops/stocktake/action',
      run: async (shop, request) => ({
        job: { kind: 'run-command', machine: shop.key, script: [text((request as JsonObject | undefined)?.what)], parameters: [] },
        resultOf: (done) => ({ counted: done as string }),
      }),
    },
    listCode: { permission: 'Contoso.Shop/shops/listCode/action', run: async (resource) => ({ body: { code: resource.body.properties.code ?? null } }) },
    usages: { method: 'GET', permission: 'Contoso.Shop/shops/usages/read', run: async () => ({ body: { value: [] } }) },
    rename: {
      permission: 'Contoso.Shop/shops/rename/action',
      request: z.object({ open: z.boolean() }),
      run: async (resource, request) => ({
        body: {},
        update: { body: { ...resource.body, properties: { ...resource.body.properties, open: (request as { open: boolean }).open } } },
      }),
    },
    fail: {
      permission: 'Contoso.Shop/shops/fail/action',
      run: async () => {
        throw new Error('a bug');
      },
    },
  },
  subscriptionActions: {
    checkName: {
      permission: 'Contoso.Shop/checkName/read',
      request: z.object({ name: z.string() }),
      run: async (request, { reader }) => ({
        free: !(await reader.list('Contoso.Shop/shops', '/')).some((shop) => shop.name === (request as { name: string }).name),
      }),
    },
  },
  unenforced: (resource) => (resource.body.properties.open === false ? ['open: the shop stays "open"'] : []),
});

const visits = resourceType({
  type: 'Contoso.Shop/shops/visits',
  scope: 'resourceGroup',
  apiVersions,
  location: 'none',
  ownerMade: true,
  name,
  properties: object({ state: z.enum(['Open', 'Shut']) }),
  prepare: async (draft, previous) => ({ body: { ...draft.body, properties: { ...previous?.body.properties, ...draft.body.properties } } }),
  affects: async (resource) => [key((resource.body.properties.door as JsonObject).id)],
});

const goods = resourceType({
  type: 'Contoso.Shop/goods',
  scope: 'resourceGroup',
  apiVersions,
  location: 'none',
  name,
  etagInBody: true,
  properties: object({ by: z.string().default('nobody') }),
});

/** Owns a range of a network that may be gone, is seen by a shop, and takes a resource along. */
const beacons = resourceType({
  type: 'Contoso.Net/beacons',
  scope: 'resourceGroup',
  apiVersions,
  location: 'none',
  name,
  properties: object({ network: z.string().optional(), shop: z.string().optional(), takes: z.string().optional() }),
  owns: async ({ name, body }) =>
    body.properties.network === undefined ? [] : [{ id: `${text(body.properties.network)}/ranges/${name}`, body: { properties: { prefix: '10.9.0.0/24' } } }],
  affects: async ({ body }) => (body.properties.shop === undefined ? [] : [key(body.properties.shop)]),
  takes: async ({ body }) => (body.properties.takes === undefined ? [] : [key(body.properties.takes)]),
});

const subscriptions = resourceType({
  type: 'Microsoft.Resources/subscriptions',
  scope: 'tenant',
  apiVersions,
  location: 'none',
  name,
  verbs: ['GET'],
  properties: object({ displayName: z.string().optional(), state: z.string().optional() }),
  facts: ({ key: subscription, hidden }) => [{ kind: 'subscription', subscription, tenantId: String(hidden.tenantId) }],
});

export const testTypes: readonly ResourceType[] = [
  roleDefinitions,
  roleAssignments,
  resourceGroups,
  identities,
  networks,
  ranges,
  cards,
  doors,
  beacons,
  shops,
  visits,
  goods,
  subscriptions,
];

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Record<string, unknown>;
  readonly trace: readonly TraceStep[];
}

export interface Cloud {
  readonly arm: Arm;
  readonly store: Store;
  readonly types: TypeTable;
  readonly clock: FakeClock;
  readonly operations: Operations;
  /** `/subscriptions/S` and its group `/resourceGroups/rg`, which exists. */
  readonly subscription: string;
  readonly group: string;
  /** False: the world stands still until `settle` is called. */
  settling: boolean;
  settle(outcomes?: readonly OwnerOutcome[]): void;
  /** What the world answers for an owner from the next settling on. */
  readonly outcomes: Map<string, Fault>;
  ask(method: string, path: string, options?: Ask): Promise<Answer>;
}

export interface Ask {
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  raw?: string;
  /** The token; that of the operator unless given, none when null. */
  as?: string | null;
  headers?: Record<string, string>;
  /** Added when the path has no query. */
  apiVersion?: string;
  arrival?: Partial<Arrival>;
}

/** A cloud with a first state, an operator (token `operator`), and any principal by its object id as the token. */
export async function openCloud(
  options: { types?: readonly ResourceType[]; settleMs?: number; runJob?: RunJob; requestLimits?: (clock: FakeClock) => RequestLimits } = {},
): Promise<Cloud> {
  const store = await Store.open(':memory:');
  const clock = new FakeClock();
  const types = new TypeTable(options.types ?? testTypes);
  let guids = 0;
  const newGuid = (): string => `00000000-0000-4000-8000-${(++guids).toString(16).padStart(12, '0')}`;
  const operator = { appId: newGuid(), objectId: newGuid(), secret: 's' };
  const directory = {
    createServicePrincipal: async () => operator,
    findByObjectId: async () => undefined,
    addSecret: async () => ({ keyId: '', secret: '', displayName: '', startsAt: '', expiresAt: '' }),
  };
  const { subscriptionId, tenantId } = await ensureFirstState({ store, directory, types, clock, newGuid });
  const domain = 'azurecr.io' as DomainName;
  const derivation = new Derivation({ domain });
  derivation.update(
    store.revision,
    (await store.resources.list()).map((record) => [record.key, types.factsOf(record)] as const),
  );
  const operations = new Operations({ store, clock });
  operations.settle(store.revision, []);
  const verifyAccess = async (token: string): Promise<Identity> => {
    if (token === 'bad') throw new Fault('unauthenticated', 'InvalidAuthenticationToken', 'The access token is invalid.');
    if (token === 'operator') return { objectId: operator.objectId, appId: operator.appId, tenantId, kind: 'ServicePrincipal' };
    return { objectId: token, tenantId, kind: 'ServicePrincipal' };
  };
  const arm = armPlane({
    store,
    types,
    snapshot: () => derivation.snapshot,
    tokens: { verifyAccess },
    operations,
    clock,
    log: silentLog,
    domain,
    tenantId,
    newGuid,
    runJob: options.runJob ?? unservedJob,
    requestLimits: options.requestLimits?.(clock),
    preview: (changes) => derivation.preview(changes),
    resolve: () => undefined,
    registryUsage: async () => ({ bytes: 0 }),
    settleMs: options.settleMs ?? 5000,
  });
  const outcomes = new Map<string, Fault>();
  const subscription = `/subscriptions/${subscriptionId}`;
  const cloud: Cloud = {
    arm,
    store,
    types,
    clock,
    operations,
    subscription,
    group: `${subscription}/resourceGroups/rg`,
    settling: true,
    outcomes,
    settle(told) {
      operations.settle(store.revision, told ?? [...outcomes].map(([owner, fault]) => ({ revision: store.revision, owner: owner as ResourceKey, fault })));
    },
    async ask(method, path, { body, raw, as = 'operator', headers = {}, apiVersion = '2024-01-01', arrival } = {}) {
      const [pathname = '', search = `api-version=${apiVersion}`] = path.split('?');
      const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
      const request: Request = {
        id: 'request-1',
        method,
        path: pathname,
        query: new URLSearchParams(search),
        search,
        headers: { ...(as === null ? {} : { authorization: `Bearer ${as}` }), ...headers },
        host: 'localhost',
        authority: 'localhost:8443',
        body: Readable.from(content === undefined ? [] : [Buffer.from(content)]),
        signal: new AbortController().signal,
        trace: [],
      };
      const reply = await arm.plane(request, { via: 'management', listener: 'host', peer: '127.0.0.1', ...arrival } as Arrival);
      const bytes = reply.body?.kind === 'bytes' ? Buffer.from(reply.body.bytes).toString() : '';
      return { status: reply.status, headers: reply.headers, body: bytes === '' ? {} : JSON.parse(bytes), trace: request.trace };
    },
  };
  store.subscribe((change) => {
    derivation.update(
      change.revision,
      change.resources.map((each) => [each.key, each.after ? types.factsOf(each.after) : []] as const),
    );
    // As the spine does: after the commit, never inside it.
    queueMicrotask(() => cloud.settling && cloud.settle());
  });
  const made = await cloud.ask('PUT', cloud.group, { body: { location: 'West Europe' } });
  if (made.status !== 201) throw new Error(`no resource group: ${JSON.stringify(made.body)}`);
  return cloud;
}

/** The fault of an answer: its code and message, with the targets of its details. */
export function faultOf(answer: Answer): { code: string; message: string; target?: string; details?: { code: string; target?: string }[] } {
  return (answer.body.error ?? {}) as never;
}

export const CLERK_ROLE = `/providers/Microsoft.Authorization/roleDefinitions/${CLERK}`;
export const READER_ROLE = `/providers/Microsoft.Authorization/roleDefinitions/${READER}`;
