/** Limits of requests: buckets of tokens, one for each of those who ask. What is limited, and how much, is each plane's to say. */
import type { Clock } from '#base/clock.ts';

/** A bucket holds `capacity` tokens and gets `refill` of them every `everyMs`: all of it once a minute, or a few every second. */
export interface RequestLimit {
  readonly capacity: number;
  readonly refill: number;
  readonly everyMs: number;
}

/** One token of one bucket. */
export interface Demand {
  /** Whose bucket, and for what. */
  readonly key: string;
  readonly limit: RequestLimit;
}

export type Grant =
  /** `remaining` of each demand, in their order. */
  | { readonly granted: true; readonly remaining: readonly number[] }
  /** The demand whose bucket is empty, and the whole seconds until it gets something. */
  | { readonly granted: false; readonly empty: Demand; readonly retryAfterSeconds: number };

interface Bucket {
  tokens: number;
  /** When the running period began; periods begin with the first request. */
  since: number;
}

/** Buckets that are kept at most: a full one is as good as none. */
const KEPT = 10_000;

export class RequestLimits {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A token of each demand's bucket, or of none when one of them is empty. */
  take(demands: readonly Demand[]): Grant {
    const now = this.#clock.now();
    const buckets = demands.map(({ key, limit }) => this.#filled(key, limit, now));
    for (const [index, demand] of demands.entries()) {
      const bucket = buckets[index] as Bucket;
      if (bucket.tokens >= 1) continue;
      return { granted: false, empty: demand, retryAfterSeconds: Math.max(1, Math.ceil((bucket.since + demand.limit.everyMs - now) / 1000)) };
    }
    for (const bucket of buckets) bucket.tokens -= 1;
    return { granted: true, remaining: buckets.map(({ tokens }) => tokens) };
  }

  #filled(key: string, { capacity, refill, everyMs }: RequestLimit, now: number): Bucket {
    const known = this.#buckets.get(key);
    if (!known) {
      if (this.#buckets.size >= KEPT) this.#forget(now);
      const bucket = { tokens: capacity, since: now };
      this.#buckets.set(key, bucket);
      return bucket;
    }
    const periods = Math.floor((now - known.since) / everyMs);
    if (periods > 0) {
      known.tokens = Math.min(capacity, known.tokens + periods * refill);
      known.since += periods * everyMs;
    }
    return known;
  }

  /** Lets the longest unused go; a period that nobody asked in has filled most of them. */
  #forget(now: number): void {
    const oldest = [...this.#buckets].sort(([, one], [, other]) => one.since - other.since).slice(0, KEPT / 2);
    for (const [key, { since }] of oldest) if (since < now) this.#buckets.delete(key);
  }
}
