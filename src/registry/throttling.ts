/**
 * Throttling by tier (docs/sources.md#registry-request-limits): so many requests a minute for a registry in a region, and half of it for one identity. Anonymous
 * callers are one identity, and so is the admin user with both passwords. Downloads from data endpoints are not counted.
 */
import type { RequestLimit } from '#http/request-limits.ts';
import type { Identity } from '#identity/tokens.ts';
import type { Rooms, Visit } from './call.ts';
import { oci } from './faults.ts';

type Category = 'read' | 'write' | 'delete' | 'referrers' | 'oauth';

/** Requests a minute: of the registry, and of one identity at it. */
const PER_MINUTE: Readonly<Record<Category, Readonly<Record<'Premium' | 'others', readonly [number, number | undefined]>>>> = {
  read: { others: [10_000, 5000], Premium: [20_000, 10_000] },
  write: { others: [2000, 1000], Premium: [4000, 2000] },
  delete: { others: [1000, 500], Premium: [4000, 2000] },
  referrers: { others: [500, 250], Premium: [2000, 1000] },
  oauth: { others: [10_000, undefined], Premium: [20_000, undefined] },
};

/** Lists of referrers count as reads, too. */
function categoriesOf({ method, path }: Visit['request']): readonly Category[] {
  if (path.startsWith('/oauth2/')) return ['oauth'];
  if (method === 'DELETE') return ['delete'];
  if (method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS') return ['write'];
  return /\/referrers\/[^/]+$/.test(path) ? ['read', 'referrers'] : ['read'];
}

/**
 * Counts one request of somebody, where the operator wants limits. `identity` is unknown at the token endpoints.
 * @throws Fault `TOOMANYREQUESTS` with Retry-After, which counts down to the end of the minute
 */
export function throttle({ request, registry }: Visit, { requestLimits }: Pick<Rooms, 'requestLimits'>, identity: Identity | undefined): void {
  if (!requestLimits) return;
  const place = `${registry.registry} ${registry.loginRegion}`;
  const who = identity && (identity.kind === 'RegistryCredential' ? `credential ${identity.appId}` : identity.objectId);
  const demands = categoriesOf(request).flatMap((category) => {
    const [whole, each] = PER_MINUTE[category][registry.sku === 'Premium' ? 'Premium' : 'others'];
    return [
      { key: `${place} ${category}`, limit: perMinute(whole) },
      ...(each === undefined || who === undefined ? [] : [{ key: `${place} ${category} ${who}`, limit: perMinute(each) }]),
    ];
  });
  const grant = requestLimits.take(demands);
  if (grant.granted) return;
  request.trace.push({
    check: 'limit',
    ok: false,
    detail: `${grant.empty.limit.capacity} requests a minute are used up: ${grant.empty.key.slice(place.length + 1)}`,
  });
  throw oci('TOOMANYREQUESTS', { headers: { 'retry-after': String(grant.retryAfterSeconds) } });
}

function perMinute(capacity: number): RequestLimit {
  return { capacity, refill: capacity, everyMs: 60_000 };
}
