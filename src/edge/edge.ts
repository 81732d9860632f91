/**
 * The edge: where connections arrive. One listener a network, one a machine for its metadata, two on the host; each labels what it accepts,
 * and the label, never a header, says where a request came from. Forwarded headers are never read; a PROXY header is no TLS and closes the connection.
 */
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { type Clock, monotonicMs } from '#base/clock.ts';
import { asFault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { NetworkSockets, Outcome } from '#fabric/fabric.ts';
import type { Plane, Reply } from '#http/message.ts';
import { SERVER_OPTIONS, type SocketRequest, serve } from '#http/node-server.ts';
import type { CertificateAuthority } from '#identity/certificate-authority.ts';
import { METADATA } from '#topology/addresses.ts';
import type { Arrival, ManagementArrival } from '#topology/arrival.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import type { Config } from '../config.ts';
import { AccessLog } from './access-log.ts';
import { acceptAt } from './arrivals.ts';
import { Certificates } from './certificates.ts';
import { AZURE_HOSTS, type Connection, canonicalHost, type HostNames, type PlaneName, registryHost, routeOf } from './hosts.ts';
import { OpenConnections } from './open-connections.ts';
import { misdirected } from './refusals.ts';
import { listenSecurely, type SecureListener } from './secure-listener.ts';
import { answerTunnel } from './tunnel.ts';

export type Planes = Readonly<Record<PlaneName, Plane>>;

export interface EdgeOptions {
  readonly sockets: NetworkSockets;
  readonly snapshot: () => Snapshot;
  readonly config: Pick<Config, 'certificate' | 'domain' | 'hostDomain' | 'listen' | 'fabric'>;
  readonly ca: CertificateAuthority;
  readonly clock: Clock;
  readonly log: Log;
  /** Made with the log of how requests are decided, which the operator's plane shows. */
  readonly planes: (accessLog: AccessLog) => Planes;
}

const HTTPS_PORT = 443;
const METADATA_PORT = 80;
/** How long exchanges may go on when the server stops. */
const STOP_MS = 2_000;
/** How often the certificate for clients that name no server is looked at. */
const RENEWAL_LOOK_MS = 60 * 60 * 1000;

interface MachineListener {
  close(): void;
}

export class Edge {
  readonly accessLog: AccessLog;
  readonly #options: EdgeOptions;
  readonly #certificates: Certificates;
  readonly #planes: Planes;
  readonly #names: HostNames;
  readonly #open = new OpenConnections();
  readonly #networks = new Map<ResourceKey, SecureListener>();
  readonly #machines = new Map<ResourceKey, MachineListener>();
  #host: SecureListener[] = [];
  #renewal: NodeJS.Timeout | undefined;

  /** @throws Fault `CertificateUnusable` when an own certificate is configured and cannot be loaded. */
  constructor(options: EdgeOptions) {
    const { config } = options;
    this.#options = options;
    this.accessLog = new AccessLog({ log: options.log, clock: options.clock });
    this.#certificates = new Certificates({ ca: options.ca, config, clock: options.clock, log: options.log });
    this.#planes = options.planes(this.accessLog);
    this.#names = {
      domain: config.domain,
      hostDomain: config.hostDomain,
      management: new Set([...AZURE_HOSTS, 'localhost', '127.0.0.1', '::1', config.listen.host, config.hostDomain]),
    };
  }

  /**
   * Follows a snapshot: cuts what may no longer be open, before it returns; closes the listeners of networks and machines that are gone; opens those of new ones.
   * Returns what could not be opened, as outcomes of its network or machine; it is tried again with the next snapshot.
   */
  see(snapshot: Snapshot): readonly Outcome[] {
    const { log } = this.#options;
    for (const { endpoint, count } of this.#open.see(snapshot))
      log.info(
        { network: endpoint.network, endpoint: endpoint.endpoint, address: endpoint.address, count },
        'open connections cut: the endpoint is no longer approved',
      );
    // Without a fabric there are no networks here to listen in.
    if (this.#options.config.fabric === 'none') return [];
    for (const [key, listener] of this.#networks) {
      if (snapshot.networks.has(key)) continue;
      this.#networks.delete(key);
      this.#open.cutNetwork(key);
      void listener.close(0);
    }
    for (const [key, listener] of this.#machines) {
      if (snapshot.machines.has(key)) continue;
      this.#machines.delete(key);
      listener.close();
    }
    const outcomes: Outcome[] = [];
    const attempt = (owner: ResourceKey, make: () => void): void => {
      try {
        make();
      } catch (error) {
        outcomes.push({ revision: snapshot.revision, owner, fault: asFault(error) });
      }
    };
    for (const key of snapshot.networks.keys()) if (!this.#networks.has(key)) attempt(key, () => this.#networks.set(key, this.#listenInNetwork(key)));
    for (const key of snapshot.machines.keys()) if (!this.#machines.has(key)) attempt(key, () => this.#machines.set(key, this.#listenInMachine(key)));
    return outcomes;
  }

  /** Serves the host's two listeners, on sockets that are bound already. */
  listenHost(descriptors: { managementFd: number; publicFd: number }): void {
    const { log, snapshot } = this.#options;
    const common = {
      log,
      handle: (request: SocketRequest, connection: Connection, sni: string | undefined) => this.#handle(request, connection, sni),
      onError: (error: Error) => log.error({ error: error.message }, 'a listener of the host failed'),
    };
    let unnamed = this.#certificates.forAddresses();
    const managementArrival = ({ localAddress, localPort, remoteAddress = '' }: Socket): ManagementArrival => ({
      via: 'management',
      listener: `host:${localAddress}:${localPort}`,
      peer: plainAddress(remoteAddress),
    });
    const isRegistry = (name: string): boolean => registryHost(snapshot(), canonicalHost(name, this.#names)) !== undefined;
    const isManagement = (name: string): boolean => this.#names.management.has(name);
    const tunnels = listenSecurely({
      ...common,
      name: 'host:tunnels',
      contextOf: (name) => (isManagement(name) || isRegistry(name) ? this.#certificates.forName(name, snapshot()) : undefined),
    });
    const management = listenSecurely({
      ...common,
      fd: descriptors.managementFd,
      name: 'host:management',
      unnamed,
      accept: (socket) => ({ arrival: managementArrival(socket) }),
      contextOf: (name) => (isManagement(name) ? this.#certificates.forName(name, snapshot()) : undefined),
      tunnel: (message, socket, head) =>
        answerTunnel(
          { message, socket, head, arrival: managementArrival(socket) },
          { snapshot: snapshot(), names: this.#names, accessLog: this.accessLog, serve: tunnels.take },
        ),
    });
    const registries = listenSecurely({
      ...common,
      fd: descriptors.publicFd,
      name: 'host:public',
      accept: ({ localAddress, localPort, remoteAddress = '' }) => {
        const peer = plainAddress(remoteAddress);
        return { arrival: { via: 'public', listener: `host:${localAddress}:${localPort}`, peer, source: peer } };
      },
      contextOf: (name) => (isRegistry(name) ? this.#certificates.forName(name, snapshot()) : undefined),
    });
    this.#host = [management, registries, tunnels];
    this.#renewal = setInterval(() => {
      const leaf = this.#certificates.forAddresses();
      if (leaf !== unnamed) management.showUnnamed(leaf);
      unnamed = leaf;
    }, RENEWAL_LOOK_MS).unref();
  }

  /** How many connections are open inside networks, in all or at one private endpoint. */
  openConnections(endpoint?: ResourceKey): number {
    return this.#open.count(endpoint);
  }

  /** Stops listening; resolves when every exchange has ended or been broken off. */
  async close(): Promise<void> {
    clearInterval(this.#renewal);
    for (const listener of this.#machines.values()) listener.close();
    await Promise.all([...this.#host, ...this.#networks.values()].map((listener) => listener.close(STOP_MS)));
    this.#machines.clear();
    this.#networks.clear();
  }

  #listenInNetwork(network: ResourceKey): SecureListener {
    const { log, snapshot, sockets } = this.#options;
    const name = `network:${network}:${HTTPS_PORT}`;
    return listenSecurely({
      fd: sockets.tcp(network, '0.0.0.0', HTTPS_PORT),
      name,
      log,
      accept: (socket) => {
        const peer = plainAddress(socket.remoteAddress ?? '');
        const accepted = acceptAt(snapshot(), network, name, plainAddress(socket.localAddress ?? ''), peer);
        if ('refused' in accepted) {
          this.accessLog.recordReset(name, peer, network, accepted);
          return undefined;
        }
        this.#open.add(network, socket, accepted);
        return accepted;
      },
      contextOf: (servername) => {
        const ours = AZURE_HOSTS.has(servername) || registryHost(snapshot(), servername) !== undefined;
        return ours ? this.#certificates.forName(servername, snapshot()) : undefined;
      },
      handle: (request, connection, sni) => this.#handle(request, connection, sni),
      onError: (error) => {
        log.error({ network, error: error.message }, 'the listener of a network failed');
        this.#networks.delete(network);
      },
    });
  }

  #listenInMachine(machine: ResourceKey): MachineListener {
    const { log, sockets } = this.#options;
    const listener = `machine:${machine}:${METADATA_PORT}`;
    const fd = sockets.tcp(machine, METADATA, METADATA_PORT);
    const server = createServer({ ...SERVER_OPTIONS });
    const arrivalOf = (socket: Socket): Arrival => ({ via: 'machine', listener, machine, peer: plainAddress(socket.remoteAddress ?? '') });
    serve(server, (request, socket) => this.#handle(request, { arrival: arrivalOf(socket) }, undefined), { log });
    server.on('error', (error) => {
      log.error({ machine, error: error.message }, "the listener of a machine's metadata failed");
      this.#machines.delete(machine);
    });
    server.listen({ fd });
    return {
      close: () => {
        server.close();
        server.closeAllConnections();
      },
    };
  }

  async #handle(request: SocketRequest, connection: Connection, sni: string | undefined): Promise<Reply> {
    const started = monotonicMs();
    const { arrival } = connection;
    const snapshot = this.#options.snapshot();
    request.trace.push({ check: 'listener', ok: true, detail: describe(arrival) });
    const route = routeOf(connection, request, sni, snapshot, this.#names);
    let status = 500;
    try {
      let reply: Reply;
      if (route.misdirected !== undefined) {
        request.trace.push({ check: 'host', ok: false, detail: route.misdirected });
        reply = misdirected(route.misdirected, route.style);
      } else {
        request.host = route.host;
        reply = await this.#planes[route.plane](request, arrival);
      }
      status = reply.status;
      // Planes name the check that failed. Where one only answers, its answer says what was wrong: no refusal goes unexplained.
      if (status >= 400 && request.trace.every((step) => step.ok)) request.trace.push({ check: 'answer', ok: false, detail: wordsOf(reply) });
      return reply;
    } finally {
      const registry = arrival.via === 'endpoint' ? arrival.registry : registryHost(snapshot, request.host)?.registry;
      this.accessLog.record(request, arrival, { status, durationMs: monotonicMs() - started, ...(registry ? { registry } : {}) });
    }
  }
}

const WORDS_CHARACTERS = 300;

/** A refusal's own words, for `postern why`. */
function wordsOf({ status, body }: Reply): string {
  return body?.kind === 'bytes' ? Buffer.from(body.bytes).toString('utf8').slice(0, WORDS_CHARACTERS) : String(status);
}

/** IPv4 as itself where a socket of both families wrote it mapped into IPv6 (RFC 4291 section 2.5.5.2). */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

/** The arrival in the words of `postern why`. */
function describe(arrival: Arrival): string {
  switch (arrival.via) {
    case 'endpoint':
      return `in network ${arrival.network}, at private endpoint address ${arrival.address}, from ${arrival.peer}`;
    case 'public':
      return arrival.network
        ? `on the public side, from ${arrival.peer} in network ${arrival.network}, seen as ${arrival.source}`
        : `on the host's public listener, from ${arrival.source}`;
    case 'machine':
      return `at the metadata address of machine ${arrival.machine}`;
    case 'management':
      return `on the host's management listener, from ${arrival.peer}`;
  }
}
