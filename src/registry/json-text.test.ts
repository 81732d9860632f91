import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ambiguityOf, lookalikeOf } from './json-text.ts';

test('a name that one object has twice is found, however it is written and wherever it stands', () => {
  for (const text of ['{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '[{"x":{"b":[],"c":"\\\\","b":1}}]', '{"a\\"":{},"a\\"":1}', '{ "" : 1 , "" : 2 }'])
    assert.match(ambiguityOf(text) ?? '', /twice/, text);
});

test('texts of one reading have none', () => {
  for (const text of ['1', '"a"', '[]', '{}', '{"a":"a","b":["a","a",{"a":1}],"c":{"a":","}}', '[{"a":1},{"a":1}]', '{"a":"\\"a\\":","b":"\\\\"}'])
    assert.equal(ambiguityOf(text), undefined, text);
  // What JavaScript writes has no name twice.
  fc.assert(fc.property(fc.json({ maxDepth: 6 }), (text) => ambiguityOf(text) === undefined));
});

test('a name written twice is found beside anything else', () => {
  fc.assert(
    fc.property(fc.string(), fc.json(), fc.json(), (name, one, two) => {
      const member = JSON.stringify(name);
      assert.ok(ambiguityOf(`{${member}:${one},"other ${member.slice(1)}:0,${member}:${two}}`) !== undefined);
    }),
  );
});

test('depth is bounded, and cheap to find out', () => {
  assert.equal(ambiguityOf(`${'['.repeat(1000)}${']'.repeat(1000)}`), undefined);
  assert.match(ambiguityOf('{"a":'.repeat(800_000)) ?? '', /deeper than 1000/);
});

test('names that differ in case only, also by the letters that fold to ASCII', () => {
  const names = ['layers', 'mediaType', 'config'];
  for (const name of ['Layers', 'mediatype', 'CONFIG', 'layer\u017f']) assert.equal(lookalikeOf({ layers: 1, [name]: 1 }, names), name);
  assert.equal(lookalikeOf({ layers: 1, mediaType: 1, other: 1, Other: 1 }, names), undefined);
});
