/** Token scopes: `type:name:action,action`, several by repetition or by spaces. https://distribution.github.io/distribution/spec/auth/scope/ */
import { parseRepositoryName } from '#base/image-reference.ts';
import type { RegistryAccess } from '#identity/tokens.ts';
import { type Action, decide, repositoryActions } from './authorize.ts';
import type { Caller, Visit } from './call.ts';

/** More than any client asks for at once; beyond it scopes are dropped, so that a token stays small enough for a header. */
const MAX_SCOPES = 64;

/** What `az` of either age calls the metadata actions. */
const synonyms: Readonly<Record<string, Action>> = { metadataRead: 'metadata_read', metadataWrite: 'metadata_write' };

/**
 * What a token for these scopes permits. A scope that the caller may not have, or that means nothing (`registry:None:*` of `az acr check-health`), is silently
 * left out, as clients expect: they learn of it at the resource.
 */
export function grantedAccess(visit: Visit, caller: Caller, scopes: readonly string[]): RegistryAccess[] {
  const asked = scopes.flatMap((scope) => scope.split(' ')).filter((scope) => scope !== '');
  const granted: RegistryAccess[] = [];
  for (const scope of asked.slice(0, MAX_SCOPES)) {
    const access = grant(visit, caller, scope);
    if (access) granted.push(access);
    visit.request.trace.push({ check: 'scope', ok: access !== undefined, detail: `asked ${scope}; granted ${access ? access.actions.join(',') : 'nothing'}` });
  }
  return granted;
}

function grant(visit: Visit, caller: Caller, scope: string): RegistryAccess | undefined {
  const match = /^([a-z-]+):(.+):([^:]*)$/.exec(scope);
  if (!match) return undefined;
  const [type, name, actionList] = [match[1] as string, match[2] as string, (match[3] as string).split(',')];
  if (type === 'registry')
    return name === 'catalog' && actionList.includes('*') && decide(visit, caller, 'catalog', name).permitted ? { type, name, actions: ['*'] } : undefined;
  if (type !== 'repository' || parseRepositoryName(name) === undefined) return undefined;
  const asked = new Set(actionList.map((action) => synonyms[action] ?? action));
  const actions = repositoryActions.filter((action) => (asked.has(action) || asked.has('*')) && decide(visit, caller, action, name).permitted);
  return actions.length > 0 ? { type, name, actions } : undefined;
}
