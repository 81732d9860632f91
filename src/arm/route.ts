/**
 * Routes: what a path of the control plane asks for, by the table of types alone. Paths are compared without regard to case; empty segments and a trailing slash
 * are overlooked, since clients make both (ARM RPC, "Addendum: resource ids").
 */
import { parseResourceId, type ResourceId, type ResourceKey } from '#base/resource-id.ts';
import { invalidNamespace, invalidPath, invalidType, notServed, wrongScope } from './faults.ts';
import type { Action, ResourceType } from './resource-type.ts';
import { namespaceOf, type TypeTable } from './types.ts';

type SubscriptionAction = NonNullable<ResourceType['subscriptionActions']>[string];

/** `scope` is `/` for the tenant. Ids keep the casing of the request; `at` is undefined at the tenant. */
export type Route =
  | { readonly kind: 'resource'; readonly type: ResourceType; readonly id: ResourceId }
  | { readonly kind: 'collection'; readonly types: readonly ResourceType[]; readonly scope: ResourceKey | '/'; readonly at: ResourceId | undefined }
  | { readonly kind: 'action'; readonly type: ResourceType; readonly id: ResourceId; readonly name: string; readonly action: Action }
  | { readonly kind: 'whatIf'; readonly type: ResourceType; readonly id: ResourceId }
  | { readonly kind: 'subscriptionAction'; readonly at: ResourceId; readonly namespace: string; readonly action: SubscriptionAction }
  | { readonly kind: 'operation'; readonly operation: string; readonly result: boolean }
  | { readonly kind: 'tags'; readonly type: ResourceType; readonly id: ResourceId }
  | { readonly kind: 'tagNames'; readonly at: ResourceId; readonly name: string | undefined; readonly value: string | undefined }
  | { readonly kind: 'providerOperations'; readonly namespace: string | undefined }
  | { readonly kind: 'tenants' | 'subscriptions' }
  | { readonly kind: 'subscription' | 'locations'; readonly at: ResourceId }
  | { readonly kind: 'resources'; readonly at: ResourceId }
  | { readonly kind: 'activity'; readonly at: ResourceId | undefined }
  | { readonly kind: 'providers'; readonly at: ResourceId | undefined }
  | { readonly kind: 'provider'; readonly at: ResourceId | undefined; readonly namespace: string }
  | { readonly kind: 'registration'; readonly at: ResourceId; readonly namespace: string; readonly register: boolean };

/** What stands behind `providers` for the activity log. */
const ACTIVITY = 'microsoft.insights/eventtypes/management/values';

const OPERATIONS = new Map([
  ['operations', false],
  ['operationstatuses', false],
  ['operationresults', true],
]);

/** What ARM has below a resource group, under Microsoft.Resources, or in the regions of Microsoft.Compute, and is not here; with what to do instead. */
const UNSERVED: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['exporttemplate', ['Exports of templates', 'az resource list and az resource show tell what there is']],
  ['moveresources', ['Moves of resources', 'make them anew in the other group']],
  ['validatemoveresources', ['Moves of resources', 'make them anew in the other group']],
  ['deployments', ['Template deployments', 'make the resources one by one, by their own commands or az resource create']],
  ['deploymentstacks', ['Deployment stacks', 'make the resources one by one, by their own commands or az resource create']],
  ['deploymentscripts', ['Deployment scripts', 'az vm run-command invoke runs a script in a machine']],
  ['templatespecs', ['Template specs', 'make the resources one by one, by their own commands or az resource create']],
  ['locations/publishers', ['Images of machines', 'postern vm create makes a machine, which runs what this host has']],
  ['links', ['Resource links', 'resources name each other in their properties']],
]);

/** The segments of a path, decoded. @throws Fault `InvalidRequestUri` */
function segmentsOf(path: string): string[] {
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => {
      let text: string;
      try {
        text = decodeURIComponent(segment);
      } catch {
        throw invalidPath(`'${segment.slice(0, 60)}' is not percent-encoded UTF-8`);
      }
      if (text.includes('/') || text === '.' || text === '..') throw invalidPath(`'${segment.slice(0, 60)}' cannot be a segment`);
      return text;
    });
}

function idOf(segments: readonly string[]): ResourceId {
  try {
    return parseResourceId(`/${segments.join('/')}`);
  } catch (error) {
    throw invalidPath((error as Error).message.replace(/^The resource id '.*?' is not valid: /s, '').replace(/\.$/, ''));
  }
}

