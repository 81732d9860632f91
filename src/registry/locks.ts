/**
 * Locks: what the owner of a repository has switched off for it, for one tag or for one manifest. docs/sources.md#content-locks
 * A tag's lock and its manifest's are apart; a manifest goes only with its tags, so that their locks keep it too.
 */
import type { Fault } from '#base/fault.ts';
import type { TraceStep } from '#http/message.ts';
import { type Attributes, attributesOf, WHOLE_REPOSITORY } from '#store/attributes.ts';
import type { Database } from '#store/database.ts';
import type { RepositoryKey } from '#store/repositories.ts';
import { oci } from './faults.ts';

/** What `writeEnabled` forbids it forbids of deletion too. */
const forbids: Readonly<Record<'write' | 'delete' | 'read', (attributes: Attributes) => keyof Attributes | undefined>> = {
  write: ({ writeEnabled }) => (writeEnabled ? undefined : 'writeEnabled'),
  delete: ({ deleteEnabled, writeEnabled }) => (!deleteEnabled ? 'deleteEnabled' : writeEnabled ? undefined : 'writeEnabled'),
  read: ({ readEnabled }) => (readEnabled ? undefined : 'readEnabled'),
};

/**
 * @param items tags and digests that the operation is about; the repository itself is always asked
 * @throws Fault `REGISTRY_DISALLOWED_OPERATION` (405); which attribute of what it was is for `postern why` only
 */
export async function refuseLocked(
  database: Database,
  key: RepositoryKey,
  intent: keyof typeof forbids,
  items: readonly string[],
  trace: TraceStep[],
): Promise<void> {
  for (const [item, attributes] of await attributesOf(database, key, [WHOLE_REPOSITORY, ...items])) {
    const attribute = forbids[intent](attributes);
    if (attribute !== undefined) throw disallowed(trace, `${attribute} is false at '${named(key, item)}'`);
  }
}

/** Refuses a deletion that concerns all of the repository, when it or anything in it may not be deleted. @throws as `refuseLocked` */
export async function refuseLockedContent(database: Database, key: RepositoryKey, trace: TraceStep[]): Promise<void> {
  for (const [item, attributes] of await attributesOf(database, key)) {
    const attribute = forbids.delete(attributes);
    if (attribute !== undefined) throw disallowed(trace, `${attribute} is false at '${named(key, item)}'`);
  }
}

function named({ repository }: RepositoryKey, item: string): string {
  return item === WHOLE_REPOSITORY ? repository : `${repository}${item.includes(':') ? '@' : ':'}${item}`;
}

/** The refusal. @param why for the trace */
export function disallowed(trace: TraceStep[], why: string): Fault {
  trace.push({ check: 'lock', ok: false, detail: why });
  return oci('REGISTRY_DISALLOWED_OPERATION', { detail: {} });
}
