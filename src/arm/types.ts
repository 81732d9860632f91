/** The table of resource types: look-up without regard to case, the shape of each namespace, and facts kept by etag. */
import type { ResourceKey } from '#base/resource-id.ts';
import type { ResourceRecord } from '#store/resources.ts';
import type { Fact } from '#topology/facts.ts';
import { parseResource } from './lookup.ts';
import type { ResourceType } from './resource-type.ts';

export class TypeTable {
  readonly all: readonly ResourceType[];
  /** Namespaces in canonical casing, by their lower-case form. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** Keys of resources that belong to Postern itself. */
  readonly builtIn: ReadonlySet<string>;
  readonly #byName: ReadonlyMap<string, ResourceType>;
  readonly #facts = new Map<ResourceKey, { readonly etag: string; readonly facts: readonly Fact[] }>();

  constructor(types: readonly ResourceType[]) {
    this.all = types;
    this.#byName = new Map(types.map((type) => [type.type.toLowerCase(), type]));
    if (this.#byName.size !== types.length) throw new Error('two resource types have one name');
    this.namespaces = new Map(types.map((type) => [namespaceOf(type.type).toLowerCase(), namespaceOf(type.type)]));
    this.builtIn = new Set(types.flatMap((type) => (type.builtIn ?? []).map((resource) => resource.id.toLowerCase())));
  }

  /** The type of that name in any casing, or undefined. */
  find(name: string): ResourceType | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  /** The outermost type above `type`: a subnet's virtual network. Where it lives, its children live. */
  root(type: ResourceType): ResourceType {
    return this.find(type.type.split('/').slice(0, 2).join('/')) ?? type;
  }

  /** The facts of a record, computed once for each etag. Empty for a type that states none or that this version does not know. */
  factsOf(record: ResourceRecord): readonly Fact[] {
    const kept = this.#facts.get(record.key);
    if (kept?.etag === record.etag) return kept.facts;
    const facts = this.find(record.type)?.facts?.(parseResource(record)) ?? [];
    this.#facts.set(record.key, { etag: record.etag, facts });
    return facts;
  }

  /** The facts that were computed for a record of that etag, without the record; undefined when they were not. */
  factsKnown({ key, etag }: Pick<ResourceRecord, 'key' | 'etag'>): readonly Fact[] | undefined {
    const kept = this.#facts.get(key);
    return kept?.etag === etag ? kept.facts : undefined;
  }

  /** Lets go of what is kept for a resource that is gone. */
  forget(key: ResourceKey): void {
    this.#facts.delete(key);
  }
}

/** `Microsoft.Network` of `Microsoft.Network/virtualNetworks/subnets`. */
export function namespaceOf(type: string): string {
  return type.slice(0, type.indexOf('/'));
}
