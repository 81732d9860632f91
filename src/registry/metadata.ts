/**
 * Repositories as ACR's own API shows them, below /acr/v1: what there is, since when, how large, and what may be done with it. docs/sources.md#content-metadata
 */
import type { Digest } from '#base/digest.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { readJson } from '#http/body.ts';
import { jsonReply, type Reply } from '#http/message.ts';
import { ALL_ENABLED, type Attributes, attributesOf, putAttributes, WHOLE_REPOSITORY } from '#store/attributes.ts';
import type { Database } from '#store/database.ts';
import {
  deleteRepository,
  type ManifestView,
  manifestViewOf,
  manifestViews,
  repositoryView,
  type TagView,
  tagViewOf,
  tagViews,
  type ViewPage,
} from '#store/repository-views.ts';
import { checkedDigest } from './blobs.ts';
import { type Call, type Rooms, refuseDeleted, repositoryOf } from './call.ts';
import { oci } from './faults.ts';
import { refuseLockedContent } from './locks.ts';
import { checkedTag, deleteManifestOrTag, manifestBytes, unknownReference } from './manifests.ts';
import { pageOf } from './paging.ts';

/** What clients get that name no length, as az does. */
const DEFAULT_PAGE = 100;

function whose(call: Call): { registry: string; imageName: string } {
  return { registry: call.registry.loginServer, imageName: repositoryOf(call).repository };
}

/** GET /acr/v1/NAME. */
export async function getRepository(call: Call, rooms: Rooms): Promise<Reply> {
  return jsonReply(200, await shownRepository(call, rooms.store.database));
}

async function shownRepository(call: Call, database: Database): Promise<object> {
  const key = repositoryOf(call);
  const view = await repositoryView(database, key);
  if (!view) throw unknownName(call);
  const attributes = (await attributesOf(database, key, [WHOLE_REPOSITORY])).get(WHOLE_REPOSITORY) ?? ALL_ENABLED;
  return {
    ...whose(call),
    createdTime: view.createdAt,
    lastUpdateTime: view.updatedAt,
    manifestCount: view.manifests,
    tagCount: view.tags,
    changeableAttributes: { ...attributes, teleportEnabled: false },
  };
}

/** PATCH /acr/v1/NAME. */
export async function patchRepository(call: Call, rooms: Rooms): Promise<Reply> {
  const shown = await change(call, rooms, async (database) => {
    if (!(await repositoryView(database, repositoryOf(call)))) throw unknownName(call);
    return { item: WHOLE_REPOSITORY, show: () => shownRepository(call, database) };
  });
  return jsonReply(200, shown);
}

/** DELETE /acr/v1/NAME: every manifest and tag, unless one of them is locked. */
export async function removeRepository(call: Call, rooms: Rooms): Promise<Reply> {
  const key = repositoryOf(call);
  const { value: deleted } = await rooms.store.write(async ({ database }) => {
    if (!(await repositoryView(database, key))) throw unknownName(call);
    await refuseLockedContent(database, key, call.request.trace);
    return deleteRepository(database, key);
  });
  return jsonReply(202, { manifestsDeleted: deleted.manifests, tagsDeleted: deleted.tags });
}

/** GET /acr/v1/NAME/_tags; with `digest` those of one manifest. */
export async function listTagViews(call: Call, rooms: Rooms): Promise<Reply> {
  const { request } = call;
  const digest = request.query.get('digest');
  const key = repositoryOf(call);
  const list = (page: ViewPage): Promise<TagView[]> => tagViews(rooms.store.database, key, page, digest === null ? undefined : checkedDigest(digest));
  const find = async (name: string) => (await tagViewOf(rooms.store.database, key, checkedTag(name)))?.updatedAt;
  const { items, headers } = await pageOfViews(call, '_tags', list, find, ({ name, updatedAt }) => [name, updatedAt]);
  if (items.length === 0 && !(await repositoryView(rooms.store.database, key))) throw unknownName(call);
  return jsonReply(200, { ...whose(call), tags: items.map(shownTag) }, headers);
}

function shownTag({ name, digest, createdAt, updatedAt, attributes }: TagView): object {
  return { name, digest, createdTime: createdAt, lastUpdateTime: updatedAt, signed: false, changeableAttributes: attributes };
}

async function tagOf(call: Call, database: Database): Promise<object> {
  const view = await tagViewOf(database, repositoryOf(call), checkedTag(call.reference));
  if (!view) throw unknownReference(call);
  return { ...whose(call), tag: shownTag(view) };
}

