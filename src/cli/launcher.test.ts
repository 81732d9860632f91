/** bin/postern: finds its Node through links, says what is missing, keeps its cache inside the data folder. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../bin/postern', import.meta.url));
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-launcher-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const run = (program: string, args: string[], environment: NodeJS.ProcessEnv = {}): { code: number | null; out: string; err: string } => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder, ...environment } });
  return { code: status, out: stdout, err: stderr };
};

test('it is found through a chain of links, relative ones too', () => {
  mkdirSync(join(folder, 'a'));
  symlinkSync(LAUNCHER, join(folder, 'a', 'first'));
  symlinkSync('a/first', join(folder, 'second'));
  const { code, out, err } = run(join(folder, 'second'), ['--version']);
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /^postern \d+\.\d+\.\d+\n$/);
});

test('without its packages it says how to get them', () => {
  mkdirSync(join(folder, 'clone', 'bin'), { recursive: true });
  cpSync(LAUNCHER, join(folder, 'clone', 'bin', 'postern'));
  const { code, err } = run(join(folder, 'clone', 'bin', 'postern'), ['status']);
  assert.equal(code, 3);
  assert.ok(err.includes(`cd ${join(folder, 'clone')} && npm ci`), err);
});

test('a data folder that does not exist is not made by a command that only asks', () => {
  const data = join(folder, 'data');
  const { code } = run(LAUNCHER, ['status', '--data', data]);
  assert.equal(code, 3);
  assert.equal(existsSync(data), false);
  assert.equal(existsSync(join(folder, '.local')), false);
});

test('compiled code is kept in the data folder that stands', () => {
  const data = join(folder, 'standing');
  mkdirSync(data);
  run(LAUNCHER, ['status', `--data=${data}`]);
  assert.ok(existsSync(join(data, 'compile-cache')));
});

test('exit codes and streams: help on stdout with 0, errors of usage on stderr with 2', () => {
  assert.match(run(LAUNCHER, ['acr', '-h']).out, /Subgroups/);
  assert.deepEqual(run(LAUNCHER, ['acr', 'shwo']), {
    code: 2,
    out: '',
    err: "ERROR: 'shwo' is not a command of 'postern acr'\nDid you mean: postern acr show?\nTry: postern acr --help\n",
  });
  const { code, out, err } = run(LAUNCHER, ['acr', 'create', '--sku', 'Premium', '--nmae', 'x']);
  assert.deepEqual([code, out], [2, '']);
  assert.match(err, /unrecognized arguments: --nmae x\nDid you mean: --name\?/);
  assert.equal(run(LAUNCHER, ['up', '--listen', 'nonsense']).code, 2);
  assert.equal(run(LAUNCHER, ['--data', join(folder, 'none'), 'down']).code, 0);
});
