/** The activity log's events, as records: newest last, bounded in number and age at each place. What an event says is the engine's business. */
import type { Database } from './database.ts';

export interface ActivityRecord {
  /** The subscription's key, or what stands for a tenant; lower case, as are the next three and the correlation id. */
  readonly place: string;
  readonly resource: string;
  /** The resource group's name; empty above one. */
  readonly resourceGroup: string;
  readonly caller: string;
  /** ISO 8601. */
  readonly at: string;
  /** Whether nothing came of it. */
  readonly refused: boolean;
  readonly correlationId: string;
  readonly event: object;
}

export interface ActivityQuery {
  readonly place: string;
  /** ISO 8601, both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly resource?: string | undefined;
  readonly resourceGroup?: string | undefined;
  readonly caller?: string | undefined;
  readonly correlationId?: string | undefined;
  /** Only events before this one. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export async function insertActivity(database: Database, record: ActivityRecord): Promise<void> {
  await database
    .insertInto('activity_events')
    .values({
      subscription: record.place,
      at: record.at,
      refused: record.refused ? 1 : 0,
      resource: record.resource,
      resource_group: record.resourceGroup,
      caller: record.caller,
      correlation_id: record.correlationId,
      event: JSON.stringify(record.event),
    })
    .execute();
}

/** Events that the query asks for, the newest first, each with its place in the order. */
export async function listActivity(database: Database, query: ActivityQuery): Promise<{ sequence: number; resource: string; event: object }[]> {
  let select = database.selectFrom('activity_events').select(['sequence', 'resource', 'event']).where('subscription', '=', query.place);
  if (query.from !== undefined) select = select.where('at', '>=', query.from);
  if (query.to !== undefined) select = select.where('at', '<=', query.to);
  if (query.resource !== undefined) select = select.where('resource', '=', query.resource);
  if (query.resourceGroup !== undefined) select = select.where('resource_group', '=', query.resourceGroup);
  if (query.caller !== undefined) select = select.where('caller', '=', query.caller);
  if (query.correlationId !== undefined) select = select.where('correlation_id', '=', query.correlationId);
  if (query.before !== undefined) select = select.where('sequence', '<', query.before);
  const rows = await select.orderBy('sequence', 'desc').limit(query.limit).execute();
  return rows.map(({ sequence, resource, event }) => ({ sequence, resource, event: JSON.parse(event) as object }));
}

/** Forgets all but the newest `keep` events of a kind at a place, and those from before a time (ISO 8601). */
export async function pruneActivity(database: Database, options: { place: string; refused: boolean; keep: number; before: string }): Promise<void> {
  const kind = options.refused ? 1 : 0;
  const old = database.deleteFrom('activity_events').where('subscription', '=', options.place).where('refused', '=', kind);
  await old.where('at', '<', options.before).execute();
  const last = await database
    .selectFrom('activity_events')
    .select('sequence')
    .where('subscription', '=', options.place)
    .where('refused', '=', kind)
    .orderBy('at', 'desc')
    .orderBy('sequence', 'desc')
    .limit(1)
    .offset(options.keep)
    .executeTakeFirst();
  if (last) await old.where('sequence', '<=', last.sequence).execute();
}