/** GET /acr/v1/NAME/_tags/TAG. */
export async function getTagView(call: Call, rooms: Rooms): Promise<Reply> {
  return jsonReply(200, await tagOf(call, rooms.store.database));
}

/** PATCH /acr/v1/NAME/_tags/TAG. */
export async function patchTag(call: Call, rooms: Rooms): Promise<Reply> {
  const shown = await change(call, rooms, async (database) => {
    await tagOf(call, database);
    return { item: call.reference, show: () => tagOf(call, database) };
  });
  return jsonReply(200, shown);
}

/** DELETE /acr/v1/NAME/_tags/TAG: the tag alone; its manifest stays. */
export async function untag(call: Call, rooms: Rooms): Promise<Reply> {
  checkedTag(call.reference);
  return deleteManifestOrTag(call, rooms);
}

/** GET /acr/v1/NAME/_manifests. */
export async function listManifestViews(call: Call, rooms: Rooms): Promise<Reply> {
  const key = repositoryOf(call);
  const list = (page: ViewPage): Promise<ManifestView[]> => manifestViews(rooms.store.database, key, page);
  const find = async (digest: string) => (await manifestViewOf(rooms.store.database, key, checkedDigest(digest)))?.createdAt;
  const { items, headers } = await pageOfViews(call, '_manifests', list, find, ({ digest, createdAt }) => [digest, createdAt]);
  if (items.length === 0 && !(await repositoryView(rooms.store.database, key))) throw unknownName(call);
  const manifests: object[] = [];
  for (const item of items) manifests.push(await shownManifest(item, rooms));
  return jsonReply(200, { ...whose(call), manifests }, headers);
}

async function manifestOf(call: Call, rooms: Rooms, database: Database): Promise<object> {
  const view = await manifestViewOf(database, repositoryOf(call), checkedDigest(call.reference));
  if (!view) throw unknownReference(call);
  return { ...whose(call), manifest: await shownManifest(view, rooms) };
}

/** GET /acr/v1/NAME/_manifests/DIGEST. */
export async function getManifestView(call: Call, rooms: Rooms): Promise<Reply> {
  return jsonReply(200, await manifestOf(call, rooms, rooms.store.database));
}

/** PATCH /acr/v1/NAME/_manifests/DIGEST. */
export async function patchManifest(call: Call, rooms: Rooms): Promise<Reply> {
  const shown = await change(call, rooms, async (database) => {
    const digest = checkedDigest(call.reference);
    if (!(await manifestViewOf(database, repositoryOf(call), digest))) throw unknownReference(call);
    return { item: digest, show: () => manifestOf(call, rooms, database) };
  });
  return jsonReply(200, shown);
}

/** DELETE /acr/v1/NAME/_manifests/DIGEST: with every tag that names it. */
export async function removeManifest(call: Call, rooms: Rooms): Promise<Reply> {
  checkedDigest(call.reference);
  return deleteManifestOrTag(call, rooms);
}

/** Whatever stands below /acr/v1/_deleted. @throws Fault `UNSUPPORTED` (405) always: az prints its message */
export async function refuseDeletedContent(): Promise<Reply> {
  throw oci('UNSUPPORTED', {
    kind: 'methodNotAllowed',
    message: 'Soft delete is not served here: what is deleted is gone at once, so there is nothing to list and nothing to restore.',
  });
}

/** Changes the attributes that the body names of what `find` finds, and shows it. Others stay; to unlock is never forbidden by a lock. */
async function change(call: Call, rooms: Rooms, find: (database: Database) => Promise<{ readonly item: string; show(): Promise<object> }>): Promise<object> {
  const changed = attributesIn(await readJson(call.request));
  const { value } = await rooms.store.write(async ({ database }) => {
    refuseDeleted(call, rooms);
    const { item, show } = await find(database);
    const key = repositoryOf(call);
    const before = (await attributesOf(database, key, [item])).get(item) ?? ALL_ENABLED;
    await putAttributes(database, key, item, { ...before, ...changed });
    return show();
  });
  return value;
}

/** @throws Fault `UNSUPPORTED` (400) when the body is no object or an attribute no boolean */
function attributesIn(body: unknown): Partial<Attributes> {
  const invalid = (message: string): Error => oci('UNSUPPORTED', { message });
  if (!isJsonObject(body)) throw invalid('the body must be a JSON object of attributes: deleteEnabled, writeEnabled, listEnabled, readEnabled');
  const given: Record<string, boolean> = {};
  for (const name of Object.keys(ALL_ENABLED)) {
    const value = (body as JsonObject)[name] ?? undefined;
    if (value === undefined) continue;
    if (typeof value !== 'boolean') throw invalid(`${name} must be true or false`);
    given[name] = value;
  }
  return given;
}

