/**
 * Import: an image out of one repository into others, of this registry or another of this world (docs/sources.md#image-import). All or nothing, in one transaction:
 * bytes are in one store for all registries, so they are recorded a second time and not copied. It goes no network's way; whether registries that restrict theirs
 * let it through has been asked before.
 */
import { type Clock, isoTime } from '#base/clock.ts';
import { type Digest, parseDigest } from '#base/digest.ts';
import { Fault } from '#base/fault.ts';
import { parseRepositoryName, parseTag, type RepositoryName, type Tag } from '#base/image-reference.ts';
import { type ResourceKey, resourceKey } from '#base/resource-id.ts';
import type { BlobStore } from '#blobs/blob-store.ts';
import type { TraceStep } from '#http/message.ts';
import type { Database } from '#store/database.ts';
import { digestsPresent, linkContent, type ManifestHead, manifestByDigest, manifestByTag, putTag, type RepositoryKey } from '#store/repositories.ts';
import type { Store } from '#store/store.ts';
import type { RegistryPart, Snapshot } from '#topology/snapshot.ts';
import { callerByPassword, decide } from './authorize.ts';
import type { RegistryRooms } from './call.ts';
import { refuseLocked } from './locks.ts';
import { parseManifest } from './manifest.ts';

/** What is to be imported, as ARM's body says it. */
export interface ImportOrder {
  /** The registry that gets it. */
  readonly registry: ResourceKey;
  readonly source: {
    /** The name of a registry's host. One of this and `resourceId`. */
    readonly registryUri?: string;
    /** A registry that the one who asks may read. */
    readonly resourceId?: string;
    /** `REPOSITORY`, with `:TAG` or `@DIGEST` behind it. */
    readonly sourceImage: string;
    /** In place of the rights of the one who asks. */
    readonly credentials?: { readonly username?: string; readonly password: string };
    /** Why nothing may leave the registry: told to whoever the credentials prove, and to nobody else. */
    readonly closed?: Fault;
  };
  /** `REPOSITORY:TAG`; without a tag the source's, else `latest`. */
  readonly targetTags: readonly string[];
  readonly untaggedTargetRepositories: readonly string[];
  /** `NoForce`: a tag that exists is refused. */
  readonly mode: 'NoForce' | 'Force';
}

export type ImportRooms = Pick<RegistryRooms, 'tokens' | 'directory'> & {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly snapshot: () => Snapshot;
  readonly clock: Clock;
};

/** Documented: an image may have so many manifests, its list included. */
const MAX_MANIFESTS = 50;

/**
 * @throws Fault `InvalidImageReference`, `SourceRegistryNotFound`, `SourceImageNotFound`, `SourceAuthenticationFailed` (all invalid), `ImageTooLarge` (invalid),
 * `Conflict` when a tag exists and may not be overwritten, `REGISTRY_DISALLOWED_OPERATION` when the source or a target is locked
 */
export async function importImage(rooms: ImportRooms, order: ImportOrder): Promise<void> {
  const trace: TraceStep[] = [];
  const image = parseSource(order.source.sourceImage);
  const targets = targetsOf(order, image.tag);
  const source = await sourceOf(rooms, order, image.repository, trace);
  const from: RepositoryKey = { registry: source.registry, repository: image.repository };
  const { database } = rooms.store;
  const head = await headOf(database, from, image);
  if (!head) throw invalid('SourceImageNotFound', `The image '${order.source.sourceImage}' is not found in registry '${source.loginServer}'.`);
  const content = await contentOf(rooms, from, head);

  await rooms.store.write(async ({ database: within, resources }) => {
    if (!(await resources.get(order.registry))) throw invalid('TargetRegistryNotFound', 'The registry was deleted meanwhile.');
    // What a pull could not have, no import takes, be it one platform of a list; and it is still all there.
    await refuseLocked(within, from, 'read', [...content.manifests, ...(image.tag === undefined ? [] : [image.tag])], trace);
    const present = await digestsPresent(within, from, [...content.blobs, ...content.manifests]);
    if (content.blobs.some((digest) => !present.blobs.has(digest)) || content.manifests.some((digest) => !present.manifests.has(digest)))
      throw invalid('SourceImageNotFound', `The image '${order.source.sourceImage}' was changed while it was imported. Import it again.`);
    const at = isoTime(rooms.clock);
    for (const [repository, tags] of targets) {
      const to: RepositoryKey = { registry: order.registry, repository };
      await refuseLocked(within, to, 'write', tags, trace);
      if (order.mode === 'NoForce') for (const tag of tags) await refuseExisting(within, to, tag);
      await linkContent(within, { from, to, at }, content);
      for (const name of tags) await putTag(within, to, { name, digest: head.digest, at });
    }
  });
}

interface SourceImage {
  readonly repository: RepositoryName;
  readonly tag: Tag | undefined;
  readonly digest: Digest | undefined;
}

function invalid(code: string, message: string): Fault {
  return new Fault('invalid', code, message);
}

/** `REPOSITORY[:TAG][@DIGEST]`; a digest decides. */
function parseSource(text: string): SourceImage {
  const match = /^([^:@]+)(?::([^@]*))?(?:@(.*))?$/s.exec(text);
  const repository = parseRepositoryName(match?.[1] ?? '');
  const digest = match?.[3] === undefined ? undefined : parseDigest(match[3]);
  const tag = match?.[2] === undefined ? undefined : parseTag(match[2]);
  if (!repository || (match?.[3] !== undefined && !digest) || (match?.[2] !== undefined && !tag))
    throw invalid('InvalidImageReference', `source.sourceImage '${text.slice(0, 300)}' is not REPOSITORY:TAG or REPOSITORY@DIGEST.`);
  return { repository, tag, digest };
}

