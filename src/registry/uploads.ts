/**
 * Uploads: /v2/NAME/blobs/uploads/. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 * A session is bound to registry, repository and principal: for anyone else it does not exist.
 */
import { isoTime } from '#base/clock.ts';
import type { Digest } from '#base/digest.ts';
import { Fault } from '#base/fault.ts';
import { parseRepositoryName, type RepositoryName } from '#base/image-reference.ts';
import type { AppendOptions } from '#blobs/blob-store.ts';
import { emptyReply, type Reply, type Request } from '#http/message.ts';
import { blobRecord, putBlob, repositoriesWithBlob } from '#store/repositories.ts';
import { deleteUpload, deleteUploadsBefore, insertUpload, uploadById } from '#store/uploads.ts';
import { decide } from './authorize.ts';
import { checkedDigest } from './blobs.ts';
import { type Call, type Rooms, refuseDeleted, repositoryOf } from './call.ts';
import { oci } from './faults.ts';
import { refuseLocked } from './locks.ts';

/** A session that was started so long ago is removed; the spec leaves the time to the registry. */
const SESSION_MS = 7 * 24 * 60 * 60 * 1000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** POST: a mount, a whole blob, or a new session, by what the query says. */
export async function startUpload(call: Call, rooms: Rooms): Promise<Reply> {
  const { query } = call.request;
  // Told before the bytes are sent; what decides is asked again when a manifest would name them.
  await refuseLocked(rooms.store.database, repositoryOf(call), 'write', [], call.request.trace);
  const mount = query.get('mount');
  if (mount !== null) {
    const mounted = await mountBlob(call, rooms, checkedDigest(mount), query.get('from'));
    // What cannot be mounted is uploaded: the client goes on in the session it is given.
    return mounted ?? openSession(call, rooms);
  }
  if (query.has('digest')) return uploadWhole(call, rooms, checkedDigest(query.get('digest')));
  return openSession(call, rooms);
}

/** Without `from`, so many repositories that have the blob are looked at for one that the caller may read. */
const MOUNT_SOURCES = 100;

/**
 * The reply when the blob could be mounted: from the repository that the client names, or without a name (distribution-spec "Mounting a blob from another
 * repository", `from` is optional) from any of this registry, in either case only where the caller may pull. Why it could not is not told: it would tell what is there.
 */
async function mountBlob(call: Call, rooms: Rooms, digest: Digest, from: string | null): Promise<Reply | undefined> {
  const { registry } = call.registry;
  const named = from === null ? undefined : parseRepositoryName(from);
  if (from !== null && named === undefined) throw oci('NAME_INVALID', { detail: { name: from.slice(0, 300) } });
  const sources = named === undefined ? await repositoriesWithBlob(rooms.store.database, registry, digest, MOUNT_SOURCES) : [named];
  const source = sources.find((candidate) => decide(call, call.caller, 'pull', candidate).permitted);
  if (source === undefined) return undefined;
  const { value: mounted } = await rooms.store.write(async ({ database }) => {
    refuseDeleted(call, rooms);
    const record = await blobRecord(database, { registry, repository: source }, digest);
    if (record?.readable) await putBlob(database, repositoryOf(call), { digest, size: record.size, createdAt: isoTime(rooms.clock) });
    return record !== undefined && record.readable === 1;
  });
  return mounted ? created(call, digest) : undefined;
}

async function uploadWhole(call: Call, rooms: Rooms, digest: Digest): Promise<Reply> {
  const { size } = await rooms.blobs.put(digest, bodyOf(call.request), lengthOf(call.request));
  await rooms.store.write(async ({ database }) => {
    refuseDeleted(call, rooms);
    await putBlob(database, repositoryOf(call), { digest, size, createdAt: isoTime(rooms.clock) });
  });
  return created(call, digest);
}

async function openSession(call: Call, rooms: Rooms): Promise<Reply> {
  const id = crypto.randomUUID();
  const { registry, repository } = repositoryOf(call);
  const { value: expired } = await rooms.store.write(async ({ database }) => {
    refuseDeleted(call, rooms);
    const old = await deleteUploadsBefore(database, new Date(rooms.clock.now() - SESSION_MS).toISOString());
    await insertUpload(database, { id, registry, repository, principal: call.caller.identity.objectId, startedAt: isoTime(rooms.clock) });
    return old;
  });
  for (const old of expired) await rooms.blobs.cancelUpload(old);
  await rooms.blobs.createUpload(id);
  return emptyReply(202, sessionHeaders(repository, id, 0));
}

/** PATCH: the next bytes. With Content-Range they must begin where the session ends, without it they are taken to. */
export async function appendToUpload(call: Call, rooms: Rooms): Promise<Reply> {
  const { id, repository } = await sessionOf(call, rooms);
  const size = await append(call, rooms, id, repository);
  return emptyReply(202, sessionHeaders(repository, id, size));
}

