/**
 * The contract of a resource type: one file states all that the engine needs to know of it.
 * The engine fixes the order of every PUT and PATCH: route, authorization, body against `properties`, `limit`, `admit`, allocation in `owns`,
 * one transaction, facts, outcome. A type fills only the slots it needs; no hook gets the store, and no field here exists for one type.
 */

import type { Clock } from '#base/clock.ts';
import type { Fault } from '#base/fault.ts';
import type { IpAddress } from '#base/ip.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceId, ResourceKey } from '#base/resource-id.ts';
import type { Schema } from '#base/schema.ts';
import type { RecordTag, ResourceBody, ResourceRecord } from '#store/resources.ts';
import type { Fact } from '#topology/facts.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import type { Job } from './jobs.ts';

/** A resource as hooks see it: the record, with its parsed id. */
export interface Resource extends ResourceRecord {
  readonly resourceId: ResourceId;
}

/** What a PUT or PATCH would store: `hidden` starts as the previous one's. */
export interface Draft {
  readonly resourceId: ResourceId;
  readonly body: ResourceBody;
  readonly hidden: JsonObject;
  /** The names of the children that the request's body carries inline, by property; see `embeds`. */
  readonly embedded?: Readonly<Record<string, readonly string[]>>;
}

/** Reads inside the request's transaction. */
export interface ResourceLookup {
  get(key: ResourceKey): Promise<Resource | undefined>;
  list(type: string, under: ResourceKey | '/'): Promise<Resource[]>;
  children(key: ResourceKey): Promise<Resource[]>;
  owned(key: ResourceKey): Promise<Resource[]>;
  /** Resources of a type that name `key` anywhere in their body. */
  referrers(key: ResourceKey, type?: string): Promise<Resource[]>;
  /** The same without their bodies, for subnets and registries with hundreds of them. */
  referrerTags(key: ResourceKey): Promise<readonly RecordTag[]>;
  /** How many children of a type there are. */
  countChildren(key: ResourceKey, type: string): Promise<number>;
}

/** Who asks, for hooks that must check a second right (a linked scope). */
export interface Caller {
  readonly principalId: string;
  readonly tenantId: string;
  readonly appId: string | undefined;
  /** The object ids of the groups the caller is in. */
  readonly groupIds: readonly string[];
  /** Whether the caller may do the action (`Microsoft.ContainerRegistry/registries/.../action`) at the scope; never in another tenant, nor where nothing is. */
  may(action: string, scope: ResourceKey | '/'): boolean;
}

/** What the directory knows a principal as. */
export type PrincipalType = 'User' | 'Group' | 'ServicePrincipal';

/** The directory of the caller's tenant. */
export interface PrincipalLookup {
  /** What kind of principal the object id is; undefined when the tenant has none with it. */
  typeOf(objectId: string): Promise<PrincipalType | undefined>;
  /** The object ids of the groups that a principal is in, also by way of other groups. */
  groupsOf(objectId: string): readonly string[];
  /** Whether there is a tenant with the id. */
  hasTenant(tenantId: string): Promise<boolean>;
}

export interface HookContext {
  readonly reader: ResourceLookup;
  /**
   * The same, as far as the caller may know of it: what another tenant has is as if it were not there. For ids that a body names. A rule that must look into another
   * tenant (an endpoint that asks for a connection) reads by `reader`, after it asked `caller.may`, which is false there and for what does not exist alike.
   */
  readonly known: ResourceLookup;
  readonly caller: Caller;
  readonly clock: Clock;
  /** The registries' DNS suffix, `azurecr.io` unless set by --domain. */
  readonly domain: string;
  /** The caller's tenant. */
  readonly tenantId: string;
  /** The tenant of those who run this server: what concerns all tenants is theirs. */
  readonly firstTenantId: string;
  /** Whether a provider is registered in the subscription that `scope` lies in; false where there is none. See `MissingSubscriptionRegistration`. */
  isRegistered(namespace: string, scope: ResourceKey): Promise<boolean>;
  readonly principals: PrincipalLookup;
  /** A fresh GUID. */
  newGuid(): string;
  /** What a registry holds: each digest counted once. */
  registryUsage(registry: ResourceKey): Promise<{ readonly bytes: number }>;
  /**
   * The lowest free address of a subnet (first four and last reserved, as Azure does), or `wanted` when it is free.
   * What the transaction took before counts as taken, except what `keepFor` (a NIC that is being rewritten) holds.
   * @throws Fault `SubnetIsFull`, `PrivateIPAddressInUse`, `PrivateIPAddressNotInSubnet`
   */
  allocateAddress(subnet: ResourceKey, options?: { wanted?: string; keepFor?: ResourceKey }): Promise<IpAddress>;
}

