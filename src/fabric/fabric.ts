/** The fabric's contract: what main asks of whatever makes networks real. Drivers: `world` (Linux namespaces) and `none`. */
import type { Fault } from '#base/fault.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Snapshot } from '#topology/snapshot.ts';

/** What became of one owner's wish in one revision. */
export interface Outcome {
  readonly revision: number;
  /** The network or machine. */
  readonly owner: ResourceKey;
  readonly fault?: Fault;
}

/** A socket opened inside a network or machine. The caller owns the descriptor: hand it to `listen({fd})` or `bind({fd})`, or close it. */
export interface NetworkSockets {
  /** A bound TCP socket at `address:port` (`0.0.0.0` for all) in the network's or machine's namespace. Throws Fault when it cannot. */
  tcp(place: ResourceKey, address: string, port: number): number;
  /** A bound UDP socket. */
  udp(place: ResourceKey, address: string, port: number): number;
}

export interface Fabric {
  readonly driver: 'world' | 'none';
  readonly sockets: NetworkSockets;
  /** Makes what `next` has and the fabric has not: networks, machines, addresses. One Outcome per owner that changed; never throws. */
  extend(next: Snapshot): Promise<readonly Outcome[]>;
  /** Breaks what `next` no longer has. Listeners on it are closed by then. Collects every failure. */
  retire(next: Snapshot): Promise<readonly Outcome[]>;
  /** Where a machine is, for `postern exec`; undefined when it does not exist here. Paths are as seen inside the world. */
  machine(key: ResourceKey): { readonly networkNamespace: string; readonly mountNamespace: string; readonly utsNamespace: string } | undefined;
  /** Names of what is wrong, for `postern status`. */
  faults(): readonly Outcome[];
  close(): Promise<void>;
}
