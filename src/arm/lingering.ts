/** What was just deleted and is still shown once: the Azure CLI ends the deletion of some types by a GET that must find the resource (`ResourceType.lingers`). */
import type { JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';

/** How many are kept: a deletion that nobody asks after is forgotten when this many came later. */
const KEPT = 1000;

export class Lingering {
  readonly #envelopes = new Map<ResourceKey, JsonObject>();

  /** The resource is gone; `envelope` is how it was shown. */
  keep(key: ResourceKey, envelope: JsonObject): void {
    this.#envelopes.set(key, envelope);
    const [oldest] = this.#envelopes.keys();
    if (this.#envelopes.size > KEPT && oldest !== undefined) this.#envelopes.delete(oldest);
  }

  /** How a deleted resource was shown, once. */
  take(key: ResourceKey): JsonObject | undefined {
    const envelope = this.#envelopes.get(key);
    this.#envelopes.delete(key);
    return envelope;
  }
}
