/**
 * Addresses of private endpoints in a network's namespace, by rtnetlink(7). One endpoint is one request to the kernel of some 30 us, where starting `ip` takes
 * 5 to 10 ms: the one place in the fabric where that decides what a user waits for.
 */
import { closeSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { type IpAddress, ipNumber } from '#base/ip.ts';
import { AF_INET, AF_NETLINK, errnoName, NETLINK_ROUTE, openSocket, receive, SOCK_RAW, send } from './libc.ts';
import { inNetworkNamespace } from './namespaces.ts';

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const NLMSG_ERROR = 2;
const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLM_F_REPLACE = 0x100;
const NLM_F_CREATE = 0x400;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
/** `lo` is the first interface of every namespace. */
const LOOPBACK_INDEX = 1;
/** nlmsghdr, ifaddrmsg and two attributes of four bytes. */
const MESSAGE_BYTES = 16 + 8 + 2 * 8;
/** So many answers fit into a socket's buffer of any size that a kernel sets. */
const AT_ONCE = 64;

/**
 * Adds addresses to `lo` of the namespace at `netns`, or removes them, each as a /32. One that is there already stays.
 * @returns what could not be done, each with the kernel's errno as its reason; empty when all was
 */
export function changeLocalAddresses(netns: string, change: 'add' | 'remove', addresses: readonly IpAddress[]): readonly Fault[] {
  const faults: Fault[] = [];
  const fd = inNetworkNamespace(netns, () => openSocket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
  try {
    for (let from = 0; from < addresses.length; from += AT_ONCE) {
      const part = addresses.slice(from, from + AT_ONCE);
      // The kernel acts and answers before send returns.
      send(fd, Buffer.concat(part.map((address, index) => message(change, address, index))));
      const answers = acknowledgements(fd, part.length);
      for (const [index, address] of part.entries()) {
        const errno = answers.get(index);
        if (errno === 0) continue;
        const why = errno === undefined ? 'the kernel did not answer' : errnoName(errno);
        faults.push(
          new Fault(
            'unavailable',
            'AddressNotChanged',
            `The address ${address} could not be ${change === 'add' ? 'added to' : 'removed from'} ${netns}: ${why}.`,
          ),
        );
      }
    }
  } finally {
    closeSync(fd);
  }
  return faults;
}

/** nlmsghdr, ifaddrmsg, IFA_LOCAL, IFA_ADDRESS; numbers are the host's, addresses the network's. */
function message(change: 'add' | 'remove', address: IpAddress, sequence: number): Buffer {
  const bytes = Buffer.alloc(MESSAGE_BYTES);
  bytes.writeUInt32LE(MESSAGE_BYTES, 0);
  bytes.writeUInt16LE(change === 'add' ? RTM_NEWADDR : RTM_DELADDR, 4);
  bytes.writeUInt16LE(NLM_F_REQUEST | NLM_F_ACK | (change === 'add' ? NLM_F_CREATE | NLM_F_REPLACE : 0), 6);
  bytes.writeUInt32LE(sequence, 8);
  bytes.writeUInt8(AF_INET, 16);
  bytes.writeUInt8(32, 17);
  bytes.writeUInt32LE(LOOPBACK_INDEX, 20);
  for (const [index, type] of [IFA_LOCAL, IFA_ADDRESS].entries()) {
    bytes.writeUInt16LE(8, 24 + 8 * index);
    bytes.writeUInt16LE(type, 26 + 8 * index);
    bytes.writeUInt32BE(ipNumber(address) as number, 28 + 8 * index);
  }
  return bytes;
}

/** By the sequence number of the request: 0, or an errno. */
function acknowledgements(fd: number, count: number): Map<number, number> {
  const answers = new Map<number, number>();
  while (answers.size < count) {
    const bytes = receive(fd);
    if (!bytes) break;
    for (let at = 0; at + 16 <= bytes.length; ) {
      const length = bytes.readUInt32LE(at);
      if (length < 16) break;
      if (bytes.readUInt16LE(at + 4) === NLMSG_ERROR) answers.set(bytes.readUInt32LE(at + 8), -bytes.readInt32LE(at + 16));
      // Messages are aligned to four bytes.
      at += (length + 3) & ~3;
    }
  }
  return answers;
}
