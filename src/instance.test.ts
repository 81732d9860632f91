/** Which instance runs: only a living process that is the one that wrote the file. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isoTime, systemClock } from '#base/clock.ts';
import { lives, runningInstance } from './instance.ts';

test('a living process counts; one that began after the file was written has only been given its id', (t) => {
  const data = mkdtempSync(join(tmpdir(), 'postern-cli-'));
  t.after(() => rmSync(data, { recursive: true }));
  assert.equal(runningInstance(data), undefined);
  mkdirSync(join(data, 'run'));
  const write = (value: object): void => writeFileSync(join(data, 'run', 'instance.json'), JSON.stringify(value));
  write({ pid: process.pid, startedAt: isoTime(systemClock) });
  assert.equal(runningInstance(data)?.pid, process.pid);
  write({ pid: process.pid, startedAt: '2020-01-01T00:00:00.000Z' });
  assert.equal(runningInstance(data), undefined);
  write({ pid: 2 ** 22 + 1, startedAt: isoTime(systemClock) });
  assert.equal(runningInstance(data), undefined);
  write({ pid: 1, startedAt: isoTime(systemClock) });
  assert.equal(runningInstance(data), undefined, 'init is nobody of ours');
  writeFileSync(join(data, 'run', 'instance.json'), '{');
  assert.equal(runningInstance(data), undefined);
});

test('a process that is gone does not live', () => {
  assert.equal(lives(2 ** 22 + 1, isoTime(systemClock)), false);
});
