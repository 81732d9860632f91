/**
 * An immutable map whose next version shares almost all of its memory with the one before: entries lie in buckets, and a change copies one bucket. With tens of
 * thousands of entries a copied `Map` would cost milliseconds for each resource that changes. The order of iteration is not the order of insertion.
 */

/** Up to this many entries lie in one bucket. */
const SMALL = 64;
const MIDDLE_BUCKETS = 64;
const MIDDLE = 128 * MIDDLE_BUCKETS;
const LARGE_BUCKETS = 1024;

/** How many buckets hold so many entries: of the size alone, so that equal maps have equal structure however they came about. */
function bucketCount(size: number): number {
  return size <= SMALL ? 1 : size <= MIDDLE ? MIDDLE_BUCKETS : LARGE_BUCKETS;
}

/** FNV-1a over UTF-16 code units; counts are powers of two. */
function bucketOf(key: string, count: number): number {
  if (count === 1) return 0;
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 15)) & (count - 1);
}

export class SharedMap<K extends string, V> implements ReadonlyMap<K, V> {
  static readonly #empty = new SharedMap<string, never>([new Map<string, never>()], 0);

  /** Never changed once the map is handed out. Not private, so that comparison sees it. */
  readonly buckets: readonly ReadonlyMap<K, V>[];
  readonly size: number;

  private constructor(buckets: readonly ReadonlyMap<K, V>[], size: number) {
    this.buckets = buckets;
    this.size = size;
  }

  static empty<K extends string, V>(): SharedMap<K, V> {
    return SharedMap.#empty as unknown as SharedMap<K, V>;
  }

  static of<K extends string, V>(entries: Iterable<readonly [K, V]>): SharedMap<K, V> {
    const all = new Map(entries);
    return all.size === 0 ? SharedMap.empty() : SharedMap.#spread(all, all.size);
  }

  /** The map itself when it is shared already. */
  static from<K extends string, V>(map: ReadonlyMap<K, V>): SharedMap<K, V> {
    return map instanceof SharedMap ? map : SharedMap.of(map);
  }

  static #spread<K extends string, V>(entries: Iterable<readonly [K, V]>, size: number): SharedMap<K, V> {
    const buckets = Array.from({ length: bucketCount(size) }, () => new Map<K, V>());
    for (const [key, value] of entries) buckets[bucketOf(key, buckets.length)]?.set(key, value);
    return new SharedMap(buckets, size);
  }

  /** The map with these entries set, or deleted where there is no value; the same object when that changes nothing. */
  with(changes: Iterable<readonly [K, V | undefined]>): SharedMap<K, V> {
    let buckets: Map<K, V>[] | undefined;
    const copied = new Set<number>();
    let { size } = this;
    for (const [key, value] of changes) {
      const at = bucketOf(key, this.buckets.length);
      const bucket = (buckets ?? this.buckets)[at] as ReadonlyMap<K, V>;
      const had = bucket.has(key);
      if (value === undefined ? !had : had && bucket.get(key) === value) continue;
      buckets ??= [...this.buckets] as Map<K, V>[];
      if (!copied.has(at)) {
        buckets[at] = new Map(bucket);
        copied.add(at);
      }
      if (value === undefined) buckets[at]?.delete(key);
      else buckets[at]?.set(key, value);
      size += Number(value !== undefined) - Number(had);
    }
    if (!buckets) return this;
    if (size === 0) return SharedMap.empty();
    return bucketCount(size) === buckets.length ? new SharedMap(buckets, size) : SharedMap.#spread(entriesOf(buckets), size);
  }

  get(key: K): V | undefined {
    return this.buckets[bucketOf(key, this.buckets.length)]?.get(key);
  }

  has(key: K): boolean {
    return this.buckets[bucketOf(key, this.buckets.length)]?.has(key) === true;
  }

  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this) callback(value, key, this);
  }

  *keys(): MapIterator<K> {
    for (const bucket of this.buckets) yield* bucket.keys();
  }

  *values(): MapIterator<V> {
    for (const bucket of this.buckets) yield* bucket.values();
  }

  entries(): MapIterator<[K, V]> {
    return entriesOf(this.buckets);
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return entriesOf(this.buckets);
  }
}

function* entriesOf<K, V>(buckets: readonly ReadonlyMap<K, V>[]): MapIterator<[K, V]> {
  for (const bucket of buckets) yield* bucket.entries();
}

/** One key whose value differs between two maps; undefined where the key is not. */
export interface Difference<K, V> {
  readonly key: K;
  readonly before: V | undefined;
  readonly after: V | undefined;
}

/** Where two maps differ, by identity of the values. Versions of one map cost what changed between them, not what they hold. */
export function* differences<K extends string, V>(before: ReadonlyMap<K, V>, after: ReadonlyMap<K, V>): Generator<Difference<K, V>> {
  if (before === after) return;
  if (before instanceof SharedMap && after instanceof SharedMap && before.buckets.length === after.buckets.length) {
    for (const [index, bucket] of after.buckets.entries()) {
      const old = before.buckets[index] as ReadonlyMap<K, V>;
      if (old !== bucket) yield* differing(old, bucket);
    }
  } else yield* differing(before, after);
}

function* differing<K, V>(before: ReadonlyMap<K, V>, after: ReadonlyMap<K, V>): Generator<Difference<K, V>> {
  for (const [key, value] of before) {
    const now = after.get(key);
    if (now !== value) yield { key, before: value, after: now };
  }
  for (const [key, value] of after) if (!before.has(key)) yield { key, before: undefined, after: value };
}
