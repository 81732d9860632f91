/** Who listens on a TCP port of this network namespace, as far as this user may see. See proc(5): /proc/net/tcp, /proc/PID/fd. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** TCP_LISTEN in /proc/net/tcp. */
const LISTEN = '0A';

/** The process that listens on the port; undefined when nobody does or another user's process does. */
export function holderOf(port: number): { readonly pid: number; readonly name: string } | undefined {
  const wanted = new Set([...socketsOf('/proc/net/tcp', port), ...socketsOf('/proc/net/tcp6', port)].map((inode) => `socket:[${inode}]`));
  if (wanted.size === 0) return undefined;
  for (const pid of list('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    for (const fd of list(`/proc/${pid}/fd`)) {
      try {
        if (wanted.has(readlinkSync(`/proc/${pid}/fd/${fd}`)))
          return posternOf(pid) ?? { pid: Number(pid), name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim() };
      } catch {
        // Closed or ended meanwhile.
      }
    }
  }
  return undefined;
}

/** The parent of a running Postern, when the process is of its world: that is who can be stopped, not the wrapper that holds the socket. */
function posternOf(pid: string): { readonly pid: number; readonly name: string } | undefined {
  const parent = /(?:^|\0)POSTERN_HOST_PID=(\d+)(?:\0|$)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1];
  return parent === undefined ? undefined : { pid: Number(parent), name: 'another Postern' };
}

function socketsOf(table: string, port: number): string[] {
  let text: string;
  try {
    text = readFileSync(table, 'utf8');
  } catch {
    return [];
  }
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === LISTEN)
    .map((fields) => fields[9] as string);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
