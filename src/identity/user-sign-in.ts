/**
 * Users: who a name and a password prove, and for how long. A refresh token is sealed, not stored: it holds for the user and the client it was made for until
 * it expires, the user is disabled or deleted, gets another password, or has its sign-ins revoked.
 */
import type { Clock } from '#base/clock.ts';
import { signInsRevokedAt } from '#store/sign-in.ts';
import type { Store } from '#store/store.ts';
import type { TenantRecord } from '#store/tenants.ts';
import { Attempts } from './attempts.ts';
import type { Directory } from './directory.ts';
import type { User } from './people.ts';
import type { Sealed } from './sealed.ts';
import { SignInFault } from './sign-in-faults.ts';
import type { Identity } from './tokens.ts';

/** As Entra, docs/sources.md#sign-in: 90 days; each use gives another, and the old one stays valid. */
const REFRESH_SECONDS = 90 * 24 * 3600;
/** Entra's smart lockout: ten wrong passwords close the door for a minute. */
const WRONG_PASSWORDS = 10;
const LOCKOUT_MS = 60_000;

/** A user that has signed in. */
export type SignedIn = Identity & { readonly upn: string; readonly displayName: string };

interface RefreshGrant {
  readonly objectId: string;
  readonly clientId: string;
}

export class UserSignIn {
  readonly #directory: Directory;
  readonly #store: Store;
  readonly #sealed: Sealed;
  readonly #attempts: Attempts;

  constructor(options: { directory: Directory; store: Store; sealed: Sealed; clock: Clock }) {
    this.#directory = options.directory;
    this.#store = options.store;
    this.#sealed = options.sealed;
    this.#attempts = new Attempts({ clock: options.clock, limit: WRONG_PASSWORDS, windowMs: LOCKOUT_MS });
  }

  /**
   * Who signs in. `peer` is where from: wrong passwords count for a name and a place, so that nobody locks out somebody elsewhere.
   * @throws SignInFault, Fault `TooManyRequests`
   */
  async byPassword(upn: string, password: string, options: { tenant: TenantRecord | undefined; peer: string }): Promise<SignedIn> {
    const attempt = `${options.peer} ${upn.toLowerCase().slice(0, 200)}`;
    if (this.#attempts.blocked(attempt))
      throw new SignInFault(
        50053,
        'The account is locked, you have tried to sign in too many times with an incorrect user ID or password. Try again in a minute.',
      );
    const identity = await this.#directory.verifyUserPassword(upn, password);
    const user = await this.#directory.findUser(upn);
    if (!identity || !user) {
      this.#attempts.failed(attempt);
      // Users of other tenants are as unknown at a tenant's own endpoint as those that are not there, until they have proved themselves.
      if (!user || (options.tenant && user.tenantId !== options.tenant.id)) {
        const where = options.tenant ? `the ${options.tenant.id} directory` : 'any directory of this server';
        throw new SignInFault(50034, `The user account does not exist in ${where}. To sign into this application, the account must be added to the directory.`);
      }
      if (!user.enabled) throw new SignInFault(50057, 'The user account is disabled. The account has been disabled by an administrator.');
      throw new SignInFault(50126, 'Error validating credentials due to invalid username or password.');
    }
    this.#attempts.succeeded(attempt);
    return inTenant(user, options.tenant);
  }

  /** A refresh token of the user for the client. */
  refreshToken(user: Identity, clientId: string): string {
    const grant: RefreshGrant = { objectId: user.objectId, clientId };
    return this.#sealed.seal('refresh token', grant, REFRESH_SECONDS);
  }

  /** Who a refresh token stands for. @throws SignInFault */
  async byRefreshToken(text: string, clientId: string, tenant: TenantRecord | undefined): Promise<SignedIn> {
    const opened = this.#sealed.open<RefreshGrant>('refresh token', text);
    if (opened === 'expired') throw new SignInFault(70008, 'The refresh token has expired due to inactivity. Sign in again.');
    if (!opened || opened.value.clientId !== clientId)
      throw new SignInFault(70000, 'Provided grant is invalid or malformed: this refresh token was not issued to this client.');
    const { objectId } = opened.value;
    const revokedAt = await signInsRevokedAt(this.#store.database, objectId);
    if (revokedAt !== undefined && opened.sealedAtMs <= revokedAt)
      throw new SignInFault(
        50173,
        'The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password. Sign in again.',
      );
    return this.byObjectId(objectId, tenant);
  }

  /** A user that proved itself before, if it still may sign in. @throws SignInFault */
  async byObjectId(objectId: string, tenant: TenantRecord | undefined): Promise<SignedIn> {
    const user = await this.#directory.people.findUserByObjectId(objectId);
    if (!user) throw new SignInFault(50034, 'The user account does not exist any more.');
    if (!user.enabled) throw new SignInFault(50057, 'The user account is disabled. The account has been disabled by an administrator.');
    return inTenant(user, tenant);
  }
}

function inTenant(user: User, tenant: TenantRecord | undefined): SignedIn {
  if (tenant && tenant.id !== user.tenantId)
    throw new SignInFault(
      50020,
      `User account '${user.upn}' from another tenant does not exist in tenant '${tenant.displayName}' and cannot access the application in that tenant. Sign in at the user's own tenant.`,
    );
  return { objectId: user.objectId, tenantId: user.tenantId, kind: 'User', upn: user.upn, displayName: user.displayName };
}
