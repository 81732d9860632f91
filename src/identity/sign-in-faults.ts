/** What the sign-in endpoints refuse, in Microsoft Entra ID's words: an AADSTS code with its text, below an OAuth error (RFC 6749 section 5.2). */
import { randomUUID } from 'node:crypto';
import { type Clock, isoTime } from '#base/clock.ts';
import { asFault } from '#base/fault.ts';
import { jsonReply, type Reply, type Request } from '#http/message.ts';

/** The Entra errors that are given, `docs/sources.md#sign-in-errors`. Status and OAuth code as Entra answers them. */
const ERRORS = {
  50011: [400, 'invalid_request'],
  50013: [400, 'invalid_grant'],
  50020: [400, 'invalid_grant'],
  50027: [400, 'invalid_request'],
  50034: [400, 'invalid_grant'],
  50053: [400, 'invalid_grant'],
  50057: [400, 'invalid_grant'],
  50126: [400, 'invalid_grant'],
  50173: [400, 'invalid_grant'],
  54005: [400, 'invalid_grant'],
  70000: [400, 'invalid_grant'],
  70003: [400, 'unsupported_grant_type'],
  70008: [400, 'invalid_grant'],
  70011: [400, 'invalid_scope'],
  70016: [400, 'authorization_pending'],
  70020: [400, 'expired_token'],
  90002: [400, 'invalid_request'],
  500011: [400, 'invalid_resource'],
  501481: [400, 'invalid_grant'],
  700016: [400, 'unauthorized_client'],
  700021: [401, 'invalid_client'],
  700023: [401, 'invalid_client'],
  700024: [401, 'invalid_client'],
  700027: [401, 'invalid_client'],
  700211: [401, 'invalid_client'],
  700212: [401, 'invalid_client'],
  700213: [401, 'invalid_client'],
  900144: [400, 'invalid_request'],
  7000215: [401, 'invalid_client'],
  7000216: [401, 'invalid_client'],
  7000229: [400, 'unauthorized_client'],
  9002313: [400, 'invalid_request'],
  1002012: [400, 'invalid_scope'],
} as const satisfies Record<number, readonly [status: number, oauth: string]>;

/** A refusal of a sign-in endpoint: an AADSTS code and its text, which carries no secret. */
export class SignInFault extends Error {
  readonly code: keyof typeof ERRORS;
  constructor(code: keyof typeof ERRORS, message: string) {
    super(message);
    this.code = code;
  }
}

/** Answers of sign-in endpoints carry credentials (RFC 6749 section 5.1). */
export const NO_STORE = { 'cache-control': 'no-store, no-cache', pragma: 'no-cache' };

/** What was thrown, as the reply of a token endpoint. Bugs are thrown on. */
export function signInRefusal(request: Request, thrown: unknown, clock: Clock): Reply {
  const timestamp = `${isoTime(clock).slice(0, 19).replace('T', ' ')}Z`;
  if (!(thrown instanceof SignInFault)) {
    const fault = asFault(thrown);
    if (fault.kind === 'internal') throw thrown;
    const code = fault.kind === 'throttled' ? 'temporarily_unavailable' : 'invalid_request';
    return jsonReply(fault.status, { error: code, error_description: fault.message, trace_id: request.id, timestamp }, { ...NO_STORE, ...fault.headers });
  }
  const [status, error] = ERRORS[thrown.code];
  const correlation = request.headers['client-request-id'];
  const correlationId = typeof correlation === 'string' && /^[0-9a-f-]{36}$/i.test(correlation) ? correlation : randomUUID();
  const body = {
    error,
    error_description: `AADSTS${thrown.code}: ${thrown.message} Trace ID: ${request.id} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [thrown.code],
    timestamp,
    trace_id: request.id,
    correlation_id: correlationId,
  };
  return jsonReply(status, body, NO_STORE);
}

/** A parameter that must be there. @throws SignInFault 900144 */
export function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (!value) throw new SignInFault(900144, `The request body must contain the following parameter: '${name}'.`);
  return value;
}

/** No parameter may be given twice (RFC 6749 section 3.2): which one counted would depend on who reads it. @throws SignInFault 9002313 */
export function requireSingle(form: URLSearchParams): void {
  const seen = new Set<string>();
  for (const name of form.keys()) {
    if (seen.has(name))
      throw new SignInFault(9002313, `Invalid request. Request is malformed or invalid: the parameter '${name.slice(0, 100)}' is given more than once.`);
    seen.add(name);
  }
}
