/** Device authorization grants (RFC 8628) that wait for their user. In memory: they live a quarter of an hour, and whoever waited asks again after a restart. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';

/** As Entra, docs/sources.md#sign-in. */
const LIFETIME_SECONDS = 900;
/** Entra asks for 5; nobody waits for another person's network here. */
const INTERVAL_SECONDS = 1;
/** Letters and digits that nobody reads for another: 27^9 codes. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ234';
const CODE_LENGTH = 9;
const WAITING = 1_000;

/** What the device asked for. */
export interface DeviceRequest {
  readonly clientId: string;
  readonly scope: string;
  /** The tenant it asked at; undefined where any user's will do. */
  readonly tenantId: string | undefined;
}

interface Waiting extends DeviceRequest {
  readonly userCode: string;
  readonly untilMs: number;
  /** The object id of the user who agreed. */
  approvedBy?: string;
}

export class DeviceCodes {
  readonly #clock: Clock;
  /** By device code, in order of their making. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: { clock: Clock }) {
    this.#clock = options.clock;
  }

  /** @throws Fault `TooManyRequests` (throttled) when more wait than are kept. */
  issue(request: DeviceRequest): { deviceCode: string; userCode: string; expiresInSeconds: number; intervalSeconds: number } {
    const now = this.#clock.now();
    for (const [code, { untilMs }] of this.#waiting) if (untilMs + LIFETIME_SECONDS * 1000 <= now) this.#waiting.delete(code);
    if (this.#waiting.size >= WAITING)
      throw new Fault('throttled', 'TooManyRequests', 'Too many device sign-ins wait. Try again later.', { headers: { 'retry-after': '60' } });
    const deviceCode = randomBytes(32).toString('base64url');
    const userCode = Array.from({ length: CODE_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
    this.#waiting.set(deviceCode, { ...request, userCode, untilMs: now + LIFETIME_SECONDS * 1000 });
    return { deviceCode, userCode, expiresInSeconds: LIFETIME_SECONDS, intervalSeconds: INTERVAL_SECONDS };
  }

  /** What waits under a code as a person types it: in any casing, with blanks or dashes. */
  find(userCode: string): DeviceRequest | undefined {
    return this.#open(userCode);
  }

  /** The user agreed; whether anything still waited for that. */
  approve(userCode: string, objectId: string): boolean {
    const waiting = this.#open(userCode);
    if (waiting) waiting.approvedBy = objectId;
    return waiting !== undefined;
  }

  /** What became of a device code, for the client that asked for it. An agreement is given once. */
  redeem(deviceCode: string, clientId: string): (DeviceRequest & { readonly approvedBy: string }) | 'pending' | 'expired' | undefined {
    const waiting = this.#waiting.get(deviceCode);
    if (!waiting || waiting.clientId !== clientId) return undefined;
    if (waiting.untilMs <= this.#clock.now()) return 'expired';
    if (waiting.approvedBy === undefined) return 'pending';
    this.#waiting.delete(deviceCode);
    return { ...waiting, approvedBy: waiting.approvedBy };
  }

  #open(userCode: string): Waiting | undefined {
    const typed = userCode.toUpperCase().replace(/[\s-]/g, '');
    for (const waiting of this.#waiting.values())
      if (waiting.userCode === typed && waiting.approvedBy === undefined && waiting.untilMs > this.#clock.now()) return waiting;
    return undefined;
  }
}
