/** Arrivals: by which listener a connection came in. The listener's label is the only source; no header, host name or source address makes one. */
import type { ResourceKey } from '#base/resource-id.ts';

export type Arrival = ManagementArrival | EndpointArrival | PublicArrival | MachineArrival;

interface Common {
  /** The listener's own name, e.g. `host:127.0.0.1:8443`, `network:/subscriptions/.../vnet-app:443`; for logs and `why`. */
  readonly listener: string;
  /** The peer address of the socket. */
  readonly peer: string;
}

/** On the host's management listener. */
export interface ManagementArrival extends Common {
  readonly via: 'management';
}

/** At an address of a private endpoint, inside its virtual network. */
export interface EndpointArrival extends Common {
  readonly via: 'endpoint';
  readonly network: ResourceKey;
  readonly endpoint: ResourceKey;
  /** The registry the endpoint's connection leads to. */
  readonly registry: ResourceKey;
  /** `registry` or `registry_data_REGION`. */
  readonly member: string;
  /** The endpoint address that was dialled. */
  readonly address: string;
}

/** At a public address: from a network of the world (then `network` is set), or at the host's public listener. */
export interface PublicArrival extends Common {
  readonly via: 'public';
  readonly network?: ResourceKey;
  /** The client's address as the public side sees it: the network's egress address, or the peer on the host. */
  readonly source: string;
}

/** At 169.254.169.254 inside a machine. */
export interface MachineArrival extends Common {
  readonly via: 'machine';
  readonly machine: ResourceKey;
}
