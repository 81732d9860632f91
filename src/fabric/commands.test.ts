import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#base/fault.ts';
import { runCommand } from './commands.ts';

const failing = (text: RegExp) => (thrown: unknown) => thrown instanceof Fault && thrown.code === 'CommandFailed' && text.test(thrown.message);

test('a command gets its input and gives its output', async () => {
  assert.equal(await runCommand('cat', [], 'lines\n'), 'lines\n');
});

test('what a command says when it fails is the fault, with the line of the batch', async () => {
  await assert.rejects(runCommand('sh', ['-c', 'echo no such thing >&2; exit 3']), failing(/no such thing\.$/));
  await assert.rejects(
    runCommand('sh', ['-c', 'echo "RTNETLINK answers: File exists" >&2; echo "Command failed -:2" >&2; exit 1'], 'first\nsecond\nthird\n'),
    failing(/at 'second': RTNETLINK answers: File exists\.$/),
  );
  await assert.rejects(runCommand('no-such-tool-here', []), failing(/could not be started/));
  await assert.rejects(runCommand('sh', ['-c', 'exec <&-; exit 4'], 'x'.repeat(1 << 20)), failing(/code 4/));
});
