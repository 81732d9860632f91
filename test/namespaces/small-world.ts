/** Snapshots as scenarios need them, and what they do in machines. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type IpAddress, parseIp } from '#base/ip.ts';
import { silentLog } from '#base/log.ts';
import { type ResourceKey, resourceKey } from '#base/resource-id.ts';
import { type Run, runCommand } from '#fabric/commands.ts';
import type { Fabric } from '#fabric/fabric.ts';
import { openWorld, type WorldOptions } from '#fabric/world.ts';
import type { EndpointAddress, Machine, NetworkPart, Snapshot } from '#topology/snapshot.ts';

const key = (type: string, name: string): ResourceKey => resourceKey(`/subscriptions/s/resourceGroups/g/providers/${type}/${name}`);
export const network = (name: string): ResourceKey => key('Microsoft.Network/virtualNetworks', name);
export const machine = (name: string): ResourceKey => key('Microsoft.Compute/virtualMachines', name);

/** Network -> its endpoint addresses and its machines with their addresses. */
export type Wish = Readonly<Record<string, { readonly endpoints?: readonly string[]; readonly machines?: Readonly<Record<string, readonly string[]>> }>>;

let revision = 0;

export function snapshot(wish: Wish): Snapshot {
  const networks = new Map<ResourceKey, NetworkPart>();
  const machines = new Map<ResourceKey, Machine>();
  for (const [name, { endpoints = [], machines: inside = {} }] of Object.entries(wish)) {
    const own = Object.entries(inside).map(
      ([each, addresses]): Machine => ({
        key: machine(each),
        id: machine(each),
        name: each,
        network: network(name),
        addresses: addresses.map(ip),
        identities: [],
      }),
    );
    for (const each of own) machines.set(each.key, each);
    const byAddress = new Map(endpoints.map((address) => [ip(address), { address: ip(address) } as EndpointAddress]));
    networks.set(network(name), { key: network(name), id: network(name), name, machines: own, endpoints: byAddress } as unknown as NetworkPart);
  }
  revision += 1;
  return { revision, networks, machines } as unknown as Snapshot;
}

function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (!address) throw new Error(`'${text}' is no address`);
  return address;
}

export const CA_PEM = '-----BEGIN CERTIFICATE-----\nthe authority of these tests\n-----END CERTIFICATE-----\n';

/** A fabric, and every command that it ran: `ip` and its arguments, then its input. */
export async function open(
  hide: readonly string[] = [],
  instead?: Run,
  changeLocalAddresses?: WorldOptions['changeLocalAddresses'],
): Promise<{ fabric: Fabric; commands: string[] }> {
  const commands: string[] = [];
  const run: Run = (tool, args, input = '') => {
    commands.push(`${[tool, ...args].join(' ')}\n${input}`);
    return (instead ?? runCommand)(tool, args, input);
  };
  return { fabric: await openWorld({ log: silentLog, caPem: CA_PEM, hide, run, ...(changeLocalAddresses && { changeLocalAddresses }) }), commands };
}

/** Brings the world to the snapshot, as the spine does. @throws the first fault. */
export async function reach(fabric: Fabric, next: Snapshot): Promise<void> {
  for (const { fault } of [...(await fabric.extend(next)), ...(await fabric.retire(next))]) if (fault) throw fault;
}

/** Runs a command in a machine: its exit code and all it wrote. */
export async function inMachine(fabric: Fabric, name: string, ...command: readonly string[]): Promise<{ code: number; output: string }> {
  const place = fabric.machine(machine(name));
  if (!place) throw new Error(`there is no machine '${name}'`);
  const child = spawn('nsenter', [`--net=${place.networkNamespace}`, `--mount=${place.mountNamespace}`, `--uts=${place.utsNamespace}`, '--', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: code as number, output: `${output}${errors}` };
}

/** Connects from a machine, by a process in it; what the other side wrote, or the name of what went wrong. */
export async function dial(fabric: Fabric, from: string, address: string, port = 443): Promise<string> {
  const script = `require('node:net').connect({host:'${address}',port:${port},timeout:3000}).on('error',e=>console.log(e.code)).on('timeout',function(){console.log('timeout');this.destroy()}).pipe(process.stdout)`;
  return (await inMachine(fabric, from, process.execPath, '-e', script)).output.trim();
}

/** A server on a socket of the fabric that tells every caller who called whom. */
export async function listen(fabric: Fabric, place: ResourceKey, label: string, port = 443, address = '0.0.0.0'): Promise<Server> {
  const server = createServer((socket: Socket) => socket.end(`${label}: ${socket.remoteAddress} to ${socket.localAddress}`));
  server.listen({ fd: fabric.sockets.tcp(place, address, port) });
  await once(server, 'listening');
  return server;
}

/** Connects from this process's own namespace. */
export async function dialFromOutside(address: string, port: number): Promise<string> {
  const socket = connect({ host: address, port, timeout: 3000 });
  return new Promise((resolve) => {
    socket.once('connect', () => resolve('connected'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('timeout', () => resolve('timeout'));
  });
}
