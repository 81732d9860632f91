/** The driver `world`: networks and machines as namespaces of the world that this process lives in (see launch.ts for how it came there). */
import { existsSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import { apply, applyAll, namespacePath, type Tools } from './apply.ts';
import { type Run, runCommand } from './commands.ts';
import type { Fabric, NetworkSockets, Outcome } from './fabric.ts';
import { WORLD_FOLDER } from './launch.ts';
import { changeLocalAddresses as changeByNetlink } from './local-addresses.ts';
import { MachineMounts } from './machine-mounts.ts';
import {
  between,
  breakMachines,
  breakNetworks,
  everything,
  type FreshName,
  inverse,
  makeMachines,
  makeNetworks,
  nothingStanding,
  type OwnerPlan,
  perform,
  type Scope,
  type Standing,
  type Step,
} from './plan.ts';
import { tcpIn, udpIn } from './sockets.ts';

/** Owners that are worked on at a time. The kernel takes one lock for most of it, so more would only wait. */
const CONCURRENCY = 4;

export interface WorldOptions {
  readonly log: Log;
  /** The certificate authority that machines trust. */
  readonly caPem: string;
  /** Folders that machines see empty. */
  readonly hide: readonly string[];
  /** Runs the tools; tests hand in their own. */
  readonly run?: Run;
  /** Likewise. */
  readonly changeLocalAddresses?: Tools['changeLocalAddresses'];
}

/** Opens the fabric of the world that this process lives in. @throws Fault `NotInAWorld` when it lives in the host's namespaces. */
export async function openWorld({ log, caPem, hide, run = runCommand, changeLocalAddresses = changeByNetlink }: WorldOptions): Promise<Fabric> {
  // Made by launch.ts on the world's own /run. Without it every command below would change the host.
  if (!existsSync(WORLD_FOLDER)) throw new Fault('internal', 'NotInAWorld', `${WORLD_FOLDER} does not exist: this process is not in a world of its own.`);
  const mounts = new MachineMounts(`${WORLD_FOLDER}/machines`, caPem, hide);
  return new World(log, { run, changeLocalAddresses, machines: mounts }, mounts);
}

class World implements Fabric {
  readonly driver = 'world';
  readonly sockets: NetworkSockets;
  readonly #log: Log;
  readonly #tools: Tools;
  readonly #mounts: MachineMounts;
  readonly #fresh: FreshName = freshNames();
  /** What could not be made, until it is or is no longer wanted. */
  readonly #unmade = new Map<ResourceKey, Outcome>();
  /** What could not be broken. It is not tried again: nothing of it is ever used again, and it goes with the world. */
  readonly #unbroken = new Map<ResourceKey, Outcome>();
  #standing: Standing = nothingStanding;
  /** The last snapshot, when all of it was made: only what the next one changes is looked at then. */
  #whole: Snapshot | undefined;
  /** What `extend` went over, for `retire` to go over it too. */
  #scope: Scope | undefined;

  constructor(log: Log, tools: Tools, mounts: MachineMounts) {
    this.#log = log;
    this.#mounts = mounts;
    this.#tools = tools;
    this.sockets = {
      tcp: (place, address, port) => tcpIn(this.#namespace(place), address, port),
      udp: (place, address, port) => udpIn(this.#namespace(place), address, port),
    };
  }

  async extend(next: Snapshot): Promise<readonly Outcome[]> {
    this.#unmade.clear();
    this.#scope = this.#whole ? between(this.#whole, next, this.#standing) : everything(this.#standing, next);
    this.#whole = undefined;
    const networks = await this.#carryOut(makeNetworks(this.#standing, next, this.#scope, this.#fresh), next, this.#make, this.#unmade);
    const machines = await this.#carryOut(makeMachines(this.#standing, next, this.#scope, this.#fresh), next, this.#make, this.#unmade);
    const stranded = this.#stranded(next);
    return [...networks, ...machines.filter(({ owner }) => !stranded.has(owner)), ...stranded.values()];
  }

  async retire(next: Snapshot): Promise<readonly Outcome[]> {
    const scope = this.#scope ?? everything(this.#standing, next);
    const machines = await this.#carryOut(breakMachines(this.#standing, next, scope), next, this.#break, this.#unbroken);
    const networks = await this.#carryOut(breakNetworks(this.#standing, next, scope), next, this.#break, this.#unbroken);
    this.#scope = undefined;
    if (this.#unmade.size === 0) this.#whole = next;
    return [...machines, ...networks];
  }

  machine(key: ResourceKey): ReturnType<Fabric['machine']> {
    const stands = this.#standing.machines.get(key);
    const paths = stands && this.#mounts.paths(stands.namespace);
    return paths && { networkNamespace: namespacePath(stands.namespace), ...paths };
  }

  faults(): readonly Outcome[] {
    return [...this.#unmade.values(), ...this.#unbroken.values()];
  }

  /** The kernel takes the rest down with the world. */
  async close(): Promise<void> {
    this.#mounts.close();
  }

  #namespace(place: ResourceKey): string {
    const namespace = (this.#standing.networks.get(place) ?? this.#standing.machines.get(place))?.namespace;
    if (namespace === undefined) throw new Fault('unavailable', 'PlaceNotReal', `'${place}' does not exist in the world.`);
    return namespacePath(namespace);
  }

  /** Machines that wait for their network: its fault is theirs too. */
  #stranded(next: Snapshot): ReadonlyMap<ResourceKey, Outcome> {
    const stranded = new Map<ResourceKey, Outcome>();
    for (const { key: owner, network } of next.machines.values()) {
      const cause = this.#unmade.get(network)?.fault;
      if (!cause || this.#unmade.has(owner) || this.#standing.machines.get(owner)?.attachment) continue;
      stranded.set(owner, {
        revision: next.revision,
        owner,
        fault: new Fault(cause.kind, cause.code, `Its network is not there: ${cause.message}`, { cause }),
      });
    }
    for (const [owner, outcome] of stranded) this.#unmade.set(owner, outcome);
    return stranded;
  }

  /** Carries out the plans, each for itself: a fault is its owner's and holds up nobody else's. */
  async #carryOut(
    plans: readonly OwnerPlan[],
    next: Snapshot,
    how: (plan: OwnerPlan) => Promise<Fault | undefined>,
    faults: Map<ResourceKey, Outcome>,
  ): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const waiting = [...plans];
    const work = async (): Promise<void> => {
      for (let plan = waiting.shift(); plan; plan = waiting.shift()) {
        const fault = await how(plan);
        const outcome: Outcome = { revision: next.revision, owner: plan.owner, ...(fault && { fault }) };
        if (fault) faults.set(plan.owner, outcome);
        outcomes.push(outcome);
      }
    };
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, plans.length) }, work));
    return outcomes;
  }

  /** All steps or none: what a failure leaves behind is taken back, and the next snapshot tries again. */
  readonly #make = async ({ owner, steps }: OwnerPlan): Promise<Fault | undefined> => {
    const begun: Step[] = [];
    try {
      for (const step of steps) {
        begun.push(step);
        await apply(step, this.#tools);
      }
    } catch (thrown) {
      for (const step of begun.toReversed())
        await applyAll(inverse(step), this.#tools, (error) => this.#log.debug({ owner, step: step.do, error: String(error) }, 'nothing to take back'));
      return told(thrown);
    }
    for (const step of steps) this.#standing = perform(this.#standing, step);
    return undefined;
  };

  /** As much as can be, and every failure told. A step that failed counts as done. */
  readonly #break = async ({ steps }: OwnerPlan): Promise<Fault | undefined> => {
    const faults: Fault[] = [];
    for (const step of steps) {
      await applyAll(step, this.#tools, (thrown) => faults.push(told(thrown)));
      this.#standing = perform(this.#standing, step);
    }
    if (faults.length < 2) return faults[0];
    return new Fault('unavailable', 'TeardownFailed', faults.map((fault) => fault.message).join(' '), { details: faults });
  };
}

/** What the kernel refused is no secret: the operator reads it in the operation's error. */
function told(thrown: unknown): Fault {
  return thrown instanceof Fault
    ? thrown
    : new Fault('unavailable', 'FabricFailed', `The network fabric failed: ${(thrown as Error).message}.`, { cause: thrown });
}

/** Names of namespaces are for people too; those of interfaces have 15 characters at most (IFNAMSIZ). */
function freshNames(): FreshName {
  let serial = 0;
  return (kind, name) => {
    serial += 1;
    return kind === 'port'
      ? `vm${serial}`
      : `${name
          .toLowerCase()
          .replace(/[^a-z0-9-]/g, '-')
          .slice(0, 40)}.${serial}`;
  };
}
