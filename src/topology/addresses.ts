/**
 * The fixed addresses of the world, drawn once. Azure's own (resolver, metadata) are literal; what stands in for public addresses comes from the ranges
 * kept for documentation and benchmarks (RFC 5737, RFC 2544), which no real network routes.
 */
import { formatIp, type IpAddress, ipNumber } from '#base/ip.ts';
import { regionIndex } from '#base/regions.ts';

const address = (text: string): IpAddress => formatIp(ipNumber(text) as number);

/** Azure's resolver, in every virtual network: UDP and TCP 53. */
export const RESOLVER = address('168.63.129.16');
/** The instance metadata address, in every machine: TCP 80. */
export const METADATA = address('169.254.169.254');
/** The router's end of each machine's link. */
export const GATEWAY = address('169.254.1.1');
/** management.azure.com, from machines only. */
export const MANAGEMENT = address('198.18.0.1');
/** login.microsoftonline.com, from machines only. */
export const LOGIN = address('198.18.0.2');
/** graph.microsoft.com, from machines only. */
export const GRAPH = address('198.18.0.3');
/** mcr.microsoft.com, from machines only. */
export const IMAGES = address('198.18.0.4');

/** The ranges that stand for the internet in this world: no virtual network may span any of them. */
export const PUBLIC_RANGES = ['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'] as const;

const LOGIN_FRONTS = ipNumber('198.18.1.0') as number;
const DATA_FRONTS = ipNumber('198.18.2.0') as number;

/** The public address of a region's login servers: 198.18.1.(1 + index). @throws RangeError when it is no region */
export function loginFront(region: string): IpAddress {
  return formatIp(LOGIN_FRONTS + 1 + regionIndex(region));
}

/** The public address of a region's data endpoints: 198.18.2.(1 + index). @throws RangeError when it is no region */
export function dataFront(region: string): IpAddress {
  return formatIp(DATA_FRONTS + 1 + regionIndex(region));
}

/** The addresses that the public side may see a network by, in order of allocation: 203.0.113.1-254, 198.51.100.1-254, then 198.19.0.0/16 without its first and last. */
export function* egressPool(): Iterable<IpAddress> {
  for (const [first, count] of [
    ['203.0.113.1', 254],
    ['198.51.100.1', 254],
    ['198.19.0.1', 65534],
  ] as const) {
    const start = ipNumber(first) as number;
    for (let i = 0; i < count; i++) yield formatIp(start + i);
  }
}
