/** Evidence: every topic of docs/sources.md that the code names is there, and every one that is there is named. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readTree } from './rules.ts';

const ROOT = join(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/sources.md'), 'utf8');

/** Topic -> a place that names it. */
function cited(): Map<string, string> {
  const found = new Map<string, string>();
  for (const folder of ['src', 'test', 'bench'])
    for (const [path, text] of readTree(join(ROOT, folder))) {
      if (folder === 'test' && path === 'architecture/sources.test.ts') continue;
      for (const [, topic = ''] of text.matchAll(/docs\/sources\.md#([\w-]*)/g)) found.set(topic, `${folder}/${path}`);
    }
  return found;
}

/** Topic -> its text. */
const entries = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((entry) => [entry.slice(0, entry.indexOf('\n')), entry] as const),
);

test('what the code cites is in docs/sources.md, and what is there is cited', () => {
  const named = cited();
  assert.ok(named.size > 20, `only ${named.size} citations found: the reader lost its way`);
  const missing = [...named].filter(([topic]) => !entries.has(topic)).map(([topic, path]) => `${path} names docs/sources.md#${topic}, which is not there`);
  assert.deepEqual(missing, []);
  const idle = [...entries.keys()].filter((topic) => !named.has(topic)).map((topic) => `nothing names docs/sources.md#${topic}`);
  assert.deepEqual(idle, []);
});

test('every topic says what is so and how that is known', () => {
  assert.equal(new Set(entries.keys()).size, page.split(/^## /m).length - 1, 'no topic stands twice');
  for (const [topic, entry] of entries) {
    assert.match(topic, /^[a-z][a-z-]+$/);
    assert.match(entry, /\n- (?:Documented|Specified|Field|az 2\.45|Ours)\b/, `${topic}: no source`);
    assert.match(entry, /\n[A-Z1-9"`][^\n]{30}/, `${topic}: no fact`);
  }
});

test('every code that docs/unknowns.md owns up to is one that the code answers with', () => {
  const own = readFileSync(join(ROOT, 'docs/unknowns.md'), 'utf8');
  const codes = [...own.slice(own.indexOf('## Codes of our own')).matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, code]) => code);
  assert.ok(codes.length >= 20, `only ${codes.length} codes found`);
  const product = [...readTree(join(ROOT, 'src'))].filter(([path]) => !/\.(?:test|fixture)\.ts$/.test(path)).map(([, text]) => text);
  assert.deepEqual(
    codes.filter((code) => !product.some((text) => text.includes(`'${code}'`))),
    [],
  );
});

test('links of the documents lead somewhere', () => {
  for (const name of ['sources.md', 'unknowns.md', 'lifecycle.md', 'decisions/dependencies.md']) {
    const text = readFileSync(join(ROOT, 'docs', name), 'utf8');
    for (const [, link = ''] of text.matchAll(/\]\(([\w./-]+\.md)(?:#[\w-]+)?\)/g))
      assert.ok(existsSync(join(ROOT, 'docs', name, '..', link)), `docs/${name} links to ${link}`);
  }
});