/**
 * The route of a path. `apiVersion` only enters the texts of faults.
 * @throws Fault `InvalidRequestUri`, `InvalidResourceNamespace`, `InvalidResourceType`
 */
export function route(path: string, types: TypeTable, apiVersion: string): Route {
  const segments = segmentsOf(path);
  const lower = segments.map((segment) => segment.toLowerCase());
  const nothing = () => invalidPath(`nothing is at '/${segments.slice(0, 6).join('/').slice(0, 200)}'`);

  // The scope before the first `providers`.
  let scope = 0;
  if (lower[0] === 'subscriptions') {
    if (lower.length === 1) return { kind: 'subscriptions' };
    if (lower.length === 2) return { kind: 'subscription', at: idOf(segments) };
    const at = idOf(segments.slice(0, 2));
    scope = 2;
    if (lower.length === 3 && lower[2] === 'locations') return { kind: 'locations', at };
    if (lower.length === 3 && lower[2] === 'resources') return { kind: 'resources', at };
    if (lower[2] === 'tagnames' && (lower.length === 3 || lower.length === 4 || (lower.length === 6 && lower[4] === 'tagvalues')))
      return { kind: 'tagNames', at, name: segments[3], value: segments[5] };
    if (lower[2] === 'operationresults' && lower.length === 4) return { kind: 'operation', operation: lower[3] as string, result: true };
    if (lower[2] === 'resourcegroups') {
      const type = types.find('Microsoft.Resources/resourceGroups');
      if (!type) throw invalidNamespace('Microsoft.Resources');
      if (lower.length === 3) return { kind: 'collection', types: [type], scope: at.key, at };
      const id = idOf(segments.slice(0, 4));
      if (lower.length === 4) return { kind: 'resource', type, id };
      if (lower.length === 5 && lower[4] === 'resources') return { kind: 'resources', at: id };
      if (lower.length === 5 && lower[4] === 'whatif') return { kind: 'whatIf', type, id };
      const unserved = lower.length === 5 ? UNSERVED.get(lower[4] as string) : undefined;
      if (unserved) throw notServed(...unserved);
      scope = 4;
    }
  } else if (lower[0] === 'tenants' && lower.length === 1) return { kind: 'tenants' };

  if (lower[scope] !== 'providers') throw nothing();
  // The last provider of the path is the one asked; what stands before it is the scope it is asked at.
  for (let next = scope + 4; next < lower.length; next += 2)
    if (lower[next] === 'providers') {
      scope = next;
      next += 2;
    }
  const at = scope === 0 ? undefined : idOf(segments.slice(0, scope));
  const rest = segments.slice(scope + 2);
  const level = levelOf(at);
  if (segments[scope + 1] === undefined) {
    if (level !== 'tenant' && level !== 'subscription') throw nothing();
    return { kind: 'providers', at };
  }
  if ((level === 'tenant' || level === 'subscription') && lower.slice(scope + 1).join('/') === ACTIVITY) return { kind: 'activity', at };
  const namespace = types.namespaces.get(lower[scope + 1] as string);
  if (namespace === undefined) throw invalidNamespace(segments[scope + 1] as string);
  if (rest.length === 0) {
    if (level !== 'tenant' && level !== 'subscription') throw nothing();
    return { kind: 'provider', at, namespace };
  }
  return routeInNamespace({ segments, scope, at, namespace, types, apiVersion });
}

/** What kind of scope an id is, in the words of `ResourceType.scope`; `extension` for a resource. */
function levelOf(at: ResourceId | undefined): ResourceType['scope'] {
  if (at === undefined) return 'tenant';
  if (at.type === 'Microsoft.Resources/subscriptions') return 'subscription';
  return at.type === 'Microsoft.Resources/resourceGroups' ? 'resourceGroup' : 'extension';
}

interface Place {
  readonly segments: readonly string[];
  /** How many segments stand before the provider that is asked. */
  readonly scope: number;
  readonly at: ResourceId | undefined;
  readonly namespace: string;
  readonly types: TypeTable;
  readonly apiVersion: string;
}

