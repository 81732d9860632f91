/** The tree of commands: every file is reached by its words, and no grammar contradicts itself. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandHelp, groupHelp } from './help.ts';
import { flagOf, GLOBAL_OPTIONS } from './options.ts';
import { commandAt, definedAt, everyCommand, findCommand } from './tree.ts';

const FOLDER = fileURLToPath(new URL('./commands/', import.meta.url));
const FILES = (readdirSync(FOLDER, { recursive: true }) as string[]).filter((name) => name.endsWith('.ts'));

test('every command file lies at its own words, or at those its commands begin with', async () => {
  assert.ok(FILES.length > 35);
  for (const file of FILES) {
    const words = file.slice(0, -3).split('/').join(' ');
    const defined = await definedAt(words.split(' '));
    assert.ok(defined.length > 0, file);
    for (const { path } of defined) {
      assert.ok(path.startsWith(`${words} `) || (path === words && defined.length === 1), `${file} defines '${path}'`);
      assert.equal((await commandAt(path.split(' ')))?.path, path, file);
    }
  }
});

test('every command is found by the help of its group, once', async () => {
  const paths = (await everyCommand()).map(({ path }) => path);
  assert.equal(new Set(paths).size, paths.length);
  const defined = (await Promise.all(FILES.map((file) => definedAt(file.slice(0, -3).split('/'))))).flat();
  for (const { path } of defined) assert.ok(paths.includes(path), `${path} is in no group of tree.ts`);
  for (const path of [
    'up',
    'acr create',
    'acr show',
    'network private-dns record-set a list',
    'network private-dns record-set list',
    'vm delete',
    'group list',
    'role definition list',
  ])
    assert.ok(paths.includes(path), `${path} is missing`);
});

test('no flag means two things, and every option and summary is told', async () => {
  for (const command of await everyCommand()) {
    const flags = [...command.options, ...GLOBAL_OPTIONS].flatMap(({ name, aliases = [], short }) => [
      ...[name, ...aliases].map(flagOf),
      ...(short ? [`-${short}`] : []),
    ]);
    assert.deepEqual(
      flags.filter((flag, index) => flags.indexOf(flag) !== index),
      [],
      command.path,
    );
    assert.match(command.summary, /[.!]$/, command.path);
    const help = commandHelp(command);
    for (const { name } of command.options) assert.ok(help.includes(`--${name}`), `${command.path} does not tell --${name}`);
  }
});

test('the longest match counts, and what is no word of a command is none', async () => {
  assert.deepEqual((await findCommand(['why', 'abc']))?.length, 1);
  assert.equal(await findCommand(['acr']), undefined);
  assert.equal(await commandAt(['..', 'main']), undefined);
  assert.equal(await commandAt(['acr', 'why']), undefined);
});

test('groups have help, others have none', async () => {
  assert.match((await groupHelp([])) as string, /quickstart/);
  assert.match((await groupHelp(['acr'])) as string, /private-endpoint-connection/);
  assert.equal(await groupHelp(['acr', 'nonsense']), undefined);
});
