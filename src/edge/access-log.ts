/** How requests were decided: a bounded ring for `postern why`, and a line of the log each. Holds no query (signed URLs carry their signature there), no header, no body. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Request, TraceStep } from '#http/message.ts';
import type { Arrival } from '#topology/arrival.ts';

/** One request as it was decided, or a connection that was reset before it could carry one. The members that a check decided are its detail in words. */
export interface AccessEntry {
  readonly id: string;
  /** ISO 8601. */
  readonly time: string;
  /** `RESET` for a connection that was reset: then host and path are empty and the status is 0. */
  readonly method: string;
  /** As the client named it. */
  readonly host: string;
  readonly path: string;
  readonly status: number;
  /** Until the reply was decided; its bytes may take longer. */
  readonly durationMs: number;
  readonly listener: string;
  readonly via: Arrival['via'];
  readonly peer: string;
  readonly network?: ResourceKey;
  readonly endpoint?: string;
  readonly registry?: ResourceKey;
  readonly state?: string;
  readonly rule?: string;
  readonly identity?: string;
  readonly role?: string;
  readonly trace: readonly TraceStep[];
  /** The first check that failed. */
  readonly failure?: TraceStep;
}

const HOST_CHARACTERS = 300;
const PATH_CHARACTERS = 500;
/** What is kept of one step, and how many: details quote what clients sent, and 10,000 requests are kept. */
const DETAIL_CHARACTERS = 1_000;
const STEPS = 100;

/** A copy: a slice alone would keep the whole text alive that it was taken from. */
function cut(text: string, characters: number): string {
  return Buffer.from(text.slice(0, characters)).toString();
}

/** Details quote what was sent and end on terminals: control characters are no part of them. */
function cutStep(whole: TraceStep): TraceStep {
  const step = { ...whole, detail: whole.detail.replace(/\p{Cc}/gu, '\ufffd') };
  return step.detail.length <= DETAIL_CHARACTERS ? step : { ...step, detail: `${cut(step.detail, DETAIL_CHARACTERS)}…` };
}

export class AccessLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #size: number;
  /** In order of insertion: the first is the oldest. */
  readonly #entries = new Map<string, AccessEntry>();

  constructor(options: { log: Log; clock: Clock; size?: number }) {
    this.#log = options.log;
    this.#clock = options.clock;
    this.#size = options.size ?? 10_000;
  }

  record(
    request: Pick<Request, 'id' | 'method' | 'authority' | 'path' | 'trace'>,
    arrival: Arrival,
    decided: { status: number; durationMs: number; registry?: ResourceKey },
  ): void {
    const failed = request.trace.findIndex((step) => !step.ok);
    const trace = request.trace.filter((_, index) => index < STEPS || index === failed).map(cutStep);
    const failure = trace.find((step) => !step.ok);
    const detail = (check: string): string | undefined => trace.findLast((step) => step.check === check)?.detail;
    const entry: AccessEntry = {
      id: request.id,
      time: new Date(this.#clock.now()).toISOString(),
      method: request.method,
      host: cut(request.authority, HOST_CHARACTERS),
      path: cut(request.path, PATH_CHARACTERS),
      status: decided.status,
      durationMs: Math.round(decided.durationMs * 10) / 10,
      listener: arrival.listener,
      via: arrival.via,
      peer: arrival.peer,
      ...('network' in arrival && arrival.network ? { network: arrival.network } : {}),
      ...(arrival.via === 'endpoint' ? { endpoint: `${arrival.endpoint} at ${arrival.address} (${arrival.member})` } : {}),
      ...(decided.registry ? { registry: decided.registry } : {}),
      state: detail('state'),
      rule: detail('rule'),
      identity: detail('identity'),
      role: detail('role'),
      trace,
      ...(failure ? { failure } : {}),
    };
    this.#keep(entry);
    const { id, method, host, path, status, durationMs, listener, peer } = entry;
    this.#log.info(
      { requestId: id, method, host, path, status, durationMs, listener, peer, ...(failure ? { failure: `${failure.check}: ${failure.detail}` } : {}) },
      'request',
    );
  }

  #keep(entry: AccessEntry): void {
    if (this.#entries.size >= this.#size) this.#entries.delete(this.#entries.keys().next().value as string);
    this.#entries.set(entry.id, entry);
  }

  /** A connection that was reset before it could carry a request. Its client was told no id; it is found among the latest refusals. */
  recordReset(listener: string, peer: string, network: ResourceKey, refusal: { refused: string; endpoint?: ResourceKey; registry?: ResourceKey }): void {
    const { refused, endpoint, registry } = refusal;
    const failure: TraceStep = { check: endpoint ? 'state' : 'listener', ok: false, detail: refused };
    const id = randomUUID();
    this.#keep({
      id,
      time: new Date(this.#clock.now()).toISOString(),
      method: 'RESET',
      host: '',
      path: '',
      status: 0,
      durationMs: 0,
      listener,
      via: endpoint ? 'endpoint' : 'public',
      peer,
      network,
      ...(endpoint ? { endpoint, state: refused } : {}),
      ...(registry ? { registry } : {}),
      trace: [failure],
      failure,
    });
    this.#log.info({ requestId: id, listener, peer, failure: refused }, 'connection reset');
  }

  /** The request of an id, while it is among the last ones. */
  why(id: string): AccessEntry | undefined {
    return this.#entries.get(id.toLowerCase());
  }

  /** The latest refusals and resets that `visible` lets through, newest first. A 401 that only asks for credentials is one too. */
  refused(visible: (entry: AccessEntry) => boolean, limit: number): AccessEntry[] {
    const found: AccessEntry[] = [];
    for (const entry of [...this.#entries.values()].reverse()) {
      if (found.length === limit) break;
      if (entry.failure && visible(entry)) found.push(entry);
    }
    return found;
  }
}