/** A resource that another one makes and keeps: written in the same transaction, deleted with its owner. Its own type's schema and `admit` are not asked. */
export interface OwnedResource {
  readonly id: string;
  readonly body: ResourceBody;
  readonly hidden?: JsonObject;
}

export interface ActionResult {
  readonly status?: number;
  readonly body?: unknown;
  readonly update?: { readonly key?: ResourceKey; readonly body?: ResourceBody; readonly hidden?: JsonObject };
  readonly job?: Job;
  resultOf?(done: unknown): unknown;
}

/** POST `{id}/{name}`. */
export interface Action {
  /** GET for the few that Azure serves so (listUsages), whose request is then the parameters of the query; POST otherwise. */
  readonly method?: 'GET' | 'POST';
  /** The right it needs, e.g. `Microsoft.ContainerRegistry/registries/listCredentials/action`. */
  readonly permission: string;
  /** What the activity log calls it, when it is not the words of its name. */
  readonly activity?: string;
  readonly request?: Schema;
  /**
   * May change the resource by returning `update`, or another one by naming its `key` there. What takes long or reaches another room is returned as a `job`: it starts when the transaction is committed,
   * and its result is the answer, at once with 200 or by polling after 202. `resultOf` makes the answer's body of what the job resolves to.
   */
  run(resource: Resource, request: unknown, context: HookContext & { snapshot: Snapshot }): Promise<ActionResult>;
}

/** CanNotDelete forbids deletions, ReadOnly every change. */
export type LockLevel = 'CanNotDelete' | 'ReadOnly';

export interface ResourceType {
  /** Canonical casing. Nesting by slashes says the parent type. */
  readonly type: string;
  /** Where it lives: below a resource group, a subscription, the tenant, or on any scope (`extension`: role assignments). Child types take their parent's. */
  readonly scope: 'tenant' | 'subscription' | 'resourceGroup' | 'extension';
  /** api-versions that are listed by the provider; every well-formed one is accepted. Newest first. */
  readonly apiVersions: readonly string[];
  /** `required`: a tracked resource's region, fixed at creation; `global`: always 'global'; `none`: not part of the shape. */
  readonly location: 'required' | 'global' | 'none';
  /** Whether tags, sku, identity are part of the shape. */
  readonly tags?: boolean;
  readonly sku?: Schema<JsonObject>;
  /**
   * Managed identities. The engine checks and fills `body.identity`: `type`, `userAssignedIdentities[id] = {principalId, clientId}` of the identity resources, and for a
   * system-assigned one `principalId` and `tenantId`, with `{principalId, clientId}` also at `hidden.systemIdentity` for `facts`. An `identity` that a PUT leaves out stays.
   */
  readonly identity?: boolean;
  /** Checks the last name of the id; message says what is allowed. */
  readonly name: { readonly pattern: RegExp; readonly message: string };
  /** The writable properties with their defaults; unknown and read-only ones are dropped, since clients PUT back what they got. Must be idempotent. */
  readonly properties: Schema<JsonObject>;
  /** Property paths that may not change after creation, e.g. `privateLinkServiceId`. */
  readonly immutable?: readonly string[];
  /** Property paths that no GET shows. A PUT that leaves one out keeps it, so that what was read can be written back. */
  readonly secret?: readonly string[];
  /** The verbs that clients may use; all by default. A proxy type that only its owner makes has no `PUT`-create: see `ownerMade`. */
  readonly verbs?: readonly ('GET' | 'PUT' | 'PATCH' | 'DELETE')[];
  /** What a deletion answers when it is done at once: 200 unless given. The clients of some types take 202 and 204 only. */
  readonly deletionStatus?: 204;
  /** What the activity log calls writing and deleting one, when it is not `Create or Update` and `Delete` with the words of the type. */
  readonly activity?: { readonly write?: string; readonly delete?: string };
  /** What every PUT answers: 201 when it made the resource and 200 when it changed it, unless given. The clients of some types take 201 only. */
  readonly writeStatus?: 201;
  /** True: a GET after a deletion still shows what was deleted, once; the next is 404. */
  readonly lingers?: true;
  /** True: only an owner creates it; a client's PUT updates an existing one or is refused. */
  readonly ownerMade?: boolean;
  /** 201 on creation by default; ACR and network PUT answers carry `Azure-AsyncOperation` when the outcome is late. */
  readonly asyncOperationPath?: 'resource' | 'location';
  /** True: an `etag` in the body of a PUT is a condition, as If-Match is (DNS record sets). Elsewhere it is read-only and dropped. If-Match and If-None-Match hold for all. */
  readonly etagInBody?: boolean;
  /** Query parameters of a list that narrow it, beside `$filter` and `$top`: their name in lower case, and whether a resource stays. */
  readonly listParameters?: Readonly<Record<string, (resource: Resource, text: string) => boolean>>;
  /** Lists of several child types at once, by the name that stands in the place of a type: `ALL` of a private DNS zone -> its record set types. */
  readonly lists?: Readonly<Record<string, readonly string[]>>;
  /** Resources that exist from the first start and follow the version of Postern (the built-in roles); `id` as it is shown. No client may change them. */
  readonly builtIn?: readonly OwnedResource[];

