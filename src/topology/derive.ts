/**
 * The fold: all facts -> Snapshot. Stateful, so that one changed resource costs what it touches and not the whole world; yet the result depends only on the
 * facts that stand, not on the order or the batches in which they came (see the property tests).
 *
 * Facts are filed under the places they claim (fold/filed.ts). An update goes through the joins in one direction only:
 * facts -> connections, links -> machines, endpoint addresses -> networks, registries, names, access; each step notes what the next has to rebuild.
 */
import { isDeepStrictEqual } from 'node:util';
import type { DomainName } from '#base/domain-name.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Fact } from './facts.ts';
import { foldAccess } from './fold/access.ts';
import { ConnectionJoin } from './fold/connections.ts';
import { EndpointJoin } from './fold/endpoint-addresses.ts';
import { Filed } from './fold/filed.ts';
import { MachineJoin } from './fold/machines.ts';
import { NamesFold } from './fold/names.ts';
import { NetworkFold } from './fold/networks.ts';
import { RegistryFold } from './fold/registries.ts';
import { Touched } from './fold/touched.ts';
import { emptySnapshot, type Snapshot } from './snapshot.ts';

/** Resources with all the facts they now state, none for one that is gone. */
export type FactChanges = Iterable<readonly [ResourceKey, readonly Fact[]]>;

export class Derivation {
  readonly #domain: DomainName;
  #snapshot: Snapshot;
  /** What each resource last said. */
  readonly #facts = new Map<ResourceKey, readonly Fact[]>();
  readonly #filed = new Filed();
  readonly #connections = new ConnectionJoin();
  readonly #machines = new MachineJoin();
  readonly #endpoints = new EndpointJoin();
  readonly #networks = new NetworkFold();
  readonly #registries = new RegistryFold();
  readonly #names = new NamesFold();

  constructor(options: { readonly domain: DomainName }) {
    this.#domain = options.domain;
    this.#snapshot = emptySnapshot(options.domain);
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Takes in what changed. Returns the snapshot of `revision`; parts that no change touched are the same objects as before. */
  update(revision: number, changed: FactChanges): Snapshot {
    const filed = this.#filed;
    const touched = new Touched();
    for (const [owner, facts] of changed) {
      const before = this.#facts.get(owner) ?? [];
      if (before === facts || isDeepStrictEqual(before, facts)) continue;
      for (const fact of before) filed.file(fact, owner, touched, false);
      for (const fact of facts) filed.file(fact, owner, touched, true);
      if (facts.length === 0) this.#facts.delete(owner);
      else this.#facts.set(owner, facts);
    }
    this.#connections.join(filed, touched);
    this.#networks.joinLinks(filed, touched);
    this.#machines.join(filed, touched);
    this.#endpoints.join(filed, this.#connections, touched);
    const before = this.#snapshot;
    const networks = this.#networks.fold(before.networks, filed, this.#machines, this.#endpoints, touched);
    const registries = this.#registries.fold(before.registries, this.#domain, filed, this.#connections, touched);
    const next: Snapshot = {
      revision,
      networks,
      registries,
      machines: this.#machines.fold(before.machines, networks, touched),
      names: this.#names.fold(before.names, filed, this.#registries.hosts, touched),
      access: foldAccess(before.access, filed, touched),
    };
    const same = (Object.keys(next) as (keyof Snapshot)[]).every((part) => next[part] === before[part]);
    if (!same) this.#snapshot = next;
    return this.#snapshot;
  }

  /** The snapshot as these changes would make it, of the same revision. Nothing is kept of them. */
  preview(changed: FactChanges): Snapshot {
    const before = this.#snapshot;
    const changes = [...changed];
    const kept = changes.map(([owner]) => [owner, this.#facts.get(owner) ?? []] as const);
    try {
      return this.update(before.revision, changes);
    } finally {
      this.update(before.revision, kept);
      // The same facts make an equal snapshot; whoever holds this one shall find its parts unchanged.
      this.#snapshot = before;
    }
  }
}
