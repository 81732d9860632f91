/** Host names and private zones of the snapshot. */
import { isDeepStrictEqual } from 'node:util';
import type { DomainName } from '#base/domain-name.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { RecordSetFact, ZoneFact } from '../facts.ts';
import { SharedMap } from '../shared-map.ts';
import type { NamesPart, RegistryHost, ZonePart, ZoneRecordSet } from '../snapshot.ts';
import { type Claims, Relation } from './claims.ts';
import { type Filed, WORLD } from './filed.ts';
import type { Touched } from './touched.ts';

export class NamesFold {
  readonly #namesOfZone = new Relation<ResourceKey, DomainName>();

  fold(old: NamesPart, filed: Filed, registryHosts: Claims<RegistryHost>, touched: Touched): NamesPart {
    const hosts = SharedMap.from(old.hosts).with(
      [...touched.hosts].map((name) => {
        const before = old.hosts.get(name);
        const host = registryHosts.get(WORLD, name);
        return [name, isDeepStrictEqual(before, host) ? before : host];
      }),
    );
    for (const [zone, names] of touched.records.entries()) {
      touched.zones.add(zone);
      for (const name of names)
        if (filed.records.has(`${zone} ${name}`)) this.#namesOfZone.add(zone, name);
        else this.#namesOfZone.delete(zone, name);
    }
    const zones = SharedMap.from(old.zones).with(
      [...touched.zones].map((key) => {
        const fact = filed.zones.get(WORLD, key);
        return [key, fact && this.#zone(fact, old.zones.get(key), filed, touched.records.of(key))];
      }),
    );
    return hosts === old.hosts && zones === old.zones ? old : { domain: old.domain, hosts, zones };
  }

  #zone(fact: ZoneFact, old: ZonePart | undefined, filed: Filed, changed: ReadonlySet<DomainName>): ZonePart {
    const names = old ? changed : this.#namesOfZone.of(fact.zone);
    const records = SharedMap.from(old?.records ?? SharedMap.empty<DomainName, readonly ZoneRecordSet[]>()).with(
      [...names].map((name) => {
        const sets = recordSetsAt(`${fact.zone} ${name}`, filed);
        return [name, sets.length > 0 ? sets : undefined];
      }),
    );
    return { key: fact.zone, name: fact.name, records };
  }
}

function recordSetsAt(group: string, filed: Filed): readonly ZoneRecordSet[] {
  return [...filed.records.places(group)]
    .sort()
    .map((type) => filed.records.get(group, type) as RecordSetFact)
    .map(({ type, ttlSeconds, data }) => ({ type, ttlSeconds, data }));
}
