/** Changeable attributes: what may not be done to a repository, a tag or a manifest. There is a record only where something may not. */
import type { Database } from './database.ts';
import type { RepositoryKey } from './repositories.ts';

export interface Attributes {
  readonly deleteEnabled: boolean;
  readonly writeEnabled: boolean;
  readonly listEnabled: boolean;
  readonly readEnabled: boolean;
}

export const ALL_ENABLED: Attributes = { deleteEnabled: true, writeEnabled: true, listEnabled: true, readEnabled: true };

/** The item that stands for the repository itself; others are tags and digests. */
export const WHOLE_REPOSITORY = '';

/** Of those items that have a record, in no particular order: the others have everything enabled. Without `items` all that have one. */
export async function attributesOf(
  database: Database,
  { registry, repository }: RepositoryKey,
  items?: readonly string[],
): Promise<ReadonlyMap<string, Attributes>> {
  let query = database.selectFrom('attributes').selectAll().where('registry', '=', registry).where('repository', '=', repository);
  // A manifest may have more tags than a statement has parameters.
  if (items && items.length <= 100) query = query.where('item', 'in', [...items]);
  const all = await query.execute();
  const rows = items && items.length > 100 ? all.filter(({ item }) => items.includes(item)) : all;
  return new Map(
    rows.map((row) => [
      row.item,
      {
        deleteEnabled: row.delete_enabled === 1,
        writeEnabled: row.write_enabled === 1,
        listEnabled: row.list_enabled === 1,
        readEnabled: row.read_enabled === 1,
      },
    ]),
  );
}

/** Sets them for an item that exists. */
export async function putAttributes(database: Database, { registry, repository }: RepositoryKey, item: string, attributes: Attributes): Promise<void> {
  if (Object.values(attributes).every((enabled) => enabled)) {
    await database.deleteFrom('attributes').where('registry', '=', registry).where('repository', '=', repository).where('item', '=', item).execute();
    return;
  }
  const values = {
    delete_enabled: Number(attributes.deleteEnabled),
    write_enabled: Number(attributes.writeEnabled),
    list_enabled: Number(attributes.listEnabled),
    read_enabled: Number(attributes.readEnabled),
  };
  await database
    .insertInto('attributes')
    .values({ registry, repository, item, ...values })
    .onConflict((conflict) => conflict.columns(['registry', 'repository', 'item']).doUpdateSet(values))
    .execute();
}
