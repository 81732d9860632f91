/**
 * Jobs: what an action must do outside its transaction, because it takes long or reaches another room. A job is data; main.ts hands in who does it.
 * The client polls it as any operation. A job does not outlive the process: asked after a restart it is Failed, `OperationInterrupted`.
 */
import { Fault } from '#base/fault.ts';
import type { ResourceKey } from '#base/resource-id.ts';

/** Copies an image from another registry (`importImage`). */
export interface ImportImageJob {
  readonly kind: 'import-image';
  /** The registry that gets it. */
  readonly registry: ResourceKey;
  /** As ARM's body has it: one of `registryUri` (a host name) and `resourceId` (a registry here; that the caller may read it has been checked). */
  readonly source: {
    readonly registryUri?: string;
    readonly resourceId?: string;
    /** `library/nginx:latest`, or with a digest. */
    readonly sourceImage: string;
    readonly credentials?: { readonly username?: string; readonly password: string };
    /** Why nothing may leave the source, where that is for its credentials to learn. */
    readonly closed?: Fault;
  };
  /** `repository:tag`, as written. */
  readonly targetTags: readonly string[];
  readonly untaggedTargetRepositories: readonly string[];
  /** `NoForce`: a tag that exists is refused. */
  readonly mode: 'NoForce' | 'Force';
}

/** Runs a script inside a machine (`runCommand`); resolves to a `ScriptResult`. */
export interface RunCommandJob {
  readonly kind: 'run-command';
  readonly machine: ResourceKey;
  /** Lines of a shell script. */
  readonly script: readonly string[];
  /** The script's arguments in order; those whose names can be variables are also in its environment. */
  readonly parameters: readonly { readonly name: string; readonly value: string }[];
}

/** What a script left: its exit code and the last bytes of what it wrote. */
export interface ScriptResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Job = ImportImageJob | RunCommandJob;

/** The stand-in where no room does the jobs of a kind. @throws Fault `NotServed` always */
export async function unservedJob(job: Pick<Job, 'kind'>): Promise<never> {
  throw new Fault('notImplemented', 'NotServed', `This Postern does not serve '${job.kind}': nothing was done.`);
}

/** What an operation that a restart cut off has failed with. */
export const interrupted = { code: 'OperationInterrupted', message: 'Postern was stopped while the operation ran; start it again.' } as const;
