/**
 * The registry that Postern itself has, mcr.microsoft.com of this world: a registry of no subscription, stated by a fact of Postern's own, so that names,
 * listeners, pulls and imports need nothing special for it (docs/decisions/platform-registry.md). It holds the sample image.
 */
import { type Clock, isoTime } from '#base/clock.ts';
import type { DomainName } from '#base/domain-name.ts';
import { parseRepositoryName, parseTag, type RepositoryName, type Tag } from '#base/image-reference.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { BlobStore } from '#blobs/blob-store.ts';
import { manifestByTag, putBlob, putManifest, putTag } from '#store/repositories.ts';
import type { Store } from '#store/store.ts';
import type { RegistryFact } from '#topology/facts.ts';
import { helloWorld } from './hello-world.ts';

/** Below no subscription: no resource of anybody's can have this key. */
export const PLATFORM_REGISTRY = '/providers/microsoft.containerregistry/registries/mcr' as ResourceKey;

/** What is true of it. It has no region and so no data endpoint: its bytes come from where its names lead. */
export const platformFact: RegistryFact = {
  kind: 'registry',
  registry: PLATFORM_REGISTRY,
  id: '/providers/Microsoft.ContainerRegistry/registries/mcr',
  name: 'mcr',
  loginServer: 'mcr.microsoft.com' as DomainName,
  regions: [],
  sku: 'Premium',
  publicNetworkAccess: true,
  defaultAction: 'Allow',
  ipRules: [],
  dataEndpointEnabled: false,
  adminUserEnabled: false,
  anonymousPullEnabled: true,
  armAudienceAccepted: false,
  platform: true,
};

/** Documents name the first, the health check of az the second. */
const REPOSITORIES = ['hello-world', 'mcr/hello-world'].map((name) => parseRepositoryName(name) as RepositoryName);
const TAGS = ['latest', 'v1'].map((name) => parseTag(name) as Tag);

/** Puts the sample image where it is not yet, or was assembled otherwise. */
export async function stockPlatformRegistry({ store, blobs, clock }: { store: Store; blobs: BlobStore; clock: Clock }): Promise<void> {
  const { images, list } = helloWorld();
  const keys = REPOSITORIES.map((repository) => ({ registry: PLATFORM_REGISTRY, repository }));
  const tagged = await Promise.all(keys.flatMap((key) => TAGS.map((tag) => manifestByTag(store.database, key, tag))));
  if (tagged.every((head) => head?.digest === list.digest) && (await blobs.stat(list.digest))) return;

  const parts = images.flatMap(({ config, layer }) => [config, layer]);
  const manifests = [...images.map(({ manifest }) => manifest), list];
  for (const { digest, bytes } of [...parts, ...manifests]) await blobs.put(digest, [bytes]);
  const at = isoTime(clock);
  await store.write(async ({ database }) => {
    for (const key of keys) {
      for (const { digest, bytes } of parts) await putBlob(database, key, { digest, size: bytes.length, createdAt: at });
      for (const { digest, mediaType, bytes } of manifests)
        await putManifest(database, key, {
          digest,
          mediaType,
          size: bytes.length,
          subject: undefined,
          artifactType: undefined,
          annotations: undefined,
          createdAt: at,
        });
      for (const name of TAGS) await putTag(database, key, { name, digest: list.digest, at });
    }
  });
}
