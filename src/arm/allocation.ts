/** Addresses of subnets, handed out inside one transaction. What is taken is read from the facts of the interfaces that refer to the subnet: nothing is counted twice. */
import { Fault } from '#base/fault.ts';
import { formatPrefix, type IpAddress, type IpPrefix, parseIp, prefixContains } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { RecordTag } from '#store/resources.ts';
import { firstFree, isReserved } from '#topology/address-pool.ts';
import type { Fact } from '#topology/facts.ts';
import { linkedNotFound } from './faults.ts';
import type { Resource, ResourceLookup } from './resource-type.ts';
import type { TypeTable } from './types.ts';

/** The facts of resources, kept by etag. */
type Facts = Pick<TypeTable, 'factsOf' | 'factsKnown'>;

interface Held {
  readonly address: IpAddress;
  readonly nic: ResourceKey;
  readonly id: string;
}

export class Allocation {
  readonly #reader: ResourceLookup;
  readonly #types: Facts;
  readonly #writes: () => number;
  /** What interfaces held of each subnet when so many writes had been made: an endpoint asks for several addresses in a row. */
  readonly #held = new Map<ResourceKey, { readonly writes: number; readonly addresses: readonly Held[] }>();
  /** What this transaction has handed out, by subnet. */
  readonly #given = new Map<ResourceKey, Set<string>>();

  /** `writes` counts what the transaction has written: what was read before a write is read again. */
  constructor(reader: ResourceLookup, types: Facts, writes: () => number) {
    this.#reader = reader;
    this.#writes = writes;
    this.#types = types;
  }

  /**
   * The lowest free address of the subnet, or `wanted`. What the interface `keepFor` holds counts as free.
   * @throws Fault `SubnetIsFull`, `PrivateIPAddressInUse`, `PrivateIPAddressNotInSubnet`, `PrivateIPAddressInReservedRange`, `LinkedResourceNotFound`
   */
  async take(subnetKey: ResourceKey, options: { wanted?: string; keepFor?: ResourceKey } = {}): Promise<IpAddress> {
    const subnet = await this.#reader.get(subnetKey);
    const prefix = subnet && this.#prefixOf(subnet);
    if (!subnet || !prefix) throw linkedNotFound(subnetKey, 'properties.subnet.id');
    const given = this.#given.get(subnetKey) ?? new Set<string>();
    this.#given.set(subnetKey, given);
    const taken = new Map<string, string>([...given].map((address) => [address, 'this request']));
    for (const { address, nic, id } of await this.#heldOf(subnetKey)) if (nic !== options.keepFor) taken.set(address, id);
    const address = options.wanted === undefined ? firstFree(prefix, new Set(taken.keys())) : this.#wanted(options.wanted, subnet, prefix, taken);
    if (address === undefined) {
      const count = given.size + 1;
      throw new Fault(
        'invalid',
        'SubnetIsFull',
        `Subnet ${subnet.name} with address prefix ${formatPrefix(prefix)} does not have enough capacity for ${count} IP addresses.`,
        { target: subnet.id },
      );
    }
    given.add(address);
    return address;
  }

  async #heldOf(subnet: ResourceKey): Promise<readonly Held[]> {
    const writes = this.#writes();
    const known = this.#held.get(subnet);
    if (known?.writes === writes) return known.addresses;
    const addresses: Held[] = [];
    for (const tag of await this.#reader.referrerTags(subnet))
      for (const fact of await this.#factsOf(tag))
        if (fact.kind === 'address' && fact.subnet === subnet) addresses.push({ address: fact.address, nic: fact.nic, id: tag.id });
    this.#held.set(subnet, { writes, addresses });
    return addresses;
  }

  /** Mostly known: reading the bodies of all interfaces of a full subnet takes longer than everything else that an endpoint needs. */
  async #factsOf(tag: RecordTag): Promise<readonly Fact[]> {
    const known = this.#types.factsKnown(tag);
    if (known) return known;
    const resource = await this.#reader.get(tag.key);
    return resource ? this.#types.factsOf(resource) : [];
  }

  #prefixOf(subnet: Resource): IpPrefix | undefined {
    for (const fact of this.#types.factsOf(subnet)) if (fact.kind === 'subnet' && fact.subnet === subnet.key) return fact.prefix;
    return undefined;
  }

  #wanted(text: string, subnet: Resource, prefix: IpPrefix, taken: ReadonlyMap<string, string>): IpAddress {
    const where = `subnet '${subnet.name}' with address prefix ${formatPrefix(prefix)}`;
    const refuse = (code: string, message: string): Fault => new Fault('invalid', code, message, { target: subnet.id });
    const address = parseIp(text);
    if (address === undefined || !prefixContains(prefix, address))
      throw refuse('PrivateIPAddressNotInSubnet', `Private static IP address ${text.slice(0, 60)} does not belong to the range of ${where}.`);
    if (isReserved(prefix, address))
      throw refuse('PrivateIPAddressInReservedRange', `Private static IP address ${address} falls within the reserved IP range of ${where}.`);
    const holder = taken.get(address);
    if (holder !== undefined) throw refuse('PrivateIPAddressInUse', `Private static IP address ${address} of ${where} is already in use by ${holder}.`);
    return address;
  }
}
