/** The URLs that a client polls for an operation: its status (`Azure-AsyncOperation`) and its result (`Location`). */
import { Fault } from '#base/fault.ts';
import { parseResourceId } from '#base/resource-id.ts';
import { emptyReply, jsonReply, type Reply } from '#http/message.ts';
import { actionFor } from './authorization.ts';
import { absoluteUrl, type Call, type Engine } from './engine.ts';

/**
 * Who began an operation, or may read its resource, may ask for it.
 * @throws Fault `OperationNotFound`, `AuthorizationFailed`, and what the operation failed with when its result is asked for
 */
export async function operationReply(engine: Engine, call: Call, id: string, result: boolean): Promise<Reply> {
  const operation = await engine.operations.get(id);
  if (!operation || !call.authority.knows(operation.resource))
    throw new Fault('notFound', 'OperationNotFound', `The operation '${id.slice(0, 100)}' could not be found; operations are kept for a day.`);
  const { type } = parseResourceId(operation.resource);
  if (operation.principalId !== call.authority.principalId) call.authority.require(actionFor(engine.types.find(type) ?? { type }, 'read'), operation.resource);
  const { status, startTime, endTime, error, fault } = operation;
  const running = { 'retry-after': '1' };
  if (!result) {
    return jsonReply(
      200,
      {
        id: decodeURIComponent(call.request.path),
        name: id,
        status,
        startTime,
        ...(endTime === undefined ? {} : { endTime }),
        percentComplete: endTime === undefined ? 50 : 100,
        ...(error ? { error } : {}),
        ...(operation.result === undefined ? {} : { properties: { output: operation.result } }),
      },
      endTime === undefined ? running : {},
    );
  }
  if (status === 'InProgress') return emptyReply(202, { ...running, location: absoluteUrl(call, call.request.path, { 'api-version': call.apiVersion }) });
  if (error) throw fault ?? new Fault('conflict', error.code, error.message);
  return operation.result === undefined ? emptyReply(200) : jsonReply(200, operation.result);
}