/** PUT: the last bytes, if any, and the digest that all must have. */
export async function finishUpload(call: Call, rooms: Rooms): Promise<Reply> {
  const digest = checkedDigest(call.request.query.get('digest'));
  const { id, repository } = await sessionOf(call, rooms);
  await append(call, rooms, id, repository);
  let size: number;
  try {
    ({ size } = await rooms.blobs.commit(id, digest));
  } catch (error) {
    // Bytes that are not what they were said to be are of no use: the session went with them.
    await rooms.store.write(({ database }) => deleteUpload(database, id));
    throw error;
  }
  // The blob is on disk under its name; with this commit it is in the repository, and the 201 may be sent.
  await rooms.store.write(async ({ database }) => {
    refuseDeleted(call, rooms);
    await putBlob(database, repositoryOf(call), { digest, size, createdAt: isoTime(rooms.clock) });
    await deleteUpload(database, id);
  });
  return created(call, digest);
}

/** GET: how far the session is. */
export async function getUpload(call: Call, rooms: Rooms): Promise<Reply> {
  const { id, repository, size } = await sessionOf(call, rooms);
  const { 'content-length': _none, ...headers } = emptyReply(204, sessionHeaders(repository, id, size)).headers;
  return { status: 204, headers };
}

/** DELETE: the session and its bytes. */
export async function cancelUpload(call: Call, rooms: Rooms): Promise<Reply> {
  const { id } = await sessionOf(call, rooms);
  await rooms.store.write(({ database }) => deleteUpload(database, id));
  await rooms.blobs.cancelUpload(id);
  return { status: 204, headers: {} };
}

/** The session in the path when it is the caller's, for this repository. @throws Fault `BLOB_UPLOAD_UNKNOWN`. */
async function sessionOf(call: Call, rooms: Rooms): Promise<{ id: string; repository: RepositoryName; size: number }> {
  const { registry, repository } = repositoryOf(call);
  const id = call.reference;
  const record = UUID.test(id) ? await uploadById(rooms.store.database, id) : undefined;
  const own = record?.registry === registry && record.repository === repository && record.principal === call.caller.identity.objectId;
  // A record without bytes is what a crash between the two leaves.
  const size = own ? await rooms.blobs.uploadSize(id) : undefined;
  if (size === undefined) throw oci('BLOB_UPLOAD_UNKNOWN', { detail: { id: id.slice(0, 100) } });
  return { id, repository, size };
}

/** Appends the request's body and returns the session's size. A session that ends elsewhere is told with where to go on. */
async function append({ request }: Call, rooms: Rooms, id: string, repository: RepositoryName): Promise<number> {
  const options = { ...lengthOf(request), ...contentRangeOf(request) };
  try {
    return await rooms.blobs.append(id, bodyOf(request), options);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'RANGE_INVALID') throw error;
    const size = (await rooms.blobs.uploadSize(id)) ?? 0;
    throw oci('RANGE_INVALID', { message: error.message, detail: error.detail, headers: sessionHeaders(repository, id, size) });
  }
}

/** The Content-Length, when there is one: node has checked that it is a number. */
function lengthOf(request: Request): Pick<AppendOptions, 'expectedBytes'> {
  const length = request.headers['content-length'];
  return length === undefined ? {} : { expectedBytes: Number(length) };
}

/**
 * The Content-Range of a chunk: `START-END`, both inclusive, as the spec writes it; the form of RFC 9110 section 14.4 is taken too.
 * @throws Fault `RANGE_INVALID` (400) when malformed, `SIZE_INVALID` when it does not span the Content-Length.
 */
function contentRangeOf(request: Request): AppendOptions {
  const header = request.headers['content-range'];
  if (header === undefined) return {};
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\*|\d+))?$/.exec(header);
  const [start, end] = [Number(match?.[1]), Number(match?.[2])];
  const length = request.headers['content-length'];
  // An empty chunk cannot be written as an inclusive range; clients that try write 0-0.
  if (match && length === '0' && start === end) return { at: start, expectedBytes: 0 };
  if (!match || end < start) throw oci('RANGE_INVALID', { kind: 'invalid', message: 'Content-Range must be START-END, both inclusive' });
  const expectedBytes = end - start + 1;
  if (length !== undefined && Number(length) !== expectedBytes)
    throw oci('SIZE_INVALID', { message: `Content-Range spans ${expectedBytes} bytes but Content-Length is ${length}` });
  return { at: start, expectedBytes };
}

/** The body's chunks, read no faster than they are taken. @throws Fault `BLOB_UPLOAD_INVALID` when the client goes away. */
async function* bodyOf(request: Request): AsyncGenerator<Uint8Array> {
  try {
    // Left open when the reader stops early: the server decides whether to drain or to close a connection whose body nobody wants.
    yield* request.body.iterator({ destroyOnReturn: false });
  } catch (error) {
    throw oci('BLOB_UPLOAD_INVALID', {
      message: 'the connection ended before the whole body had arrived; the upload can go on from where its status says',
      cause: error,
    });
  }
}

function sessionHeaders(repository: RepositoryName, id: string, size: number): Record<string, string> {
  return { location: `/v2/${repository}/blobs/uploads/${id}`, 'docker-upload-uuid': id, range: `0-${Math.max(0, size - 1)}` };
}

function created(call: Call, digest: Digest): Reply {
  return emptyReply(201, { location: `/v2/${call.repository}/blobs/${digest}`, 'docker-content-digest': digest });
}
