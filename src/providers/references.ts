/** What rules of many types share when one resource refers to another: reading ids, and the faults of a bad reference or a missing right. */
import type { Caller } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { parseResourceId, type ResourceKey } from '#base/resource-id.ts';

/** The key of an id that a schema has checked. */
export function keyOf(id: string): ResourceKey {
  return parseResourceId(id).key;
}

/** The key of the resource that a child's id hangs below: the virtual network of a subnet. */
export function parentKeyOf(id: string): ResourceKey {
  const { parent } = parseResourceId(id);
  if (parent === undefined) throw new RangeError(`'${id}' is no child`);
  return parent;
}

/** The id of a resource beside `id`, in the same resource group. */
export function siblingId(id: string, type: string, name: string): string {
  return `${id.slice(0, id.search(/\/providers\//i))}/providers/${type}/${name}`;
}

/** Network RP: a referenced resource that does not exist, or lies in another region, is told in these words. */
export function invalidReference(referenced: string, by: string, target: string, detail = ''): Fault {
  return new Fault(
    'invalid',
    'InvalidResourceReference',
    `Resource ${referenced} referenced by resource ${by} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.${detail}`,
    { target },
  );
}

/** A namespace that another subscription than the request's would have to be registered for; ARM's words for its own. */
export function notRegistered(namespace: string, subscription: string): Fault {
  return new Fault(
    'conflict',
    'MissingSubscriptionRegistration',
    `The subscription is not registered to use namespace '${namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions. Register it: az provider register --namespace ${namespace} --subscription ${subscription}`,
    { target: namespace },
  );
}

/** A property that is fixed at creation was given another value. */
export function notChangeable(target: string): Fault {
  return new Fault('conflict', 'PropertyChangeNotAllowed', `Changing property '${target}' is not allowed. Delete the resource and create it anew.`, { target });
}

/**
 * The second right a write needs, on the resource it links to: 403 `LinkedAuthorizationFailed` when the caller lacks it (docs/sources.md#linked-authorization).
 * To be asked before that resource is looked for: who has no right to it is not told whether it is there, nor anything of it.
 * @param shownAction the action as the text names it, when that is not the whole name
 */
export function linkedRight(
  caller: Caller,
  write: { readonly action: string; readonly scope: string },
  linked: { readonly action: string; readonly id: string; readonly shownAction?: string },
  target: string,
): Fault | undefined {
  if (caller.may(linked.action, keyOf(linked.id))) return undefined;
  return missingLinkedRight(caller, write, linked.id, target, linked.shownAction ?? linked.action);
}

/** The refusal of `linkedRight`, for a scope that is no resource: `linked` is what is linked to, `action` what it needs when that is not what is written. */
export function missingLinkedRight(
  caller: Caller,
  write: { readonly action: string; readonly scope: string },
  linked: string,
  target: string,
  action = write.action,
): Fault {
  return new Fault(
    'forbidden',
    'LinkedAuthorizationFailed',
    `The client '${caller.appId ?? caller.principalId}' with object id '${caller.principalId}' has permission to perform action '${write.action}' on scope '${write.scope}'; however, it does not have permission to perform action '${action}' on the linked scope(s) '${linked}' or the linked scope(s) are invalid.`,
    { target },
  );
}
