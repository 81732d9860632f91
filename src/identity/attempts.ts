/** Failed attempts by key within a time, so that guessing passwords and codes takes too long to be worth it. In memory: a restart forgives. */
import type { Clock } from '#base/clock.ts';

/** Keys that are kept; the oldest go first. */
const KEPT = 10_000;

export class Attempts {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #failures = new Map<string, { count: number; untilMs: number }>();

  /** `limit` failures within `windowMs` of the first block a key until the window is over. */
  constructor(options: { clock: Clock; limit: number; windowMs: number }) {
    this.#clock = options.clock;
    this.#limit = options.limit;
    this.#windowMs = options.windowMs;
  }

  blocked(key: string): boolean {
    return (this.#current(key)?.count ?? 0) >= this.#limit;
  }

  failed(key: string): void {
    const current = this.#current(key);
    if (current) {
      current.count++;
      return;
    }
    if (this.#failures.size >= KEPT) this.#failures.delete(this.#failures.keys().next().value as string);
    this.#failures.set(key, { count: 1, untilMs: this.#clock.now() + this.#windowMs });
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  #current(key: string): { count: number; untilMs: number } | undefined {
    const found = this.#failures.get(key);
    if (found && found.untilMs > this.#clock.now()) return found;
    this.#failures.delete(key);
    return undefined;
  }
}
