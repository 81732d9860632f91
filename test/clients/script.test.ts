/** The script language: what it reads, what it refuses, and that each assertion of a script fails when it should. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { expand, parseScript } from './script.ts';
import { runScript } from './script-run.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-script-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a script with only sh's own programs; gives its variables. */
async function play(text: string, limitMs = 5000, client = 'az'): Promise<Record<string, string | undefined>> {
  const work = mkdtempSync(join(folder, 'work-'));
  writeFileSync(join(work, 'main.script'), text);
  const variables = { PATH: process.env.PATH, WORK: work };
  await runScript(join(work, 'main.script'), { work, variables, limitMs, client });
  return variables;
}

test('words are split, quoted, continued and expanded', () => {
  const { steps } = parseScript(`exec a 'b  c' "d $E" \${F}g  "^$E$" '$H' i\\ j '' \\\n  k # not a comment\n`);
  assert.deepEqual(
    steps[0]?.words.map((word) => expand(word, { E: 'e', F: 'f' })),
    ['a', 'b  c', 'd e', 'fg', '^e$', '$H', 'i j', '', 'k', '#', 'not', 'a', 'comment'],
  );
});

test('a script names its clients in its first line', () => {
  assert.deepEqual(parseScript('# with: az postern\nexec true').clients, ['az', 'postern']);
  assert.deepEqual(parseScript('exec true\n# with: az').clients, []);
});

test('a step for one client is passed over with another', async () => {
  const text = `[az] set A = text 1\n[!az] set A = text 2\n[az] ! exec false`;
  assert.equal((await play(text)).A, '1');
  assert.equal((await play(text, 5000, 'az-debian')).A, '2');
  await assert.rejects(play('[az] exec false'), /main\.script:1/);
});

test('what a program asks in a terminal is answered there', async () => {
  await play(`
terminal ask sh -c 'test -t 0 && printf "Name (don''t say): " && read name && stty -echo && printf "Password: " && read word && echo "$0 $name $word" && exit 5' "it is"
await ask stdout 'Name'
type ask Ada
await ask stdout 'Password: '
type ask 'o k'
! wait ask
status 5
stdout 'it is Ada o k'
`);
  await assert.rejects(play('start a cat\ntype a b'), /not started in a terminal/);
});

test('sections are the files, each with its newline', () => {
  const { steps, files } = parseScript('# comment\n\nexec true\n-- a.txt --\none\ntwo\n-- b/c.json --\n{}');
  assert.equal(steps.length, 1);
  assert.equal(steps[0]?.line, 3);
  assert.deepEqual(
    [...files],
    [
      ['a.txt', 'one\ntwo\n'],
      ['b/c.json', '{}\n'],
    ],
  );
});

test('what is not the grammar is refused with its line', () => {
  for (const [text, expected] of [
    ['\nexce true', /line 2: 'exce true' begins with no command/],
    ['toString x', /begins with no command/],
    ['! status 1', /'!' means nothing/],
    ['stdout a b', /takes 1 word, not 2/],
    ['exec', /takes 1 or more words/],
    [`exec 'a`, /single quote/],
    ['exec "a', /double quote/],
    ['exec a \\', /nothing follows/],
    ['exec a\n-- a --\n-- a --\n', /two sections/],
  ] as const)
    assert.throws(() => parseScript(text), expected, text);
});

test('a script that holds runs to its end', async () => {
  const variables = await play(`
exec sh -c 'echo "name: $0"; echo oops >&2' Ada
stdout '^name: (.*)$'
! stdout oops
stderr '^oops$'
set NAME = stdout '^name: (.*)$'
set ALL = stdout
set TEXT = text "$NAME!"
exec sh -c 'echo $TEXT; cat hello.txt'
cmp stdout expected.txt
! exec sh -c 'exit 3'
status 3
use more.script
start back sh -c 'echo ready; read line; echo got $line' 
await back stdout ready
set WORD = stdout '^r(.*)y$'
wait back
stdout 'got'
start bad sh -c 'echo x >&2; exit 4'
await bad stderr x
! wait bad
status 4
-- hello.txt --
hello
-- expected.txt --
\${TEXT}
hello
-- more.script --
exec echo more
stdout more
`);
  assert.equal(variables.NAME, 'Ada');
  assert.equal(variables.ALL, 'name: Ada');
  assert.equal(variables.TEXT, 'Ada!');
  assert.equal(variables.WORD, 'ead');
});

test('each assertion fails where it should, and says where and why', async () => {
  for (const [text, expected] of [
    ['exec true\nexec false', /main\.script:2: exec false\nit ended with 1/],
    ['! exec true', /main\.script:1: ! exec true\nit ended with 0/],
    ['exec no-such-program', /cannot start no-such-program/],
    ['! exec no-such-program', /cannot start no-such-program/],
    [`! exec sh -c 'kill -9 $$'`, /ended by SIGKILL/],
    ['exec true\nstatus 1', /ended with 0/],
    ['exec echo one\nstdout two', /did not print that[\s\S]*stdout:\n {2}one/],
    ['exec echo one\n! stdout one', /it printed that/],
    ['exec echo one\nstdout (', /Invalid regular expression/],
    ['stdout one', /no program has run/],
    ['exec echo one\ncmp stdout a\n-- a --\ntwo\n', /line 1: expected "two", got "one"/],
    ['exec echo one\ncmp stdout a\n-- a --\n${B}\n', /\$B is not set/],
    ['exec echo $NOBODY', /\$NOBODY is not set/],
    ['exec echo one\nset A = stdout two', /did not print that/],
    ['exec echo one\nset 1 = stdout', /set NAME =/],
    ['wait a', /nothing named 'a'/],
    ['start a sleep 100', /'a' was started and never waited for/],
    ['start a echo one\nawait a stdout two', /'a' ended without printing that/],
    ['start a true\nstart a true', /was started already/],
    ['use more.script\n-- more.script --\nexec true\nexec false\n', /more\.script:2: exec false/],
  ] as const)
    await assert.rejects(play(text), expected, text);
  await assert.rejects(play('exec sleep 100', 50), /longer than 0\.05 s/);
});

test('what one script leaves running is ended with it', async () => {
  const work = join(folder, 'left');
  mkdirSync(work);
  writeFileSync(join(work, 'main.script'), `start a sh -c 'echo $$ >pid; echo up; exec sleep 100'\nawait a stdout up\nexec false\n`);
  await assert.rejects(runScript(join(work, 'main.script'), { work, variables: { PATH: process.env.PATH }, limitMs: 5000 }), /exec false/);
  const pid = Number(readFileSync(join(work, 'pid'), 'utf8'));
  assert.equal(existsSync(`/proc/${pid}`), false);
});
