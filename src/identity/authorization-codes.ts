/** Authorization codes (RFC 6749 section 4.1) with proof of possession (RFC 7636): sealed, for the client and the place they were made for, good for once. */
import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { Sealed } from './sealed.ts';
import { SignInFault } from './sign-in-faults.ts';

/** As Entra, docs/sources.md#sign-in. */
const LIFETIME_SECONDS = 600;

/** What a user agreed to. */
export interface Authorization {
  readonly objectId: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: string;
  readonly nonce: string | undefined;
  /** The S256 challenge. */
  readonly challenge: string;
}

export class AuthorizationCodes {
  readonly #sealed: Sealed;
  readonly #clock: Clock;
  /** Id of a redeemed code -> when it would have expired. */
  readonly #redeemed = new Map<string, number>();

  constructor(options: { sealed: Sealed; clock: Clock }) {
    this.#sealed = options.sealed;
    this.#clock = options.clock;
  }

  issue(authorization: Authorization): string {
    return this.#sealed.seal('authorization code', { ...authorization, id: randomUUID() }, LIFETIME_SECONDS);
  }

  /** What the code stands for. @throws SignInFault 70000, 70008, 54005, 501481, 50011 */
  redeem(code: string, by: { clientId: string; redirectUri: string; verifier: string }): Authorization {
    const opened = this.#sealed.open<Authorization & { id: string }>('authorization code', code);
    if (opened === 'expired')
      throw new SignInFault(70008, 'The provided authorization code or refresh token has expired. Send a new interactive authorization request.');
    if (!opened || opened.value.clientId !== by.clientId)
      throw new SignInFault(70000, 'Provided grant is invalid or malformed: this authorization code was not issued to this client.');
    const { id, challenge, redirectUri } = opened.value;
    const now = this.#clock.now();
    for (const [redeemed, untilMs] of this.#redeemed) if (untilMs <= now) this.#redeemed.delete(redeemed);
    if (this.#redeemed.has(id))
      throw new SignInFault(54005, 'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.');
    // Also after a wrong verifier: whoever sends one did not ask for the code.
    this.#redeemed.set(id, opened.sealedAtMs + LIFETIME_SECONDS * 1000);
    if (redirectUri !== by.redirectUri)
      throw new SignInFault(50011, 'The redirect URI specified in the request does not match the one the authorization code was issued for.');
    if (createHash('sha256').update(by.verifier).digest('base64url') !== challenge)
      throw new SignInFault(501481, 'The Code_Verifier does not match the code_challenge supplied in the authorization request.');
    return opened.value;
  }
}
