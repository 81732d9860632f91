/** The log: structured lines by pino. Secrets never enter: callers pass ids and codes, not headers or bodies. */
import { pino } from 'pino';

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Log;
}

/** A log to a file descriptor (1 or 2) or a file path. */
export function openLog(destination: number | string, level = 'info'): Log {
  return pino(
    { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: destination, sync: true, mkdir: true, mode: 0o600 }),
  );
}

/** A log that keeps nothing; for tests. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };
