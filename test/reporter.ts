/**
 * The reporter of our test runs: a line a file (or a test, with TEST_LINES=test), every failure in full at once, and what was counted
 * as JSON into the file that TEST_COUNTS names, for run.ts to add up.
 */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { inspect } from 'node:util';

/** What one run of `node --test` counted. */
export interface Counts {
  passed: number;
  failed: number;
  /** Each skipped or unfinished test with the reason it gives. */
  skipped: string[];
  /** The test files in which at least one test ran, relative to the working folder. */
  files: string[];
}

/** The fields that we read of node:test's events; Node's documentation lists them under "Class: TestsStream". */
interface Event {
  readonly type: string;
  readonly data: {
    readonly name: string;
    readonly file?: string;
    /** The file that was run, where `file` is a suite that it imports; only known to runs of a process a file. */
    readonly entryFile?: string;
    readonly nesting: number;
    readonly skip?: string | boolean;
    readonly todo?: string | boolean;
    readonly message?: string;
    readonly details?: { readonly duration_ms: number; readonly type?: string; readonly error?: Error & { cause?: unknown } };
    readonly counts?: { readonly passed: number; readonly failed: number; readonly cancelled: number };
  };
}

export default async function* report(source: AsyncIterable<Event>): AsyncGenerator<string> {
  const counts: Counts = { passed: 0, failed: 0, skipped: [], files: [] };
  const files = new Map<string, { passed: number; failed: number; ms: number }>();
  const output = new Map<string, string>();
  const aTest = process.env.TEST_LINES === 'test';
  for await (const { type, data } of source) {
    const path = data.entryFile ?? data.file;
    const file = path === undefined ? '' : relative(process.cwd(), path);
    if (type === 'test:stdout' || type === 'test:stderr') output.set(file, `${(output.get(file) ?? '').slice(-20_000)}${data.message ?? ''}`);
    if (type === 'test:summary' && data.file === undefined && data.counts) {
      counts.passed = data.counts.passed;
      counts.failed = data.counts.failed + data.counts.cancelled;
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A file without a test passes under its own name: that is not a test.
    if (file === '' || relative(process.cwd(), data.name) === file) {
      if (type === 'test:fail') yield failure(file === '' ? data.name : file, data.details?.error, output.get(file));
      continue;
    }
    const sums = files.get(file) ?? { passed: 0, failed: 0, ms: 0 };
    files.set(file, sums);
    if (data.nesting === 0) sums.ms += data.details?.duration_ms ?? 0;
    if (data.skip !== undefined || data.todo !== undefined) counts.skipped.push(`${file}: ${data.name} (${data.skip ?? data.todo})`);
    else if (data.details?.type !== 'suite') sums[type === 'test:pass' ? 'passed' : 'failed']++;
    if (type === 'test:fail') yield failure(`${file}: ${data.name}`, data.details?.error, output.get(file));
    else if (aTest && data.nesting === 0) yield `  ${data.skip === undefined ? 'ok  ' : 'skip'} ${data.name} (${seconds(data.details?.duration_ms)})\n`;
  }
  if (!aTest)
    for (const [file, { passed, failed, ms }] of files)
      yield `  ${failed === 0 ? 'ok  ' : 'FAIL'} ${file}: ${passed} passed${failed === 0 ? '' : `, ${failed} failed`} (${seconds(ms)})\n`;
  counts.files = [...files.keys()];
  if (process.env.TEST_COUNTS) writeFileSync(process.env.TEST_COUNTS, JSON.stringify(counts));
}

function seconds(ms: number | undefined): string {
  return `${((ms ?? 0) / 1000).toFixed(2)} s`;
}

function failure(name: string, error: (Error & { cause?: unknown }) | undefined, output: string | undefined): string {
  const cause = error?.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : error?.cause === undefined ? String(error) : inspect(error.cause);
  const detail = `${cause}${output ? `\noutput of the file so far:\n${output}` : ''}`;
  return `  FAIL ${name}\n${detail.replace(/^/gm, '       ')}\n`;
}
