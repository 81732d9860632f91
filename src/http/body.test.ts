import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { Fault } from '#base/fault.ts';
import { type BodyCarrier, readBody, readForm, readJson } from './body.ts';

function carrier(chunks: readonly (string | Buffer)[], headers: BodyCarrier['headers'] = {}): BodyCarrier {
  return { headers, body: Readable.from(chunks.map((chunk) => Buffer.from(chunk))) };
}
const fault = (kind: string, code: string) => (thrown: unknown) => thrown instanceof Fault && thrown.kind === kind && thrown.code === code;

test('a body is read whole, up to its limit and not past it', async () => {
  assert.equal((await readBody(carrier(['ab', 'cd']), { limitBytes: 4 })).toString(), 'abcd');
  assert.equal((await readBody(carrier([]), { limitBytes: 4 })).length, 0);
  await assert.rejects(readBody(carrier(['ab', 'cde']), { limitBytes: 4 }), fault('tooLarge', 'RequestContentTooLarge'));
});

test('a declared length over the limit is refused before a byte is read', async () => {
  let read = false;
  const body = new Readable({
    read() {
      read = true;
      this.push(null);
    },
  });
  await assert.rejects(readBody({ headers: { 'content-length': '5' }, body }, { limitBytes: 4 }), fault('tooLarge', 'RequestContentTooLarge'));
  assert.equal(read, false);
});

test('a body that is cut off is no body', async () => {
  const body = new Readable({ read() {} });
  body.push('half');
  setImmediate(() => body.destroy(new Error('aborted')));
  await assert.rejects(readBody({ headers: {}, body }, { limitBytes: 100 }), fault('invalid', 'RequestBodyIncomplete'));
});

test('a body over the limit leaves the stream open, for the server to drain', async () => {
  const body = new Readable({ read() {} });
  body.push('12345');
  await assert.rejects(readBody({ headers: {}, body }, { limitBytes: 4 }), fault('tooLarge', 'RequestContentTooLarge'));
  assert.equal(body.destroyed, false);
});

test('JSON: empty is undefined, malformed and not UTF-8 are refused', async () => {
  assert.equal(await readJson(carrier([])), undefined);
  assert.deepEqual(await readJson(carrier(['\uFEFF{"a":', '1}'])), { a: 1 });
  await assert.rejects(readJson(carrier(['{'])), fault('invalid', 'InvalidRequestContent'));
  await assert.rejects(readJson(carrier([Buffer.from([0x22, 0xff, 0x22])])), fault('invalid', 'InvalidRequestContent'));
});

test('forms say that they are forms', async () => {
  const form = await readForm(carrier(['a=1&a=2&b=x%20y'], { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }));
  assert.deepEqual(form.getAll('a'), ['1', '2']);
  assert.equal(form.get('b'), 'x y');
  await assert.rejects(readForm(carrier(['{}'], { 'content-type': 'application/json' })), fault('unsupportedMedia', 'UnsupportedMediaType'));
});

test('JSON that nests deeper than anybody walks it is refused, and what is wide is not', async () => {
  const nested = (depth: number, open: string, close: string): BodyCarrier => carrier([open.repeat(depth), '1', close.repeat(depth)]);
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    await assert.doesNotReject(readJson(nested(60, open, close)));
    for (const depth of [70, 100_000]) await assert.rejects(readJson(nested(depth, open, close)), fault('invalid', 'InvalidRequestContent'));
  }
  await assert.doesNotReject(readJson(carrier([JSON.stringify(Array.from({ length: 100_000 }, () => ({})))])));
});
