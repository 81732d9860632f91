/**
 * The plan: the pure difference between what stands in the kernel and what a snapshot wants, as steps per owner.
 * First everything new is made (`makeNetworks`, then `makeMachines`), later everything unwanted is broken (`breakMachines`, then `breakNetworks`),
 * so that dns and edge can change over in between. `perform` is what a step does to the model, `inverse` what takes it back.
 */
import type { IpAddress } from '#base/ip.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { differences } from '#topology/shared-map.ts';
import type { Machine, NetworkPart, Snapshot } from '#topology/snapshot.ts';

/** What stands, as far as the fabric knows. Never changed; `perform` makes the next one. */
export interface Standing {
  readonly networks: ReadonlyMap<ResourceKey, StandingNetwork>;
  readonly machines: ReadonlyMap<ResourceKey, StandingMachine>;
}

/** A virtual network is one namespace that routes. */
export interface StandingNetwork {
  /** The namespace's name below /run/netns. */
  readonly namespace: string;
  /** Addresses of private endpoints, local to the namespace. */
  readonly endpoints: ReadonlySet<IpAddress>;
}

/** A machine is a namespace with one interface, attached to its network's namespace. */
export interface StandingMachine {
  readonly name: string;
  readonly namespace: string;
  readonly attachment: Attachment | undefined;
}

export interface Attachment {
  readonly network: ResourceKey;
  /** The network's namespace. */
  readonly router: string;
  /** The router's end of the veth pair; the machine's end is `eth0`. */
  readonly port: string;
  /** The first is the machine's source address. */
  readonly addresses: readonly IpAddress[];
}

export type Step =
  | { readonly do: 'make-network' | 'break-network'; readonly owner: ResourceKey; readonly namespace: string }
  | { readonly do: 'add-endpoints' | 'remove-endpoints'; readonly owner: ResourceKey; readonly namespace: string; readonly addresses: readonly IpAddress[] }
  | { readonly do: 'make-machine' | 'break-machine'; readonly owner: ResourceKey; readonly namespace: string; readonly name: string }
  | { readonly do: 'attach' | 'detach'; readonly owner: ResourceKey; readonly namespace: string; readonly attachment: Attachment }
  /** Turns the addresses of an attachment into others. What is in both lists stays in use throughout. */
  | {
      readonly do: 'readdress';
      readonly owner: ResourceKey;
      readonly namespace: string;
      readonly attachment: Attachment;
      readonly addresses: readonly IpAddress[];
    };

/** All steps of one owner, in order. They succeed or are undone together. */
export interface OwnerPlan {
  readonly owner: ResourceKey;
  readonly steps: readonly Step[];
}

/** Whose difference is looked for; `everything` where it is not known what changed. */
export interface Scope {
  readonly networks: ReadonlySet<ResourceKey>;
  readonly machines: ReadonlySet<ResourceKey>;
}

export function everything(standing: Standing, next: Snapshot): Scope {
  return {
    networks: new Set([...standing.networks.keys(), ...next.networks.keys()]),
    machines: new Set([...standing.machines.keys(), ...next.machines.keys()]),
  };
}

/** What lies between a snapshot that stands whole and the next one. A network that comes or goes concerns every machine: they are attached to it by name. */
export function between(before: Snapshot, next: Snapshot, standing: Standing): Scope {
  const networks = [...differences(before.networks, next.networks)];
  if (networks.some((network) => !network.before || !network.after)) return everything(standing, next);
  return {
    networks: new Set(networks.map(({ key }) => key)),
    machines: new Set([...differences(before.machines, next.machines)].map(({ key }) => key)),
  };
}

/** Gives names that were never used before in this world: a name that is used again can meet what the kernel has not yet cleaned up. */
export type FreshName = (kind: 'network' | 'machine' | 'port', name: string) => string;

export const nothingStanding: Standing = { networks: new Map(), machines: new Map() };

export function makeNetworks(standing: Standing, next: Snapshot, scope: Scope, fresh: FreshName): readonly OwnerPlan[] {
  const plans: OwnerPlan[] = [];
  for (const key of scope.networks) {
    const network = next.networks.get(key);
    if (!network) continue;
    const stands = standing.networks.get(network.key);
    const owner = network.key;
    const namespace = stands?.namespace ?? fresh('network', network.name);
    const steps: Step[] = stands ? [] : [{ do: 'make-network', owner, namespace }];
    const addresses = [...network.endpoints.keys()].filter((address) => !stands?.endpoints.has(address));
    if (addresses.length > 0) steps.push({ do: 'add-endpoints', owner, namespace, addresses });
    if (steps.length > 0) plans.push({ owner, steps });
  }
  return plans;
}

