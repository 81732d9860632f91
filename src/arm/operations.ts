/**
 * Operations: what is on its way from a committed revision to the world. A write begins one; the spine settles revisions; the operation of a write fails
 * when an owner it touched (a network, a machine) could not be made. Operations that a client has been told of are also rows, so that a poll outlives a restart.
 */
import { type Clock, isoTime } from '#base/clock.ts';
import { asFault, type Fault } from '#base/fault.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Store } from '#store/store.ts';
import { interrupted } from './jobs.ts';

/** What `provisioningState` shows meanwhile; `Running` is a job's, which leaves its resource as it is. */
export type OperationState = 'Creating' | 'Updating' | 'Deleting' | 'Running';

/** What became of one owner's wish: the shape of the fabric's outcomes, of which this room knows no more. */
export interface OwnerOutcome {
  readonly revision: number;
  readonly owner: ResourceKey;
  readonly fault?: Fault;
}

export interface Operation {
  readonly id: string;
  readonly resource: ResourceKey;
  readonly state: OperationState;
  readonly revision: number;
  /** Owners whose failure is this operation's. */
  readonly concerns: ReadonlySet<string>;
  /** Who began it; may ask for it also when the resource is gone. */
  readonly principalId: string;
}

/** The state of an operation, as polled. */
export interface OperationStatus {
  readonly id: string;
  readonly resource: ResourceKey;
  readonly status: 'InProgress' | 'Succeeded' | 'Failed';
  /** ISO 8601. */
  readonly startTime: string;
  readonly endTime: string | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
  /** The same as it was thrown; undefined after a restart. */
  readonly fault: Fault | undefined;
  /** What a job gave. */
  readonly result: unknown;
  /** Undefined when it was begun before the last start. */
  readonly principalId: string | undefined;
}

interface Running extends Operation {
  readonly startTime: string;
  endTime: string | undefined;
  fault: Fault | undefined;
  /** What a job gave. */
  result: unknown;
  /** Whether it has a row. */
  told: boolean;
}

/** How many ended operations are kept in memory. */
const KEPT = 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

export class Operations {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #pending = new Set<Running>();
  /** Told operations, by id, oldest first. */
  readonly #told = new Map<string, Running>();
  /** The unsettled state of each resource. */
  readonly #current = new Map<ResourceKey, Running>();
  /** Resources whose last operation failed, with the owner that made it fail. */
  readonly #failed = new Map<ResourceKey, string>();
  /** Owners that the world could not be made for, by key. */
  readonly #faults = new Map<string, { readonly revision: number; readonly fault: Fault }>();
  /** How many jobs run for each resource. */
  readonly #jobs = new Map<ResourceKey, number>();
  readonly #waiting = new Set<{ readonly revision: number; readonly wake: () => void }>();
  #settled = -1;

  constructor(options: { store: Store; clock: Clock }) {
    this.#store = options.store;
    this.#clock = options.clock;
  }

  /** The newest revision that the world has caught up with; -1 before the first. */
  get settledRevision(): number {
    return this.#settled;
  }

  /** All revisions up to this one are as true in the world as they will be; `outcomes` tells of the owners that changed. */
  settle(revision: number, outcomes: readonly OwnerOutcome[]): void {
    for (const { owner, fault } of outcomes) {
      if (fault) this.#faults.set(owner, { revision, fault });
      else if (this.#faults.get(owner)?.revision !== revision) this.#faults.delete(owner);
    }
    this.#settled = Math.max(this.#settled, revision);
    for (const operation of this.#pending) if (operation.revision <= this.#settled) this.#end(operation);
    for (const waiting of this.#waiting)
      if (waiting.revision <= this.#settled) {
        this.#waiting.delete(waiting);
        waiting.wake();
      }
  }

  /** Whether the revision is settled within the time. */
  settled(revision: number, timeoutMs: number): Promise<boolean> {
    if (revision <= this.#settled) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiting = {
        revision,
        wake: () => {
          clearTimeout(timer);
          resolve(true);
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting);
        resolve(false);
      }, timeoutMs);
      this.#waiting.add(waiting);
    });
  }

