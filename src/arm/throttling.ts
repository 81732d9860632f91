/**
 * ARM's limits of requests (docs/sources.md#arm-throttling): a bucket for each principal in each subscription and kind of request, one for all principals of
 * the subscription, and one for what is asked at the tenant. Every answer tells what is left; where limits are off that is what a first request would be told.
 */
import { Fault } from '#base/fault.ts';
import { type ResourceKey, subscriptionKeyOf } from '#base/resource-id.ts';
import type { Demand, RequestLimit, RequestLimits } from '#http/request-limits.ts';
import type { Authority } from './authorization.ts';

type Kind = 'reads' | 'writes' | 'deletes';

const LIMITS: Readonly<Record<Kind, RequestLimit>> = {
  reads: { capacity: 250, refill: 25, everyMs: 1000 },
  writes: { capacity: 200, refill: 10, everyMs: 1000 },
  deletes: { capacity: 200, refill: 10, everyMs: 1000 },
};
/** All principals of a subscription together have so many times what one has. */
const GLOBAL = 15;

function kindOf(method: string): Kind {
  return method === 'GET' || method === 'HEAD' ? 'reads' : method === 'DELETE' ? 'deletes' : 'writes';
}

/**
 * Counts one request. `path` is decoded and lower case. Returns the headers that tell what is left.
 * @throws Fault `SubscriptionRequestsThrottled` (throttled) with Retry-After
 */
export function throttle(limits: RequestLimits | undefined, method: string, path: string, { principalId, tenantId }: Authority): Record<string, string> {
  const kind = kindOf(method);
  const limit = LIMITS[kind];
  const subscription = subscriptionKeyOf(path as ResourceKey);
  const scope = subscription ?? `/tenants/${tenantId}`;
  const whole: RequestLimit = { ...limit, capacity: limit.capacity * GLOBAL, refill: limit.refill * GLOBAL };
  const demands: Demand[] = [{ key: `${kind} ${scope} ${principalId}`, limit }];
  if (subscription !== undefined) demands.push({ key: `${kind} ${scope}`, limit: whole });
  const grant = limits?.take(demands) ?? { granted: true, remaining: demands.map((demand) => demand.limit.capacity - 1) };
  const names = [
    `x-ms-ratelimit-remaining-${subscription === undefined ? 'tenant' : 'subscription'}-${kind}`,
    `x-ms-ratelimit-remaining-subscription-global-${kind}`,
  ];
  if (grant.granted) return Object.fromEntries(grant.remaining.map((left, index) => [names[index] as string, String(left)]));
  const where = subscription === undefined ? `tenant '${tenantId}'` : `subscription '${subscription.split('/').at(-1)}'`;
  throw new Fault(
    'throttled',
    'SubscriptionRequestsThrottled',
    `Number of '${kind.slice(0, -1)}' requests for ${where} actor '${principalId}' exceeded. Please try again after '${grant.retryAfterSeconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.`,
    { headers: { 'retry-after': String(grant.retryAfterSeconds), [names[0] as string]: '0' } },
  );
}
