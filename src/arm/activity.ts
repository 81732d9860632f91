/**
 * The activity log: who did what to which resource, and what came of it. What was done is written in the transaction that did it; what was refused shortly after
 * it was answered, into a ring of its own, so that whoever is refused again and again drives out nothing but refusals. docs/sources.md#activity-log
 */
import type { Clock } from '#base/clock.ts';
import type { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import type { Log } from '#base/log.ts';
import { groupKeyOf, parseResourceId, type ResourceKey, subscriptionKeyOf } from '#base/resource-id.ts';
import type { Request } from '#http/message.ts';
import { type ActivityRecord, insertActivity, pruneActivity } from '#store/activity.ts';
import type { Database } from '#store/database.ts';
import type { Store, Transaction } from '#store/store.ts';
import { type Authority, actionFor } from './authorization.ts';
import type { Route } from './route.ts';
import { namespaceOf } from './types.ts';

/** How many events are kept, of each subscription, of what was done and of what was refused, and for how long, as in Azure. */
const KEPT = 20_000;
const KEPT_REFUSED = 2_000;
const KEPT_DAYS = 90;
/** How many refusals may wait to be written; and after how many events of a place and kind the old ones are looked for. */
const WAITING = 200;
const PRUNE_EVERY = 100;
/** Of ids and messages in events: both may be as long as a request allows. */
const MOST_CHARACTERS = 2_000;

/** What a request would change, in the words of the activity log. */
export interface Activity {
  /** `Microsoft.ContainerRegistry/registries/write`. */
  readonly action: string;
  /** As people read it: `Create or Update Container Registry`. */
  readonly name: string;
  /** The id of what it is done to, as the client wrote it. */
  readonly id: string;
}

/** What the log needs to know of a request. */
interface Cause {
  readonly request: Request;
  readonly authority: Authority;
  /** Where it came from, as the edge saw it. */
  readonly peer: string;
  readonly activity?: Activity | undefined;
}

/** What a request would change; undefined for one that only reads, or only asks. */
export function activityOf(asked: Route, method: string): Activity | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  if (asked.kind === 'resource') {
    const verb = method === 'DELETE' ? 'delete' : 'write';
    const words = wordsOf(asked.type.type);
    const name = asked.type.activity?.[verb] ?? (verb === 'delete' ? `Delete ${words}` : `Create or Update ${words}`);
    return { action: actionFor(asked.type, verb), name, id: asked.id.id };
  }
  if (asked.kind === 'action') return { action: asked.action.permission, name: asked.action.activity ?? capitals(asked.name), id: asked.id.id };
  if (asked.kind === 'tags') return { action: `Microsoft.Resources/tags/${method === 'DELETE' ? 'delete' : 'write'}`, name: 'Update Tags', id: asked.id.id };
  if (asked.kind === 'registration') {
    const verb = asked.register ? 'register' : 'unregister';
    const name = `${asked.register ? 'Register' : 'Unregister'} Subscription`;
    return { action: `${asked.namespace}/${verb}/action`, name, id: `${asked.at.id}/providers/${asked.namespace}` };
  }
  return undefined;
}

/** `Private Endpoint` of `Microsoft.Network/privateEndpoints`. */
function wordsOf(type: string): string {
  const last = type.slice(type.lastIndexOf('/') + 1);
  return capitals(last.endsWith('ies') ? `${last.slice(0, -3)}y` : last.replace(/(?<=[^s])s$/, ''));
}

function capitals(name: string): string {
  return name.replace(/[A-Z]/g, ' $&').replace(/^./, (first) => first.toUpperCase());
}

export class ActivityLog {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #newGuid: () => string;
  #waiting: ActivityRecord[] = [];
  #writing: Promise<void> | undefined;
  /** How many events were written since the start, by place and kind. */
  readonly #inserted = new Map<string, number>();

  constructor(options: { store: Store; clock: Clock; log: Log; newGuid: () => string }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#newGuid = options.newGuid;
  }

  /** Writes what the call does in the transaction that does it. `status` is what it will be answered with. */
  async done(call: Cause, { database }: Transaction, status: number): Promise<void> {
    if (!call.activity) return;
    await this.#insert(database, this.#record(call, call.activity, status, undefined));
  }

