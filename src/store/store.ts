/** The store: records, transactions and the one feed of resource changes. Keeps records and no rule of Azure or OCI. */
import { type Database, openDatabase, storageFault } from './database.ts';
import { type ChangeLog, type ResourceChange, ResourceReader, ResourceWriter } from './resources.ts';

/** What one committed transaction did to the resources. */
export interface Change {
  readonly revision: number;
  readonly resources: readonly ResourceChange[];
}

export interface Transaction {
  readonly resources: ResourceWriter;
  /** For the store's other record files (`repositories.ts`, `principals.ts`...), which take it as their first argument. */
  readonly database: Database;
  /** What has been changed so far, each resource once, in the order of their first change. */
  changes(): readonly ResourceChange[];
}

export class Store {
  readonly resources: ResourceReader;
  /** Reads of committed state, for the store's other record files. */
  readonly database: Database;
  readonly #open: ReturnType<typeof openDatabase>;
  readonly #listeners = new Set<(change: Change) => void>();
  #revision: number;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(open: ReturnType<typeof openDatabase>, revision: number) {
    this.#open = open;
    this.#revision = revision;
    this.database = open.reader;
    this.resources = new ResourceReader(open.reader);
  }

  /** Opens a database file, or `:memory:` for tests. Throws what `openDatabase` throws. */
  static async open(path: string): Promise<Store> {
    const open = openDatabase(path);
    const row = await open.reader.selectFrom('settings').select('value').where('name', '=', 'revision').executeTakeFirstOrThrow();
    return new Store(open, Number(row.value));
  }

  /** The revision of the last committed change of resources. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * Runs the work in one transaction, one at a time. When it returns, the transaction is committed and synced, and every
   * listener has been told. What the work throws undoes all and is thrown on; a full disk is a Fault `InsufficientStorage` (insufficientStorage).
   * The work must read through its transaction, and must not call `write`: it would wait for itself.
   */
  async write<T>(work: (transaction: Transaction) => Promise<T>): Promise<{ value: T; revision: number }> {
    return this.#next(async () => {
      const changes = new Map<string, ResourceChange>();
      const revision = this.#revision + 1;
      const transaction = this.#open.writer.transaction().execute(async (database) => {
        const result = await work(transactionOn(database, revision, changes));
        if (changes.size > 0)
          await database
            .updateTable('settings')
            .set({ value: String(revision) })
            .where('name', '=', 'revision')
            .execute();
        return result;
      });
      const value = await transaction.catch((thrown: unknown) => {
        throw storageFault(thrown);
      });
      const told = toldOf(changes);
      if (changes.size > 0) {
        this.#revision = revision;
        for (const listener of this.#listeners) listener({ revision, resources: told });
      }
      return { value, revision: this.#revision };
    });
  }

  /** As `write`, but everything is undone when the work returns, and nobody is told: what it would have changed. */
  async rehearse<T>(work: (transaction: Transaction) => Promise<T>): Promise<{ value: T; resources: readonly ResourceChange[] }> {
    return this.#next(async () => {
      const changes = new Map<string, ResourceChange>();
      const undone = Symbol('undone');
      let value: T | undefined;
      const transaction = this.#open.writer.transaction().execute(async (database) => {
        value = await work(transactionOn(database, this.#revision + 1, changes));
        throw undone;
      });
      await transaction.catch((thrown: unknown) => {
        if (thrown !== undone) throw storageFault(thrown);
      });
      return { value: value as T, resources: toldOf(changes) };
    });
  }

  /** One at a time, in the order of asking. */
  #next<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(run, run);
    this.#tail = result.catch(() => {});
    return result;
  }

  /** Calls the listener after each commit that changed resources, in order of revision. Returns how to stop. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    await this.#tail;
    await this.#open.close();
  }
}

function transactionOn(database: Database, revision: number, changes: Map<string, ResourceChange>): Transaction {
  const log: ChangeLog = {
    revision,
    // Several writes of one resource in one transaction are one change.
    note: (change) => changes.set(change.key, { ...change, before: changes.has(change.key) ? changes.get(change.key)?.before : change.before }),
  };
  return { resources: new ResourceWriter(database, log), database, changes: () => toldOf(changes) };
}

/** Without what came and went. */
function toldOf(changes: ReadonlyMap<string, ResourceChange>): readonly ResourceChange[] {
  return [...changes.values()].filter((change) => change.before !== undefined || change.after !== undefined);
}
