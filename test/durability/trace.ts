/**
 * Reads what strace wrote (`-f -y`, any threads) and says whether a push was made durable before it was answered:
 *
 *     bytes into a file of its own -> sync of that file -> rename to the blob's name -> sync of the folder
 *       -> pages into the database's log -> sync of that log -> first byte of the answer
 */
import { dirname } from 'node:path';

/** One system call that succeeded or failed. A call lasts: `start` and `end` are the places in the trace where it was entered and left. */
export interface Call {
  readonly pid: number;
  readonly name: string;
  readonly arguments: string;
  /** What it returned; a negative number for an error, NaN when the trace ends within it. */
  readonly result: number;
  readonly start: number;
  readonly end: number;
}

const WHOLE = /^(\d+) +(?:[\d:.]+ +)?(\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+|\?)/;
const UNFINISHED = /^(\d+) +(?:[\d:.]+ +)?(\w+)\((.*) <unfinished \.\.\.>$/;
const RESUMED = /^(\d+) +(?:[\d:.]+ +)?<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|0x[0-9a-f]+|\?)/;

/** The calls of a trace, in the order in which they were entered. Lines of other kinds (signals, exits) are passed over. */
export function parseTrace(text: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<string, { arguments: string; start: number }>();
  for (const [place, line] of text.split('\n').entries()) {
    const whole = WHOLE.exec(line);
    const unfinished = whole ? null : UNFINISHED.exec(line);
    const resumed = whole || unfinished ? null : RESUMED.exec(line);
    if (whole) {
      const [, pid, name, args, result] = whole as unknown as string[];
      calls.push({ pid: Number(pid), name: name as string, arguments: args as string, result: Number(result), start: place, end: place });
    } else if (unfinished) {
      const [, pid, name, args] = unfinished as unknown as string[];
      open.set(`${pid} ${name}`, { arguments: args as string, start: place });
    } else if (resumed) {
      const [, pid, name, rest, result] = resumed as unknown as string[];
      const begun = open.get(`${pid} ${name}`);
      open.delete(`${pid} ${name}`);
      if (begun)
        calls.push({ pid: Number(pid), name: name as string, arguments: begun.arguments + rest, result: Number(result), start: begun.start, end: place });
    }
  }
  // The process was killed within these: what they did happened, perhaps, and only strace could not say so any more.
  for (const [key, { arguments: args, start }] of open) {
    const [pid, name] = key.split(' ') as [string, string];
    calls.push({ pid: Number(pid), name, arguments: args, result: Number.NaN, start, end: Number.POSITIVE_INFINITY });
  }
  return calls.sort((a, b) => a.start - b.start);
}

const READS = new Set(['read', 'readv', 'recvfrom', 'recvmsg']);
const WRITES = new Set(['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2', 'sendto', 'sendmsg']);
const SYNCS = new Set(['fsync', 'fdatasync']);
const RENAMES = new Set(['rename', 'renameat', 'renameat2']);
const FOLDERS = new Set(['mkdir', 'mkdirat']);

/** What strace's -y says the first argument, a descriptor, is: `23</data/blobs/x>` or `23<TCP:[127.0.0.1:5443->127.0.0.1:40000]>`. */
function descriptor(call: Call): string {
  return /^\d+<(.*?)>(?:,|$)/.exec(call.arguments)?.[1] ?? '';
}

/** The quoted paths among the arguments. */
function paths(call: Call): string[] {
  return [...call.arguments.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] as string);
}

export interface Push {
  /** Port of the client's end of the connection. The client sent nothing after the body, and closed only when it had the answer. */
  readonly clientPort: number;
  /** Where the blob must lie in the end. */
  readonly blobPath: string;
  /** The log of the database: `.../postern.db-wal`. */
  readonly logPath: string;
}

/** What is missing for the push to have been durable before the first byte of its answer; empty when nothing is. */
export function missingSteps(calls: readonly Call[], push: Push): string[] {
  const done = calls.filter((call) => call.result >= 0);
  const onSocket = (call: Call): boolean => descriptor(call).endsWith(`:${push.clientPort}]`);
  const lastRead = done.findLast((call) => READS.has(call.name) && call.result > 0 && onSocket(call));
  if (!lastRead) return ['nothing was read from the client'];
  // Its beginning is what counts, so one that the trace does not see end counts too.
  const answer = calls.find((call) => WRITES.has(call.name) && !(call.result < 0) && onSocket(call) && call.start > lastRead.start);
  if (!answer) return ['no answer was written after the body had been read'];

  // A step counts when it was over before the answer began, and begun after the step before it was over.
  const before = done.filter((call) => call.end < answer.start);
  const find = (after: number, matches: (call: Call) => boolean): Call | undefined => before.find((call) => call.start > after && matches(call));
  const syncOf = (path: string, after: number): Call | undefined => find(after, (call) => SYNCS.has(call.name) && descriptor(call) === path);

  const rename = before.find((call) => RENAMES.has(call.name) && paths(call).at(-1) === push.blobPath);
  if (!rename) return [`no rename to ${push.blobPath} before the answer`];
  const missing: string[] = [];
  const file = paths(rename)[0] as string;
  const written = done.filter((call) => WRITES.has(call.name) && descriptor(call) === file);
  const lastWrite = written.at(-1);
  if (!lastWrite) missing.push(`no bytes written to ${file}`);
  else {
    const sync = syncOf(file, lastWrite.end);
    if (!sync || sync.end > rename.start) missing.push(`no sync of ${file} between its last bytes and its rename`);
  }
  const folder = dirname(push.blobPath);
  const made = done.find((call) => FOLDERS.has(call.name) && paths(call).at(-1) === folder);
  if (made && !syncOf(dirname(folder), made.end)) missing.push(`no sync of ${dirname(folder)} after ${folder} was made in it`);
  const folderSync = syncOf(folder, rename.end);
  if (!folderSync) {
    missing.push(`no sync of the folder ${folder} after the rename`);
    return missing;
  }
  const toLog = (call: Call): boolean => WRITES.has(call.name) && descriptor(call) === push.logPath;
  const records = done.filter((call) => toLog(call) && call.start > folderSync.end && call.start < answer.start);
  const lastRecord = records.at(-1);
  if (!lastRecord) missing.push(`nothing was written to ${push.logPath} after the blob was durable`);
  else if (!syncOf(push.logPath, lastRecord.end)) missing.push(`no sync of ${push.logPath} after its last pages`);
  return missing;
}
