/** Sends a range of a file by pread into pooled buffers, the next read under way while the last one is written: no stream, no copy of our own. */
import { close, open, read } from 'node:fs';
import type { ServerResponse } from 'node:http';

/** Large enough that system calls do not count; small ranges take a quarter of it. */
const LARGE_BYTES = 1024 * 1024;
const SMALL_BYTES = 256 * 1024;
/** Buffers that are kept for the next file; more are made when needed and let go. */
const KEPT = 32;

const pools: Record<number, Buffer[]> = { [LARGE_BYTES]: [], [SMALL_BYTES]: [] };

function take(size: number): Buffer {
  return pools[size]?.pop() ?? Buffer.allocUnsafeSlow(size);
}

function give(buffer: Buffer): void {
  const pool = pools[buffer.length];
  if (pool && pool.length < KEPT) pool.push(buffer);
}

function openFile(path: string): Promise<number> {
  return new Promise((resolve, reject) => open(path, 'r', (error, descriptor) => (error ? reject(error) : resolve(descriptor))));
}

/** Bytes read: all that was asked for, or fewer at the end of the file. */
function readAt(descriptor: number, buffer: Buffer, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => read(descriptor, buffer, 0, length, position, (error, count) => (error ? reject(error) : resolve(count))));
}

/** Resolves once the bytes have left this process, so that their buffer may be used again; rejects when the connection has gone. */
export function writeChunk(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (response.destroyed) return reject(new Error('the connection has gone'));
    const gone = (): void => reject(new Error('the connection has gone'));
    // A response that waits behind another one on its connection keeps what is written, and says nothing when the connection goes.
    response.once('close', gone);
    response.write(chunk, (error) => {
      response.removeListener('close', gone);
      if (error) reject(error);
      else resolve();
    });
  });
}

/**
 * Sends the bytes from `start` up to `end`. `begin` is called when the first of them are at hand, to write the head with them: what fails before
 * (no such file) has sent nothing yet. @throws whatever the file or the connection threw; the response is then unfinished.
 */
export async function sendFile(response: ServerResponse, file: { path: string; start: number; end: number }, begin: () => void): Promise<void> {
  const size = file.end - file.start > LARGE_BYTES ? LARGE_BYTES : SMALL_BYTES;
  const descriptor = await openFile(file.path);
  const buffers = [take(size), take(size)] as const;
  let whole = false;
  let reading: Promise<number> | undefined;
  try {
    let [position, turn] = [file.start, 0];
    const next = (): Promise<number> => {
      const pending = readAt(descriptor, buffers[turn % 2] as Buffer, Math.min(size, file.end - position), position);
      pending.catch(() => {});
      return pending;
    };
    reading = position < file.end ? next() : undefined;
    if (!reading) begin();
    while (reading) {
      const count = await reading;
      reading = undefined;
      if (count === 0) throw new Error(`'${file.path}' ends at ${position}, before ${file.end}`);
      const chunk = (buffers[turn % 2] as Buffer).subarray(0, count);
      if (position === file.start) begin();
      position += count;
      turn++;
      if (position < file.end) reading = next();
      await writeChunk(response, chunk);
    }
    whole = true;
  } finally {
    await reading?.catch(() => {});
    close(descriptor);
    // After a failure the kernel may still hold a buffer: it is let go, not used again.
    if (whole) for (const buffer of buffers) give(buffer);
  }
}
