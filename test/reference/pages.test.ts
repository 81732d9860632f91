/** docs/reference/ is what the sources say today. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../server.ts';
import { faultCodes } from './fault-codes.ts';
import { azCommands, pages } from './pages.ts';

for (const [name, text] of pages())
  test(`docs/reference/${name} is up to date (else: npm run reference)`, () => {
    assert.equal(readFileSync(join(ROOT, 'docs/reference', name), 'utf8'), text);
  });

test('faults are found however they are made', () => {
  const codes = new Map(faultCodes(join(ROOT, 'src')).map((fault) => [fault.code, fault]));
  // Made in place, by a function of the same file, and by one of another file.
  assert.equal(codes.get('SubnetIsFull')?.kind, 'invalid');
  assert.equal(codes.get('DisablingPublicNetworkAccessNotSupported')?.kind, 'invalid');
  assert.match(codes.get('SubnetIsFull')?.message ?? '', /^Subnet … with address prefix …/);
  assert.ok(codes.size > 100, `${codes.size} codes`);
});

test('the commands that the scripts play with az are told as served', () => {
  const served = new Set(
    azCommands()
      .filter(({ state }) => state !== 'not yet')
      .map(({ command }) => command),
  );
  const folder = join(ROOT, 'test/clients');
  const played = new Set<string>();
  // What is refused on purpose says nothing.
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.script')))
    for (const [, words = ''] of readFileSync(join(folder, name), 'utf8').matchAll(
      /^(?:\[\S+\] )?exec (?:postern exec --vm \S+ -- (?:env \S+ \S+ )?)?az ((?:[a-z][a-z-]*(?: |$))+)/gm,
    ))
      played.add(`az ${words.trim()}`);
  assert.ok(played.size > 100, `${played.size} commands`);
  assert.deepEqual([...played].filter((command) => !served.has(command)).sort(), []);
});
