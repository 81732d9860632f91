/** What a connection that a network's listener accepted is: decided by the address that was dialled, before TLS. Pure. */

import { regions } from '#base/regions.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { dataFront, GRAPH, IMAGES, LOGIN, loginFront, MANAGEMENT } from '#topology/addresses.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import type { Connection, Front } from './hosts.ts';

/** What stands at each public address. */
const FRONTS: ReadonlyMap<string, Front> = new Map<string, Front>([
  [MANAGEMENT, 'management'],
  [LOGIN, 'login'],
  [GRAPH, 'graph'],
  [IMAGES, 'images'],
  ...regions.flatMap(({ name }) => [loginFront(name), dataFront(name)]).map((address): [string, Front] => [address, 'registry']),
]);

/** A connection that is carried on, or why it is reset. */
export type Acceptance = Connection | { readonly refused: string; readonly endpoint?: ResourceKey; readonly registry?: ResourceKey };

/** `local` is the address that was dialled inside the network, `peer` the machine's. */
export function acceptAt(snapshot: Snapshot, network: ResourceKey, listener: string, local: string, peer: string): Acceptance {
  const part = snapshot.networks.get(network);
  if (!part) return { refused: 'the network no longer exists' };
  const endpoint = part.endpoints.get(local as never);
  if (endpoint) {
    const { registry, state } = endpoint;
    // Not Approved carries no traffic at all: not even a handshake tells what is here.
    if (state !== 'Approved' || registry === undefined)
      return { refused: `the connection of the private endpoint at ${local} is ${state}`, endpoint: endpoint.endpoint, ...(registry ? { registry } : {}) };
    return { arrival: { via: 'endpoint', listener, peer, network, endpoint: endpoint.endpoint, registry, member: endpoint.member, address: local } };
  }
  const front = FRONTS.get(local);
  if (!front) return { refused: `nothing is served at ${local}` };
  return { arrival: { via: 'public', listener, peer, network, source: part.egressAddress }, front };
}
