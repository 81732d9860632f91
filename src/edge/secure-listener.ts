/** One HTTPS listener on a socket that was opened elsewhere: each connection is labelled, or reset, before TLS. Without a socket it takes tunnels (tunnel.ts). */
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { Log } from '#base/log.ts';
import { emptyReply, type Reply } from '#http/message.ts';
import { SERVER_OPTIONS, type SocketRequest, serve } from '#http/node-server.ts';
import type { Leaf } from '#identity/certificate-authority.ts';
import { TLS_OPTIONS } from './certificates.ts';
import type { Connection } from './hosts.ts';

export interface SecureListenerOptions {
  /** A bound socket; the listener owns it from now on. Without one it serves only what it is given by `take`. */
  readonly fd?: number;
  /** For logs: `network:...:443`. */
  readonly name: string;
  readonly log: Log;
  /** The label of a raw connection, or undefined to reset it: nothing was read from it then and nothing written. A listener without a socket needs none. */
  accept?(socket: Socket): Connection | undefined;
  /** The context of a server name; undefined when it names nothing of ours. */
  contextOf(name: string): SecureContext | undefined;
  /** Shown to clients that name no server; without it they are refused. */
  readonly unnamed?: Leaf;
  handle(request: SocketRequest, connection: Connection, sni: string | undefined): Promise<Reply>;
  /** A CONNECT (RFC 9110 section 9.3.6), answered by whoever is told of it; without this such a connection is closed. */
  tunnel?(request: IncomingMessage, socket: Socket, head: Buffer): void;
  /** When listening failed after all. */
  onError(error: Error): void;
  /** How long a handshake may take from the connection on; 10 s unless given. */
  readonly handshakeMs?: number;
}

export interface SecureListener {
  /** Serves a connection that was opened inside another, under the label it was given there. */
  take(socket: Socket, connection: Connection): void;
  /** Replaces the certificate for clients that name no server. */
  showUnnamed(leaf: Leaf): void;
  /** Stops listening at once and ends idle connections; resolves when the last exchange has ended, or after `graceMs` by breaking the rest. */
  close(graceMs: number): Promise<void>;
}

/** `unrecognized_name`, fatal (RFC 6066 section 3, RFC 8446 section 6), as a record in clear: no key has been agreed yet. */
const UNRECOGNIZED_NAME = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x70]);
const HANDSHAKE_MS = 10_000;

/** What a TLS socket and the raw one below it have in common: the four ends of the connection. */
function ends(socket: Socket): string {
  return `${socket.remoteAddress}|${socket.remotePort}|${socket.localAddress}|${socket.localPort}`;
}

export function listenSecurely(options: SecureListenerOptions): SecureListener {
  const { log, name } = options;
  const connections = new Map<string, { raw: Socket; connection: Connection; handshake: NodeJS.Timeout }>();
  const server: Server = createServer({
    ...SERVER_OPTIONS,
    ...TLS_OPTIONS,
    ...(options.unnamed ? { key: options.unnamed.key, cert: options.unnamed.certificate } : {}),
    // Node calls this as a method of the TLS socket.
    SNICallback(this: TLSSocket | undefined, servername, done) {
      let context: SecureContext | undefined;
      try {
        context = options.contextOf(servername.toLowerCase());
      } catch (error) {
        log.error({ listener: name, servername, error: String(error) }, 'no certificate could be made');
        return done(error as Error);
      }
      if (context) return done(null, context);
      // Node has no way to answer this alert; without it clients see a closed connection and cannot say why.
      const raw = this === undefined ? undefined : connections.get(ends(this))?.raw;
      raw?.write(UNRECOGNIZED_NAME);
      done(new Error(`'${servername.slice(0, 255)}' names nothing that is served here`));
    },
  });
  // The server's own listener starts TLS: it is asked only once the connection has been labelled.
  const [startTls] = server.listeners('connection') as [(this: Server, socket: Socket) => void];
  server.removeAllListeners('connection');
  const take = (socket: Socket, connection: Connection): void => {
    const key = ends(socket);
    // Node's own limit begins anew with each byte, and what it then writes waits for the handshake that never ends.
    const handshake = setTimeout(() => socket.destroy(), options.handshakeMs ?? HANDSHAKE_MS);
    connections.set(key, { raw: socket, connection, handshake });
    socket.once('close', () => {
      clearTimeout(handshake);
      connections.delete(key);
    });
    startTls.call(server, socket);
  };
  server.on('connection', (socket: Socket) => {
    // A socket that is reset has nobody else to tell.
    socket.on('error', () => {});
    const connection = socket.remoteAddress === undefined ? undefined : options.accept?.(socket);
    if (connection) take(socket, connection);
    else socket.resetAndDestroy();
  });
  if (options.tunnel) server.on('connect', options.tunnel);
  server.on('secureConnection', (socket) => clearTimeout(connections.get(ends(socket))?.handshake));
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) =>
    log.debug({ listener: name, peer: socket.remoteAddress, error: error.code ?? error.message }, 'TLS handshake failed'),
  );
  server.on('error', options.onError);
  serve(
    server,
    async (request, socket) => {
      const known = connections.get(ends(socket));
      // The client has gone, or the connection was cut, between the request's arrival and now.
      if (!known) {
        socket.destroy();
        return emptyReply(503);
      }
      const sni = (socket as TLSSocket).servername;
      return options.handle(request, known.connection, typeof sni === 'string' ? sni.toLowerCase() : undefined);
    },
    { log },
  );
  if (options.fd !== undefined) server.listen({ fd: options.fd });
  // What Node begins to do when it listens: to know the connections, so that late headers and idle connections can be ended.
  else server.emit('listening');
  return {
    take,
    showUnnamed: (leaf) => server.setSecureContext({ key: leaf.key, cert: leaf.certificate, minVersion: TLS_OPTIONS.minVersion }),
    close: (graceMs) =>
      new Promise((resolve) => {
        const late = setTimeout(() => {
          for (const { raw } of connections.values()) raw.destroy();
        }, graceMs);
        // It is called also where nothing listened.
        server.close(() => {
          clearTimeout(late);
          resolve();
        });
      }),
  };
}
