/** Requests for the control plane that nobody would send on purpose: for every type, at its paths and beside them. */
import fc from 'fast-check';
import type { ResourceType } from '#arm/resource-type.ts';
import { bodyFor, changed, odd, placesIn, placesOf, replaced, SWEPT, schemaOf, text, valueFor, written } from './bodies.ts';

export interface FuzzedRequest {
  readonly method: string;
  /** As it is sent, percent-encoded or not quite, with its query. */
  readonly path: string;
  readonly body: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** What stands in the world that requests are sent to: names by type, and ids to refer to. */
export interface Standing {
  /** `/subscriptions/S`. */
  readonly subscription: string;
  readonly ids: readonly string[];
  /** What a GET of each shows, by id, with its type. */
  readonly shown: readonly { readonly id: string; readonly type: string; readonly body: object }[];
}

/** Each place of what is shown and of what the schema knows, with each of a list of wrong values, as a change and as a new resource beside it. */
export function* sweep(type: ResourceType, { id, body: whole }: Standing['shown'][number]): Generator<FuzzedRequest> {
  // Where an etag in the body is a condition, it would let the first change pass and no other.
  const { etag: _etag, ...body } = whole as { etag?: string };
  const places = new Map([...placesIn(body), ...placesOf(schemaOf(type.properties), ['properties'])].map((path) => [path.join('.'), path]));
  const beside = `${id.slice(0, id.lastIndexOf('/') + 1)}swept1`;
  for (const path of places.values())
    for (const value of SWEPT) {
      const text = JSON.stringify(replaced(body, path, value));
      for (const [method, at] of [
        ['PUT', id],
        ['PATCH', id],
        ['PUT', beside],
      ] as const)
        yield { method, path: `${encodeURI(at)}?api-version=2024-01-01`, body: text, headers: {} };
    }
}

const NAMES = [
  'MyRegistry',
  'vnet-app',
  's',
  'pe',
  'vm',
  'nic',
  'c',
  'default',
  'a',
  'b2',
  'northeurope',
  'westeurope',
  'privatelink.azurecr.io',
  'www',
  '@',
  '*',
  'one',
  'newregistry',
];
const ODD_SEGMENTS = [
  '%2F',
  'a%2Fb',
  '%',
  '%zz',
  '%00',
  '..',
  '%2e%2e',
  '.',
  ' ',
  '%20',
  '%E2%80%AE',
  '%ED%A0%80',
  '__proto__',
  'constructor',
  'x'.repeat(300),
  'a;b',
  'a?b',
  '<x>',
  'A&B',
  'provider',
  'providers',
  'subscriptions',
  'ä',
  '𝒳',
];

const segment: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD_SEGMENTS) },
  { weight: 1, arbitrary: text.map((each) => encodeURIComponent(each.toWellFormed()).slice(0, 3000)) },
);

/** The paths of a type: of a resource, of their list, of what may be asked of one. */
function pathFor(type: ResourceType, root: ResourceType, standing: Standing): fc.Arbitrary<string> {
  const [namespace = '', ...types] = type.type.split('/');
  const group = `${standing.subscription}/resourceGroups/rg`;
  const scopes: Readonly<Record<ResourceType['scope'], readonly string[]>> = {
    tenant: [''],
    subscription: [standing.subscription],
    resourceGroup: [group, group, group, `${standing.subscription}/resourceGroups/other`],
    extension: ['', standing.subscription, group, ...standing.ids.slice(0, 5)],
  };
  const scope = fc.oneof(
    { weight: 15, arbitrary: fc.constantFrom(...scopes[root.scope]) },
    { weight: 1, arbitrary: fc.constantFrom('', group, '/subscriptions/x', '/nowhere') },
  );
  const names = fc.tuple(...types.map(() => segment));
  const own = fc.tuple(scope, names).map(([at, each]) => {
    if (type.type === 'Microsoft.Resources/subscriptions') return `/subscriptions/${each[0]}`;
    if (type.type === 'Microsoft.Resources/resourceGroups') return `${standing.subscription}/resourcegroups/${each[0]}`;
    return `${at}/providers/${namespace}/${types.map((one, index) => `${one}/${each[index]}`).join('/')}`;
  });
  const there = standing.ids.filter(
    (id) =>
      id.toLowerCase().includes(`/providers/${type.type.split('/')[0]}/`.toLowerCase()) && id.split('/').at(-2)?.toLowerCase() === types.at(-1)?.toLowerCase(),
  );
  const resource = there.length === 0 ? own : fc.oneof({ weight: 1, arbitrary: fc.constantFrom(...there) }, { weight: 1, arbitrary: own });
  const list = resource.map((path) => path.slice(0, path.lastIndexOf('/')));
  const whole = fc.oneof({ weight: 12, arbitrary: resource }, { weight: 1, arbitrary: list });
  return fc.oneof(
    { weight: 8, arbitrary: whole },
    { weight: 1, arbitrary: whole.map((path) => path.toUpperCase()) },
    { weight: 1, arbitrary: whole.map((path) => path.replaceAll('/', '//')) },
  );
}

/** What a path may go on with, sensible or not. */
function belowOf(type: ResourceType): fc.Arbitrary<string> {
  return fc.constantFrom(
    '',
    '/',
    '//',
    '/providers',
    '/providers/Microsoft.Authorization/locks/l',
    '/providers/Microsoft.Resources/tags/default',
    '/providers/Microsoft.Authorization/roleAssignments',
    '/operationStatuses/x',
    '/operationresults/constructor',
    '/nothing',
    '/nothing/x',
    ...Object.keys(type.lists ?? {}).map((name) => `/${name}`),
  );
}

