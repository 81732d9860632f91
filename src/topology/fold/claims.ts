/** The fold's own indexes: which facts claim a place, and which keys stand in relation. Mutable; only the fold uses them. */
import type { ResourceKey } from '#base/resource-id.ts';

interface Claim<F> {
  readonly owner: ResourceKey;
  readonly fact: F;
}

/**
 * Facts by a group and a place within it (`network`, `address`). Two resources may claim one place while the control plane moves it from one to the other,
 * or by a mistake; the winner must then not depend on who came first: it is the claim that `before` puts first, else that of the least owner.
 */
export class Claims<F> {
  readonly #groups = new Map<string, Map<string, Claim<F>[]>>();
  readonly #before: (a: F, b: F) => number;

  constructor(before: (a: F, b: F) => number = () => 0) {
    this.#before = before;
  }

  add(group: string, place: string, owner: ResourceKey, fact: F): void {
    let places = this.#groups.get(group);
    if (!places) {
      places = new Map();
      this.#groups.set(group, places);
    }
    const claims = places.get(place);
    if (!claims) places.set(place, [{ owner, fact }]);
    else {
      claims.push({ owner, fact });
      claims.sort((a, b) => this.#before(a.fact, b.fact) || (a.owner < b.owner ? -1 : a.owner > b.owner ? 1 : 0));
    }
  }

  /** Takes back what `add` was given; `fact` is found by identity. */
  remove(group: string, place: string, fact: F): void {
    const places = this.#groups.get(group);
    const claims = places?.get(place);
    if (!places || !claims) return;
    const at = claims.findIndex((claim) => claim.fact === fact);
    if (at >= 0) claims.splice(at, 1);
    if (claims.length === 0) places.delete(place);
    if (places.size === 0) this.#groups.delete(group);
  }

  /** The winning fact at a place. */
  get(group: string, place: string): F | undefined {
    return this.#groups.get(group)?.get(place)?.[0]?.fact;
  }

  /** Every fact that claims the place, the winner first. */
  all(group: string, place: string): readonly F[] {
    return (
      this.#groups
        .get(group)
        ?.get(place)
        ?.map((claim) => claim.fact) ?? []
    );
  }

  /** The places of a group that somebody claims, in no stated order. */
  places(group: string): Iterable<string> {
    return this.#groups.get(group)?.keys() ?? [];
  }

  has(group: string): boolean {
    return this.#groups.has(group);
  }
}

/** A relation from one key to many. */
export class Relation<K, V> {
  readonly #sets = new Map<K, Set<V>>();

  add(key: K, value: V): void {
    const set = this.#sets.get(key);
    if (set) set.add(value);
    else this.#sets.set(key, new Set([value]));
  }

  delete(key: K, value: V): void {
    const set = this.#sets.get(key);
    if (set?.delete(value) && set.size === 0) this.#sets.delete(key);
  }

  of(key: K): ReadonlySet<V> {
    return this.#sets.get(key) ?? (NONE as ReadonlySet<V>);
  }
}

const NONE: ReadonlySet<never> = new Set<never>();

/** Plain order of code units, the same on every machine. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
