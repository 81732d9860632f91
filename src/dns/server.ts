/** The name servers: one in each virtual network, on the resolver's address, answering from the newest snapshot as that network sees it. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { closeSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { asFault, Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { NetworkSockets, Outcome } from '#fabric/fabric.ts';
import { RESOLVER } from '#topology/addresses.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import { NetworkAnswers } from './network-answers.ts';
import { answerConnections, answerDatagrams } from './transport.ts';

const PORT = 53;
/** What the fabric says where networks are not real: there is then no resolver in them, and nothing is wrong. */
const NOT_REAL = 'NetworksAreNotReal';

/** What answers in one network. */
interface Listening {
  readonly answers: NetworkAnswers;
  close(): void;
}

export class NameServer {
  readonly #sockets: NetworkSockets;
  readonly #log: Log;
  readonly #networks = new Map<ResourceKey, Listening>();

  /** `sockets` opens sockets inside networks. The registries' domain is in the snapshot. */
  constructor({ sockets, log }: { readonly sockets: NetworkSockets; readonly log: Log }) {
    this.#sockets = sockets;
    this.#log = log;
  }

  /**
   * Answers from this snapshot on, in every network of it. Sockets of networks that are gone are closed; a network whose sockets could not be opened is an
   * Outcome with its fault, is tried again with the next snapshot, and holds up no other.
   */
  see(snapshot: Snapshot): readonly Outcome[] {
    for (const [key, listening] of this.#networks) {
      if (snapshot.networks.has(key)) listening.answers.see(snapshot);
      else this.#close(key);
    }
    const outcomes: Outcome[] = [];
    for (const [key, { id }] of snapshot.networks) {
      if (this.#networks.has(key)) continue;
      try {
        this.#networks.set(key, this.#open(key, new NetworkAnswers(key, snapshot)));
      } catch (error) {
        if (error instanceof Fault && error.code === NOT_REAL) continue;
        const why = error instanceof Error ? error.message : String(error);
        const fault = new Fault('unavailable', 'ResolverNotListening', `The resolver ${RESOLVER} of '${id}' does not listen: ${why}`, {
          cause: asFault(error),
        });
        outcomes.push({ revision: snapshot.revision, owner: key, fault });
      }
    }
    return outcomes;
  }

  /** Closes every socket; connections are cut. */
  close(): void {
    for (const key of this.#networks.keys()) this.#close(key);
  }

  #open(network: ResourceKey, answers: NetworkAnswers): Listening {
    const reply = answers.reply.bind(answers);
    const failed = (error: Error): void => {
      this.#log.warn({ network, error: error.message }, 'a resolver socket failed; it is opened again with the next snapshot');
      if (this.#networks.get(network)?.answers === answers) this.#close(network);
    };
    const udp = datagrams(this.#sockets.udp(network, RESOLVER, PORT));
    udp.on('error', failed);
    try {
      const tcp = createServer();
      const cut = answerConnections(tcp, reply);
      tcp.on('error', failed);
      listen(tcp, this.#sockets.tcp(network, RESOLVER, PORT));
      answerDatagrams(udp, reply);
      return {
        answers,
        close() {
          udp.close();
          tcp.close();
          cut();
        },
      };
    } catch (error) {
      udp.close();
      throw error;
    }
  }

  #close(network: ResourceKey): void {
    const listening = this.#networks.get(network);
    this.#networks.delete(network);
    listening?.close();
  }
}

/** A UDP socket of Node on a bound descriptor. Replies go to addresses, never to names: the host's resolver is not asked. */
function datagrams(fd: number): UdpSocket {
  const socket = createSocket({ type: 'udp4', lookup: (address, _options, found) => found(null, address, 4) });
  try {
    return socket.bind({ fd });
  } catch (error) {
    socket.close();
    closeSync(fd);
    throw error;
  }
}

/** Listens on a bound descriptor; Node does so before it returns, and tells a failure only later. */
function listen(server: Server, fd: number): void {
  server.listen({ fd });
  if (!server.listening) throw new Error('listen failed on the socket that the fabric opened');
}
