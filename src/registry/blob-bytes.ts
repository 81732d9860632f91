/** A blob as a reply: whole or one range (RFC 9110 section 14), the same from the login server and from the data endpoint. */
import type { Digest } from '#base/digest.ts';
import type { BlobStore } from '#blobs/blob-store.ts';
import { precondition, rangeHolds } from '#http/conditional.ts';
import type { Reply, Request } from '#http/message.ts';
import { contentRange, parseRange, unsatisfiedRange } from '#http/range.ts';
import { oci } from './faults.ts';

/** What HEAD and GET say of a blob of this size. */
export function blobHeaders(digest: Digest, size: number): Record<string, string> {
  return {
    'content-type': 'application/octet-stream',
    'content-length': String(size),
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    etag: `"${digest}"`,
  };
}

/** The reply to a GET or HEAD of a blob that exists. @throws Fault `RANGE_INVALID` (416). */
export function blobReply(request: Request, blobs: BlobStore, digest: Digest, size: number): Reply {
  const headers = blobHeaders(digest, size);
  if (precondition(request.method, request.headers, digest) === 'not-modified')
    return { status: 304, headers: { etag: headers.etag as string, 'docker-content-digest': digest } };
  if (request.method === 'HEAD') return { status: 200, headers };
  const range = rangeHolds(request.headers['if-range'] as string | undefined, digest) ? parseRange(backwards(request.headers.range), size) : undefined;
  if (range === 'unsatisfiable')
    throw oci('RANGE_INVALID', {
      message: `the blob has ${size} bytes; the range asks for none of them`,
      headers: { 'content-range': unsatisfiedRange(size) },
    });
  if (!range) return { status: 200, headers, body: blobs.bytes(digest, 0, size) };
  return {
    status: 206,
    headers: { ...headers, 'content-length': String(range.end - range.start), 'content-range': contentRange(range, size) },
    body: blobs.bytes(digest, range.start, range.end),
  };
}

/**
 * `bytes=500-0` is malformed (RFC 9110 section 14.1.1) and might be ignored, but the conformance suite and common registries want 416:
 * written as a range past any end, it is one that cannot be satisfied.
 */
function backwards(header: string | undefined): string | undefined {
  const match = /^bytes=[ \t]*(\d+)-(\d+)[ \t]*$/i.exec(header ?? '');
  return match && Number(match[2]) < Number(match[1]) ? `bytes=${Number.MAX_SAFE_INTEGER}-` : header;
}
