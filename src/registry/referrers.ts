/** Referrers: /v2/NAME/referrers/DIGEST. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md */
import { jsonReply, type Reply } from '#http/message.ts';
import { listReferrers } from '#store/repositories.ts';
import { checkedDigest } from './blobs.ts';
import { type Call, type Rooms, repositoryOf } from './call.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';

/** An index of the manifests whose subject is the digest; empty when there are none, also in a repository that does not exist. */
export async function getReferrers(call: Call, rooms: Rooms): Promise<Reply> {
  const records = await listReferrers(rooms.store.database, repositoryOf(call), checkedDigest(call.reference));
  const wanted = call.request.query.get('artifactType');
  const manifests = records
    .filter((record) => wanted === null || record.artifactType === wanted)
    .map(({ mediaType, digest, size, artifactType, annotations }) => ({ mediaType, digest, size, artifactType, annotations }));
  const filters: Record<string, string> = wanted === null ? {} : { 'oci-filters-applied': 'artifactType' };
  return jsonReply(200, { schemaVersion: 2, mediaType: INDEX, manifests }, { 'content-type': INDEX, ...filters });
}
