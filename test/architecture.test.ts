/** The rules of the rooms hold for every file of src/, and each rule is shown to catch what it forbids. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { LONG_FILES, MODULES, ROOMS, readTree, violations } from './architecture/rules.ts';

const SOURCES = join(import.meta.dirname, '../src');
const tell = (root: string): string[] => violations(readTree(root)).map(({ file, line, message }) => `src/${file}:${line}: ${message}`);

test('every file of src/ keeps the rules', () => {
  const tree = readTree(SOURCES);
  assert.ok(tree.size > 50, `only ${tree.size} files found: the reader lost its way`);
  const broken = tell(SOURCES);
  assert.equal(broken.length, 0, `\n${broken.join('\n')}\n`);
});

test('every file of the product begins by saying what it is', () => {
  const mute = [...readTree(SOURCES)].filter(([path, text]) => !path.endsWith('.test.ts') && !/^(?:#!.*\n)?\/(?:\*\*|\/)/.test(text)).map(([path]) => path);
  assert.deepEqual(mute, []);
});

test('every dependency of package.json has its rooms and is used, and every stated reason still has its file', () => {
  const { dependencies } = JSON.parse(readFileSync(join(SOURCES, '../package.json'), 'utf8')) as { dependencies: Record<string, string> };
  for (const name of Object.keys(dependencies)) assert.ok(MODULES[name], `${name} has no entry in the table of modules`);
  const tree = readTree(SOURCES);
  const imported = [...tree].filter(([path]) => !path.endsWith('.test.ts')).map(([, text]) => text);
  for (const name of Object.keys(MODULES).filter((module) => !module.startsWith('node:'))) {
    assert.ok(dependencies[name], `${name} is in the table of modules and not in package.json`);
    assert.ok(
      imported.some((text) => text.includes(`'${name}'`)),
      `nothing imports ${name}: it need not be installed`,
    );
  }
  for (const [path, reason] of Object.entries(LONG_FILES)) {
    assert.ok(reason.length > 20, `${path}: a reason is a sentence`);
    assert.ok((tree.get(path)?.split('\n').length ?? 0) > 500, `${path} is no longer long: take it off the list`);
  }
  for (const room of Object.keys(ROOMS))
    assert.ok(
      [...tree.keys()].some((path) => path.startsWith(`${room}/`)),
      `the room ${room} is empty`,
    );
});

test('the lock file holds every package that a package in it names, so that `npm ci` takes it', () => {
  const { packages } = JSON.parse(readFileSync(join(SOURCES, '../package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };
  const absent: string[] = [];
  for (const [at, { dependencies, optionalDependencies }] of Object.entries(packages))
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies }))
      if (!packages[`${at}/node_modules/${name}`] && !packages[`node_modules/${name}`]) absent.push(`${at} names ${name}`);
  // `npm install` leaves out what its registry lacks, without a word, and `npm ci` then refuses the file: pin a version that is there for every platform.
  assert.deepEqual(absent, []);
});

interface Locked {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

/** A copy of src/ in which things may be broken. */
let copy = '';
let standing: ReadonlySet<string> = new Set();
before(() => {
  copy = join(mkdtempSync(join(tmpdir(), 'postern-architecture-')), 'src');
  cpSync(SOURCES, copy, { recursive: true });
  standing = new Set(tell(copy));
});
after(() => rmSync(dirname(copy), { recursive: true, force: true }));

/** What the rules say of `text` added to a file of the copy (made when absent), beyond what they said before. */
function planted(file: string, text: string): string[] {
  const path = join(copy, file);
  let kept: string | undefined;
  try {
    kept = readFileSync(path, 'utf8');
  } catch {
    mkdirSync(dirname(path), { recursive: true });
  }
  writeFileSync(path, `${kept ?? '/** Planted. */\n'}${text}\n`);
  try {
    return tell(copy).filter((message) => !standing.has(message));
  } finally {
    if (kept === undefined) rmSync(path);
    else writeFileSync(path, kept);
  }
}

test('a forbidden import is found in whatever form it is planted', () => {
  const forms = [
    `import { resourceType } from '#arm/resource-type.ts';`,
    `import '#arm/resource-type.ts';`,
    `import type { ResourceType } from '#arm/resource-type.ts';`,
    `import { type ResourceType } from '#arm/resource-type.ts';`,
    `export { resourceType } from '#arm/resource-type.ts';`,
    `export * from '#arm/resource-type.ts';`,
    `export type { ResourceType } from '#arm/resource-type.ts';`,
    `export const late = () => import('#arm/resource-type.ts');`,
    `export const late = () => import(/* comment */ \`#arm/resource-type.ts\`);`,
    `export const old = require('../arm/resource-type.ts');`,
    `export type T = import('../arm/resource-type.ts').ResourceType;`,
    `export const url = new URL('../arm/resource-type.ts', import.meta.url);`,
    `import { resourceType } from '../arm/../arm/resource-type.ts';`,
  ];
  for (const text of forms) {
    const told = planted('store/store.ts', text);
    assert.ok(
      told.some((message) => /store may not import arm\/resource-type\.ts, for the store keeps records/.test(message)),
      `${text}\n${told.join('\n')}`,
    );
  }
});

