/** The catalogue: /v2/_catalog. https://distribution.github.io/distribution/spec/api/#catalog */
import { jsonReply, type Reply } from '#http/message.ts';
import { listRepositories } from '#store/repositories.ts';
import type { Call, Rooms } from './call.ts';
import { pageOfNames } from './paging.ts';

/** The registry's repositories in ASCII order. */
export function getCatalog(call: Call, rooms: Rooms): Promise<Reply> {
  return catalogAt('/v2/_catalog', call, rooms);
}

/** The same at the path of ACR's own API, for clients of its SDKs. */
export function getAcrCatalog(call: Call, rooms: Rooms): Promise<Reply> {
  return catalogAt('/acr/v1/_catalog', call, rooms);
}

async function catalogAt(path: string, { request, registry }: Call, rooms: Rooms): Promise<Reply> {
  const { names, headers } = await pageOfNames(request, path, (page) => listRepositories(rooms.store.database, registry.registry, page));
  return jsonReply(200, { repositories: names }, headers);
}
