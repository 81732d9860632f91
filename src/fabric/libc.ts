/** The few system calls that Node does not offer, by koffi. Every one is synchronous and short. */
import { constants } from 'node:os';
import koffi from 'koffi';

/** The symbols of the running process: Node is linked with the C library, whichever it is. */
const library = koffi.load(null);

const calls = {
  setns: library.func('int setns(int fd, int nstype)'),
  socket: library.func('int socket(int domain, int type, int protocol)'),
  setsockopt: library.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)'),
  bind: library.func('int bind(int fd, const void *address, uint32_t length)'),
  listen: library.func('int listen(int fd, int backlog)'),
  getsockname: library.func('int getsockname(int fd, _Out_ void *address, _Inout_ uint32_t *length)'),
  send: library.func('int64_t send(int fd, const void *bytes, uint64_t length, int flags)'),
  recv: library.func('int64_t recv(int fd, _Out_ void *bytes, uint64_t length, int flags)'),
  flock: library.func('int flock(int fd, int operation)'),
};

/** Values of Linux on x86-64 and arm64, which agree. */
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const NETLINK_ROUTE = 0;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;
const CLONE_NEWNET = 0x40000000;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/** A failed system call: `code` is the errno's name, e.g. `EADDRINUSE`. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  readonly code: string;
  constructor(call: string, errno: number) {
    const code = errnoName(errno);
    super(`${call}: ${code}`);
    this.code = code;
  }
}

/** `EADDRINUSE` for 98. */
export function errnoName(errno: number): string {
  return Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
}

function checked(call: string, result: number): number {
  if (result < 0) throw new SystemCallError(call, koffi.errno());
  return result;
}

/** Moves the calling thread, and only it, into the network namespace. */
export function enterNetworkNamespace(fd: number): void {
  checked('setns', calls.setns(fd, CLONE_NEWNET));
}

/** A new socket, closed on exec and not blocking. */
export function openSocket(domain: number, type: number, protocol = 0): number {
  return checked('socket', calls.socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
}

/** Sends one message to where the socket's protocol sends by itself. */
export function send(fd: number, bytes: Uint8Array): void {
  checked('send', Number(calls.send(fd, bytes, bytes.length, 0)));
}

const received = Buffer.alloc(16_384);

/** One message that waits to be read, of at most 16 KiB; undefined when none does. It stands until the next call. */
export function receive(fd: number): Buffer | undefined {
  const length = Number(calls.recv(fd, received, received.length, 0));
  if (length >= 0) return received.subarray(0, length);
  const error = new SystemCallError('recv', koffi.errno());
  if (error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK') return undefined;
  throw error;
}

function setOption(fd: number, level: number, name: number): void {
  const one = Buffer.alloc(4);
  one.writeInt32LE(1);
  checked('setsockopt', calls.setsockopt(fd, level, name, one, one.length));
}

/** Lets a port be bound while connections of an earlier listener linger. */
export function reuseAddress(fd: number): void {
  setOption(fd, SOL_SOCKET, SO_REUSEADDR);
}

/** Keeps an IPv6 socket off IPv4 addresses. */
export function onlyIpv6(fd: number): void {
  setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY);
}

/** `address` is a sockaddr_in or sockaddr_in6. */
export function bindSocket(fd: number, address: Uint8Array): void {
  checked('bind', calls.bind(fd, address, address.length));
}

export function listenSocket(fd: number, backlog: number): void {
  checked('listen', calls.listen(fd, backlog));
}

/** The port a socket is bound to. It is at the same place in both families' addresses. */
export function portOf(fd: number): number {
  const address = Buffer.alloc(28);
  checked('getsockname', calls.getsockname(fd, address, [address.length]));
  return address.readUInt16BE(2);
}

/** flock(2). False when somebody else holds the lock and `operation` does not wait. */
export function lockDescriptor(fd: number, operation: number): boolean {
  if (calls.flock(fd, operation) === 0) return true;
  const error = new SystemCallError('flock', koffi.errno());
  if (error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK') return false;
  throw error;
}