const OTHER_PATHS = [
  '/',
  '/subscriptions',
  '/tenants',
  '/providers',
  '/metadata/endpoints',
  '/subscriptions//resourceGroups',
  '/providers/Microsoft.Authorization/providerOperations',
];
const BELOW_SUBSCRIPTION = [
  '',
  '/resources',
  '/locations',
  '/providers',
  '/tagNames',
  '/tagNames/constructor',
  '/tagNames/__proto__/tagValues/x',
  '/resourcegroups',
  '/operationresults/x',
  '/providers/Microsoft.Network/register',
  '/providers/Microsoft.ContainerRegistry/checkNameAvailability',
  '/providers/Microsoft.ContainerRegistry/locations/westeurope/operationResults/%00',
];

const query: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(
      { weight: 20, arbitrary: fc.constant('api-version=2024-01-01') },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          '',
          'api-version=',
          'api-version=x',
          'api-version=2024-01-01-preview',
          'API-Version=2024-01-01',
          'api-version=2024-01-01&api-version=1',
        ),
      },
    ),
    fc.oneof(
      { weight: 10, arbitrary: fc.constant('') },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          "&$filter=name eq 'a'",
          "&$filter=tagName eq '__proto__' and tagValue eq 'x'",
          '&$filter=(',
          '&$filter=atScope()',
          "&$filter=principalId eq 'x'",
          '&$top=0',
          '&$top=1',
          '&$top=1e3',
          '&$skiptoken=x',
          `&$skiptoken=${Buffer.from('/a').toString('base64url')}`,
          '&$expand=,,x',
          '&forceDeletionTypes=x',
        ),
      },
      { weight: 1, arbitrary: text.map((each) => `&$filter=${encodeURIComponent(each.toWellFormed())}`) },
    ),
  )
  .map((parts) => parts.join(''));

const headers: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 12, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Record<string, string>>(
      { 'if-match': '*' },
      { 'if-match': '"x"' },
      { 'if-match': 'W/"x", ,' },
      { 'if-none-match': '*' },
      { 'if-none-match': '"' },
      { 'content-type': 'text/plain' },
      { 'x-ms-client-request-id': '\u0080', 'x-ms-return-client-request-id': 'true' },
    ),
  },
);

/** One request in a world that has `standing`. */
export function fuzzedRequest(types: readonly ResourceType[], standing: Standing): fc.Arbitrary<FuzzedRequest> {
  const references = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...standing.ids) },
    { weight: 1, arbitrary: fc.constantFrom(...standing.ids).map((id) => id.toUpperCase()) },
    { weight: 1, arbitrary: fc.constantFrom(...standing.ids).map((id) => id.replace('/resourceGroups/', '%2FresourceGroups%2F')) },
    { weight: 1, arbitrary: fc.constantFrom(`${standing.subscription}/resourceGroups/none`, '/subscriptions/x', '//', `${standing.ids[0]}/`) },
  );
  const each = types.flatMap((type) => {
    const root = types.find(({ type: name }) => name === type.type.split('/').slice(0, 2).join('/')) ?? type;
    const samples = standing.shown.filter((sample) => sample.type === type.type);
    const near = samples.map(({ body }) => changed(body, references));
    const body = near.length === 0 ? bodyFor(type, references) : fc.oneof(bodyFor(type, references), ...near);
    const at = pathFor(type, root, standing);
    const send = (method: fc.Arbitrary<string>, path: fc.Arbitrary<string>, sent: fc.Arbitrary<string | undefined>): fc.Arbitrary<FuzzedRequest> =>
      fc.record({ method, path: fc.tuple(path, query).map((parts) => parts.join('?')), body: sent, headers });
    const none = fc.constant(undefined);
    const foreseen = fc.record({ method: fc.constantFrom('PUT', 'PATCH', 'DELETE', 'GET'), body }, { requiredKeys: ['method'] });
    // What is written stays at its place, as a client would write it; the rest goes anywhere.
    const own = samples.map((sample) => send(fc.constantFrom('PUT', 'PATCH'), fc.constant(encodeURI(sample.id)), written(changed(sample.body, references))));
    const actions = Object.entries(type.actions ?? {}).map(([name, { method = 'POST', request }]) =>
      send(
        fc.constant(method),
        at.map((path) => `${path}/${name}`),
        method === 'GET' ? none : written(valueFor(schemaOf(request), references)),
      ),
    );
    return [
      ...own,
      ...actions,
      send(fc.constantFrom('PUT', 'PATCH'), at, written(body)),
      send(fc.constant('PUT'), at, written(body)),
      send(fc.constant('DELETE'), at, none),
      send(fc.constantFrom('GET', 'HEAD'), at, none),
      send(
        fc.constant('POST'),
        at.map((path) => `${path}/whatIf`),
        written(foreseen),
      ),
      send(
        fc.constantFrom('POST', 'OPTIONS', 'TRACE', 'GET'),
        at.chain((path) => belowOf(type).map((more) => path + more)),
        written(odd),
      ),
    ];
  });
  const others = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
    path: fc.tuple(fc.constantFrom(...OTHER_PATHS, ...BELOW_SUBSCRIPTION.map((path) => standing.subscription + path)), query).map((parts) => parts.join('?')),
    body: fc.option(written(odd), { nil: undefined }),
    headers,
  });
  // The group with everything in it goes seldom, or nothing would be left to ask of.
  const harmless = (request: FuzzedRequest): boolean => !(request.method === 'DELETE' && /\/resourcegroups\/rg\/*(\?|$)/i.test(request.path));
  return fc.oneof(...each, others).filter(harmless) as fc.Arbitrary<FuzzedRequest>;
}
