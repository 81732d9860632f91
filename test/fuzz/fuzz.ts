/** The property: whatever is sent in whatever order, every answer is one that a client can use, and what stands at the end is whole. */
import fc from 'fast-check';
import { resourceTypes } from '#providers/index.ts';
import { fuzzedRequest, sweep } from './requests.ts';
import { type FuzzedWorld, openFuzzedWorld, send, settle } from './world.ts';

export interface FuzzReport {
  /** By status. */
  readonly answers: ReadonlyMap<number, number>;
  readonly requests: number;
}

/** Worlds that are asked `requests` times each, one world a run. The first failure is thrown. `model` says what every world begins with. */
export async function fuzz(model: FuzzedWorld, { seed, runs, requests }: { seed: number; runs: number; requests: number }): Promise<FuzzReport> {
  const answers = new Map<number, number>();
  const request = fuzzedRequest(resourceTypes, model.standing);
  const property = fc.asyncProperty(fc.array(request, { minLength: requests, maxLength: requests, size: 'max' }), async (sequence) => {
    const world = await openFuzzedWorld();
    for (const each of sequence) {
      const status = await send(world, each);
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
    await settle(world);
  });
  // The error tells the request; the sequences before it fill screens.
  const { failed, errorInstance } = await fc.check(property, { seed, numRuns: runs, endOnFailure: true });
  if (failed) throw errorInstance;
  return { answers, requests: [...answers.values()].reduce((sum, count) => sum + count, 0) };
}

/** Every type's every place, with every wrong value: each type in a world of its own. */
export async function sweepAll(model: FuzzedWorld): Promise<FuzzReport> {
  const answers = new Map<number, number>();
  for (const type of resourceTypes) {
    const [shown] = model.standing.shown.filter((each) => each.type === type.type);
    if (!shown) continue;
    const world = await openFuzzedWorld();
    for (const request of sweep(type, shown)) {
      const status = await send(world, request);
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
    await settle(world);
  }
  return { answers, requests: [...answers.values()].reduce((sum, count) => sum + count, 0) };
}