/** Networks must have been made: a machine is attached to the namespace that stands. One whose network does not stand is made without an attachment. */
export function makeMachines(standing: Standing, next: Snapshot, scope: Scope, fresh: FreshName): readonly OwnerPlan[] {
  const plans: OwnerPlan[] = [];
  for (const key of scope.machines) {
    const machine = next.machines.get(key);
    if (!machine) continue;
    const stands = standing.machines.get(machine.key);
    const owner = machine.key;
    const namespace = stands?.namespace ?? fresh('machine', machine.name);
    const steps: Step[] = stands ? [] : [{ do: 'make-machine', owner, namespace, name: machine.name }];
    const router = next.networks.has(machine.network) ? standing.networks.get(machine.network)?.namespace : undefined;
    let attachment = stands?.attachment;
    // eth0 can be on one network only, so a move breaks before it makes.
    if (attachment && (attachment.network !== machine.network || attachment.router !== router)) {
      steps.push({ do: 'detach', owner, namespace, attachment });
      attachment = undefined;
    }
    if (!attachment && router !== undefined) {
      steps.push({
        do: 'attach',
        owner,
        namespace,
        attachment: { network: machine.network, router, port: fresh('port', machine.name), addresses: machine.addresses },
      });
    } else if (attachment) {
      const addresses = [...machine.addresses, ...attachment.addresses.filter((address) => !machine.addresses.includes(address))];
      if (!sameList(addresses, attachment.addresses)) steps.push({ do: 'readdress', owner, namespace, attachment, addresses });
    }
    if (steps.length > 0) plans.push({ owner, steps });
  }
  return plans;
}

export function breakMachines(standing: Standing, next: Snapshot, scope: Scope): readonly OwnerPlan[] {
  const plans: OwnerPlan[] = [];
  for (const owner of scope.machines) {
    const stands = standing.machines.get(owner);
    if (!stands) continue;
    const { namespace, name, attachment } = stands;
    const machine: Machine | undefined = next.machines.get(owner);
    const steps: Step[] = [];
    if (attachment && (!machine || !next.networks.has(attachment.network))) steps.push({ do: 'detach', owner, namespace, attachment });
    else if (attachment && machine?.network === attachment.network && !sameList(machine.addresses, attachment.addresses))
      steps.push({ do: 'readdress', owner, namespace, attachment, addresses: machine.addresses });
    if (!machine) steps.push({ do: 'break-machine', owner, namespace, name });
    if (steps.length > 0) plans.push({ owner, steps });
  }
  return plans;
}

export function breakNetworks(standing: Standing, next: Snapshot, scope: Scope): readonly OwnerPlan[] {
  const plans: OwnerPlan[] = [];
  for (const owner of scope.networks) {
    const stands = standing.networks.get(owner);
    if (!stands) continue;
    const { namespace, endpoints } = stands;
    const network: NetworkPart | undefined = next.networks.get(owner);
    const addresses = [...endpoints].filter((address) => !network?.endpoints.has(address));
    const steps: Step[] = addresses.length > 0 ? [{ do: 'remove-endpoints', owner, namespace, addresses }] : [];
    if (!network) steps.push({ do: 'break-network', owner, namespace });
    if (steps.length > 0) plans.push({ owner, steps });
  }
  return plans;
}

/** What stands after the step. */
export function perform(standing: Standing, step: Step): Standing {
  const { owner, namespace } = step;
  const withNetwork = (network: StandingNetwork | undefined): Standing => ({ ...standing, networks: changed(standing.networks, owner, network) });
  const withMachine = (machine: StandingMachine | undefined): Standing => ({ ...standing, machines: changed(standing.machines, owner, machine) });
  const network = standing.networks.get(owner);
  const machine = standing.machines.get(owner);
  switch (step.do) {
    case 'make-network':
      return withNetwork({ namespace, endpoints: new Set() });
    case 'break-network':
      return withNetwork(undefined);
    case 'add-endpoints':
      return withNetwork({ namespace, endpoints: new Set([...(network?.endpoints ?? []), ...step.addresses]) });
    case 'remove-endpoints':
      return withNetwork({ namespace, endpoints: new Set(network?.endpoints).difference(new Set(step.addresses)) });
    case 'make-machine':
      return withMachine({ name: step.name, namespace, attachment: undefined });
    case 'break-machine':
      return withMachine(undefined);
    case 'attach':
      return withMachine({ ...(machine as StandingMachine), attachment: step.attachment });
    case 'detach':
      return withMachine({ ...(machine as StandingMachine), attachment: undefined });
    case 'readdress':
      return withMachine({ ...(machine as StandingMachine), attachment: { ...step.attachment, addresses: step.addresses } });
  }
}

/** The step that takes this one back. */
export function inverse(step: Step): Step {
  switch (step.do) {
    case 'make-network':
      return { ...step, do: 'break-network' };
    case 'break-network':
      return { ...step, do: 'make-network' };
    case 'add-endpoints':
      return { ...step, do: 'remove-endpoints' };
    case 'remove-endpoints':
      return { ...step, do: 'add-endpoints' };
    case 'make-machine':
      return { ...step, do: 'break-machine' };
    case 'break-machine':
      return { ...step, do: 'make-machine' };
    case 'attach':
      return { ...step, do: 'detach' };
    case 'detach':
      return { ...step, do: 'attach' };
    case 'readdress':
      return { ...step, attachment: { ...step.attachment, addresses: step.addresses }, addresses: step.attachment.addresses };
  }
}

function changed<V>(map: ReadonlyMap<ResourceKey, V>, key: ResourceKey, value: V | undefined): ReadonlyMap<ResourceKey, V> {
  const next = new Map(map);
  if (value === undefined) next.delete(key);
  else next.set(key, value);
  return next;
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
