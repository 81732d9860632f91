/** One request to the directory, and what all its answers share: lists by pages, single objects, bodies by their schemas, and refusals. */
import { Fault } from '#base/fault.ts';
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import { check, z } from '#base/schema.ts';
import { readJson } from '#http/body.ts';
import { jsonReply, type Reply, type Request } from '#http/message.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import type { Directory } from './directory.ts';
import type { Identity, Tokens } from './tokens.ts';

export interface GraphOptions {
  readonly tokens: Pick<Tokens, 'verifyAccess' | 'tenantId'>;
  readonly directory: Directory;
  readonly snapshot: () => Snapshot;
}

/** What a path names behind a set: an object id, or an appId where the path says so. Lower case. */
export interface Key {
  readonly by: 'id' | 'appId';
  readonly value: string;
}

export interface Call extends GraphOptions {
  readonly request: Request;
  /** Who asks: what is shown is of this tenant. */
  readonly identity: Identity;
  readonly key: Key;
  /** What the path names further on: the member of a group, a credential. Lower case; '' where it names nothing. */
  readonly inner: string;
}
export type Handler = (call: Call) => Promise<Reply>;
/** Paths (lower case, `*` where one names an object) with their methods. */
export type Routes = Readonly<Record<string, Readonly<Record<string, Handler>>>>;

/** Graph's own limits: a page, and the name of an object. */
const PAGE_SIZE = 999;
export const NAME_CHARACTERS = 256;
const BODY_BYTES = 256 * 1024;

export const displayName = z.string().min(1).max(NAME_CHARACTERS);
export const time = z
  .string()
  .refine((text) => /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)), 'it is no time, for example 2030-01-01T00:00:00Z');

export function contextOf({ request }: Call, set: string): string {
  return `https://${request.authority}/v1.0/$metadata#${set}`;
}

/** A single object of a set, or of a type (`microsoft.graph.passwordCredential`) that is in none. */
export function one(call: Call, status: number, set: string, object: JsonObject): Reply {
  const context = set.startsWith('microsoft.graph.') ? set : `${set}/$entity`;
  return jsonReply(status, { '@odata.context': contextOf(call, context), ...object });
}

/** One page of a list, in order of the ids; `$skiptoken` is the last id of the page before. `$select`, `$count` and `$orderby` change nothing. */
export async function page<T extends { readonly id: string }>(
  call: Call,
  set: string,
  items: readonly T[],
  present: (item: T) => Promise<JsonObject>,
): Promise<Reply> {
  const { query, authority, path } = call.request;
  if (query.has('$search')) throw new Fault('invalid', 'Request_UnsupportedQuery', "'$search' is not supported; use $filter.");
  const top = query.get('$top') ?? String(PAGE_SIZE);
  if (!/^[1-9]\d{0,2}$/.test(top))
    throw new Fault('invalid', 'Request_UnsupportedQuery', `Invalid $top '${top.slice(0, 60)}': it is a whole number from 1 to ${PAGE_SIZE}.`);
  const after = query.get('$skiptoken') ?? '';
  const rest = items.filter(({ id }) => id > after).sort((a, b) => (a.id < b.id ? -1 : 1));
  const shown = rest.slice(0, Number(top));
  const next = new URLSearchParams([...query].filter(([name]) => name !== '$skiptoken'));
  next.set('$skiptoken', shown.at(-1)?.id ?? '');
  return jsonReply(200, {
    '@odata.context': contextOf(call, set),
    ...(rest.length > shown.length ? { '@odata.nextLink': `https://${authority}${path}?${next}` } : {}),
    value: await Promise.all(shown.map(present)),
  });
}

/**
 * The body by its schema. Other properties may be there when they say nothing, or what is so anyway (`constants`): what is not kept is not taken.
 * @throws Fault `Request_BadRequest` (invalid), with all that is wrong
 */
export async function bodyOf<T extends object>({ request }: Call, schema: z.ZodType<T>, constants: JsonObject): Promise<T> {
  const body = await readJson(request, BODY_BYTES);
  const { value, faults = [] } = check(schema, body);
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const kept = ([name, given]: [string, Json | undefined]): boolean =>
    known.includes(name) || isEmpty(given) || JSON.stringify(given) === JSON.stringify(constants[name]);
  const wrong = [
    ...faults.map(({ message }) => message),
    ...(isJsonObject(body) ? Object.entries(body) : [])
      .filter((entry) => !kept(entry))
      .map(([name]) => `The property '${name.slice(0, 100)}' cannot be set here.`),
  ];
  if (wrong.length > 0) throw bad(wrong.slice(0, 10).join(' '));
  return value as T;
}

function isEmpty(value: Json | undefined): boolean {
  return value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** @throws Fault `Request_ResourceNotFound` (notFound) */
export function notFound(key: string): never {
  throw new Fault(
    'notFound',
    'Request_ResourceNotFound',
    `Resource '${key.slice(0, 100)}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

/** A `Request_BadRequest`, to be thrown: what was asked for cannot be. */
export function bad(message: string): Fault {
  return new Fault('invalid', 'Request_BadRequest', message);
}
