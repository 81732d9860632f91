/** The small parsers: names, digests, references, entity tags, merges, schemas. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, parseDigest } from './digest.ts';
import { isWithinDomain, parseDomainName, relativeName } from './domain-name.ts';
import { etagMatches } from './etag.ts';
import { asFault, Fault } from './fault.ts';
import { parseRepositoryName, parseTag } from './image-reference.ts';
import { mergeDeep } from './json.ts';
import { check, z } from './schema.ts';

test('digests are lower-case hex of the right length', () => {
  const hex = 'a'.repeat(64);
  assert.equal(parseDigest(`sha256:${hex}`), `sha256:${hex}`);
  for (const bad of [`sha256:${hex}a`, `sha256:${hex.toUpperCase()}`, `sha1:${hex}`, 'sha256:', `sha512:${hex}`, `sha256:${'../'.repeat(21)}a`])
    assert.equal(parseDigest(bad), undefined, bad);
  assert.equal(digestOf(Buffer.from('')), 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

test('repository names follow the grammar of the distribution specification', () => {
  for (const good of ['a', 'a/b', 'a.b_c__d-e/f0', 'hello-world', 'a---b']) assert.equal(parseRepositoryName(good), good);
  for (const bad of ['', 'A', '/a', 'a/', 'a//b', '../a', 'a..b', 'a___b', '-a', 'a'.repeat(256)]) assert.equal(parseRepositoryName(bad), undefined, bad);
  assert.equal(parseTag('v1.0_x-Y'), 'v1.0_x-Y');
  for (const bad of ['', '.a', '-a', 'a b', 'a'.repeat(129), 'a/b']) assert.equal(parseTag(bad), undefined, bad);
});

test('domain names compare lower-case, without the trailing dot', () => {
  assert.equal(parseDomainName('MyReg.AzureCR.io.'), 'myreg.azurecr.io');
  for (const bad of ['a..b', `${'a'.repeat(64)}.io`, 'a b.io', '.a', `${'a.'.repeat(127)}abc`]) assert.equal(parseDomainName(bad), undefined, bad);
  assert.ok(isWithinDomain('a.b.c', 'b.c'));
  assert.ok(!isWithinDomain('ab.c', 'b.c'));
  assert.equal(relativeName('a.b.c', 'b.c'), 'a');
  assert.equal(relativeName('b.c', 'b.c'), '@');
});

test('entity tags match by list, star and weakness', () => {
  assert.ok(etagMatches('"x", W/"y"', 'y'));
  assert.ok(etagMatches('*', 'y'));
  assert.ok(!etagMatches('*', undefined));
  assert.ok(!etagMatches('"x"', 'y'));
});

test('a merge keeps siblings, replaces arrays, removes by null, and does not touch its arguments', () => {
  const base = { a: { b: 1, c: [1, 2] }, d: 4 };
  assert.deepEqual(mergeDeep(base, { a: { c: [3] }, d: null }), { a: { b: 1, c: [3] } });
  assert.deepEqual(base, { a: { b: 1, c: [1, 2] }, d: 4 });
  mergeDeep({}, JSON.parse('{"__proto__":{"polluted":1}}'));
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test('a schema reports every problem with its ARM target', () => {
  const schema = z.object({ properties: z.object({ prefixes: z.array(z.string()), n: z.number() }) });
  const { faults } = check(schema, { properties: { prefixes: ['a', 1], n: 'x' } });
  assert.deepEqual(
    faults?.map((fault) => fault.target),
    ['properties.prefixes[1]', 'properties.n'],
  );
});

test('what is no Fault becomes an internal one that shows nothing of its cause', () => {
  const fault = asFault(new Error('secret'));
  assert.equal(fault.status, 500);
  assert.ok(!fault.message.includes('secret'));
  const own = new Fault('conflict', 'X', 'y');
  assert.equal(asFault(own), own);
});
