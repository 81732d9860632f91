/** Manifests: /v2/NAME/manifests/REFERENCE. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md */
import { isoTime } from '#base/clock.ts';
import { type Digest, digestAlgorithm, digestOf, parseDigest } from '#base/digest.ts';
import { Fault } from '#base/fault.ts';
import { parseTag, type Tag } from '#base/image-reference.ts';
import { readBody } from '#http/body.ts';
import { precondition } from '#http/conditional.ts';
import { emptyReply, type Reply } from '#http/message.ts';
import type { Database } from '#store/database.ts';
import {
  deleteManifest,
  deleteTag,
  digestsPresent,
  type ManifestHead,
  manifestByDigest,
  manifestByTag,
  putManifest,
  putTag,
  type RepositoryKey,
  repositoryExists,
  tagsOfManifest,
} from '#store/repositories.ts';
import { type Call, type Rooms, refuseDeleted, repositoryOf } from './call.ts';
import { oci } from './faults.ts';
import { refuseLocked } from './locks.ts';
import { MANIFEST_LIMIT_BYTES, type ManifestDocument, parseManifest } from './manifest.ts';

/** A tag, or a digest. Tags have no colon. @throws Fault `DIGEST_INVALID` or `TAG_INVALID`. */
function parseReference(text: string): { digest: Digest; tag?: undefined } | { tag: Tag; digest?: undefined } {
  if (text.includes(':')) {
    const digest = parseDigest(text);
    if (!digest) throw oci('DIGEST_INVALID');
    return { digest };
  }
  return { tag: checkedTag(text) };
}

/** @throws Fault `TAG_INVALID`. */
export function checkedTag(text: string): Tag {
  const tag = parseTag(text);
  if (!tag) throw oci('TAG_INVALID');
  return tag;
}

/** Why there is nothing: the repository or only the manifest. */
async function unknown(call: Call, rooms: Rooms): Promise<Fault> {
  const exists = await repositoryExists(rooms.store.database, repositoryOf(call));
  return exists ? unknownReference(call) : oci('NAME_UNKNOWN', { detail: { name: call.repository } });
}

/** What is told where the repository has no such manifest or tag. */
export function unknownReference({ reference }: Call): Fault {
  const how = reference.includes(':') ? 'with digest' : 'tagged by';
  return oci('MANIFEST_UNKNOWN', { message: `manifest ${how} "${reference}" is not found`, detail: { reference } });
}

/** GET and HEAD: by tag or digest. The stored media type is answered whatever Accept says: to convert would change the digest. */
export async function getManifest(call: Call, rooms: Rooms): Promise<Reply> {
  const { digest, tag } = parseReference(call.reference);
  const key = repositoryOf(call);
  const { database } = rooms.store;
  const head: ManifestHead | undefined = tag === undefined ? await manifestByDigest(database, key, digest) : await manifestByTag(database, key, tag);
  if (!head) throw await unknown(call, rooms);
  if (!head.readable) await refuseLocked(database, key, 'read', [head.digest, ...(tag === undefined ? [] : [tag])], call.request.trace);
  const headers = {
    'content-type': head.mediaType,
    'content-length': String(head.size),
    'docker-content-digest': head.digest,
    etag: `"${head.digest}"`,
  };
  switch (precondition(call.request.method, call.request.headers, head.digest)) {
    case 'not-modified':
      return { status: 304, headers: { etag: headers.etag, 'docker-content-digest': head.digest } };
    case 'failed':
      throw oci('UNSUPPORTED', { kind: 'precondition', message: 'the manifest has another digest than If-Match asks for' });
    case 'proceed':
  }
  if (call.request.method === 'HEAD') return { status: 200, headers };
  return { status: 200, headers, body: { kind: 'bytes', bytes: await manifestBytes(rooms, head.digest) } };
}

/** The bytes of a manifest, or of something as small, that is in the blob store by its record. */
export async function manifestBytes(rooms: Rooms, digest: Digest): Promise<Buffer> {
  const cached = rooms.manifestBytes.get(digest);
  if (cached) return cached;
  const bytes = await rooms.blobs.read(digest);
  if (!bytes) throw new Error(`the blob store has lost the manifest ${digest}`);
  rooms.manifestBytes.set(digest, bytes);
  return bytes;
}

/** Of `?tag=`: distribution-spec 1.2 asks for ten at least. Each is told in a header of the answer, and clients bound these to 16 KiB. */
const MAX_TAGS = 100;

