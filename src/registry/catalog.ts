/** The catalogue: /v2/_catalog. https://distribution.github.io/distribution/spec/api/#catalog */
import { jsonReply, type Reply } from '#http/message.ts';
import { listRepositories } from '#store/repositories.ts';
import type { Call, Rooms } from './call.ts';
import { pageOfNames } from './paging.ts';

/** The registry's repositories in ASCII order. */
export async function getCatalog({ request, registry }: Call, rooms: Rooms): Promise<Reply> {
  const { names, headers } = await pageOfNames(request, '/v2/_catalog', (page) => listRepositories(rooms.store.database, registry.registry, page));
  return jsonReply(200, { repositories: names }, headers);
}