function routeInNamespace(place: Place): Route {
  const { segments, scope, at, namespace, types } = place;
  const rest = segments.slice(scope + 2);
  const last = (rest.at(-1) as string).toLowerCase();
  const level = levelOf(at);
  const first = (rest[0] as string).toLowerCase();
  if (namespace === 'Microsoft.Resources') {
    const unserved = types.find(`${namespace}/${first}`) ? undefined : UNSERVED.get(first);
    if (unserved) throw notServed(...unserved);
    const tagged = first === 'tags' && rest.length === 2 && last === 'default' && at !== undefined ? types.find(at.type) : undefined;
    if (tagged && at) return { kind: 'tags', type: tagged, id: at };
  }
  if (namespace === 'Microsoft.Compute' && rest.length > 2) {
    const unserved = UNSERVED.get(`${first}/${rest[2]?.toLowerCase()}`);
    if (unserved) throw notServed(...unserved);
  }
  if (namespace === 'Microsoft.Authorization' && level === 'tenant' && first === 'provideroperations' && rest.length < 3) {
    const asked = rest[1] === undefined ? undefined : types.namespaces.get(last);
    if (rest[1] !== undefined && asked === undefined) throw invalidNamespace(rest[1]);
    return { kind: 'providerOperations', namespace: asked };
  }
  if (level === 'subscription' && at !== undefined) {
    if (rest.length === 1 && (last === 'register' || last === 'unregister')) return { kind: 'registration', at, namespace, register: last === 'register' };
    const located = rest[0]?.toLowerCase() === 'locations';
    const result = located && rest.length === 4 ? OPERATIONS.get((rest[2] as string).toLowerCase()) : undefined;
    if (result !== undefined) return { kind: 'operation', operation: last, result };
    if (rest.length === 1 || (located && rest.length === 3))
      for (const type of types.all)
        for (const [name, action] of Object.entries(type.subscriptionActions ?? {}))
          if (name.toLowerCase() === last && namespaceOf(type.type) === namespace) return { kind: 'subscriptionAction', at, namespace, action };
  }
  const typeOf = (length: number): ResourceType | undefined =>
    types.find([namespace, ...rest.slice(0, length).filter((_, index) => index % 2 === 0)].join('/'));
  const unknown = () =>
    invalidType(
      rest
        .filter((_, index) => index % 2 === 0)
        .join('/')
        .slice(0, 200),
      namespace,
      place.apiVersion,
    );
  const type = typeOf(rest.length);
  if (rest.length % 2 === 0) {
    if (type) return { kind: 'resource', type, id: placed(type, place, segments) };
    const result = OPERATIONS.get((rest.at(-2) as string).toLowerCase());
    if (result !== undefined && rest.length > 2 && typeOf(rest.length - 2)) return { kind: 'operation', operation: last, result };
    throw unknown();
  }
  if (rest.length === 1) {
    if (!type) throw unknown();
    // Types of a resource group are also listed for the whole subscription.
    const listed = type.scope === 'extension' || type.scope === level || (type.scope === 'resourceGroup' && level === 'subscription');
    if (!listed) throw wrongScope(type.type, type.scope);
    return { kind: 'collection', types: [type], scope: at?.key ?? '/', at };
  }
  const parent = typeOf(rest.length - 1);
  if (!parent) throw unknown();
  const id = placed(parent, place, segments.slice(0, -1));
  if (type) return { kind: 'collection', types: [type], scope: id.key, at: id };
  for (const [name, action] of Object.entries(parent.actions ?? {})) if (name.toLowerCase() === last) return { kind: 'action', type: parent, id, name, action };
  for (const [name, members] of Object.entries(parent.lists ?? {}))
    if (name.toLowerCase() === last)
      return { kind: 'collection', types: members.map((member) => types.find(member)).filter((member) => member !== undefined), scope: id.key, at: id };
  if (last === 'whatif') return { kind: 'whatIf', type: parent, id };
  throw unknown();
}

/** The id, when the type lives at the scope that the path gives it. */
function placed(type: ResourceType, { at, types }: Place, segments: readonly string[]): ResourceId {
  const wanted = types.root(type).scope;
  if (wanted !== 'extension' && wanted !== levelOf(at)) throw wrongScope(type.type, wanted);
  return idOf(segments);
}

/** The verbs that a resource's type takes, as an Allow header lists them. */
export function verbsOf(type: ResourceType): readonly string[] {
  const verbs: readonly string[] = type.verbs ?? ['GET', 'PUT', 'PATCH', 'DELETE'];
  return verbs.includes('GET') ? ['GET', 'HEAD', ...verbs.filter((verb) => verb !== 'GET')] : verbs;
}
