/** Tags: /v2/NAME/tags/list. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md */
import { jsonReply, type Reply } from '#http/message.ts';
import { listTags, repositoryExists } from '#store/repositories.ts';
import { type Call, type Rooms, repositoryOf } from './call.ts';
import { oci } from './faults.ts';
import { pageOfNames } from './paging.ts';

/** The tags in ASCII order. A repository whose manifests have no tags has an empty list. */
export async function getTags(call: Call, rooms: Rooms): Promise<Reply> {
  const key = repositoryOf(call);
  const { database } = rooms.store;
  const { names, headers } = await pageOfNames(call.request, `/v2/${key.repository}/tags/list`, (page) => listTags(database, key, page));
  if (names.length === 0 && !(await repositoryExists(database, key))) throw oci('NAME_UNKNOWN', { detail: { name: key.repository } });
  return jsonReply(200, { name: key.repository, tags: names }, headers);
}
