/** From when on a user's sign-ins hold: those before were revoked. Refresh tokens themselves are not stored; see `identity/user-sign-in.ts`. */
import type { Database } from './database.ts';

/** Ends every sign-in of a user that began before `atMs` (ms since 1970), or at that moment. */
export async function revokeSignIns(database: Database, objectId: string, atMs: number): Promise<void> {
  await database
    .insertInto('sign_in_revocations')
    .values({ object_id: objectId, at_ms: atMs })
    .onConflict((conflict) => conflict.column('object_id').doUpdateSet({ at_ms: atMs }))
    .execute();
}

/** When a user's sign-ins were last revoked, in ms since 1970; undefined when they never were. */
export async function signInsRevokedAt(database: Database, objectId: string): Promise<number | undefined> {
  const row = await database.selectFrom('sign_in_revocations').select('at_ms').where('object_id', '=', objectId).executeTakeFirst();
  return row?.at_ms;
}
