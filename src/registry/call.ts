/** What a handler gets: the rooms it works with, and one admitted and authorized request. */
import type { Clock } from '#base/clock.ts';
import type { DomainName } from '#base/domain-name.ts';
import type { RepositoryName } from '#base/image-reference.ts';
import type { Log } from '#base/log.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { BlobStore } from '#blobs/blob-store.ts';
import type { Reply, Request } from '#http/message.ts';
import type { RequestLimits } from '#http/request-limits.ts';
import type { Directory } from '#identity/directory.ts';
import type { Identity, RegistryAccess, Tokens } from '#identity/tokens.ts';
import type { RepositoryKey } from '#store/repositories.ts';
import type { Store } from '#store/store.ts';
import type { Arrival } from '#topology/arrival.ts';
import type { RegistryPart, Snapshot } from '#topology/snapshot.ts';
import type { BytesCache } from './bytes-cache.ts';
import { oci } from './faults.ts';

/** What the registry plane is built from. */
export interface RegistryRooms {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly tokens: Tokens;
  readonly directory: Pick<Directory, 'verifySecret' | 'findByObjectId' | 'groupsOf' | 'people'>;
  readonly snapshot: () => Snapshot;
  readonly clock: Clock;
  /** Given where requests are limited by the registry's tier. */
  readonly requestLimits?: RequestLimits | undefined;
  readonly log: Log;
  /** The HMAC key of data endpoint URLs, 32 bytes. */
  readonly dataKey: Buffer;
  /** The registries' DNS suffix in the world, and on the host. */
  readonly domain: DomainName;
  readonly hostDomain: DomainName;
}

export interface Rooms extends RegistryRooms {
  /** Manifest bytes by digest and nothing else: a digest means the same bytes for everyone, a tag or a right does not. */
  readonly manifestBytes: BytesCache;
  /** How often a registry of each key was deleted since the start. */
  readonly deletions: Map<ResourceKey, number>;
}

/** Who calls, and what its token limits it to: undefined for Basic credentials and refresh tokens, which limit nothing beyond the caller's roles. */
export interface Caller {
  readonly identity: Identity;
  readonly access: readonly RegistryAccess[] | undefined;
}

/** An admitted request for a registry. */
export interface Visit {
  readonly request: Request;
  readonly arrival: Arrival;
  readonly snapshot: Snapshot;
  readonly registry: RegistryPart;
  /** `deletions` of the registry when the request was admitted: another number later means that what bears its name now is another registry, or none. */
  readonly deletionsBefore: number;
}

/** A visit by somebody with the right that the route asks for. */
export interface Call extends Visit {
  readonly caller: Caller;
  /** Undefined on routes without a repository in their path. */
  readonly repository: RepositoryName | undefined;
  /** The last, variable segment of the path: a tag, a digest or an upload's id, not yet checked; '' on routes without one. */
  readonly reference: string;
}

export type Handler = (call: Call, rooms: Rooms) => Promise<Reply>;

/**
 * To be asked inside every transaction that records content: a push may take longer than its registry lasts.
 * @throws Fault `NAME_UNKNOWN` when the registry that admitted the request is gone.
 */
export function refuseDeleted({ registry, deletionsBefore }: Visit, rooms: Rooms): void {
  if ((rooms.deletions.get(registry.registry) ?? 0) !== deletionsBefore)
    throw oci('NAME_UNKNOWN', { message: `the registry '${registry.name}' was deleted while the request was under way; nothing of it was kept` });
}

/** The key of the repository in the call's path. */
export function repositoryOf(call: Call): RepositoryKey {
  return { registry: call.registry.registry, repository: call.repository as RepositoryName };
}
