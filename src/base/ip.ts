/** IPv4 addresses and prefixes, as numbers inside and dotted text outside. IPv6 is not part of the fabric: ACR endpoints are IPv4. */

declare const ipBrand: unique symbol;
/** An IPv4 address in canonical dotted form. Made only by `parseIp` and `formatIp`. */
export type IpAddress = string & { readonly [ipBrand]: true };

/** An IPv4 prefix: `base` is the network address as an unsigned 32-bit number, `bits` the prefix length. */
export interface IpPrefix {
  readonly base: number;
  readonly bits: number;
}

/** The address as an unsigned 32-bit number, or undefined when the text is not canonical dotted-quad IPv4 (no leading zeros). */
export function ipNumber(text: string): number | undefined {
  const match = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(text);
  if (!match) return undefined;
  let value = 0;
  for (let i = 1; i <= 4; i++) {
    const octet = Number(match[i]);
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return value;
}

/** The canonical address, or undefined. */
export function parseIp(text: string): IpAddress | undefined {
  return ipNumber(text) === undefined ? undefined : (text as IpAddress);
}

export function formatIp(value: number): IpAddress {
  return `${(value >>> 24) & 255}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}` as IpAddress;
}

/** Parses `10.0.0.0/16`; undefined when malformed or when host bits are set. A bare address is a /32. */
export function parsePrefix(text: string): IpPrefix | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const base = ipNumber(address);
  if (base === undefined || rest.length > 0) return undefined;
  if (length !== undefined && !/^(0|[1-9]\d?)$/.test(length)) return undefined;
  const bits = length === undefined ? 32 : Number(length);
  if (bits > 32 || base % 2 ** (32 - bits) !== 0) return undefined;
  return { base, bits };
}

export function formatPrefix(prefix: IpPrefix): string {
  return `${formatIp(prefix.base)}/${prefix.bits}`;
}

/** How many addresses the prefix spans. */
export function prefixSize(prefix: IpPrefix): number {
  return 2 ** (32 - prefix.bits);
}

export function prefixContains(prefix: IpPrefix, address: string): boolean {
  const value = ipNumber(address);
  return value !== undefined && value >= prefix.base && value < prefix.base + prefixSize(prefix);
}

export function prefixCovers(outer: IpPrefix, inner: IpPrefix): boolean {
  return inner.base >= outer.base && inner.base + prefixSize(inner) <= outer.base + prefixSize(outer);
}

export function prefixesOverlap(a: IpPrefix, b: IpPrefix): boolean {
  return a.base < b.base + prefixSize(b) && b.base < a.base + prefixSize(a);
}