function taggedAlso(query: URLSearchParams): Tag[] {
  const tags = query.getAll('tag');
  if (tags.length > MAX_TAGS)
    throw oci('TAG_INVALID', { kind: 'uriTooLong', message: `a push can set ${MAX_TAGS} tags at most; these are ${tags.length}. Push again with the rest.` });
  return tags.map(checkedTag);
}

/** PUT: by tag, or by digest with any number of `?tag=` (distribution-spec 1.2 "Pushing manifests with tags"). */
export async function putManifestDocument(call: Call, rooms: Rooms): Promise<Reply> {
  const { request } = call;
  const reference = parseReference(call.reference);
  const tags = reference.tag !== undefined ? [reference.tag] : taggedAlso(request.query);
  const bytes = await readBody(request, { limitBytes: MANIFEST_LIMIT_BYTES }).catch((error: unknown) => {
    if (error instanceof Fault && error.kind === 'tooLarge')
      throw oci('SIZE_INVALID', { kind: 'tooLarge', message: `a manifest may have ${MANIFEST_LIMIT_BYTES} bytes at most` });
    throw error;
  });
  const digest = digestOf(bytes, reference.digest === undefined ? 'sha256' : digestAlgorithm(reference.digest));
  if (reference.digest !== undefined && reference.digest !== digest)
    throw oci('DIGEST_INVALID', { message: 'provided digest did not match uploaded content', detail: { provided: reference.digest, actual: digest } });
  const document = parseManifest(bytes, request.headers['content-type']);
  const key = repositoryOf(call);

  // Asked before the bytes are stored, so that a refused manifest leaves nothing, and again in the transaction, since a deletion may have come between.
  await refuseLocked(rooms.store.database, key, 'write', tags, request.trace);
  await refuseMissing(rooms.store.database, key, document);
  await rooms.blobs.put(digest, [bytes]);
  const at = isoTime(rooms.clock);
  await rooms.store.write(async ({ database }) => {
    refuseDeleted(call, rooms);
    await refuseLocked(database, key, 'write', tags, request.trace);
    await refuseMissing(database, key, document);
    const { mediaType, subject, artifactType, annotations } = document;
    await putManifest(database, key, { digest, mediaType, size: bytes.length, subject, artifactType, annotations, createdAt: at });
    for (const name of tags) await putTag(database, key, { name, digest, at });
  });
  rooms.manifestBytes.set(digest, bytes);
  return emptyReply(201, {
    location: `/v2/${key.repository}/manifests/${digest}`,
    'docker-content-digest': digest,
    ...(document.subject === undefined ? {} : { 'oci-subject': document.subject }),
    ...(reference.digest !== undefined && tags.length > 0 ? { 'oci-tag': tags } : {}),
  });
}

/** @throws Fault `MANIFEST_BLOB_UNKNOWN` with an entry for each thing that the manifest needs and the repository lacks. */
async function refuseMissing(database: Database, key: RepositoryKey, document: ManifestDocument): Promise<void> {
  const present = await digestsPresent(database, key, [...document.blobs, ...document.children]);
  const missing = [
    ...document.blobs.filter((digest) => !present.blobs.has(digest)),
    // An index may list anything that has a descriptor (image-spec image-index.md, `manifests`), so a blob will do.
    ...document.children.filter((digest) => !present.manifests.has(digest) && !present.blobs.has(digest)),
  ];
  if (missing.length === 0) return;
  // A thousand missing layers need not be told one by one.
  throw oci('MANIFEST_BLOB_UNKNOWN', { details: [...new Set(missing)].slice(0, 100).map((digest) => oci('MANIFEST_BLOB_UNKNOWN', { detail: { digest } })) });
}

/** DELETE: a tag alone by its name, a manifest with all its tags by its digest. */
export async function deleteManifestOrTag(call: Call, rooms: Rooms): Promise<Reply> {
  const { digest, tag } = parseReference(call.reference);
  const key = repositoryOf(call);
  const { value: deleted } = await rooms.store.write(async ({ database }) => {
    const items = tag === undefined ? [digest, ...(await tagsOfManifest(database, key, digest))] : [tag];
    await refuseLocked(database, key, 'delete', items, call.request.trace);
    return tag === undefined ? deleteManifest(database, key, digest) : deleteTag(database, key, tag);
  });
  if (!deleted) throw await unknown(call, rooms);
  return emptyReply(202);
}
