/**
 * The data endpoint: blob downloads at REGISTRY.REGION.data.DOMAIN by signed URL and by nothing else.
 * https://learn.microsoft.com/azure/container-registry/container-registry-dedicated-data-endpoints; the URL's parameters are named as in Azure's storage signatures.
 * The signature binds registry, blob, method and expiry. It is no pass: the request is admitted by its own arrival first.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Digest, digestAlgorithm, digestHex, parseDigest } from '#base/digest.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Reply } from '#http/message.ts';
import { blobOfRegistry } from '#store/repositories.ts';
import { blobReply } from './blob-bytes.ts';
import type { Call, Rooms, Visit } from './call.ts';
import { addressed } from './challenge.ts';
import { oci } from './faults.ts';

/** ACR's links hold for 20 to 30 minutes: expiries lie on a grid of ten minutes, so that a blob has one URL for a while and caches can work. */
const LEAST_MS = 20 * 60_000;
const GRID_MS = 10 * 60_000;

/** HEAD shares the right to read with GET, as in storage signatures (`sp=r`). */
function signature(dataKey: Buffer, registry: ResourceKey, digest: string, expiry: string): Buffer {
  return createHmac('sha256', dataKey).update(`GET\n${registry}\n${digest}\n${expiry}`).digest();
}

/** The path and query of a blob at its registry's data endpoint. */
export function signedPath(dataKey: Buffer, registry: ResourceKey, digest: Digest, nowMs: number): string {
  const expiry = new Date(Math.floor(nowMs / GRID_MS) * GRID_MS + GRID_MS + LEAST_MS).toISOString().replace('.000Z', 'Z');
  const hex = digestHex(digest);
  const query = new URLSearchParams({ se: expiry, sp: 'r', spr: 'https', sr: 'b', sig: signature(dataKey, registry, digest, expiry).toString('base64url') });
  return `/docker/registry/v2/blobs/${digestAlgorithm(digest)}/${hex.slice(0, 2)}/${hex}/data?${query}`;
}

/** The 307 to the data endpoint of the region that the login server is served from, at the port by which the client came. The body is ACR's: a short link. */
export function redirectToData({ request, registry }: Call, rooms: Rooms, digest: Digest): Reply {
  const host = registry.dataHosts.get(registry.loginRegion);
  if (!host) throw new Error(`registry '${registry.name}' has no data host for the region that serves it`);
  const location = `https://${host}${addressed(request).port}${signedPath(rooms.dataKey, registry.registry, digest, rooms.clock.now())}`;
  const bytes = Buffer.from(`<a href="${location.replaceAll('&', '&amp;')}">Temporary Redirect</a>.\n\n`);
  return {
    status: 307,
    headers: { location, 'docker-content-digest': digest, 'content-type': 'text/html; charset=utf-8', 'content-length': String(bytes.length) },
    body: { kind: 'bytes', bytes },
  };
}

const PATH = /^\/docker\/registry\/v2\/blobs\/(sha256|sha512)\/([0-9a-f]{2})\/([0-9a-f]+)\/data$/;

/**
 * Serves an admitted request at a data host. The Authorization header is not looked at: clients carry it over from the login server.
 * @throws Fault `DENIED` (403) when the URL is not signed for this, `BLOB_UNKNOWN` when the registry no longer has the blob, `UNSUPPORTED` (404) off these paths.
 */
export async function serveData({ request, registry }: Visit, rooms: Rooms): Promise<Reply> {
  const match = PATH.exec(request.path);
  const digest = match ? parseDigest(`${match[1]}:${match[3]}`) : undefined;
  if (!digest || match?.[2] !== digestHex(digest).slice(0, 2))
    throw oci('UNSUPPORTED', { kind: 'notFound', message: 'this host serves blob downloads by the URLs that the login server gives out, and nothing else' });
  const refuse = (detail: string, message: string): Error => {
    request.trace.push({ check: 'signature', ok: false, detail });
    return oci('DENIED', { message });
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') throw refuse(`signed for GET, asked was ${request.method}`, 'the URL is signed for reading only');
  const expiry = request.query.get('se') ?? '';
  const given = Buffer.from(request.query.get('sig') ?? '', 'base64url');
  const due = signature(rooms.dataKey, registry.registry, digest, expiry);
  if (given.length !== due.length || !timingSafeEqual(given, due))
    throw refuse('not signed for this registry, blob and expiry', 'the signature is not valid for this blob; ask the login server for a new URL');
  if (Date.parse(expiry) <= rooms.clock.now()) throw refuse(`expired at ${expiry}`, `the URL expired at ${expiry}; ask the login server for a new one`);
  request.trace.push({ check: 'signature', ok: true, detail: `holds until ${expiry}` });
  const record = await blobOfRegistry(rooms.store.database, registry.registry, digest);
  if (!record) throw oci('BLOB_UNKNOWN', { detail: { digest } });
  return blobReply(request, rooms.blobs, digest, record.size);
}
