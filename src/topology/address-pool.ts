/** Addresses of a subnet: which are the service's own, how many are left for interfaces, which is the next free one. Pure. */
import { formatIp, type IpAddress, type IpPrefix, ipNumber, prefixSize } from '#base/ip.ts';

/** Azure keeps the network address, the gateway, two for its resolver, and the last address of each subnet. */
const RESERVED_FIRST = 4;
const RESERVED_LAST = 1;

/** How many interfaces a subnet can hold: its size less five, 0 when it is smaller than /29. */
export function capacity(prefix: IpPrefix): number {
  return Math.max(0, prefixSize(prefix) - RESERVED_FIRST - RESERVED_LAST);
}

/** Whether the address lies in the subnet and belongs to the service: its first four and its last. */
export function isReserved(prefix: IpPrefix, address: string): boolean {
  const value = ipNumber(address);
  if (value === undefined) return false;
  const offset = value - prefix.base;
  const size = prefixSize(prefix);
  return offset >= 0 && offset < size && (offset < RESERVED_FIRST || offset >= size - RESERVED_LAST);
}

/** The lowest address of the subnet that is neither reserved nor taken; undefined when the subnet is full. */
export function firstFree(prefix: IpPrefix, taken: ReadonlySet<string>): IpAddress | undefined {
  const end = prefix.base + prefixSize(prefix) - RESERVED_LAST;
  for (let value = prefix.base + RESERVED_FIRST; value < end; value++) {
    const address = formatIp(value);
    if (!taken.has(address)) return address;
  }
  return undefined;
}