const ORDERS: Readonly<Record<string, ViewPage['order']>> = { '': 'name', none: 'name', timeasc: 'oldest', timedesc: 'newest' };

/**
 * One page of a list, and the Link that leads on (its query is all that az takes of it): the last item's name, and where the order is by time its time too, so that the
 * next page does not depend on an item that may be gone by then.
 * @throws Fault `UNSUPPORTED` for an order that there is not
 */
async function pageOfViews<T>(
  { request, repository }: Call,
  collection: string,
  list: (page: ViewPage) => Promise<T[]>,
  timeOf: (name: string) => Promise<string | undefined>,
  place: (item: T) => readonly [name: string, at: string],
): Promise<{ items: T[]; headers: Record<string, string> }> {
  const orderby = request.query.get('orderby') ?? '';
  const order = Object.hasOwn(ORDERS, orderby) ? ORDERS[orderby] : undefined;
  if (order === undefined) throw oci('UNSUPPORTED', { message: `orderby must be timeasc or timedesc, not '${orderby.slice(0, 100)}'` });
  const { limit, after } = pageOf(request, DEFAULT_PAGE);
  const at = after === '' || order === 'name' ? undefined : (request.query.get('lasttime') ?? (await timeOf(after)));
  // Where in time an item stood that is gone nobody knows.
  if (limit === 0 || (after !== '' && order !== 'name' && at === undefined)) return { items: [], headers: {} };
  const items = await list({ order, after: after === '' ? undefined : { name: after, at }, limit: limit + 1 });
  if (items.length <= limit) return { items, headers: {} };
  items.pop();
  const [name, time] = place(items.at(-1) as T);
  const query = new URLSearchParams({ last: name, n: String(limit), orderby, ...(order === 'name' ? {} : { lasttime: time }) });
  return { items, headers: { link: `</acr/v1/${repository}/${collection}?${query}>; rel="next"` } };
}

/** Larger ones are no image's configuration. */
const CONFIG_LIMIT_BYTES = 1024 * 1024;

/** What ACR tells of a manifest: of its own document, and of an image's configuration which processor and system it is for. */
async function shownManifest({ digest, mediaType, createdAt, tags, attributes, size }: ManifestView, rooms: Rooms): Promise<object> {
  const document = parsed(await manifestBytes(rooms, digest));
  const [config, layers, children] = [document.config, listIn(document.layers), listIn(document.manifests)];
  const isImage = isJsonObject(config);
  const platform = isImage ? await platformOf(config as JsonObject, rooms) : {};
  return {
    digest,
    // What a pull of the image takes: its configuration and layers. A list has the size of its own.
    imageSize: isImage ? [config, ...layers].reduce<number>((sum, item) => sum + Number((item as JsonObject).size ?? 0), 0) : size,
    createdTime: createdAt,
    lastUpdateTime: createdAt,
    ...platform,
    mediaType,
    ...(isImage && typeof (config as JsonObject).mediaType === 'string' ? { configMediaType: (config as JsonObject).mediaType } : {}),
    ...(children.length > 0 ? { references: children.map(reference) } : {}),
    ...(tags.length > 0 ? { tags } : {}),
    changeableAttributes: attributes,
  };
}

function parsed(bytes: Buffer): JsonObject {
  return JSON.parse(bytes.toString('utf8')) as JsonObject;
}

function listIn(value: unknown): JsonObject[] {
  return Array.isArray(value) ? (value as JsonObject[]) : [];
}

function reference({ digest, platform }: JsonObject): object {
  const { architecture, os } = (isJsonObject(platform) ? platform : {}) as JsonObject;
  return { digest, ...(typeof architecture === 'string' ? { architecture } : {}), ...(typeof os === 'string' ? { os } : {}) };
}

/** From the configuration, where it is one that says so. */
async function platformOf({ digest }: JsonObject, rooms: Rooms): Promise<{ architecture?: string; os?: string }> {
  const stat = await rooms.blobs.stat(digest as Digest);
  if (!stat || stat.size > CONFIG_LIMIT_BYTES) return {};
  try {
    const { architecture, os } = parsed(await manifestBytes(rooms, digest as Digest));
    return { ...(typeof architecture === 'string' ? { architecture } : {}), ...(typeof os === 'string' ? { os } : {}) };
  } catch {
    // An artifact's configuration may be anything.
    return {};
  }
}

function unknownName(call: Call): Error {
  return oci('NAME_UNKNOWN', { detail: { name: call.repository } });
}