test('each room refuses what it has no reason to know', () => {
  const forbidden: [string, string, RegExp][] = [
    ['base/ip.ts', `import type { Snapshot } from '#topology/snapshot.ts';`, /base may not import/],
    ['http/range.ts', `import { startsWithLabel } from '#topology/snapshot.ts';`, /http may not import/],
    ['http/range.ts', `import { anything } from '#topology/arrival.ts';`, /may take only types/],
    ['topology/snapshot.ts', `import type { Store } from '#store/store.ts';`, /topology may not import/],
    ['identity/keys.ts', `import { derive } from '#topology/derive.ts';`, /identity (?:may take only types|may not import)|no such file/],
    ['identity/keys.ts', `import type { ResourceType } from '#arm/resource-type.ts';`, /identity may not import/],
    ['dns/planted.ts', `import type { Store } from '#store/store.ts';`, /dns may not import/],
    ['dns/planted.ts', `import { Fabric } from '#fabric/fabric.ts';`, /may take only types/],
    ['registry/planted.ts', `import type { Fabric } from '#fabric/fabric.ts';`, /registry may not import/],
    ['edge/planted.ts', `import type { Store } from '#store/store.ts';`, /edge may not import/],
    ['arm/resource-type.ts', `import { resourceTypes } from '#providers/index.ts';`, /arm may not import|no such file/],
    ['providers/planted.ts', `import { Store } from '#store/store.ts';`, /providers may not import/],
    ['cli/planted.ts', `import type { Store } from '#store/store.ts';`, /cli may not import/],
    ['cli/planted.ts', `export const serve = () => import('#main.ts');`, /cli may not import/],
    ['fabric/fabric.ts', `import type { Store } from '#store/store.ts';`, /fabric may not import/],
    ['config.ts', `import type { Store } from '#store/store.ts';`, /config\.ts may not import/],
    ['managers/planted.ts', `export const a = 1;`, /no such room/],
  ];
  for (const [file, text, expected] of forbidden) {
    const told = planted(file, text);
    assert.ok(
      told.some((message) => expected.test(message)),
      `${file}: ${text}\n${told.join('\n')}`,
    );
  }
});

test('processes, system calls, packages and the time stay where they belong', () => {
  const forbidden: [string, string, RegExp][] = [
    ['edge/planted.ts', `import { spawn } from 'node:child_process';`, /only fabric\/ and host\.ts start processes/],
    ['edge/planted.ts', `const { spawn } = await import('node:child_process');`, /only fabric\/ and host\.ts start processes/],
    ['registry/planted.ts', `import koffi from 'koffi';`, /only fabric\/ makes system calls/],
    ['registry/planted.ts', `import { z } from 'zod';`, /base\/schema\.ts/],
    ['arm/planted.ts', `import { readFile } from 'node:fs/promises';`, /does no input or output/],
    ['arm/planted.ts', `import { lookup } from 'node:dns/promises';`, /asks the host for a name/],
    ['arm/planted.ts', `import express from 'express';`, /unknown dependency/],
    ['arm/planted.ts', `await import('#arm/' + name);`, /computed import/],
    ['arm/planted.ts', `await fetch(url);`, /one door/],
    ['arm/planted.ts', `const a = Date.now();`, /reads the time/],
    ['arm/planted.ts', `const a = new Date();`, /reads the time/],
    ['arm/planted.ts', `const a = new Date;`, /reads the time/],
    ['arm/planted.ts', `const a = Date();`, /reads the time/],
    ['arm/planted.ts', `const a = performance.now();`, /reads the time/],
    ['arm/planted.ts', `const a = process.hrtime.bigint();`, /reads the time/],
    ['arm/planted.ts', `import { performance } from 'node:perf_hooks';`, /reads the time/],
  ];
  for (const [file, text, expected] of forbidden) {
    const told = planted(file, text);
    assert.ok(
      told.some((message) => expected.test(message)),
      `${file}: ${text}\n${told.join('\n')}`,
    );
  }
  assert.deepEqual(
    planted('arm/planted.ts', 'export const a = new Date(0).toISOString();').filter((message) => /time/.test(message)),
    [],
  );
});

test('cycles, barrels, long files, empty names, unfinished work and dead files are found', () => {
  const forbidden: [string, string, RegExp][] = [
    ['base/fault.ts', `import type { Schema } from './schema.ts';`, /import cycle: .*fault\.ts/],
    ['base/index.ts', `export * from './fault.ts';`, /barrels are not allowed/],
    ['base/fault.ts', `export { etagMatches } from './etag.ts';`, /a name has one home/],
    ['base/fault.ts', '\n'.repeat(501), /over 500/],
    ['base/fault.ts', 'export class FaultFactory {}', /FaultFactory: the suffix/],
    ['base/fault.ts', 'interface RegistryInfo<T> { a: T }', /RegistryInfo: the suffix/],
    ['base/fault.ts', 'type StoreManagers = string;', /StoreManagers: the suffix/],
    ['base/time-utils.ts', 'export const a = 1;', /file name says nothing/],
    ['base/fault.ts', '// TODO: later', /TODO/],
    ['base/fault.ts', '/* one\n FIXME */', /FIXME/],
    ['base/planted.ts', 'export const a = 1;', /nothing imports this file/],
    ['base/fault.ts', `import { check } from '#base/etag.ts';`, /inside a room imports are relative/],
    ['base/fault.ts', `import { check } from './planted.test.ts';`, /no such file/],
    ['base/fault.ts', `import { check } from './ip.test.ts';`, /does not import test code/],
  ];
  for (const [file, text, expected] of forbidden) {
    const told = planted(file, text);
    assert.ok(
      told.some((message) => expected.test(message)),
      `${file}: ${text}\n${told.join('\n')}`,
    );
  }
});