/** Target repositories with the tags that each is to get. */
function targetsOf(order: ImportOrder, sourceTag: Tag | undefined): ReadonlyMap<RepositoryName, readonly Tag[]> {
  const targets = new Map<RepositoryName, Tag[]>();
  const add = (repository: RepositoryName, tags: readonly Tag[]): void => {
    const known = targets.get(repository) ?? [];
    targets.set(repository, [...known, ...tags.filter((tag) => !known.includes(tag))]);
  };
  for (const text of order.targetTags) {
    const { repository, tag, digest } = parseTarget(text, 'targetTags');
    if (digest !== undefined) throw invalid('InvalidImageReference', `targetTags '${text.slice(0, 300)}' has a digest; a digest cannot be chosen.`);
    add(repository, [tag ?? sourceTag ?? (parseTag('latest') as Tag)]);
  }
  for (const text of order.untaggedTargetRepositories) {
    const { repository, tag, digest } = parseTarget(text, 'untaggedTargetRepositories');
    if (tag !== undefined || digest !== undefined)
      throw invalid('InvalidImageReference', `untaggedTargetRepositories '${text.slice(0, 300)}' is not the name of a repository.`);
    add(repository, []);
  }
  if (targets.size === 0) throw invalid('InvalidImageReference', 'targetTags or untaggedTargetRepositories must say where the image is to go.');
  return targets;
}

function parseTarget(text: string, property: string): SourceImage {
  try {
    return parseSource(text);
  } catch {
    throw invalid('InvalidImageReference', `${property} '${text.slice(0, 300)}' is not REPOSITORY:TAG.`);
  }
}

/** The registry, which lets its repository be read: to everybody, to the one who asked, or to the credentials. */
async function sourceOf(rooms: ImportRooms, { source }: ImportOrder, repository: RepositoryName, trace: TraceStep[]): Promise<RegistryPart> {
  const snapshot = rooms.snapshot();
  const { registryUri, resourceId, credentials } = source;
  const host = registryUri === undefined ? undefined : hostOf(registryUri);
  const named = host === undefined ? undefined : snapshot.names.hosts.get(host as never);
  const key = host !== undefined ? (named?.role === 'login' ? named.registry : undefined) : resourceId === undefined ? undefined : resourceKey(resourceId);
  const registry = key === undefined ? undefined : snapshot.registries.get(key);
  const unproven = (name: string): Fault =>
    invalid('SourceAuthenticationFailed', `The credentials do not let anybody read repository '${repository}' of registry '${name.toLowerCase()}'.`);
  // An id may be made up to learn what others have; names are in the DNS.
  if (!registry && credentials && resourceId !== undefined) throw unproven(resourceId.slice(resourceId.lastIndexOf('/') + 1).slice(0, 300));
  if (!registry)
    throw invalid(
      'SourceRegistryNotFound',
      `There is no registry '${(host ?? resourceId ?? '').slice(0, 300)}' in this world. Images can be imported from its mcr.microsoft.com and from its own registries; Postern does not import from outside yet.`,
    );
  if (registry.platform) return registry;
  if (!credentials) {
    if (resourceId !== undefined) return registry;
    throw invalid('SourceAuthenticationFailed', `The registry '${registry.loginServer}' asks for credentials: give source.credentials, or source.resourceId.`);
  }
  const visit = { registry, snapshot, request: { trace } };
  const caller = await callerByPassword(visit, rooms, credentials.username ?? '', credentials.password);
  if (!caller || !decide(visit, caller, 'pull', repository).permitted) throw unproven(registry.name);
  if (source.closed) throw source.closed;
  return registry;
}

/** `https://NAME/`, as people write it, is NAME. */
export function hostOf(registryUri: string): string {
  return registryUri
    .trim()
    .toLowerCase()
    .replace(/^https:\/\//, '')
    .replace(/\/+$/, '');
}

function headOf(database: Database, from: RepositoryKey, { tag, digest }: SourceImage): Promise<ManifestHead | undefined> {
  return digest === undefined ? manifestByTag(database, from, tag ?? (parseTag('latest') as Tag)) : manifestByDigest(database, from, digest);
}

/** Every manifest and blob of the image: an index names manifests, and these blobs; an index may name blobs too. */
async function contentOf({ store, blobs }: ImportRooms, from: RepositoryKey, head: ManifestHead): Promise<{ manifests: Digest[]; blobs: Digest[] }> {
  const manifests = new Set<Digest>();
  const needed = new Set<Digest>();
  const pending: ManifestHead[] = [head];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (manifests.has(next.digest)) continue;
    manifests.add(next.digest);
    if (manifests.size > MAX_MANIFESTS)
      throw invalid('ImageTooLarge', `The image has more than ${MAX_MANIFESTS} manifests; so many cannot be imported at once.`);
    const bytes = await blobs.read(next.digest);
    if (!bytes) throw new Error(`the blob store has lost the manifest ${next.digest}`);
    const document = parseManifest(bytes, next.mediaType);
    for (const digest of document.blobs) needed.add(digest);
    for (const digest of document.children) {
      const child = await manifestByDigest(store.database, from, digest);
      if (child) pending.push(child);
      else needed.add(digest);
    }
  }
  return { manifests: [...manifests], blobs: [...needed] };
}

async function refuseExisting(database: Database, to: RepositoryKey, tag: Tag): Promise<void> {
  if (await manifestByTag(database, to, tag)) throw new Fault('conflict', 'Conflict', `Tag ${to.repository}:${tag} already exists in target registry.`);
}
