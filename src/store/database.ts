/** The database: Kysely over node:sqlite, one connection that writes and one that only reads. */
import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { Fault } from '#base/fault.ts';
import { migrations } from './migrations.ts';
import type { Tables } from './tables.ts';

export type Database = Kysely<Tables>;

/** node:sqlite in the shape that Kysely's SQLite dialect asks for, with prepared statements kept by their text. */
function adapt(connection: DatabaseSync): ConstructorParameters<typeof SqliteDialect>[0]['database'] {
  const statements = new Map<string, { statement: StatementSync; reader: boolean }>();
  const prepare = (sql: string) => {
    let kept = statements.get(sql);
    if (!kept) {
      const statement = connection.prepare(sql);
      kept = { statement, reader: statement.columns().length > 0 };
      // Texts are few: values are parameters. The bound is for list lengths inside `in (...)`.
      if (statements.size > 500) statements.clear();
      statements.set(sql, kept);
    }
    const { statement, reader } = kept;
    type Parameters = Parameters_<StatementSync['all']>;
    return {
      reader,
      all: (parameters: readonly unknown[]) => statement.all(...(parameters as Parameters)),
      run(parameters: readonly unknown[]) {
        // A full disk has SQLite roll back by itself (sqlite.org/lang_transaction.html, section 3.3); a second time fails and would hide why.
        if (sql === 'rollback' && !connection.isTransaction) return { changes: 0, lastInsertRowid: 0 };
        return statement.run(...(parameters as Parameters));
      },
      iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as Parameters)) as IterableIterator<unknown>,
    };
  };
  return { close: () => connection.close(), prepare };
}
type Parameters_<F> = F extends (...parameters: infer P) => unknown ? P : never;

export interface OpenDatabase {
  readonly writer: Database;
  /** Sees committed state only; the same connection as the writer for `:memory:`. */
  readonly reader: Database;
  close(): Promise<void>;
}

/** sqlite.org/rescode.html: SQLITE_IOERR in its many forms, and SQLITE_FULL. */
const IO_ERROR = 10;
const FULL = 13;

/** What SQLite threw, as a Fault when the disk is full; everything else as it is. */
export function storageFault(thrown: unknown): unknown {
  if ((thrown as { errcode?: number } | undefined)?.errcode !== FULL) return thrown;
  return new Fault(
    'insufficientStorage',
    'InsufficientStorage',
    'The server has no space left on its disk. Nothing of this request was kept; free space and try again.',
    {
      cause: thrown,
    },
  );
}

/**
 * Opens and migrates the database file, or `:memory:`.
 * WAL with synchronous FULL: a commit that returned has been synced to the file (sqlite.org/pragma.html#pragma_synchronous).
 * @throws Fault `DataFolderTooNew` when a newer version of Postern wrote it, `DatabaseNotUsable` when the file cannot be opened, read or written.
 */
export function openDatabase(path: string): OpenDatabase {
  try {
    return opened(path);
  } catch (thrown) {
    const code = (thrown as { errcode?: number }).errcode;
    if (code === undefined) throw thrown;
    const advice =
      (code & 0xff) === IO_ERROR || code === FULL ? 'See whether its disk is full or failing' : 'See whether it is a database of Postern and may be written';
    throw new Fault(
      'unavailable',
      'DatabaseNotUsable',
      `The database '${path}' cannot be used: ${(thrown as Error).message}. ${advice}, or give another folder with --data.`,
      {
        cause: thrown,
      },
    );
  }
}

function opened(path: string): OpenDatabase {
  const memory = path === ':memory:';
  // Made first, for its user only; the files beside it get its mode (sqlite.org/wal.html, section 2.3).
  if (!memory) {
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
  }
  const write = new DatabaseSync(path);
  write.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma busy_timeout = 5000;');
  const { user_version: version } = write.prepare('pragma user_version').get() as { user_version: number };
  if (version > migrations.length) {
    write.close();
    throw new Fault(
      'conflict',
      'DataFolderTooNew',
      `'${path}' has schema version ${version}, written by a newer Postern; this one knows versions up to ${migrations.length}. Run the newer version, or give another folder with --data.`,
    );
  }
  for (let next = version; next < migrations.length; next++) {
    write.exec(`begin immediate; ${migrations[next]}; pragma user_version = ${next + 1}; commit;`);
  }
  const writer = new Kysely<Tables>({ dialect: new SqliteDialect({ database: adapt(write) }) });
  if (memory) return { writer, reader: writer, close: () => writer.destroy() };
  const read = new DatabaseSync(path, { readOnly: true });
  read.exec('pragma busy_timeout = 5000;');
  const reader = new Kysely<Tables>({ dialect: new SqliteDialect({ database: adapt(read) }) });
  return {
    writer,
    reader,
    async close() {
      await reader.destroy();
      await writer.destroy();
    },
  };
}
