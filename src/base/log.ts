/** The log: structured lines by pino. Secrets never enter: callers pass ids and codes, not headers or bodies. */
import { pino } from 'pino';

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Log;
}

/** Lines that wait for space on a full disk; what comes on top is lost. */
const WAITING_BYTES = 1024 * 1024;

/** A log to a file descriptor (1 or 2) or a file path. Writing never throws: a full disk must not end a server that could still serve. */
export function openLog(destination: number | string, level = 'info'): Log {
  const file = pino.destination({ dest: destination, sync: true, mkdir: true, mode: 0o600, maxLength: WAITING_BYTES });
  // There is nowhere else to tell it: standard error is most often a file on the same disk. The lines are written with the next one that can be.
  file.on('error', () => {});
  return pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime }, file);
}

/** A log that keeps nothing; for tests. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };
