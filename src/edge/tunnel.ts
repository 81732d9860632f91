/**
 * Tunnels on the management listener (CONNECT, RFC 9110 section 9.3.6), for clients on the host that dial what they are told: the Azure CLI dials a registry's
 * login server by its Azure name, which on the host would lead to Azure's own servers and hand them a token. With the management listener for its proxy
 * every name comes here: ours are served, by the rules of the host's public side, and nothing else is dialled or resolved.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { TraceStep } from '#http/message.ts';
import { parseHost } from '#http/node-server.ts';
import type { ManagementArrival } from '#topology/arrival.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import type { AccessLog } from './access-log.ts';
import { type Connection, canonicalHost, type HostNames, registryHost } from './hosts.ts';

/**
 * What a tunnel to `HOST:PORT` leads to: a registry on the host's public side, or the management listener under one of its names; undefined when it is not ours.
 * @param arrival the connection that asks: registries' rules look at its peer.
 */
export function tunnelTo(authority: string, arrival: ManagementArrival, snapshot: Snapshot, names: HostNames): Connection | undefined {
  const host = authority.endsWith(':443') ? parseHost(authority) : undefined;
  if (host === undefined) return undefined;
  const { peer } = arrival;
  const listener = `${arrival.listener} tunnel`;
  if (registryHost(snapshot, canonicalHost(host, names))) return { arrival: { via: 'public', listener, peer, source: peer } };
  // An address is dialled as it is: what is asked for by one may be somebody else's.
  return names.management.has(host) && isIP(host) === 0 ? { arrival: { ...arrival, listener } } : undefined;
}

/** Answers a CONNECT: hands the connection on to be served as what it leads to, or refuses it in words that clients print. */
export function answerTunnel(
  { message, socket, head, arrival }: { message: IncomingMessage; socket: Socket; head: Buffer; arrival: ManagementArrival },
  options: { snapshot: Snapshot; names: HostNames; accessLog: AccessLog; serve(socket: Socket, connection: Connection): void },
): void {
  const authority = message.url ?? '';
  const to = tunnelTo(authority, arrival, options.snapshot, options.names);
  const trace: TraceStep[] = [{ check: 'listener', ok: true, detail: `on the host's management listener, from ${arrival.peer}, as a tunnel` }];
  socket.on('error', () => {});
  // The listener's own limit is for requests: what goes on inside has its own.
  socket.setTimeout(0);
  const id = randomUUID();
  if (to) {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) socket.unshift(head);
    options.serve(socket, to);
    return;
  }
  const why = 'Not a name of this Postern: nothing is dialled from here';
  trace.push({ check: 'host', ok: false, detail: `a tunnel to '${authority}' was asked for: no registry or management name of this Postern at port 443` });
  options.accessLog.record({ id, method: 'CONNECT', authority, path: '', trace }, arrival, { status: 403, durationMs: 0 });
  const text = `${why}. Its registries' names and ${[...options.names.management].filter((name) => isIP(name) === 0).join(', ')} are served, at port 443.\n`;
  // Clients show the reason phrase and not the text.
  const lines = [
    `HTTP/1.1 403 ${why}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    `x-ms-request-id: ${id}`,
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`, () => socket.destroySoon());
}
