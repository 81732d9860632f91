/** GET `.../providers/Microsoft.Insights/eventtypes/management/values`: the activity log of a subscription or of the tenant, the newest event first. */

import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import type { ResourceId, ResourceKey } from '#base/resource-id.ts';
import type { Reply } from '#http/message.ts';
import { type ActivityQuery, listActivity } from '#store/activity.ts';
import { tenantPlace } from './activity.ts';
import { pageReply } from './collections.ts';
import { type Call, type Engine, queryValue } from './engine.ts';
import { invalidSkipToken } from './faults.ts';

const READ = 'Microsoft.Insights/eventtypes/values/read';
const PAGE_SIZE = 200;

/** As a text or bare, as `az role assignment list-changelogs` writes both. */
const TERM = /^\s*(?<name>\w+)\s+(?<operator>eq|ge|le)\s+(?:'(?<text>(?:[^']|'')*)'|(?<bare>[^\s']+))\s*(?:and\s+(?=\S)|$)/i;

interface Wanted extends Omit<ActivityQuery, 'place' | 'before' | 'limit'> {
  readonly provider?: string;
  readonly status?: string;
}

/** Terms joined by `and`. @throws Fault `BadRequest` (invalid) */
export function parseActivityFilter(text: string | undefined): Wanted {
  const wanted: Record<string, string> = {};
  let rest = text?.trim() ?? '';
  while (rest !== '') {
    const match = TERM.exec(rest);
    const { name = '', operator = '', text: quoted, bare = '' } = match?.groups ?? {};
    const value = (quoted ?? bare).replaceAll("''", "'");
    const field = match ? FIELDS[`${name.toLowerCase()} ${operator.toLowerCase()}`] : undefined;
    if (!match || field === undefined) throw unsupported(text ?? '');
    if (field === 'from' || field === 'to') {
      const ms = Date.parse(/(?:z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`);
      if (Number.isNaN(ms)) throw unsupported(text ?? '');
      wanted[field] = new Date(ms).toISOString();
    } else if (field !== '') wanted[field] = value.toLowerCase();
    rest = rest.slice(match[0].length);
  }
  return wanted;
}

/** Empty: taken, and always so here. */
const FIELDS: Readonly<Record<string, string>> = {
  'eventtimestamp ge': 'from',
  'eventtimestamp le': 'to',
  'resourcegroupname eq': 'resourceGroup',
  'resourceuri eq': 'resource',
  'resourceid eq': 'resource',
  'resourceprovider eq': 'provider',
  'caller eq': 'caller',
  'correlationid eq': 'correlationId',
  'status eq': 'status',
  'eventchannels eq': '',
};

function unsupported(text: string): Fault {
  return new Fault(
    'invalid',
    'BadRequest',
    `The filter '${text.slice(0, 200)}' is not supported: it may have eventTimestamp with 'ge' and 'le', and resourceGroupName, resourceUri, resourceProvider, caller, correlationId and status with 'eq', joined by 'and'.`,
    { target: '$filter' },
  );
}

/** Whoever may read the log at the scope sees all of it; whoever may below it, what happened there. */
export async function activity(engine: Engine, call: Call, at: ResourceId | undefined): Promise<Reply> {
  const { authority, request } = call;
  if (!at || !authority.hasAccessWithin(at.key)) authority.require(READ, at?.id ?? '/');
  const { provider, status, ...query } = parseActivityFilter(queryValue(request.query, '$filter'));
  const token = queryValue(request.query, '$skiptoken');
  if (token !== undefined && !/^[1-9]\d{0,14}$/.test(token)) throw invalidSkipToken();
  const select = queryValue(request.query, '$select')
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  await engine.activity.settled();
  const place = at?.key ?? tenantPlace(authority.tenantId);
  const shown: JsonObject[] = [];
  let before = token === undefined ? undefined : Number(token);
  let more = true;
  // A page may be made of several reads: what the caller may not see, or has not asked for, is known only then.
  while (more && shown.length < PAGE_SIZE) {
    const found = await listActivity(engine.store.database, { ...query, place, before, limit: PAGE_SIZE });
    more = found.length === PAGE_SIZE;
    for (const { sequence, resource, event } of found) {
      if (shown.length === PAGE_SIZE) {
        more = true;
        break;
      }
      before = sequence;
      if (at && !authority.may(READ, resource as ResourceKey)) continue;
      const { resourceProviderName, status: outcome } = event as { resourceProviderName: { value: string }; status: { value: string } };
      if (provider !== undefined && resourceProviderName.value.toLowerCase() !== provider) continue;
      if (status !== undefined && outcome.value.toLowerCase() !== status) continue;
      shown.push(select ? Object.fromEntries(Object.entries(event).filter(([name]) => select.includes(name))) : (event as JsonObject));
    }
  }
  return pageReply(call, shown, more ? String(before) : undefined);
}
