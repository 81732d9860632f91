/** Network namespaces as seen from this process: a few synchronous steps taken inside one, and the way back. */
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { enterNetworkNamespace } from './libc.ts';

let home: number | undefined;

/**
 * Runs `action` with the calling thread inside the network namespace at `path`, then brings the thread back.
 * `action` must be synchronous and start neither process nor thread: setns moves one thread, and nothing else may run on it in between.
 * Aborts the process when the way back fails, for from there on everything would happen in the wrong network.
 */
export function inNetworkNamespace<T>(path: string, action: () => T): T {
  home ??= openSync('/proc/thread-self/ns/net', 'r');
  const there = openSync(path, 'r');
  try {
    enterNetworkNamespace(there);
    try {
      return action();
    } finally {
      try {
        enterNetworkNamespace(home);
      } catch {
        process.abort();
      }
    }
  } finally {
    closeSync(there);
  }
}

/** Writes settings below /proc/sys/net of the namespace at `path`; those that this kernel does not have are passed over when `optional`. */
export function setNetworkSettings(path: string, settings: readonly { readonly name: string; readonly value: string; readonly optional?: boolean }[]): void {
  inNetworkNamespace(path, () => {
    for (const { name, value, optional } of settings) {
      const file = `/proc/sys/net/${name}`;
      if (optional && !existsSync(file)) continue;
      writeFileSync(file, value);
    }
  });
}
