/** Applying steps: each becomes a few lines for `ip`, one process per namespace, and whatever `ip` cannot do. */
import type { Fault } from '#base/fault.ts';
import { GATEWAY, METADATA, RESOLVER } from '#topology/addresses.ts';
import type { Run } from './commands.ts';
import type { changeLocalAddresses } from './local-addresses.ts';
import { setNetworkSettings } from './namespaces.ts';
import type { Attachment, Step } from './plan.ts';

/** The public side's front addresses: all local to every network's router, with no address objects. */
const FRONTS = '198.18.0.0/16';
/** The machine's end of its link. */
const INTERFACE = 'eth0';

const NAMESPACES = '/run/netns';

/** Where a network namespace of this world is, by its name. */
export function namespacePath(namespace: string): string {
  return `${NAMESPACES}/${namespace}`;
}

export interface Tools {
  readonly run: Run;
  readonly changeLocalAddresses: typeof changeLocalAddresses;
  /** Makes and drops what a machine has beside its network: its mounts and its name. */
  readonly machines: { make(namespace: string, name: string): Promise<void>; drop(namespace: string): Promise<void> };
}

/** No IPv6: ACR's private endpoints are IPv4, and a link-local address that nobody plans is one more way between machines. */
const NO_IPV6 = ['all', 'default'].map((scope) => ({ name: `ipv6/conf/${scope}/disable_ipv6`, value: '1', optional: true }));
const ROUTER = [
  { name: 'ipv4/ip_forward', value: '1' },
  // A machine cannot send with an address that is not its own.
  { name: 'ipv4/conf/all/rp_filter', value: '1' },
  { name: 'ipv4/conf/default/rp_filter', value: '1' },
  ...NO_IPV6,
];

/** Applies one step, stopping at the first failure. @throws Fault; part of the step may have happened then, and its inverse is due. */
export async function apply(step: Step, tools: Tools): Promise<void> {
  await steps(
    step,
    tools,
    (namespace, lines) => batch(tools.run, namespace, lines, []),
    (fault) => {
      throw fault;
    },
  );
}

/** Applies a step that takes something away, as far as it is there, and passes every failure to `failed`. */
export async function applyAll(step: Step, tools: Tools, failed: (error: unknown) => void): Promise<void> {
  await steps(step, tools, (namespace, lines) => batch(tools.run, namespace, lines, ['-force']).catch(failed), failed).catch(failed);
}

type Batch = (namespace: string | undefined, lines: readonly string[]) => Promise<void>;

async function steps(step: Step, tools: Tools, ip: Batch, failed: (fault: Fault) => void): Promise<void> {
  const { namespace } = step;
  switch (step.do) {
    case 'make-network':
      await ip(undefined, [`netns add ${namespace}`]);
      setNetworkSettings(namespacePath(namespace), ROUTER);
      return ip(namespace, ['link set lo up', `address replace ${RESOLVER}/32 dev lo`, `route replace local ${FRONTS} dev lo`]);
    case 'break-network':
      return ip(undefined, [`netns del ${namespace}`]);
    case 'add-endpoints':
    case 'remove-endpoints':
      for (const fault of tools.changeLocalAddresses(namespacePath(namespace), step.do === 'add-endpoints' ? 'add' : 'remove', step.addresses)) failed(fault);
      return;
    case 'make-machine':
      await ip(undefined, [`netns add ${namespace}`]);
      setNetworkSettings(namespacePath(namespace), NO_IPV6);
      await ip(namespace, ['link set lo up', `address replace ${METADATA}/32 dev lo`]);
      return tools.machines.make(namespace, step.name);
    case 'break-machine':
      await killAll(namespace, tools.run);
      await tools.machines.drop(namespace);
      return ip(undefined, [`netns del ${namespace}`]);
    case 'attach':
      return attach(namespace, step.attachment, ip);
    case 'detach':
      // Both ends go with one. The router's is deleted, so that no name is left there to collide with.
      return ip(step.attachment.router, [`link del ${step.attachment.port}`]);
    case 'readdress':
      return readdress(namespace, step.attachment, step.addresses, ip);
  }
}

async function attach(namespace: string, { router, port, addresses }: Attachment, ip: Batch): Promise<void> {
  await ip(undefined, [`link add ${port} netns ${router} type veth peer name ${INTERFACE} netns ${namespace}`]);
  await ip(router, [
    `address replace ${GATEWAY}/32 dev ${port}`,
    `link set ${port} up`,
    ...addresses.map((address) => `route replace ${address}/32 dev ${port}`),
  ]);
  await ip(namespace, [
    `link set ${INTERFACE} up`,
    ...addresses.map((address) => `address replace ${address}/32 dev ${INTERFACE}`),
    `route replace ${GATEWAY}/32 dev ${INTERFACE}`,
    ...defaultRoute(addresses),
  ]);
}

/** The machine's own end is told before the router stops routing to an address, and the default route before its source goes, which would take the route along. */
async function readdress(namespace: string, { router, port, addresses: before }: Attachment, after: readonly string[], ip: Batch): Promise<void> {
  const added = after.filter((address) => !before.some((each) => each === address));
  const removed = before.filter((address) => !after.includes(address));
  const own = [
    ...added.map((address) => `address replace ${address}/32 dev ${INTERFACE}`),
    ...(after[0] === before[0] ? [] : defaultRoute(after)),
    ...removed.map((address) => `address del ${address}/32 dev ${INTERFACE}`),
  ];
  const routes = [...added.map((address) => `route replace ${address}/32 dev ${port}`), ...removed.map((address) => `route del ${address}/32 dev ${port}`)];
  if (own.length > 0) await ip(namespace, own);
  if (routes.length > 0) await ip(router, routes);
}

function defaultRoute(addresses: readonly string[]): readonly string[] {
  return addresses[0] === undefined ? [] : [`route replace default via ${GATEWAY} dev ${INTERFACE} src ${addresses[0]}`];
}

async function batch(run: Run, namespace: string | undefined, lines: readonly string[], flags: readonly string[]): Promise<void> {
  await run('ip', [...flags, ...(namespace === undefined ? [] : ['-n', namespace]), '-batch', '-'], `${lines.join('\n')}\n`);
}

/** Ends what still runs in a machine, as turning it off does: a namespace lives as long as a process in it. */
async function killAll(namespace: string, run: Run): Promise<void> {
  const pids = await run('ip', ['netns', 'pids', namespace]).catch(() => '');
  for (const pid of pids.split(/\s+/).map(Number)) {
    if (!(pid > 1) || pid === process.pid) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended meanwhile.
    }
  }
}
