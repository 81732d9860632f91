/** DNS over UDP and TCP (RFC 1035 section 4.2, RFC 7766): sockets on one side, packets on the other. */
import type { Socket as UdpSocket } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import type { Transport } from './network-answers.ts';

/** Gives the reply to a packet, or undefined when none is due. Must not throw. */
export type Reply = (packet: Buffer, transport: Transport) => Buffer | undefined;

/** Connections of one network at a time; more are closed at once. */
const MAX_CONNECTIONS = 128;
/** A connection on which nothing moves for so long is closed (RFC 7766 section 6.2.3 asks for seconds). */
const IDLE_MS = 10_000;

/** Answers the datagrams of a socket. A reply that cannot be sent is lost, as datagrams are. */
export function answerDatagrams(socket: UdpSocket, reply: Reply): void {
  socket.on('message', (packet, from) => {
    // Port 0 can be forged but not be sent to.
    if (from.port === 0) return;
    const answer = reply(packet, 'udp');
    if (answer) socket.send(answer, from.port, from.address, () => {});
  });
}

/** Answers the queries on every connection of a server, any number on each, in their order. Returns a function that cuts all connections. */
export function answerConnections(server: Server, reply: Reply, idleMs = IDLE_MS): () => void {
  const open = new Set<Socket>();
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', (socket) => {
    open.add(socket);
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.setNoDelay(true);
    let pending: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      let flowing = true;
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0);
        const answer = reply(pending.subarray(2, end), 'tcp');
        pending = pending.subarray(end);
        // What is no query at all gets no reply; on a connection that leaves nothing to say.
        if (!answer) {
          socket.pause();
          socket.destroySoon();
          return;
        }
        const length = Buffer.alloc(2);
        length.writeUInt16BE(answer.length);
        flowing = socket.write(Buffer.concat([length, answer]));
      }
      // Who does not read the answers is not read from.
      if (!flowing) {
        socket.pause();
        socket.once('drain', () => socket.resume());
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
  });
  return () => {
    for (const socket of open) socket.destroy();
  };
}
