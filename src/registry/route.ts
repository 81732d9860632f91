/** Every path of the registry plane, with the methods it takes, the right each needs, and who handles it. */
import { parseRepositoryName, type RepositoryName } from '#base/image-reference.ts';
import { emptyReply, type Reply } from '#http/message.ts';
import { type Action, authenticate, authorize, isOpen } from './authorize.ts';
import { deleteBlobOfRepository, getBlob } from './blobs.ts';
import type { Handler, Rooms, Visit } from './call.ts';
import { getAcrCatalog, getCatalog } from './catalog.ts';
import type { Wanted } from './challenge.ts';
import { oci } from './faults.ts';
import { deleteManifestOrTag, getManifest, putManifestDocument } from './manifests.ts';
import {
  getManifestView,
  getRepository,
  getTagView,
  listManifestViews,
  listTagViews,
  patchManifest,
  patchRepository,
  patchTag,
  refuseDeletedContent,
  removeManifest,
  removeRepository,
  untag,
} from './metadata.ts';
import { getReferrers } from './referrers.ts';
import { getTags } from './tags.ts';
import { throttle } from './throttling.ts';
import { exchange, getToken, postToken } from './token.ts';
import { appendToUpload, cancelUpload, finishUpload, getUpload, startUpload } from './uploads.ts';

/** distribution-spec end-1: whoever may come in is told so. */
const ping: Handler = async () => emptyReply(200);

/** What a method needs: `signed-in` any caller that is proven, the others that right; `open` checks credentials by itself. */
type Method =
  | { readonly needs: 'open'; readonly handle: (visit: Visit, rooms: Rooms) => Promise<Reply> }
  | { readonly needs: 'signed-in' | Action; readonly handle: Handler };

const open = (handle: (visit: Visit, rooms: Rooms) => Promise<Reply>): Method => ({ needs: 'open', handle });
const needs = (right: 'signed-in' | Action, handle: Handler): Method => ({ needs: right, handle });

interface Route {
  /** Of the decoded path. The first group is a repository name, the second a reference; names may contain slashes, so a path is read from its end. */
  readonly path: RegExp;
  readonly methods: Readonly<Record<string, Method>>;
}

/** `NAME` and `REFERENCE` stand for the groups. */
function at(pattern: string, methods: Record<string, Method>): Route {
  return { path: new RegExp(`^${pattern.replace('NAME', '(.+)').replace('REFERENCE', '([^/]+)')}$`, 's'), methods };
}

export const routes: readonly Route[] = [
  at('/v2/?', { GET: needs('signed-in', ping), HEAD: needs('signed-in', ping) }),
  at('/oauth2/token', { GET: open(getToken), POST: open(postToken) }),
  at('/oauth2/exchange', { POST: open(exchange) }),
  at('/v2/_catalog', { GET: needs('catalog', getCatalog) }),
  at('/v2/NAME/tags/list', { GET: needs('pull', getTags) }),
  at('/v2/NAME/referrers/REFERENCE', { GET: needs('pull', getReferrers) }),
  at('/v2/NAME/manifests/REFERENCE', {
    GET: needs('pull', getManifest),
    HEAD: needs('pull', getManifest),
    PUT: needs('push', putManifestDocument),
    DELETE: needs('delete', deleteManifestOrTag),
  }),
  at('/v2/NAME/blobs/uploads/?', { POST: needs('push', startUpload) }),
  at('/v2/NAME/blobs/uploads/REFERENCE', {
    GET: needs('push', getUpload),
    PATCH: needs('push', appendToUpload),
    PUT: needs('push', finishUpload),
    DELETE: needs('push', cancelUpload),
  }),
  at('/v2/NAME/blobs/REFERENCE', {
    GET: needs('pull', getBlob),
    HEAD: needs('pull', getBlob),
    DELETE: needs('delete', deleteBlobOfRepository),
  }),
  at('/acr/v1/_catalog', { GET: needs('catalog', getAcrCatalog) }),
  { path: /^\/acr\/v1\/_deleted\//, methods: { GET: needs('signed-in', refuseDeletedContent), POST: needs('signed-in', refuseDeletedContent) } },
  at('/acr/v1/NAME/_tags', { GET: needs('metadata_read', listTagViews) }),
  at('/acr/v1/NAME/_tags/REFERENCE', {
    GET: needs('metadata_read', getTagView),
    PATCH: needs('metadata_write', patchTag),
    DELETE: needs('delete', untag),
  }),
  at('/acr/v1/NAME/_manifests', { GET: needs('metadata_read', listManifestViews) }),
  at('/acr/v1/NAME/_manifests/REFERENCE', {
    GET: needs('metadata_read', getManifestView),
    PATCH: needs('metadata_write', patchManifest),
    DELETE: needs('delete', removeManifest),
  }),
  at('/acr/v1/NAME', {
    GET: needs('metadata_read', getRepository),
    PATCH: needs('metadata_write', patchRepository),
    DELETE: needs('delete', removeRepository),
  }),
];

/** What the challenge asks for: docker expects a push to come with the right to pull. */
const scopes: Readonly<Partial<Record<Action, readonly string[]>>> = { push: ['pull', 'push'] };

/** Finds the route of an admitted request, then the caller and its right, and hands over. @throws Fault */
export async function route(visit: Visit, rooms: Rooms): Promise<Reply> {
  const { request } = visit;
  const path = decoded(request.path);
  for (const candidate of routes) {
    const match = candidate.path.exec(path);
    if (!match) continue;
    const method = Object.hasOwn(candidate.methods, request.method) ? candidate.methods[request.method] : undefined;
    if (!method)
      throw oci('UNSUPPORTED', {
        kind: 'methodNotAllowed',
        message: `${request.method} is not a method of this path`,
        headers: { allow: Object.keys(candidate.methods).join(', ') },
      });
    if (visit.registry.platform && (method.needs === 'open' || (method.needs !== 'signed-in' && !isOpen(method.needs))))
      throw oci('DENIED', { message: `'${visit.registry.loginServer}' is open to everybody for reading; nobody signs in or writes to it` });
    if (method.needs === 'open') {
      throttle(visit, rooms, undefined);
      return method.handle(visit, rooms);
    }

    const repository = match[1] === undefined ? undefined : checkedName(match[1]);
    const wanted = wantedFor(method.needs, repository);
    const caller = await authenticate(visit, rooms, wanted);
    throttle(visit, rooms, caller.identity);
    if (method.needs !== 'signed-in' && wanted) authorize(visit, caller, method.needs, wanted.name, wanted);
    return method.handle({ ...visit, caller, repository, reference: match[2] ?? '' }, rooms);
  }
  throw oci('UNSUPPORTED', { kind: 'notFound', message: "there is nothing at this path; the OCI distribution API is below /v2/, ACR's own below /acr/v1/" });
}

function wantedFor(right: 'signed-in' | Action, repository: RepositoryName | undefined): Wanted | undefined {
  if (right === 'signed-in') return undefined;
  if (right === 'catalog') return { type: 'registry', name: 'catalog', actions: ['*'] };
  return { type: 'repository', name: repository as string, actions: scopes[right] ?? [right] };
}

/** The path decoded once, before anything is read from it: what is checked is what is used. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw oci('NAME_INVALID', { message: 'the path is not percent-encoded UTF-8' });
  }
}

function checkedName(text: string): RepositoryName {
  const name = parseRepositoryName(text);
  if (name === undefined) throw oci('NAME_INVALID', { detail: { name: text.slice(0, 300) } });
  return name;
}
