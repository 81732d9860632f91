/** What one update of the fold touches: filled while facts are filed, and from join to join. Only the fold uses it. */
import type { DomainName } from '#base/domain-name.ts';
import type { IpAddress } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';

/** What an update has to look at again; filled from join to join. */
export class Touched {
  /** Networks whose own fact changed. */
  readonly networks = new Set<ResourceKey>();
  readonly addresses = new Map<string, { readonly network: ResourceKey; readonly address: IpAddress }>();
  readonly nics = new Set<ResourceKey>();
  readonly machines = new Set<ResourceKey>();
  readonly identities = new Set<ResourceKey>();
  readonly registryFacts = new Set<ResourceKey>();
  readonly endpoints = new Set<ResourceKey>();
  /** Registry -> endpoints whose connection changed. */
  readonly connections = new Touches<ResourceKey, ResourceKey>();
  /** Registry -> user names whose passwords or rights changed. */
  readonly credentials = new Touches<ResourceKey, string>();
  /** Registry -> scope maps. */
  readonly scopeMaps = new Touches<ResourceKey, ResourceKey>();
  readonly hosts = new Set<DomainName>();
  readonly zones = new Set<ResourceKey>();
  /** Network -> zones. */
  readonly links = new Touches<ResourceKey, ResourceKey>();
  /** Zone -> names. */
  readonly records = new Touches<ResourceKey, DomainName>();
  readonly roles = new Set<string>();
  readonly principals = new Set<string>();
  readonly subscriptions = new Set<ResourceKey>();
  readonly dirtyNetworks = new Map<ResourceKey, NetworkDirt>();

  network(key: ResourceKey): NetworkDirt {
    let dirt = this.dirtyNetworks.get(key);
    if (!dirt) {
      dirt = new NetworkDirt();
      this.dirtyNetworks.set(key, dirt);
    }
    return dirt;
  }
}

/** Which pieces of a network are to be rebuilt. */
class NetworkDirt {
  subnets = false;
  zones = false;
  readonly machines = new Set<ResourceKey>();
  readonly endpoints = new Set<IpAddress>();
  any(): boolean {
    return this.subnets || this.zones || this.machines.size > 0 || this.endpoints.size > 0;
  }
}

/** A key with the items below it that were touched. */
class Touches<K, V> extends Map<K, Set<V>> {
  add(key: K, value: V): void {
    const set = this.get(key);
    if (set) set.add(value);
    else this.set(key, new Set([value]));
  }
  of(key: K): ReadonlySet<V> {
    return this.get(key) ?? new Set();
  }
}

/** Where an address stands, as one text: two networks may have the same one. */
export function addressPlace(fact: { readonly network: ResourceKey; readonly address: IpAddress }): string {
  return `${fact.network} ${fact.address}`;
}
