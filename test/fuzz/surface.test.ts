/** A bounded sample of the control plane's fuzz; `npm run fuzz` takes longer. */
import { test } from 'node:test';
import { fuzz } from './fuzz.ts';
import { openFuzzedWorld } from './world.ts';

test('no request ends in an error of ours, hangs, or is refused half written', async () => {
  await fuzz(await openFuzzedWorld(), { seed: 1, runs: 12, requests: 40 });
});
