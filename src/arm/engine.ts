/** What the parts of the engine share: the rooms it stands on, and the request at hand. */
import type { Clock } from '#base/clock.ts';
import type { DomainName } from '#base/domain-name.ts';
import type { Log } from '#base/log.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Request } from '#http/message.ts';
import type { RequestLimits } from '#http/request-limits.ts';
import type { Store } from '#store/store.ts';
import type { FactChanges } from '#topology/derive.ts';
import type { ResolveAddresses } from '#topology/paths.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import type { Activity, ActivityLog } from './activity.ts';
import type { Authority } from './authorization.ts';
import type { Job } from './jobs.ts';
import type { Lingering } from './lingering.ts';
import { lookupOver } from './lookup.ts';
import type { Operations } from './operations.ts';
import type { Caller, PrincipalType, ResourceLookup } from './resource-type.ts';
import type { TypeTable } from './types.ts';

/** Does one job for the one who asked; what it resolves to is the operation's result, and a Fault that it throws the operation's error. */
export type RunJob = (job: Job, caller: Caller) => Promise<unknown>;

export interface Engine {
  readonly store: Store;
  readonly types: TypeTable;
  readonly snapshot: () => Snapshot;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly log: Log;
  readonly domain: DomainName;
  /** The first tenant: who runs this server is of it. */
  readonly tenantId: string;
  readonly principals: {
    /** What kind of principal the object id is in the tenant's directory; undefined when there is none. */
    typeOf(objectId: string, tenantId: string): Promise<PrincipalType | undefined>;
    /** The groups that a principal is in, also by way of other groups. */
    groupsOf(objectId: string): readonly string[];
    /** Whether there is a tenant with the id, in any casing. */
    hasTenant(tenantId: string): Promise<boolean>;
  };
  newGuid(): string;
  readonly runJob: RunJob;
  registryUsage(registry: ResourceKey): Promise<{ readonly bytes: number }>;
  /** The newest snapshot as it would be after the changes, which are not kept. */
  preview(changes: FactChanges): Snapshot;
  /** What names resolve to in a network of a snapshot. */
  readonly resolve: ResolveAddresses;
  /** How long a write waits for the world before it answers that it is still on its way. */
  readonly settleMs: number;
  /** Given where Azure's limits hold, which are its other unfriendliness, too. */
  readonly requestLimits?: RequestLimits | undefined;
  /** Who did what. */
  readonly activity: ActivityLog;
  /** What was deleted and is shown once more. */
  readonly lingering: Lingering;
}

/** One authenticated request. */
export interface Call {
  readonly request: Request;
  readonly authority: Authority;
  /** Where it came from, as the edge saw it. */
  readonly peer: string;
  /** What it would change, for the activity log; undefined when it only reads. */
  readonly activity?: Activity | undefined;
  /** As the client wrote it: URLs in replies carry it on. */
  readonly apiVersion: string;
}

/** A query parameter by its name in any casing. */
export function queryValue(query: URLSearchParams, name: string): string | undefined {
  const exact = query.get(name);
  if (exact !== null) return exact;
  for (const [key, value] of query) if (key.toLowerCase() === name.toLowerCase()) return value;
  return undefined;
}

/** An absolute URL of this server, by the name that the client dialled. The path is percent-encoded already. */
export function absoluteUrl(call: Pick<Call, 'request'>, path: string, query: Record<string, string>): string {
  return `https://${call.request.authority}${path}?${new URLSearchParams(query).toString().replaceAll('%24', '$')}`;
}

/** Committed state, as hooks read it. */
export function committed(engine: Engine): ResourceLookup {
  return lookupOver(engine.store.resources, (name) => engine.types.find(name)?.type ?? name);
}
