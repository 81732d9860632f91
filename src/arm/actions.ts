/** Actions: POST `{id}/{name}` and its kin at subscription scope. */
import { check } from '#base/schema.ts';
import { readJson } from '#http/body.ts';
import { emptyReply, jsonReply, type Reply } from '#http/message.ts';
import { type Call, committed, type Engine } from './engine.ts';
import { requireAncestors, requireScope } from './existence.ts';
import { combined, resourceNotFound, scriptRunning } from './faults.ts';
import { operationOf, operationsPath, pollHeaders } from './lifecycle.ts';
import type { Action, ActionResult, Resource } from './resource-type.ts';
import type { Route } from './route.ts';
import { hookContext, Work } from './work.ts';

/** One that changes the resource runs inside a transaction and answers when the world has caught up. */
export async function act(engine: Engine, call: Call, { type, id, action }: Extract<Route, { kind: 'action' }>): Promise<Reply> {
  call.authority.require(action.permission, id.id);
  const input = await requestOf(call, action);
  const snapshot = engine.snapshot();
  if (action.method === 'GET') {
    const reader = committed(engine);
    const resource = await reader.get(id.key);
    if (!resource) {
      await requireAncestors(id, reader, 'read');
      throw resourceNotFound(id);
    }
    return answerOf(engine, call, resource, await action.run(resource, input, { ...hookContext(engine, call.authority, reader), snapshot }));
  }
  const { value, revision } = await engine.store.write(async (transaction) => {
    const work = new Work(engine, call.authority, transaction);
    await requireAncestors(id, work.reader, 'read');
    const resource = await work.reader.get(id.key);
    if (!resource) throw resourceNotFound(id);
    await work.requireUnlocked(type, id, 'action');
    const result = await action.run(resource, input, { ...work.context, snapshot });
    if (result.update) {
      const changed = result.update.key === undefined ? resource : await work.reader.get(result.update.key);
      const changedType = changed && engine.types.find(changed.type);
      if (!changedType) throw new Error(`the action '${action.permission}' changes '${result.update.key}', which is not there`);
      const { body = changed.body, hidden = changed.hidden } = result.update;
      await work.save({ type: changedType, id: changed.resourceId, body, hidden, ...(changed.owner ? { owner: changed.owner } : {}) }, changed);
      await work.finish();
    }
    await engine.activity.done(call, transaction, result.status ?? 200);
    return { result, resource, work };
  });
  if (value.work.changed) await engine.operations.follow(operationOf(engine, call, value.resource, 'Updating', revision, value.work.concerns), engine.settleMs);
  return answerOf(engine, call, value.resource, value.result);
}

/** The result as it stands, or that of its job: 200 when it is done in time, else 202 with where to ask. */
async function answerOf(engine: Engine, call: Call, resource: Resource, result: ActionResult): Promise<Reply> {
  const { job, resultOf = (done) => done } = result;
  if (!job) return replyOf(result);
  if (engine.requestLimits && job.kind === 'run-command' && engine.operations.isBusy(resource.key)) throw scriptRunning();
  const id = engine.newGuid();
  const work = async (): Promise<unknown> => resultOf(await engine.runJob(job, call.authority));
  const done = await engine.operations.run({ id, resource: resource.key, principalId: call.authority.principalId }, work, engine.settleMs);
  if (done !== 'late') return replyOf({ body: done.result });
  const base = operationsPath(resource);
  return emptyReply(202, pollHeaders(call, `${base}operationStatuses/${id}`, `${base}operationResults/${id}`));
}

export async function actAtSubscription(engine: Engine, call: Call, { at, action }: Extract<Route, { kind: 'subscriptionAction' }>): Promise<Reply> {
  call.authority.require(action.permission, at.id);
  const input = await requestOf(call, action);
  const reader = committed(engine);
  await requireScope(at.key, reader);
  return replyOf({ body: await action.run(input, hookContext(engine, call.authority, reader)) });
}

async function requestOf(call: Call, action: Pick<Action, 'method' | 'request'>): Promise<unknown> {
  const input = action.method === 'GET' ? Object.fromEntries(call.request.query) : await readJson(call.request);
  if (!action.request) return input;
  const result = check(action.request, input ?? {});
  if (result.faults) throw combined(result.faults);
  return result.value;
}

function replyOf({ status = 200, body }: { status?: number; body?: unknown }): Reply {
  return body === undefined ? emptyReply(status) : jsonReply(status, body);
}
