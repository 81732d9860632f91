/** Lists of resources: of one type at a scope, and the generic list of everything tracked that clients search by name. */
import type { JsonObject } from '#base/json.ts';
import { jsonReply, type Reply } from '#http/message.ts';
import { actionFor } from './authorization.ts';
import { absoluteUrl, type Call, committed, type Engine, queryValue } from './engine.ts';
import { envelopeOf } from './envelope.ts';
import { requireScope } from './existence.ts';
import { resourceNotFound } from './faults.ts';
import { type Filter, parseFilter } from './filter.ts';
import { parseResource } from './lookup.ts';
import { cut, type Page, parsePage, skipTokenAfter } from './paging.ts';
import type { Resource, ResourceLookup, ResourceType } from './resource-type.ts';
import type { Route } from './route.ts';
import { committedTo } from './tenancy.ts';
import { principalsOf } from './work.ts';

type Collection = Extract<Route, { kind: 'collection' }>;

/** GET of a collection. The caller needs the right to read the type at the list's scope; resource groups are shown as far as each may be read. */
export async function list(engine: Engine, call: Call, collection: Collection): Promise<Reply> {
  const { types, scope, at } = collection;
  const reader = committedTo(engine, call);
  const groups = types[0]?.type === 'Microsoft.Resources/resourceGroups';
  if (!groups || scope === '/' || !call.authority.hasAccessWithin(scope))
    for (const type of types) call.authority.require(actionFor(type, 'read'), at?.id ?? '/');
  await requireScope(scope, reader);
  if (at && !(await reader.get(at.key))) throw resourceNotFound(at);
  const page = pageOf(call);
  const text = queryValue(call.request.query, '$filter');
  const [type] = types;
  // The common case reads one page from the store, not the whole list.
  const narrowed = narrowing(call, types);
  if (type && types.length === 1 && !type.list && !groups && scope !== '/' && narrowed.length === 0 && (text ?? '').trim() === '') {
    const records = await engine.store.resources.list({
      type: type.type,
      under: scope,
      limit: page.size + 1,
      ...(page.after === undefined ? {} : { after: page.after }),
    });
    const items = records.slice(0, page.size).map(parseResource);
    const last = items.at(-1);
    return pageReply(call, await envelopes(engine, items, reader), records.length > page.size && last ? skipTokenAfter(last.key) : undefined);
  }
  const found: Resource[] = [];
  const filter = type?.list ? undefined : parseFilter(text);
  for (const each of types)
    found.push(...(each.list ? await each.list(scope, text, reader, principalsOf(engine, call.authority)) : await reader.list(each.type, scope)));
  let visible = groups ? found.filter(({ key }) => call.authority.may(actionFor(type as ResourceType, 'read'), key)) : found;
  for (const stays of narrowed) visible = visible.filter(stays);
  visible.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  if (!filter || filter.empty) {
    const part = cut(visible, ({ key }) => key, page);
    return pageReply(call, await envelopes(engine, part.items, reader), part.next);
  }
  return filteredReply(call, await envelopes(engine, visible, reader), filter, page);
}

/** The parameters of a request that narrow lists of these types. One that is empty narrows nothing. */
function narrowing(call: Call, types: readonly ResourceType[]): ((resource: Resource) => boolean)[] {
  return Object.entries(types[0]?.listParameters ?? {}).flatMap(([name, stays]) => {
    const text = queryValue(call.request.query, name) ?? '';
    return text === '' ? [] : [(resource: Resource): boolean => stays(resource, text)];
  });
}

/** GET of `/subscriptions/S/resources` or a resource group's: whatever is tracked (has a location) and may be read by the caller. */
export async function listTracked(engine: Engine, call: Call, at: NonNullable<Collection['at']>): Promise<Reply> {
  const reader = committed(engine);
  if (!call.authority.hasAccessWithin(at.key)) call.authority.require('Microsoft.Resources/subscriptions/resources/read', at.id);
  await requireScope(at.key, reader);
  const filter = parseFilter(queryValue(call.request.query, '$filter'));
  const expand = new Set((queryValue(call.request.query, '$expand') ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const wanted = filter.resourceType === undefined ? undefined : engine.types.find(filter.resourceType);
  if (filter.resourceType !== undefined && !wanted) return pageReply(call, [], undefined);
  const items: { key: string; item: JsonObject }[] = [];
  for (const record of await engine.store.resources.list({ under: at.key, ...(wanted ? { type: wanted.type } : {}) })) {
    const type = engine.types.find(record.type);
    if (!type || type.location === 'none' || type.type === 'Microsoft.Resources/resourceGroups') continue;
    if (!call.authority.may(actionFor(type, 'read'), record.key)) continue;
    const { location, tags, sku, identity, kind, systemData } = record.body;
    // A child's name has its parents' before it, here as in Azure's own list.
    const name = parseResource(record).resourceId.names.join('/');
    const item: JsonObject = { id: record.id, name, type: record.type, location, tags: tags && { ...tags }, sku, identity, kind };
    if (expand.has('provisioningstate')) item.provisioningState = engine.operations.provisioningState(record.key);
    if (expand.has('createdtime')) item.createdTime = systemData?.createdAt;
    if (expand.has('changedtime')) item.changedTime = systemData?.lastModifiedAt;
    if (filter.matches(item)) items.push({ key: record.key, item });
  }
  const part = cut(items, ({ key }) => key, pageOf(call));
  return pageReply(
    call,
    part.items.map(({ item }) => item),
    part.next,
  );
}

async function envelopes(engine: Engine, resources: readonly Resource[], reader: ResourceLookup): Promise<JsonObject[]> {
  const shown: JsonObject[] = [];
  for (const resource of resources) shown.push(await envelopeOf(engine, resource, reader));
  return shown;
}

function filteredReply(call: Call, items: readonly JsonObject[], filter: Filter, page: Page): Reply {
  const keyOf = (item: JsonObject): string => String(item.id).toLowerCase();
  const part = cut(
    items.filter((item) => filter.matches(item)),
    keyOf,
    page,
  );
  return pageReply(call, part.items, part.next);
}

export function pageOf(call: Call): Page {
  return parsePage(queryValue(call.request.query, '$top'), queryValue(call.request.query, '$skiptoken'));
}

/** `{value, nextLink?}`; the link repeats the request with the token of the next page. */
export function pageReply(call: Call, value: readonly object[], next: string | undefined): Reply {
  if (next === undefined) return jsonReply(200, { value });
  const query: Record<string, string> = {};
  for (const [name, text] of call.request.query) if (name.toLowerCase() !== '$skiptoken') query[name] = text;
  return jsonReply(200, { value, nextLink: absoluteUrl(call, call.request.path, { ...query, $skiptoken: next }) });
}
