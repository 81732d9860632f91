/** Turns: work under one name is done one at a time, in the order it was asked for; other names do not wait. */
export class Turns {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Does the work when its turn has come, and returns or throws what it does. Work must not take a turn under its own name. */
  take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name);
    const result = before ? before.then(work, work) : work();
    const tail = result
      .catch(() => {})
      .then(() => {
        if (this.#tails.get(name) === tail) this.#tails.delete(name);
      });
    this.#tails.set(name, tail);
    return result;
  }
}
