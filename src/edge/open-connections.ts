/** The raw sockets that are open in each network, by the address that was dialled, so that an endpoint's can be cut when its connection is no longer Approved. */
import type { Socket } from 'node:net';
import type { ResourceKey } from '#base/resource-id.ts';
import type { EndpointArrival } from '#topology/arrival.ts';
import type { NetworkPart, Snapshot } from '#topology/snapshot.ts';
import type { Connection } from './hosts.ts';

export class OpenConnections {
  readonly #networks = new Map<ResourceKey, Map<Socket, Connection>>();
  /** The part each network's sockets were last held against: an unchanged one needs no second look. */
  readonly #seen = new Map<ResourceKey, NetworkPart>();

  /** Keeps a raw socket until it closes. */
  add(network: ResourceKey, socket: Socket, connection: Connection): void {
    let sockets = this.#networks.get(network);
    if (!sockets) {
      sockets = new Map();
      this.#networks.set(network, sockets);
    }
    sockets.set(socket, connection);
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0 && this.#networks.get(network) === sockets) this.#networks.delete(network);
    });
  }

  /** How many are open, in all or at one endpoint. */
  count(endpoint?: ResourceKey): number {
    let count = 0;
    for (const sockets of this.#networks.values())
      for (const { arrival } of sockets.values()) if (endpoint === undefined || (arrival.via === 'endpoint' && arrival.endpoint === endpoint)) count++;
    return count;
  }

  /**
   * Resets, before it returns, every socket whose endpoint is no longer what it was when the socket was accepted: gone, of another registry, or not Approved;
   * and all sockets of networks that are gone. Returns what was cut.
   */
  see(snapshot: Snapshot): { readonly endpoint: EndpointArrival; readonly count: number }[] {
    const cut = new Map<string, { endpoint: EndpointArrival; count: number }>();
    for (const [network, sockets] of this.#networks) {
      const part = snapshot.networks.get(network);
      if (part && this.#seen.get(network) === part) continue;
      for (const [socket, { arrival }] of sockets) {
        if (part && (arrival.via !== 'endpoint' || stands(part, arrival))) continue;
        socket.resetAndDestroy();
        if (arrival.via !== 'endpoint') continue;
        const entry = cut.get(`${network} ${arrival.address}`) ?? { endpoint: arrival, count: 0 };
        entry.count++;
        cut.set(`${network} ${arrival.address}`, entry);
      }
    }
    this.#seen.clear();
    for (const [key, part] of snapshot.networks) this.#seen.set(key, part);
    return [...cut.values()];
  }

  /** Resets every socket of a network. */
  cutNetwork(network: ResourceKey): void {
    for (const socket of this.#networks.get(network)?.keys() ?? []) socket.resetAndDestroy();
  }
}

function stands(part: NetworkPart, arrival: EndpointArrival): boolean {
  const now = part.endpoints.get(arrival.address as never);
  return now?.state === 'Approved' && now.endpoint === arrival.endpoint && now.registry === arrival.registry && now.member === arrival.member;
}
