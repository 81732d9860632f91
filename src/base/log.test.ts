import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLog } from './log.ts';

test('a log on a full disk loses lines and stops nothing', () => {
  const log = openLog('/dev/full');
  for (let line = 0; line < 5; line++) log.error({ line, filler: 'x'.repeat(500_000) }, 'there is no space for this');
});

test("a log's lines are on disk at once, for its user only", () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-log-'));
  const file = join(folder, 'log', 'server.log');
  openLog(file).info({ id: 1 }, 'here');
  assert.equal(JSON.parse(readFileSync(file, 'utf8')).msg, 'here');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  rmSync(folder, { recursive: true });
});
