/**
 * Users of a single registry: the admin user, and tokens with their scope maps. They are known by name and password to that registry alone and hold no roles.
 * Pure. docs/sources.md#registry-users
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Identity } from '#identity/tokens.ts';
import type { RegistryCredential, RegistryPart } from '#topology/snapshot.ts';

/** What each action of a token's scope needs of a scope map. Reading content gives no right to metadata, nor writing it. */
const NEEDED = {
  pull: 'content/read',
  push: 'content/write',
  delete: 'content/delete',
  metadata_read: 'metadata/read',
  metadata_write: 'metadata/write',
} as const;

/** The user of that name, as it is now; undefined when there is none that may sign in. */
export function credentialOf(registry: RegistryPart, username: string): RegistryCredential | undefined {
  return registry.credentials.get(username.toLowerCase());
}

/** Whom the name and password prove; undefined when nobody. Every password is compared, and in constant time. */
export function identityByPassword(registry: RegistryPart, username: string, password: string, nowMs: number, tenantId: string): Identity | undefined {
  const hash = createHash('sha256').update(password).digest();
  let proven = false;
  for (const { sha256, expiresAt } of credentialOf(registry, username)?.passwords ?? []) {
    const stored = Buffer.from(sha256, 'hex');
    const same = stored.length === hash.length && timingSafeEqual(stored, hash);
    proven ||= same && (expiresAt === undefined || Date.parse(expiresAt) > nowMs);
  }
  const name = username.toLowerCase();
  // A token's name may look like the id of a principal elsewhere; with a space before it nothing else is called so.
  return proven ? { objectId: `token ${name}`, appId: name, tenantId, kind: 'RegistryCredential' } : undefined;
}

/** What the user may do: actions of its scope map, or everything. */
export function actionsOf(registry: RegistryPart, { actions }: RegistryCredential): readonly string[] | 'admin' {
  return actions === 'admin' ? actions : (registry.scopeMaps.get(actions.scopeMap)?.actions ?? []);
}

/** Whether these actions hold the one on the repository, or on the catalogue: which needs the metadata of every repository. */
export function actionsPermit(actions: readonly string[] | 'admin', action: keyof typeof NEEDED | 'catalog', repository: string): boolean {
  if (actions === 'admin') return true;
  const [wanted, name] = action === 'catalog' ? [NEEDED.metadata_read, undefined] : [NEEDED[action], repository];
  return actions.some((entry) => {
    const match = /^repositories\/(.+)\/((?:content|metadata)\/[a-z]+)$/i.exec(entry);
    if (match?.[2]?.toLowerCase() !== wanted) return false;
    const pattern = match[1] as string;
    if (name === undefined) return pattern === '*';
    return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
  });
}
