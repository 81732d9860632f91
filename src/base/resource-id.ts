/** ARM resource ids: `/subscriptions/S/resourceGroups/G/providers/NS/TYPE/NAME/...`, compared without regard to case. */
import { Fault } from './fault.ts';

declare const keyBrand: unique symbol;
/** The lower-cased resource id: what resources are looked up, compared and related by. Made only by `resourceKey` and `parseResourceId`. */
export type ResourceKey = string & { readonly [keyBrand]: true };

export interface ResourceId {
  /** The id in its caller's casing, without a trailing slash. */
  readonly id: string;
  readonly key: ResourceKey;
  /** Lower case; undefined for tenant-level ids. */
  readonly subscription: string | undefined;
  /** As written; undefined above the resource group. */
  readonly resourceGroup: string | undefined;
  /** Full type as written, e.g. `Microsoft.Network/virtualNetworks/subnets`; `Microsoft.Resources/subscriptions`, `Microsoft.Resources/resourceGroups` for those. */
  readonly type: string;
  /** The last name of the id. */
  readonly name: string;
  /** All names below the provider, outermost first. */
  readonly names: readonly string[];
  /** What the resource hangs on: the parent resource of a child type, else the resource group, subscription or the extended resource; undefined at the tenant. */
  readonly parent: ResourceKey | undefined;
}

/** ARM names: no `/`, control characters or characters that ARM reserves; 1-260 characters. Types set narrower rules. */
const SEGMENT = /^[^/<>%&?#\\\p{Cc}]{1,260}$/u;

/**
 * Parses an ARM resource id of any level (subscription, resource group, resource, child, extension resource).
 * @throws Fault `LinkedInvalidPropertyId` (invalid) when the text is no such id.
 */
export function parseResourceId(text: string, target?: string): ResourceId {
  const bad = (why: string): Fault =>
    new Fault('invalid', 'LinkedInvalidPropertyId', `The resource id '${text.slice(0, 300)}' is not valid: ${why}.`, target ? { target } : {});
  const id = text.endsWith('/') ? text.slice(0, -1) : text;
  if (!id.startsWith('/')) throw bad("it must start with '/'");
  const parts = id.slice(1).split('/');
  for (const part of parts) if (!SEGMENT.test(part)) throw bad(part === '' ? 'it has an empty segment' : `'${part.slice(0, 60)}' cannot be a segment`);
  const lower = parts.map((part) => part.toLowerCase());
  const at = (count: number): ResourceKey => `/${lower.slice(0, count).join('/')}` as ResourceKey;

  let index = 0;
  let subscription: string | undefined;
  let resourceGroup: string | undefined;
  let type = '';
  let names: string[] = [];
  let parent: ResourceKey | undefined;
  if (lower[0] === 'subscriptions') {
    if (lower.length < 2) throw bad('the subscription is missing');
    subscription = lower[1];
    type = 'Microsoft.Resources/subscriptions';
    names = [parts[1] as string];
    index = 2;
    if (lower[2] === 'resourcegroups') {
      if (lower.length < 4) throw bad('the resource group is missing');
      resourceGroup = parts[3];
      type = 'Microsoft.Resources/resourceGroups';
      names = [parts[3] as string];
      parent = at(2);
      index = 4;
    }
  }
  while (index < parts.length) {
    if (lower[index] !== 'providers' || parts.length - index < 4)
      throw bad(`'/providers/NAMESPACE/TYPE/NAME' was expected after '/${parts.slice(0, index).join('/')}'`);
    parent = index === 0 ? undefined : at(index);
    type = `${parts[index + 1]}/${parts[index + 2]}`;
    names = [parts[index + 3] as string];
    index += 4;
    while (index < parts.length && lower[index] !== 'providers') {
      if (index + 1 >= parts.length) throw bad(`the name of '${parts[index]}' is missing`);
      parent = at(index);
      type += `/${parts[index]}`;
      names.push(parts[index + 1] as string);
      index += 2;
    }
  }
  if (names.length === 0) throw bad('it names no resource');
  return { id, key: id.toLowerCase() as ResourceKey, subscription, resourceGroup, type, name: names.at(-1) as string, names, parent };
}

/** The key of an id that is known to be well-formed because our own code built it. */
export function resourceKey(id: string): ResourceKey {
  return parseResourceId(id).key;
}

/** The key of the resource group an id lies in, or undefined. */
export function groupKeyOf(key: ResourceKey): ResourceKey | undefined {
  const parts = key.split('/');
  return parts[1] === 'subscriptions' && parts[3] === 'resourcegroups' ? (parts.slice(0, 5).join('/') as ResourceKey) : undefined;
}

/** The key of the subscription an id lies in, or undefined. */
export function subscriptionKeyOf(key: ResourceKey): ResourceKey | undefined {
  const parts = key.split('/');
  return parts[1] === 'subscriptions' && parts.length > 2 ? (parts.slice(0, 3).join('/') as ResourceKey) : undefined;
}

/** Whether `key` is `scope` or lies below it. The tenant scope is `/`. */
export function isWithin(key: string, scope: string): boolean {
  return scope === '/' || key === scope || key.startsWith(`${scope}/`);
}
