/** The challenge of a 401: where to get a token, for which service and scope. https://distribution.github.io/distribution/spec/auth/token/ */
import type { Fault } from '#base/fault.ts';
import type { Request } from '#http/message.ts';
import { oci } from './faults.ts';

/** One thing asked of one resource, as the error's `detail` names it. */
export interface Wanted {
  readonly type: 'repository' | 'registry';
  readonly name: string;
  readonly actions: readonly string[];
}

/**
 * The name and port by which the client reached us, for URLs that it can follow and a service that it knows: on the host's public listener that is not
 * the login server. What does not look like a name and a port is not repeated.
 */
export function addressed(request: Request): { readonly name: string; readonly port: string; readonly authority: string } {
  const match = /^([a-z0-9._-]+)\.?(:\d{1,5})?$/i.exec(request.authority);
  const name = match?.[1]?.toLowerCase() ?? request.host;
  const port = match?.[2] ?? '';
  return { name, port, authority: name + port };
}

/**
 * The 401. Without `wanted` (on `/v2/`) the challenge has no scope, and there is no space after its commas: `az` splits it at spaces and commas.
 * With `error` it says why a token that was sent does not do (RFC 6750 section 3.1).
 */
export function challenge(request: Request, wanted: Wanted | undefined, error?: 'invalid_token' | 'insufficient_scope'): Fault {
  const { name, authority } = addressed(request);
  const parts = [`Bearer realm="https://${authority}/oauth2/token"`, `service="${name}"`];
  if (wanted) parts.push(`scope="${wanted.type}:${wanted.name}:${wanted.actions.join(',')}"`);
  if (error) parts.push(`error="${error}"`);
  return oci('UNAUTHORIZED', {
    headers: { 'www-authenticate': parts.join(',') },
    detail: wanted?.actions.map((action) => ({ Type: wanted.type, Name: wanted.name, Action: action })),
  });
}

/** What ACR answers to an Authorization header that it cannot read. */
export function basicChallenge(): Fault {
  return oci('UNAUTHORIZED', { headers: { 'www-authenticate': 'Basic realm="Azure Container Registry"' } });
}