  /**
   * Child types that a body may carry inline, by property: `{ subnets: 'Microsoft.Network/virtualNetworks/subnets' }`. The children are the only truth:
   * the parent's `properties` schema does not keep the property, and a GET shows them at it. When a PUT or PATCH has it, each element `{name, properties}`
   * is written as that child after the parent (its schema, `admit` and `prepare`; targets start with `properties.subnets[0].`), and children of the type that
   * are not listed are deleted before as by DELETE (`mayDelete` is asked). Without the property the children stay as they are.
   */
  readonly embeds?: Readonly<Record<string, string>>;

  /** Asked at creation, before anything is stored: how many there may be. One Fault, or nothing. */
  limit?(draft: Draft, context: HookContext): Promise<Fault | undefined>;
  /** Every objection to the change; changes nothing. */
  admit?(draft: Draft, previous: Resource | undefined, context: HookContext): Promise<readonly Fault[]>;
  /** Fills in what the service decides at write time (allocated addresses, principal ids, creation dates): returns the body and hidden to store. Runs after `admit`. */
  prepare?(draft: Draft, previous: Resource | undefined, context: HookContext): Promise<{ body: ResourceBody; hidden?: JsonObject }>;
  /**
   * The resources this one makes, complete: what is no longer listed is deleted. Runs after each write of this resource, and again when a resource that `affects` it changes.
   * Of two owners that list one id, the one that was written last by a client has it; a re-run takes nothing from another owner. One whose parent is gone is left out at a re-run.
   */
  owns?(resource: Resource, context: HookContext): Promise<readonly OwnedResource[]>;
  /**
   * What this one remembers of others, as the `hidden` to store: asked after each of its writes, and again when a resource that `affects` it changes or goes
   * (a peering knows afterwards that it was connected). Must settle: of what it returned it returns the same.
   */
  remembers?(resource: Resource, reader: ResourceLookup): Promise<JsonObject>;
  /**
   * Keys of resources whose `owns` or `remembers` depends on this one: the engine asks them again in the same transaction, also after this one's deletion.
   * Asked of the state before the change and of the state after it, with the other of the two: undefined for a resource that came or went.
   */
  affects?(resource: Resource, reader: ResourceLookup, other: Resource | undefined): Promise<readonly ResourceKey[]>;
  /** What this resource makes true. Pure; the engine keeps the result by etag. */
  facts?(resource: Resource): readonly Fact[];
  /** The resource's properties as GET shows them: stored ones plus read-only ones. Default: the stored ones. */
  present?(resource: Resource, context: { snapshot: Snapshot; reader: ResourceLookup; domain: string }): Promise<JsonObject>;
  /** Why it may not be deleted; empty when it may. Children are deleted with it. */
  mayDelete?(resource: Resource, context: HookContext): Promise<readonly Fault[]>;
  /** What a resource of this type forbids, for everybody, at its parent and below; its own type excepted. */
  lockLevel?(resource: Resource): LockLevel | undefined;
  /** Resources elsewhere that are deleted with this one (a virtual network's zone links), without asking their `mayDelete`. */
  takes?(resource: Resource, reader: ResourceLookup): Promise<readonly ResourceKey[]>;
  /** What a list at `scope` shows, `filter` being the request's `$filter` and `reader` knowing what the caller may know. Default: the resources of the type at the scope and below. */
  list?(scope: ResourceKey | '/', filter: string | undefined, reader: ResourceLookup, principals: PrincipalLookup): Promise<readonly Resource[]>;
  /** What a GET of an id shows that has no record of its own: a role definition is found by its GUID at every scope. */
  find?(id: ResourceId, reader: ResourceLookup): Promise<Resource | undefined>;
  /** Actions by name, e.g. `listCredentials`. */
  readonly actions?: Readonly<Record<string, Action>>;
  /** Actions at subscription scope, e.g. `checkNameAvailability`: POST `/subscriptions/S/providers/NAMESPACE/NAME`, without regard to a location before NAME. */
  readonly subscriptionActions?: Readonly<Record<string, Omit<Action, 'run'> & { run(request: unknown, context: HookContext): Promise<unknown> }>>;
  /** Settings of this resource that are stored but do not act yet; each becomes a `Warning` header and a line of `postern status`. */
  unenforced?(resource: Resource): readonly string[];
}

/** A type as given, with its literal kept; gives each type file one checked export. */
export function resourceType<T extends ResourceType>(type: T): T {
  return type;
}
