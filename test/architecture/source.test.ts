/** The scanner finds every form of import, and nothing in comments, strings, templates and regular expressions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importsOf, scan } from './source.ts';

function found(text: string): string[] {
  return importsOf(scan(text)).imports.map(({ form, specifier }) => `${form} ${specifier}`);
}

test('every form of import is found', () => {
  const forms: [string, string][] = [
    [`import '#arm/plane.ts';`, 'import #arm/plane.ts'],
    [`import plane from '#arm/plane.ts';`, 'import #arm/plane.ts'],
    [`import * as arm from "#arm/plane.ts";`, 'import #arm/plane.ts'],
    [`import arm, { plane as p, type T } from '#arm/plane.ts';`, 'import #arm/plane.ts'],
    [`import {\n  plane,\n  // why\n  other,\n} from '#arm/plane.ts';`, 'import #arm/plane.ts'],
    [`import type { Plane } from '#arm/plane.ts';`, 'import type #arm/plane.ts'],
    [`import type from '#arm/plane.ts';`, 'import #arm/plane.ts'],
    [`import { type Plane } from '#arm/plane.ts';`, 'import #arm/plane.ts'],
    [`import json from './x.json' with { type: 'json' };`, 'import ./x.json'],
    [`export { plane } from '#arm/plane.ts';`, 're-export #arm/plane.ts'],
    [`export * from '../arm/plane.ts';`, 're-export ../arm/plane.ts'],
    [`export * as arm from '../arm/plane.ts';`, 're-export ../arm/plane.ts'],
    [`export type { Plane } from '#arm/plane.ts';`, 're-export type #arm/plane.ts'],
    [`export type * from '#arm/plane.ts';`, 're-export type #arm/plane.ts'],
    [`const { plane } = await import('#arm/plane.ts');`, 'dynamic #arm/plane.ts'],
    ['const { plane } = await import(`#arm/plane.ts`);', 'dynamic #arm/plane.ts'],
    [`const { plane } = await import(/* late */ '#arm/plane.ts');`, 'dynamic #arm/plane.ts'],
    [`let x: import('#arm/plane.ts').Plane;`, 'dynamic #arm/plane.ts'],
    [`const arm = require('../arm/plane.ts');`, 'require ../arm/plane.ts'],
    [`new Worker(new URL('../arm/plane.ts', import.meta.url));`, 'mention ../arm/plane.ts'],
    [`import.meta.resolve('#arm/plane.ts');`, 'dynamic #arm/plane.ts'],
    ['const a = `${await import("#arm/plane.ts")}`;', 'dynamic #arm/plane.ts'],
    [`import fs from 'node:fs';`, 'import node:fs'],
  ];
  for (const [text, expected] of forms) assert.deepEqual(found(text), [expected], text);
});

test('what only looks like an import is not one', () => {
  const texts = [
    `// import '#arm/plane.ts';`,
    `/* import x from '#arm/plane.ts'; */`,
    `const a = "import x from 'node:fs'";`,
    "const a = `import x from 'node:fs'`;",
    `const a = /import 'node:fs'/;`,
    `const a = [/['"]/, /[/'"]/g];`,
    `loader.import('node:fs');`,
    `export type A = { from: 'node:fs' };`,
    `export const a = { from: 'node:fs' };`,
    `export type { A };`,
    `const half = total / 2; const b = 'x' /* ' */;`,
  ];
  for (const text of texts) assert.deepEqual(found(`${text}\n`), [], text);
});

test('what follows a regular expression, a division or a template is read as code', () => {
  assert.deepEqual(found(`const a = /[/'"]/.test(b) ? 1 : 2;\nimport '#arm/a.ts';`), ['import #arm/a.ts']);
  assert.deepEqual(found(`const a = (b) / 2; const c = "'" + d / 3;\nimport '#arm/a.ts';`), ['import #arm/a.ts']);
  assert.deepEqual(found("const a = `x ${ {b: `y ${1} '`} } '`;\nimport '#arm/a.ts';"), ['import #arm/a.ts']);
  assert.deepEqual(found(`const a = 'it\\'s';\nimport '#arm/a.ts';`), ['import #arm/a.ts']);
});

test('an import that computes its module is told by its line', () => {
  assert.deepEqual(importsOf(scan("\nawait import('#arm/' + name);\nawait import(`#arm/${name}`);")).computed, [2, 3]);
  assert.deepEqual(importsOf(scan('await import(name);')).computed, [1]);
  assert.deepEqual(importsOf(scan("import { createRequire } from 'node:module';")).computed, [1]);
  assert.deepEqual(importsOf(scan('class A { require(action: string): void {} }')).computed, []);
});

test('lines and comments are counted as an editor does', () => {
  const source = scan("// one\nconst a = `\n\n`;\n/* four\nfive */ const b = 'b';\n");
  assert.equal(source.lines, 6);
  assert.deepEqual(
    source.comments.map(({ line }) => line),
    [1, 5],
  );
  assert.equal(source.tokens.find(({ text }) => text === 'b')?.line, 6);
});
