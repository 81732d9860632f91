/** Who may sign in at a registry by name and password: its admin user, whose two passwords it shows again, and the passwords of tokens, which are shown once. */
import { createHash, randomBytes } from 'node:crypto';
import type { Action, Resource } from '#arm/resource-type.ts';
import { isoTime } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import { z } from '#base/schema.ts';
import type { Fact } from '#topology/facts.ts';
import { keyOf } from '../references.ts';
import { choice, resourceIdText } from '../schema-parts.ts';
import { REGISTRY_TYPE } from './private-link.ts';
import { childType } from './tiers.ts';

const TOKEN_TYPE = childType('tokens');

/** The names of the admin user's passwords, and of a token's. */
const ADMIN_PASSWORDS = ['password', 'password2'] as const;
export const TOKEN_PASSWORDS = ['password1', 'password2'] as const;

export type TokenPasswordName = (typeof TOKEN_PASSWORDS)[number];

/** A token's password as it is kept: nobody can read it again. */
export interface KeptPassword {
  /** Hex. */
  readonly sha256: string;
  readonly creationTime: string;
  readonly expiry?: string;
}

/** 52 characters of base64, 312 random bits. */
function newPassword(): string {
  return randomBytes(39).toString('base64');
}

/** Lower-case hex of the password's SHA-256; of a random password it is as good as any slower hash. */
function sha256(password: string): string {
  return createHash('sha256').update(password).digest('hex');
}

type AdminPasswords = Readonly<Record<(typeof ADMIN_PASSWORDS)[number], string>>;

/** A registry's `hidden` with passwords of its admin user from the first time on that it has one. They outlive a time without. */
export function withAdminPasswords(hidden: JsonObject, adminUserEnabled: boolean): JsonObject {
  if (!adminUserEnabled || hidden.adminPasswords !== undefined) return hidden;
  return { ...hidden, adminPasswords: { password: newPassword(), password2: newPassword() } };
}

const adminPasswordsOf = (hidden: JsonObject): AdminPasswords | undefined => hidden.adminPasswords as AdminPasswords | undefined;

/** The admin user of a registry, while it is enabled: named as the registry, may do everything in it. */
export function adminFacts(registry: Pick<Resource, 'key' | 'name' | 'body' | 'hidden'>): readonly Fact[] {
  const passwords = adminPasswordsOf(registry.hidden);
  if (registry.body.properties.adminUserEnabled !== true || !passwords) return [];
  return [
    {
      kind: 'registry-credential',
      registry: registry.key,
      username: registry.name.toLowerCase(),
      passwords: ADMIN_PASSWORDS.map((name) => ({ sha256: sha256(passwords[name]) })),
      actions: 'admin',
    },
  ];
}

/** What is kept of a token's passwords, by name. */
export function keptPasswordsOf(token: { readonly hidden: JsonObject }): Partial<Record<TokenPasswordName, KeptPassword>> {
  return (token.hidden.passwords as unknown as Partial<Record<TokenPasswordName, KeptPassword>> | undefined) ?? {};
}

/** The passwords of a token as it shows them: names and times. */
export function shownPasswords(kept: Partial<Record<TokenPasswordName, KeptPassword>>): JsonObject[] {
  return TOKEN_PASSWORDS.flatMap((name) => {
    const password = kept[name];
    return password ? [{ name, creationTime: password.creationTime, ...(password.expiry === undefined ? {} : { expiry: password.expiry }) }] : [];
  });
}

function requireAdmin(registry: Resource): void {
  if (registry.body.properties.adminUserEnabled === true) return;
  throw new Fault(
    'invalid',
    'UnAuthorizedForCredentialOperations',
    `Cannot perform credential operations for ${registry.id} as admin user is disabled. Kindly enable admin user as per docs: https://docs.microsoft.com/en-us/azure/container-registry/container-registry-authentication#admin-account`,
  );
}

const adminReply = (registry: Resource, passwords: AdminPasswords): object => ({
  username: registry.name,
  passwords: ADMIN_PASSWORDS.map((name) => ({ name, value: passwords[name] })),
});

/** The registry's actions (docs/sources.md#registry-credentials). */
export const credentialActions = {
  listCredentials: {
    permission: `${REGISTRY_TYPE}/listCredentials/action`,
    activity: 'List Container Registry Login Credentials',
    async run(registry) {
      requireAdmin(registry);
      const standing = adminPasswordsOf(registry.hidden);
      if (standing) return { body: adminReply(registry, standing) };
      const hidden = withAdminPasswords(registry.hidden, true);
      return { body: adminReply(registry, adminPasswordsOf(hidden) as AdminPasswords), update: { hidden } };
    },
  },

  regenerateCredential: {
    permission: `${REGISTRY_TYPE}/regenerateCredential/action`,
    activity: 'Regenerate Container Registry Login Credentials',
    request: z.object({ name: choice(...ADMIN_PASSWORDS) }),
    async run(registry, request) {
      requireAdmin(registry);
      const { name } = request as { name: (typeof ADMIN_PASSWORDS)[number] };
      const hidden = withAdminPasswords(registry.hidden, true);
      const passwords = { ...(adminPasswordsOf(hidden) as AdminPasswords), [name]: newPassword() };
      return { body: adminReply(registry, passwords), update: { hidden: { ...hidden, adminPasswords: passwords } } };
    },
  },

  /** Makes one password of a token, or both when no name is given; older ones of the names are worthless from now on. */
  generateCredentials: {
    permission: `${REGISTRY_TYPE}/generateCredentials/action`,
    request: z.object({
      tokenId: resourceIdText(TOKEN_TYPE),
      expiry: z.iso.datetime({ offset: true, error: (issue) => `'${issue.input}' is not a time such as 2026-01-31T12:00:00Z` }).nullish(),
      name: choice(...TOKEN_PASSWORDS).nullish(),
    }),
    async run(registry, request, { reader, clock }) {
      const { tokenId, expiry, name } = request as { tokenId: string; expiry?: string | null; name?: TokenPasswordName | null };
      const token = await reader.get(keyOf(tokenId));
      if (!token || token.parent !== registry.key)
        throw new Fault('notFound', 'TokenNotFound', `Registry '${registry.name}' has no token '${tokenId}'.`, { target: 'tokenId' });
      const creationTime = isoTime(clock);
      const ends = expiry === undefined || expiry === null ? undefined : new Date(expiry).toISOString();
      if (ends !== undefined && Date.parse(ends) <= clock.now())
        throw new Fault('invalid', 'InvalidParameter', `The expiry ${ends} is not in the future.`, { target: 'expiry' });
      const passwords = (name ? [name] : TOKEN_PASSWORDS).map((each) => ({ name: each, value: newPassword() }));
      const times = { creationTime, ...(ends === undefined ? {} : { expiry: ends }) };
      const kept = { ...keptPasswordsOf(token) };
      for (const { name: each, value } of passwords) kept[each] = { sha256: sha256(value), ...times };
      return {
        body: { username: token.name, passwords: passwords.map((password) => ({ ...times, ...password })) },
        update: { key: token.key, hidden: { ...token.hidden, passwords: kept as unknown as JsonObject } },
      };
    },
  },
} satisfies Readonly<Record<string, Action>>;
