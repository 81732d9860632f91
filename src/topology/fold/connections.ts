/** Endpoint -> its connection -> registry. */
import type { ResourceKey } from '#base/resource-id.ts';
import type { ConnectionFact } from '../facts.ts';
import { Relation } from './claims.ts';
import { type Filed, WORLD } from './filed.ts';
import type { Touched } from './touched.ts';

export class ConnectionJoin {
  /** What stands, by endpoint: kept to know what an update takes back. */
  readonly #of = new Map<ResourceKey, ConnectionFact>();
  readonly #endpoints = new Relation<ResourceKey, ResourceKey>();

  /** Registries learn of both the old and the new connection. A registry that comes or goes touches all its endpoints. */
  join(filed: Filed, touched: Touched): void {
    for (const registry of touched.registryFacts) for (const endpoint of this.#endpoints.of(registry)) touched.endpoints.add(endpoint);
    for (const endpoint of touched.endpoints) {
      const before = this.#of.get(endpoint);
      const after = filed.connections.get(WORLD, endpoint);
      if (before) {
        this.#endpoints.delete(before.registry, endpoint);
        touched.connections.add(before.registry, endpoint);
        this.#of.delete(endpoint);
      }
      if (after) {
        this.#endpoints.add(after.registry, endpoint);
        touched.connections.add(after.registry, endpoint);
        this.#of.set(endpoint, after);
      }
    }
  }

  of(endpoint: ResourceKey): ConnectionFact | undefined {
    return this.#of.get(endpoint);
  }

  endpointsOf(registry: ResourceKey): ReadonlySet<ResourceKey> {
    return this.#endpoints.of(registry);
  }

  approvedOnce(registry: ResourceKey): boolean {
    for (const endpoint of this.#endpoints.of(registry)) if (this.#of.get(endpoint)?.approvedOnce) return true;
    return false;
  }
}
