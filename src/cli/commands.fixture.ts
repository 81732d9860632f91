/** For tests of commands: one command line against a server that answers from a table, and what it was asked. */
import assert from 'node:assert/strict';
import type { JsonObject } from '#base/json.ts';
import type { ManagementOptions } from './management.ts';
import { Commands } from './quickstart/commands.ts';
import { type Answered, type Asked, FakeServer, S } from './server.fixture.ts';

export const G = `${S}/resourceGroups/rg`;
export const N = `${G}/providers/Microsoft.Network`;
export const R = `${G}/providers/Microsoft.ContainerRegistry/registries/myregistry`;
const SUCCEEDED: Answered = { status: 201, body: { id: '/x', name: 'x', properties: { provisioningState: 'Succeeded' } } };

/** Runs one command line; GETs are answered from the table (a list of registries and the group are always there), writes succeed. */
export async function run(
  line: string,
  answers: Record<string, unknown> = {},
  options: Partial<ManagementOptions> = {},
): Promise<{ asked: Asked[]; result: JsonObject; writes: [string, JsonObject | undefined][] }> {
  await using server = await FakeServer.open();
  const table: Record<string, unknown> = {
    [`${S}/resourcegroups/rg`]: { location: 'westeurope' },
    [`${S}/resources`]: { value: [{ id: R, name: 'MyRegistry', type: 'Microsoft.ContainerRegistry/registries' }] },
    ...answers,
  };
  server.answer = ({ method, path }) => (method !== 'GET' ? SUCCEEDED : table[path] === undefined ? undefined : { body: table[path] });
  const result = await new Commands(server.management(options), server.folder).run(line);
  const writes = server.asked
    .filter(({ method }) => method !== 'GET')
    .map((asked): [string, JsonObject | undefined] => [`${asked.method} ${asked.path}`, asked.body as JsonObject | undefined]);
  return { asked: server.asked, result, writes };
}

/** The one write of a command line. */
export async function written(line: string, answers?: Record<string, unknown>): Promise<[string, JsonObject | undefined]> {
  const { writes } = await run(line, answers);
  assert.equal(writes.length, 1, JSON.stringify(writes));
  return writes[0] as [string, JsonObject | undefined];
}