  /** Notes that nothing came of what the call asked for. Written soon, with whatever else was refused meanwhile; a crash in between loses it. */
  refused(call: Cause, fault: Fault): void {
    if (!call.activity) return;
    if (this.#waiting.length >= WAITING) this.#waiting.shift();
    this.#waiting.push(this.#record(call, call.activity, fault.status, fault));
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** When what was refused until now is written. */
  async settled(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0)
        await this.#store.write(async ({ database }) => {
          const records = this.#waiting;
          this.#waiting = [];
          for (const record of records) await this.#insert(database, record);
        });
    } catch (error) {
      this.#log.warn({ error: String(error) }, 'refusals could not be written to the activity log');
    }
  }

  async #insert(database: Database, record: ActivityRecord): Promise<void> {
    await insertActivity(database, record);
    const { place, refused } = record;
    const ring = `${place} ${refused}`;
    const before = this.#inserted.get(ring) ?? 0;
    this.#inserted.set(ring, before + 1);
    const oldest = new Date(this.#clock.now() - KEPT_DAYS * 24 * 60 * 60 * 1000).toISOString();
    if (before % PRUNE_EVERY === 0) await pruneActivity(database, { place, refused, keep: refused ? KEPT_REFUSED : KEPT, before: oldest });
  }

  #record(call: Cause, { action, name, id }: Activity, status: number, fault: Fault | undefined): ActivityRecord {
    const key = id.toLowerCase() as ResourceKey;
    const { identity, tenantId, client } = call.authority;
    const at = new Date(this.#clock.now()).toISOString();
    const caller = identity.upn ?? client;
    const correlationId = correlationOf(call);
    const place = subscriptionKeyOf(key);
    const group = groupKeyOf(key)?.split('/').at(-1) ?? '';
    const eventDataId = this.#newGuid();
    const namespace = namespaceOf(action);
    const reason = REASONS[status] ?? (fault ? 'InternalServerError' : 'OK');
    const outcome = fault ? 'Failed' : 'Succeeded';
    const resourceId = id.slice(0, MOST_CHARACTERS);
    const properties: JsonObject = {
      statusCode: reason,
      serviceRequestId: call.request.id,
      eventCategory: 'Administrative',
      entity: resourceId,
      ...(fault ? { statusMessage: JSON.stringify({ error: { code: fault.code, message: fault.message.slice(0, MOST_CHARACTERS) } }) } : {}),
    };
    const event: JsonObject = {
      authorization: { action, scope: resourceId },
      caller,
      channels: 'Operation',
      claims: claimsOf(call),
      correlationId,
      description: '',
      eventDataId,
      eventName: both('EndRequest', 'End request'),
      category: both('Administrative'),
      httpRequest: { clientRequestId: headerOf(call, 'x-ms-client-request-id') ?? call.request.id, clientIpAddress: call.peer, method: call.request.method },
      id: `${resourceId}/events/${eventDataId}/ticks/${ticks(this.#clock.now())}`,
      level: fault ? 'Error' : 'Informational',
      resourceGroupName: group,
      resourceProviderName: both(namespace),
      resourceId,
      resourceType: both(typeOf(id)),
      operationId: correlationId,
      operationName: both(action, name),
      properties,
      status: both(outcome),
      subStatus: both(reason, `${reason} (HTTP Status Code: ${status})`),
      eventTimestamp: at,
      submissionTimestamp: at,
      subscriptionId: place?.split('/').at(-1) ?? '',
      tenantId,
    };
    return {
      place: place ?? tenantPlace(tenantId),
      resource: key,
      resourceGroup: group,
      caller: caller.toLowerCase(),
      at,
      refused: fault !== undefined,
      correlationId: correlationId.toLowerCase(),
      event,
    };
  }
}

/** Where the events stand of what lies in no subscription. */
export function tenantPlace(tenantId: string): string {
  return `/tenants/${tenantId}`;
}

/** RFC 9110 section 15, without blanks, as Azure writes them. */
const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'NoContent',
  400: 'BadRequest',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  412: 'PreconditionFailed',
  413: 'RequestEntityTooLarge',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
};

function both(value: string, localizedValue = value): JsonObject {
  return { value, localizedValue };
}

function typeOf(id: string): string {
  try {
    return parseResourceId(id).type;
  } catch {
    return '';
  }
}

/** 100 ns since the year 1. */
function ticks(ms: number): string {
  return String(BigInt(ms) * 10_000n + 621_355_968_000_000_000n);
}

function headerOf({ request }: Cause, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value) ? value : undefined;
}

function correlationOf(call: Cause): string {
  return headerOf(call, 'x-ms-correlation-request-id') ?? call.request.id;
}

const CLAIMS = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
const IDENTITY = 'http://schemas.microsoft.com/identity/claims';

/** The claims of the caller's token by which Azure's log names it. */
function claimsOf({ authority }: Cause): JsonObject {
  const { objectId, tenantId, appId, upn, resourceId } = authority.identity;
  return {
    [`${IDENTITY}/objectidentifier`]: objectId,
    [`${IDENTITY}/tenantid`]: tenantId,
    ...(appId === undefined ? {} : { appid: appId }),
    ...(upn === undefined ? {} : { [`${CLAIMS}/upn`]: upn, [`${CLAIMS}/name`]: upn }),
    ...(resourceId === undefined ? {} : { xms_mirid: resourceId }),
  };
}
