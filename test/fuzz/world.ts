/** The world that fuzzed requests are sent to, and what must hold of every answer. */
import assert from 'node:assert/strict';
import { monotonicMs } from '#base/clock.ts';
import type { ControlPlane } from '#providers/control-plane.fixture.ts';
import { furnishEveryType, wholeWorld } from '#providers/every-type.fixture.ts';
import type { FuzzedRequest, Standing } from './requests.ts';

/** A request that takes longer hangs: the longest of them takes a fraction of that. */
const HANGS_MS = 10_000;

export interface FuzzedWorld {
  readonly plane: ControlPlane;
  readonly standing: Standing;
}

/** One resource of most types, connected as people connect them. */
export async function openFuzzedWorld(): Promise<FuzzedWorld> {
  const plane = await wholeWorld();
  await plane.put(`${plane.subscription}/resourceGroups/other`, { location: 'westeurope' });
  await furnishEveryType(plane);
  const records = await plane.store.resources.list();
  const own = records.filter(({ id }) => id.startsWith(`${plane.subscription}/`));
  const shown = [];
  for (const { id, type } of own) shown.push({ id, type, body: (await plane.get(id)).body as object });
  return { plane, standing: { subscription: plane.subscription, ids: own.map(({ id }) => id), shown } };
}

/** Sends it, and holds the answer against what must hold of all. Returns its status. */
export async function send({ plane }: FuzzedWorld, request: FuzzedRequest): Promise<number> {
  const before = plane.store.revision;
  plane.errors.length = 0;
  const begun = monotonicMs();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), HANGS_MS);
  });
  const answer = await Promise.race([plane.ask(request.method, request.path, request.body, { raw: true, headers: { ...request.headers } }), late]);
  clearTimeout(timer);
  const told = (what: string): string =>
    `${what}\n${JSON.stringify({ ...request, body: request.body?.slice(0, 2000) }, null, 1)}\n${answer.status} ${answer.message.slice(0, 500)}`;
  assert.ok(monotonicMs() - begun < HANGS_MS, told('too slow'));
  assert.deepEqual(plane.errors, [], told('an error of ours'));
  assert.ok(answer.status < 500 || answer.codes.every((code) => code === 'NotServed' || code === 'WebhookNotCalled'), told('a server error'));
  if (answer.status >= 400) {
    assert.equal(plane.store.revision, before, told('refused, and something was written'));
    if (request.method !== 'HEAD') assert.ok(typeof answer.body.error.code === 'string' && typeof answer.body.error.message === 'string', told('no error'));
  }
  assert.equal(({} as { polluted?: boolean }).polluted, undefined, told('every object was changed'));
  return answer.status;
}

/** After all requests: whatever is stored can be read, written back, and is in its lists. */
export async function settle({ plane }: FuzzedWorld): Promise<void> {
  for (const record of await plane.store.resources.list({ under: plane.subscription })) {
    const shown = await plane.get(encodedId(record.id));
    assert.equal(shown.status, 200, `${record.id}: ${shown.message}`);
    assert.equal(shown.body.id, record.id);
  }
  for (const list of ['/resources', '/resourcegroups', '/tagNames', '/providers/Microsoft.ContainerRegistry/registries']) {
    const answer = await plane.get(`${plane.subscription}${list}`);
    assert.equal(answer.status, 200, `${list}: ${answer.message}`);
  }
  assert.deepEqual(plane.errors, []);
}

/** `ask` cuts a path at a question mark and encodes the rest but for percent signs. */
function encodedId(id: string): string {
  return id.replaceAll('?', '%3F').replaceAll('#', '%23');
}
