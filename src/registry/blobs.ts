/** Blobs: /v2/NAME/blobs/DIGEST. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md */
import { type Digest, parseDigest } from '#base/digest.ts';
import { emptyReply, type Reply } from '#http/message.ts';
import { blobRecord, deleteBlob } from '#store/repositories.ts';
import { byHostListener } from './admission.ts';
import { blobReply } from './blob-bytes.ts';
import { type Call, type Rooms, repositoryOf } from './call.ts';
import { redirectToData } from './data-endpoint.ts';
import { oci } from './faults.ts';
import { disallowed, refuseLockedContent } from './locks.ts';

/** @throws Fault `DIGEST_INVALID`. */
export function checkedDigest(text: string | null): Digest {
  const digest = text === null ? undefined : parseDigest(text);
  if (!digest) throw oci('DIGEST_INVALID');
  return digest;
}

/**
 * GET: a redirect to the data endpoint where the registry has one, the bytes where it has none.
 * The host's public listener gives bytes: on the host no name of a data endpoint resolves.
 * HEAD is always answered here.
 */
export async function getBlob(call: Call, rooms: Rooms): Promise<Reply> {
  const digest = checkedDigest(call.reference);
  const record = await blobRecord(rooms.store.database, repositoryOf(call), digest);
  if (!record) throw oci('BLOB_UNKNOWN', { detail: { digest } });
  if (!record.readable) throw disallowed(call.request.trace, `readEnabled is false at '${call.repository}'`);
  if (call.request.method === 'GET' && call.registry.dataEndpointEnabled && !byHostListener(call.arrival)) return redirectToData(call, rooms, digest);
  return blobReply(call.request, rooms.blobs, digest, record.size);
}

/**
 * DELETE: out of this repository. The bytes stay, since other repositories may have them. No record tells which images have the blob: while anything in the
 * repository may not be deleted, no blob of it may.
 */
export async function deleteBlobOfRepository(call: Call, rooms: Rooms): Promise<Reply> {
  const digest = checkedDigest(call.reference);
  const { value: deleted } = await rooms.store.write(async ({ database }) => {
    await refuseLockedContent(database, repositoryOf(call), call.request.trace);
    return deleteBlob(database, repositoryOf(call), digest);
  });
  if (!deleted) throw oci('BLOB_UNKNOWN', { detail: { digest } });
  return emptyReply(202);
}