  /**
   * Waits for the world to catch up with a committed write. `late`: it has not within the time; the operation has a row now and can be polled.
   * @throws the Fault of the owner that failed
   */
  async follow(operation: Operation, timeoutMs: number): Promise<'done' | 'late'> {
    const running: Running = { ...operation, startTime: isoTime(this.#clock), endTime: undefined, fault: undefined, result: undefined, told: false };
    this.#failed.delete(operation.resource);
    if (operation.revision <= this.#settled) this.#end(running);
    else {
      this.#pending.add(running);
      this.#current.set(operation.resource, running);
      if (!(await this.settled(operation.revision, timeoutMs))) {
        await this.#tell(running);
        // It may have ended while its row was written.
        return 'late';
      }
    }
    if (running.fault) throw running.fault;
    return 'done';
  }

  /** Whether a job runs for the resource. */
  isBusy(resource: ResourceKey): boolean {
    return this.#jobs.has(resource);
  }

  /**
   * Runs a job and waits for it as long as the time allows; `late`: it goes on, and the operation can be polled.
   * @throws the Fault of the job when it failed within the time
   */
  async run(
    operation: Omit<Operation, 'state' | 'revision' | 'concerns'>,
    job: () => Promise<unknown>,
    timeoutMs: number,
  ): Promise<{ readonly result: unknown } | 'late'> {
    const running: Running = {
      ...operation,
      state: 'Running',
      revision: 0,
      concerns: new Set(),
      startTime: isoTime(this.#clock),
      endTime: undefined,
      fault: undefined,
      result: undefined,
      told: false,
    };
    const { resource } = operation;
    this.#jobs.set(resource, (this.#jobs.get(resource) ?? 0) + 1);
    const done = (async (): Promise<'done'> => {
      try {
        running.result = await job();
      } catch (thrown) {
        running.fault = asFault(thrown);
      }
      const others = (this.#jobs.get(resource) ?? 1) - 1;
      if (others === 0) this.#jobs.delete(resource);
      else this.#jobs.set(resource, others);
      running.endTime = isoTime(this.#clock);
      if (running.told) void this.#write(running);
      return 'done';
    })();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), timeoutMs);
    });
    const first = await Promise.race([done, late]);
    clearTimeout(timer);
    if (first === 'late') {
      await this.#tell(running);
      return 'late';
    }
    if (running.fault) throw running.fault;
    return { result: running.result };
  }

  /** What `provisioningState` shows for a resource that exists. */
  provisioningState(resource: ResourceKey): Exclude<OperationState, 'Running'> | 'Succeeded' | 'Failed' {
    const running = this.#current.get(resource);
    if (running && running.state !== 'Running') return running.state;
    const owner = this.#failed.get(resource);
    if (owner === undefined) return 'Succeeded';
    if (this.#faults.has(owner)) return 'Failed';
    this.#failed.delete(resource);
    return 'Succeeded';
  }

  /** A told operation, also one of an earlier run: a write's is done when the world has been made again, a job's was cut off. */
  async get(id: string): Promise<OperationStatus | undefined> {
    const running = this.#told.get(id);
    if (running) {
      const { resource, startTime, endTime, fault, result, principalId } = running;
      const error = fault && { code: fault.code, message: fault.message };
      return {
        id,
        resource,
        status: endTime === undefined ? 'InProgress' : fault ? 'Failed' : 'Succeeded',
        startTime,
        endTime,
        error,
        fault,
        result,
        principalId,
      };
    }
    const row = await this.#store.database.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) return undefined;
    const ended = row.ended_at ?? (this.#settled >= 0 ? isoTime(this.#clock) : undefined);
    return {
      id,
      resource: row.resource as ResourceKey,
      status: row.status !== 'InProgress' ? (row.status as OperationStatus['status']) : ended === undefined ? 'InProgress' : 'Succeeded',
      startTime: row.started_at,
      endTime: ended,
      error: row.error === null ? undefined : (JSON.parse(row.error) as OperationStatus['error']),
      fault: undefined,
      result: undefined,
      principalId: undefined,
    };
  }

  #end(operation: Running): void {
    this.#pending.delete(operation);
    if (this.#current.get(operation.resource) === operation) this.#current.delete(operation.resource);
    operation.endTime = isoTime(this.#clock);
    for (const owner of operation.concerns) {
      const failed = this.#faults.get(owner);
      if (failed === undefined || failed.revision < operation.revision) continue;
      operation.fault = failed.fault;
      if (operation.state !== 'Deleting') this.#failed.set(operation.resource, owner);
      break;
    }
    if (operation.told) void this.#write(operation);
  }

  async #tell(operation: Running): Promise<void> {
    operation.told = true;
    this.#told.set(operation.id, operation);
    for (const [id, old] of this.#told) {
      if (this.#told.size <= KEPT || old.endTime === undefined) break;
      this.#told.delete(id);
    }
    await this.#write(operation);
  }

  async #write(operation: Running): Promise<void> {
    const { id, resource, state, startTime, endTime, fault } = operation;
    // A job's row says beforehand what is true when nobody is left to rewrite it.
    const error = fault ?? (state === 'Running' && endTime === undefined ? interrupted : undefined);
    const row = {
      resource,
      started_at: startTime,
      ended_at: endTime ?? null,
      status: error ? 'Failed' : endTime === undefined ? 'InProgress' : 'Succeeded',
      error: error ? JSON.stringify({ code: error.code, message: error.message }) : null,
    };
    await this.#store
      .write(async ({ database }) => {
        await database
          .insertInto('operations')
          .values({ id, ...row })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
          .execute();
        await database
          .deleteFrom('operations')
          .where('started_at', '<', new Date(this.#clock.now() - DAY_MS).toISOString())
          .execute();
      })
      // Memory answers polls; a row that could not be written is missed after a restart only.
      .catch(() => {});
  }
}
