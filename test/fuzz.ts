/**
 * The control plane's fuzz, at length: `npm run fuzz -- [--runs N] [--seed N]`. Sweeps every place of every type with every wrong value, then sends random
 * sequences to worlds of one resource of every type. Writes what it did to docs/fuzz.md; `--keep` writes nothing. Ends with 1 when something was found.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { monotonicMs } from '#base/clock.ts';
import { type FuzzReport, fuzz, sweepAll } from './fuzz/fuzz.ts';
import { openFuzzedWorld } from './fuzz/world.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '300' }, seed: { type: 'string' }, keep: { type: 'boolean', default: false } } });
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const runs = Number(values.runs);
const REQUESTS = 60;

function told({ requests, answers }: FuzzReport, seconds: number): string {
  const byStatus = [...answers].sort(([one], [other]) => one - other).map(([status, count]) => `${status}: ${count}`);
  return `${requests} requests in ${Math.round(seconds)} s; ${byStatus.join(', ')}`;
}

async function timed(work: Promise<FuzzReport>): Promise<string> {
  const begun = monotonicMs();
  const report = await work;
  return told(report, (monotonicMs() - begun) / 1000);
}

try {
  const model = await openFuzzedWorld();
  const swept = await timed(sweepAll(model));
  console.log(`sweep: ${swept}`);
  const sent = await timed(fuzz(model, { seed, runs, requests: REQUESTS }));
  console.log(`sequences, seed ${seed}: ${sent}`);
  const date = new Date().toISOString().slice(0, 10);
  const page = `# Fuzz of the control plane

Written by \`npm run fuzz\` on ${date}. No request ended in an error of ours, took longer than ten seconds, was refused with something written, or left a resource that could not be
read and listed.

| what | requests and answers |
|---|---|
| every place of every type, with wrong values, by PUT and PATCH | ${swept} |
| ${runs} random sequences of ${REQUESTS} (seed ${seed}) | ${sent} |

501 is what is not served, by its name. The room tests send a bounded sample of the same (\`test/fuzz/surface.test.ts\`).
`;
  if (!values.keep) writeFileSync(join(import.meta.dirname, '../docs/fuzz.md'), page);
} catch (error) {
  console.error(`found with seed ${seed}:\n${(error as Error).stack}`);
  process.exitCode = 1;
}
