/** A line a step, and what is said of the one that does not hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../failure.ts';
import { hold, holdSame, NotHeld, StepFailure, Steps } from './steps.ts';

test('each step has its line with its time; what did not hold is named with its request', async () => {
  let text = '';
  const steps = new Steps((part) => {
    text += part;
  });
  await steps.step(
    'first',
    async () => 7,
    (result) => `got ${result}`,
  );
  steps.skip('second', 'no machines');
  const failure = await steps.step('third', async () => hold(false, 'it is not so', 'req-1')).catch((error: unknown) => error as StepFailure);
  const lines = text.split('\n');
  assert.match(lines[0] as string, /^ {2}✓ first +\d+ ms {2}got 7$/);
  assert.match(lines[1] as string, /^ {2}- second .*left out: no machines$/);
  assert.match(lines[2] as string, /^ {2}✗ third +\d+ ms$/);
  assert.deepEqual([steps.held, steps.leftOut], [1, 1]);
  assert.ok(failure instanceof StepFailure);
  assert.match(failure.text, /This step did not hold: third\n {2}it is not so\n {2}Request id: req-1 \(postern why req-1\)/);
});

test('a refusal in a step is told with its details', () => {
  const refusal = new Refusal(400, { code: 'A', message: 'no', details: [{ code: 'B', message: 'because', target: 'x.y' }] }, 'req-2');
  assert.match(new StepFailure('s', refusal).text, /\(A\) no\n {2}\(B\) because \[x\.y\]\n {2}Request id: req-2/);
});

test('what was seen stands beside what was wanted', () => {
  assert.throws(
    () => holdSame('a', 'b', 'the thing'),
    (error: unknown) => error instanceof NotHeld && error.message === 'the thing should be "b" and is "a"',
  );
});
