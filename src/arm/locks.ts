/**
 * Locks: what a resource of a locking type (`ResourceType.lockLevel`) forbids at its parent and below, for everybody (docs/sources.md#locks).
 * They hold for the control plane alone: nothing of the registry's own plane asks them.
 */
import { Fault } from '#base/fault.ts';
import { isWithin, parseResourceId, type ResourceKey } from '#base/resource-id.ts';
import type { LockLevel, ResourceLookup } from './resource-type.ts';
import type { TypeTable } from './types.ts';

/** What a request wants to do; ARM takes every POST to a resource for something that may change it. */
export type LockedVerb = 'write' | 'delete' | 'action';

interface Lock {
  readonly scope: ResourceKey;
  /** The scope as it was written. */
  readonly scopeId: string;
  readonly level: LockLevel;
}

export class Locks {
  readonly #locks: readonly Lock[];

  private constructor(locks: readonly Lock[]) {
    this.#locks = locks;
  }

  /** Every lock there is: there are few. */
  static async read(types: TypeTable, reader: ResourceLookup): Promise<Locks> {
    const locks: Lock[] = [];
    for (const type of types.all)
      if (type.lockLevel)
        for (const resource of await reader.list(type.type, '/')) {
          const level = type.lockLevel(resource);
          if (level !== undefined && resource.parent !== undefined)
            locks.push({ scope: resource.parent, scopeId: resource.id.slice(0, resource.parent.length), level });
        }
    return new Locks(locks);
  }

  /** The locked scopes that keep a request from what it wants: those above it and its own; before a deletion also those that lie below, which would go along. */
  against(key: ResourceKey, verb: LockedVerb): readonly string[] {
    return this.#locks
      .filter(({ scope, level }) => (verb === 'delete' ? isWithin(key, scope) || isWithin(scope, key) : level === 'ReadOnly' && isWithin(key, scope)))
      .map(({ scopeId }) => scopeId)
      .filter((scope, index, all) => all.findIndex((other) => other.toLowerCase() === scope.toLowerCase()) === index);
  }

  /**
   * @param followed what a request for another resource entails: an endpoint's connection below its registry
   * @throws Fault `ScopeLocked`
   */
  require(id: { readonly id: string; readonly key: ResourceKey }, verb: LockedVerb, followed = false): void {
    const scopes = this.against(id.key, verb);
    if (scopes.length === 0) return;
    const text = `The scope '${id.id}' cannot perform ${verb} operation because following scope(s) are locked: '${scopes.join(',')}'. Please remove the lock and try again.`;
    throw new Fault('conflict', 'ScopeLocked', followed ? `Call to ${ownerTypeOf(id.id)} failed. Error message: ${text}` : text);
  }
}

/** `Microsoft.ContainerRegistry/registries` of a connection's id: what ARM's texts say it called. */
function ownerTypeOf(id: string): string {
  return parseResourceId(id).type.split('/').slice(0, 2).join('/');
}
