/** The clock: the only file that reads the time, so that tests can hold it still. */

/** A source of the current time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** A clock that stands until it is moved; for tests. */
export class FakeClock implements Clock {
  #now: number;
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
  }
  now(): number {
    return this.#now;
  }
  /** Moves the clock forward by `ms` milliseconds. */
  advance(ms: number): void {
    this.#now += ms;
  }
}

/** ISO 8601 in UTC with milliseconds, as ARM writes times. */
export function isoTime(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}

/** Monotonic milliseconds, for measuring durations only. */
export function monotonicMs(): number {
  return performance.now();
}
