/** Sockets that Node cannot open by itself: bound in another network namespace, or bound before it is known who will serve them; and the lock of a folder. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Fault } from '#base/fault.ts';
import { ipNumber } from '#base/ip.ts';
import {
  AF_INET,
  AF_INET6,
  bindSocket,
  LOCK_EX,
  LOCK_NB,
  LOCK_UN,
  listenSocket,
  lockDescriptor,
  onlyIpv6,
  openSocket,
  portOf,
  reuseAddress,
  SOCK_DGRAM,
  SOCK_STREAM,
  SystemCallError,
} from './libc.ts';
import { inNetworkNamespace } from './namespaces.ts';
import { holderOf } from './port-holder.ts';

/** The kernel cuts it to net.core.somaxconn of the socket's namespace. */
const BACKLOG = 4096;

/**
 * A TCP socket of the host, bound and listening in the kernel, so that a port in use is known at once: two sockets may be bound to one port, but not listen on it.
 * The caller owns the descriptor and hands it to `listen({fd})`. `flag` is the command line's, for the words of a fault.
 * @throws Fault `AddressInUse`, `PortNotPermitted`, `AddressNotOnThisHost` or `InvalidFlag`, saying which flag to change.
 */
export function openListener(host: string, port: number, flag = 'listen'): number {
  const address = socketAddress(host === 'localhost' ? '127.0.0.1' : host, port);
  if (!address)
    throw new Fault('invalid', 'InvalidFlag', `--${flag}: '${host}' is not an IP address. Give the address of an interface, for example 127.0.0.1.`);
  const fd = openSocket(address.family, SOCK_STREAM);
  try {
    reuseAddress(fd);
    if (address.family === AF_INET6 && host !== '::') onlyIpv6(fd);
    bindSocket(fd, address.bytes);
    listenSocket(fd, BACKLOG);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw explained(error, host, port, flag);
  }
}

/** The port that a bound socket has, where port 0 was asked for. */
export function boundPort(fd: number): number {
  return portOf(fd);
}

/** A TCP socket bound to `address:port` in the network namespace at `netns` (a path). The caller owns the descriptor. @throws Fault */
export function tcpIn(netns: string, address: string, port: number): number {
  return socketIn(netns, SOCK_STREAM, address, port);
}

/** A UDP socket, likewise. */
export function udpIn(netns: string, address: string, port: number): number {
  return socketIn(netns, SOCK_DGRAM, address, port);
}

export function close(fd: number): void {
  closeSync(fd);
}

export interface Lock {
  release(): void;
}

/**
 * Takes the lock of a folder. The kernel gives it back when its holder dies, however that happens; a holder that is dying is waited for.
 * @param holder the process id to write into the file, as the host sees it: inside a PID namespace one's own says nothing to others.
 * @throws Fault `FolderInUse` naming the holder and the folder.
 */
export async function lockFile(path: string, holder: number = Number(process.env.POSTERN_HOST_PID ?? process.pid), patienceMs = 3000): Promise<Lock> {
  const fd = openSync(path, 'a+', 0o600);
  try {
    for (let left = patienceMs; !lockDescriptor(fd, LOCK_EX | LOCK_NB); left -= 50) {
      const other = Number.parseInt(readFileSync(path, 'utf8'), 10);
      if (left <= 0 || (other !== holder && isAlive(other))) {
        const who = Number.isInteger(other) ? `process ${other}` : 'another process';
        throw new Fault(
          'conflict',
          'FolderInUse',
          `The data folder ${dirname(path)} is in use by ${who}. Stop that one (postern down), or give another folder with --data.`,
        );
      }
      await wait(50);
    }
    ftruncateSync(fd);
    writeSync(fd, `${holder}\n`);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      lockDescriptor(fd, LOCK_UN);
      closeSync(fd);
    },
  };
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    // proc_pid_stat(5): the state follows the name, which may hold blanks. A zombie holds no lock.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

function socketIn(netns: string, type: number, text: string, port: number): number {
  const address = socketAddress(text, port);
  if (!address) throw new Fault('internal', 'SocketFailed', `'${text}' is not an IP address.`);
  let fd: number | undefined;
  try {
    // A socket belongs to the namespace it was made in; what follows may happen at home.
    const made = inNetworkNamespace(netns, () => openSocket(address.family, type));
    fd = made;
    reuseAddress(made);
    bindSocket(made, address.bytes);
    return made;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw new Fault('unavailable', 'SocketFailed', `No socket could be bound to ${text}:${port} in ${netns}: ${reason(error)}.`, { cause: error });
  }
}

/** sockaddr_in or sockaddr_in6, see ip(7) and ipv6(7); undefined when the text is no address. */
function socketAddress(text: string, port: number): { family: number; bytes: Buffer } | undefined {
  const v4 = isIPv4(text);
  if (!v4 && !isIPv6(text)) return undefined;
  const bytes = Buffer.alloc(v4 ? 16 : 28);
  bytes.writeUInt16LE(v4 ? AF_INET : AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  if (v4) bytes.writeUInt32BE(ipNumber(text) as number, 4);
  else for (const [index, group] of ipv6Groups(text).entries()) bytes.writeUInt16BE(group, 8 + 2 * index);
  return { family: v4 ? AF_INET : AF_INET6, bytes };
}

/** The eight groups of a valid IPv6 address, by the canonical form that URLs have. */
function ipv6Groups(text: string): number[] {
  const [head = '', tail] = new URL(`http://[${text.replace(/%.*$/, '')}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function reason(error: unknown): string {
  return error instanceof SystemCallError ? error.code : error instanceof Error ? error.message : String(error);
}

function explained(error: unknown, host: string, port: number, flag: string): Fault {
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  switch (error instanceof SystemCallError ? error.code : '') {
    case 'EADDRINUSE': {
      const holder = holderOf(port);
      const who = holder ? `process ${holder.pid} (${holder.name})` : 'another process';
      return new Fault('conflict', 'AddressInUse', `${where} is in use by ${who}. Stop that one, or choose another port with --${flag} HOST:PORT.`);
    }
    case 'EACCES':
      return new Fault('forbidden', 'PortNotPermitted', `${where} needs rights that this user has not. Choose a port from 1024 up with --${flag} HOST:PORT.`);
    case 'EADDRNOTAVAIL':
      return new Fault('invalid', 'AddressNotOnThisHost', `${where}: this host has no such address. Choose one that it has with --${flag} HOST:PORT.`);
    default:
      return new Fault('unavailable', 'ListenFailed', `${where} cannot be listened on: ${reason(error)}. Choose another with --${flag} HOST:PORT.`, {
        cause: error,
      });
  }
}
