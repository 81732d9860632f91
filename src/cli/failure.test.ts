/** Errors as az prints them, and the exit codes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#base/fault.ts';
import { failureOf, problemOf, Refusal, UsageError } from './failure.ts';

test('a refusal prints code and message as az does, every detail with its target, and how to ask why', () => {
  const problem = problemOf(400, {
    error: {
      code: 'InvalidRequestContent',
      message: 'The body has two problems.',
      details: [
        { code: 'InvalidParameter', message: 'no prefix', target: 'properties.addressSpace' },
        { code: 'InvalidParameter', message: 'too long', target: 'name' },
      ],
    },
  });
  assert.equal(
    failureOf(new Refusal(400, problem, 'abc-1'), 'acr create').text,
    [
      'ERROR: (InvalidRequestContent) The body has two problems.',
      'Code: InvalidRequestContent',
      'Message: The body has two problems.',
      'Exception Details:\t(InvalidParameter) no prefix',
      '\tCode: InvalidParameter',
      '\tMessage: no prefix',
      '\tTarget: properties.addressSpace',
      'Exception Details:\t(InvalidParameter) too long',
      '\tCode: InvalidParameter',
      '\tMessage: too long',
      '\tTarget: name',
      'Request id: abc-1 (postern why abc-1)',
      '',
    ].join('\n'),
  );
});

test('exit codes: 2 usage, 3 not found, 1 anything else', () => {
  assert.equal(failureOf(new UsageError('x'), 'acr').exitCode, 2);
  assert.equal(failureOf(new Fault('invalid', 'InvalidFlags', 'x'), 'up').exitCode, 2);
  assert.equal(failureOf(new Refusal(404, { code: 'ResourceNotFound', message: 'x' }), '').exitCode, 3);
  assert.equal(failureOf(new Fault('notFound', 'X', 'x'), '').exitCode, 3);
  assert.equal(failureOf(new Refusal(409, { code: 'Conflict', message: 'x' }), '').exitCode, 1);
  assert.equal(failureOf(new Error('x'), '').exitCode, 1);
});

test('errors of usage say what was meant and where the help is', () => {
  assert.equal(
    failureOf(new UsageError('unrecognized arguments: --nmae', '--name'), 'acr show').text,
    'ERROR: unrecognized arguments: --nmae\nDid you mean: --name?\nTry: postern acr show --help\n',
  );
});

test("every plane's error body is read", () => {
  assert.deepEqual(problemOf(401, { error: 'invalid_client', error_description: 'AADSTS7000215' }), { code: 'invalid_client', message: 'AADSTS7000215' });
  assert.deepEqual(problemOf(403, { errors: [{ code: 'DENIED', message: 'no' }] }), { code: 'DENIED', message: 'no' });
  assert.deepEqual(problemOf(502, 'bad gateway'), { code: 'HTTP502', message: 'bad gateway' });
  assert.deepEqual(problemOf(500, undefined), { code: 'HTTP500', message: 'The server answered with status 500.' });
});

test('what others put into a message is shown, not obeyed by the terminal', () => {
  assert.equal(
    failureOf(new Fault('notFound', 'X', 'no \u001b]0;mine\u0007 \u009b here\n\tand on'), 'acr').text,
    'ERROR: no \\u001b]0;mine\\u0007 \\u009b here\n\tand on\n',
  );
});
