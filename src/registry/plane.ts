/** The registry plane: OCI distribution over HTTP, with ACR's tokens and data endpoint. Admission first, then who calls, then what it asks. */
import type { Plane, Reply } from '#http/message.ts';
import type { Database } from '#store/database.ts';
import { deleteContent, deleteOrphanedContent } from '#store/repositories.ts';
import { admit, locate } from './admission.ts';
import { BytesCache } from './bytes-cache.ts';
import type { RegistryRooms, Rooms } from './call.ts';
import { serveData } from './data-endpoint.ts';
import { refusal } from './faults.ts';
import { PLATFORM_REGISTRY } from './platform.ts';
import { route } from './route.ts';

const MANIFEST_CACHE_BYTES = 64 * 1024 * 1024;

/** What ACR puts on every reply. */
const COMMON = {
  'docker-distribution-api-version': 'registry/2.0',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'access-control-expose-headers': ['Docker-Content-Digest', 'WWW-Authenticate', 'Link', 'X-Ms-Correlation-Request-Id'],
};

/** The plane for every host name of every registry. */
export function registryPlane(deps: RegistryRooms): Plane {
  const rooms: Rooms = { ...deps, manifestBytes: new BytesCache(MANIFEST_CACHE_BYTES), deletions: new Map() };
  followDeletions(rooms);

  return async (request, arrival) => {
    const finished = (reply: Reply): Reply => ({ ...reply, headers: { ...COMMON, 'x-ms-correlation-request-id': request.id, ...reply.headers } });
    try {
      // One snapshot for the whole request: what admitted it is also what its rights are read from.
      const snapshot = rooms.snapshot();
      const located = locate(request, arrival, snapshot, rooms);
      admit(request, arrival, snapshot, located);
      const { registry } = located;
      const visit = { request, arrival, snapshot, registry, deletionsBefore: rooms.deletions.get(registry.registry) ?? 0 };
      return finished(await (located.host.role === 'data' ? serveData(visit, rooms) : route(visit, rooms)));
    } catch (thrown) {
      const { reply, fault } = refusal(thrown);
      const cause = fault.cause instanceof Error ? fault.cause.stack : undefined;
      const fields = { request: request.id, code: fault.code, status: fault.status, ...(cause === undefined ? {} : { cause }) };
      if (fault.status >= 500) rooms.log.error(fields, fault.message);
      else rooms.log.debug(fields, fault.message);
      if (request.trace.every((step) => step.ok)) request.trace.push({ check: 'request', ok: false, detail: `${fault.code}: ${fault.message}` });
      return finished(reply);
    }
  };
}

/**
 * A registry's content goes with its resource, so that a new registry of the same name begins empty. The deletion is queued inside the commit's
 * notification, before any later write; what a stop in between leaves goes at the next start. Pushes that are under way are refused when they would record.
 */
function followDeletions({ store, blobs, deletions, log }: Rooms): void {
  const remove = async (content: (database: Database) => Promise<readonly string[]>): Promise<void> => {
    try {
      const { value: uploads } = await store.write(({ database }) => content(database));
      for (const id of uploads) await blobs.cancelUpload(id);
    } catch (error) {
      log.error({ error: String(error) }, 'content of deleted registries stays');
    }
  };
  void remove((database) => deleteOrphanedContent(database, PLATFORM_REGISTRY));
  store.subscribe((change) => {
    for (const { key, before, after } of change.resources)
      if (after === undefined && before?.type.toLowerCase() === 'microsoft.containerregistry/registries') {
        deletions.set(key, (deletions.get(key) ?? 0) + 1);
        void remove((database) => deleteContent(database, key));
      }
  });
}
