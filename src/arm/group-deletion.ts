/** Deleting a resource group: everything in it or nothing. Members go in the order of their references, each asked whether it may. */
import type { Fault } from '#base/fault.ts';
import { isWithin, type ResourceKey } from '#base/resource-id.ts';
import type { Reply } from '#http/message.ts';
import { referencesOf } from '#store/resources.ts';
import type { Call, Engine } from './engine.ts';
import { requireAncestors } from './existence.ts';
import { groupDeletionBlocked, groupNotFound } from './faults.ts';
import { deleted, type Target } from './lifecycle.ts';
import type { Resource } from './resource-type.ts';
import { Work } from './work.ts';

/**
 * DELETE of a resource group: 200, or 202 with `Location` when the world takes longer.
 * @throws Fault `ResourceGroupDeletionBlocked` with the objections of what cannot be deleted, since something outside the group depends on it; then nothing was
 */
export async function removeGroup(engine: Engine, call: Call, target: Target): Promise<Reply> {
  const { value, revision } = await engine.store.write(async (transaction) => {
    const work = new Work(engine, call.authority, transaction);
    const group = await removeGroupIn(target, work);
    await engine.activity.done(call, transaction, 200);
    return { group, work };
  });
  call.request.trace.push({ check: 'write', ok: true, detail: `deleted in revision ${revision}` });
  return deleted(engine, call, value.group, revision, value.work);
}

/** The deletion as far as it happens inside its transaction. */
export async function removeGroupIn({ type, id }: Target, work: Work): Promise<Resource> {
  await requireAncestors(id, work.reader, 'delete');
  const group = await work.reader.get(id.key);
  if (!group) throw groupNotFound(id.name);
  await work.requireUnlocked(type, id, 'delete');
  let waiting = referrersFirst(await work.reader.children(group.key));
  while (waiting.length > 0) {
    const blocked: Resource[] = [];
    const objections: Fault[] = [];
    for (const { key } of waiting) {
      // Gone with an owner or a parent that went before it.
      const member = await work.reader.get(key);
      if (!member) continue;
      const faults = await work.objections(member);
      if (faults.length === 0) await work.remove(member);
      else {
        blocked.push(member);
        objections.push(...faults);
      }
    }
    if (blocked.length > 0 && blocked.length === waiting.length)
      throw groupDeletionBlocked(group.name, blocked, await outsideOf(group.key, blocked, work), objections);
    waiting = blocked;
  }
  // Re-runs before the group's own end: an owner elsewhere must not put anything back into it.
  await work.finish();
  await work.remove(group);
  await work.finish();
  return group;
}

/** What lies outside the group and refers to what could not be deleted: its owner, where it is one's own. What would go along is not in the way. */
async function outsideOf(group: ResourceKey, blocked: readonly Resource[], work: Work): Promise<readonly string[]> {
  const outside = new Map<ResourceKey, string>();
  const look = async (resource: Resource): Promise<void> => {
    const along = new Set(await work.takenBy(resource));
    for (const { key, id, owner } of await work.reader.referrers(resource.key)) {
      if (isWithin(key, group) || along.has(key)) continue;
      const holder = owner === undefined ? undefined : await work.reader.get(owner);
      if (!holder || !isWithin(holder.key, group)) outside.set(holder?.key ?? key, holder?.id ?? id);
    }
    for (const child of await work.reader.children(resource.key)) await look(child);
  };
  for (const resource of blocked) await look(resource);
  return [...outside.values()].sort();
}

/** The members with whoever refers to another, or lies below it, before that one, as far as references make no circle: then few are asked twice. */
export function referrersFirst<Member extends Pick<Resource, 'key' | 'body' | 'parent'>>(members: readonly Member[]): Member[] {
  const byKey = new Map(members.map((member) => [member.key, member]));
  const memberOf = (key: ResourceKey): Member | undefined => {
    // References often point below a member: to a subnet of a network.
    for (let at: string = key; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
      const member = byKey.get(at as ResourceKey);
      if (member) return member;
    }
    return undefined;
  };
  const order: Member[] = [];
  const seen = new Set<ResourceKey>();
  const visit = (start: Member): void => {
    // Depth first without recursion: a chain of references may be as long as the group.
    const stack: { member: Member; targets: Member[] }[] = [];
    const enter = (member: Member): void => {
      seen.add(member.key);
      stack.push({
        member,
        targets: [...referencesOf(member), ...(member.parent === undefined ? [] : [member.parent])].map(memberOf).filter((target) => target !== undefined),
      });
    };
    enter(start);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.targets.pop();
      if (next === undefined) order.push((stack.pop() as { member: Member }).member);
      else if (!seen.has(next.key)) enter(next);
    }
  };
  for (const member of members) if (!seen.has(member.key)) visit(member);
  // What was finished first is referred to by what came later.
  return order.reverse();
}
