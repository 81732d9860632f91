/** The quickstart's clients: programs that run inside a machine, entered by `postern exec` as anybody does. */
import type { ChildProcess } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { spawnPostern } from '../own-process.ts';
import type { Exchange } from './exchange.ts';
import { hold, NotHeld } from './steps.ts';

/** The last line of a client program; which fields there are depends on the program. */
export interface Report {
  readonly event: 'done' | 'in-flight';
  readonly networkNamespace: string;
  readonly exchanges: readonly Exchange[];
  readonly digest: string;
  readonly bytes: number;
  readonly blobs: readonly { readonly digest: string; readonly size: number; readonly host: string; readonly address: string }[];
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
  readonly answers: readonly { readonly name: string; readonly chain: readonly string[]; readonly addresses: readonly string[] }[];
  readonly servers: readonly string[];
  readonly connected: boolean;
  readonly status: number;
  readonly address: string;
  readonly body: string;
  readonly code: string;
  readonly requestId: string;
  readonly cut: boolean;
  readonly received: number;
  readonly size: number;
}

/** The programs, written out so that each is seen to be used. */
const PROGRAMS = {
  'oci-client': new URL('./oci-client.ts', import.meta.url),
  lookup: new URL('./lookup.ts', import.meta.url),
  probe: new URL('./probe.ts', import.meta.url),
};
export type Program = keyof typeof PROGRAMS;

/** A client that has begun. */
export interface Running {
  /** The next line it writes. @throws NotHeld when it ends or fails instead */
  next(): Promise<Report>;
  /** Lets a held transfer go on. */
  resume(): void;
  /** Ends it, whatever it does. */
  stop(): void;
}

export class Clients {
  readonly #data: string;
  readonly #group: string;
  readonly #children = new Set<ChildProcess>();
  /** The namespace of each machine that a client has run in. */
  readonly #namespaces = new Map<string, string>();

  constructor(data: string, group: string) {
    this.#data = data;
    this.#group = group;
  }

  /** Runs a program to its end. */
  async run(machine: string, program: Program, ...args: string[]): Promise<Report> {
    const client = this.begin(machine, program, ...args);
    try {
      return await client.next();
    } finally {
      client.stop();
    }
  }

  begin(machine: string, program: Program, ...args: string[]): Running {
    const file = fileURLToPath(PROGRAMS[program]);
    // The machine's environment names its authorities in NODE_EXTRA_CA_CERTS.
    const command = [process.execPath, '--disable-warning=ExperimentalWarning', file, ...args];
    const child = spawnPostern(['exec', '--data', this.#data, '--vm', machine, '--resource-group', this.#group, '--', ...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString('utf8')).slice(-4000);
    });
    child.stdin?.on('error', () => undefined);
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    return {
      next: async () => {
        const { value, done } = await lines.next();
        if (done || value === undefined) throw new NotHeld(`the client in ${machine} said nothing: ${errors.trim() || `exit code ${child.exitCode}`}`);
        return this.#read(machine, String(value));
      },
      resume: () => child.stdin?.end('\n'),
      stop: () => {
        this.#children.delete(child);
        if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      },
    };
  }

  /** Ends every client that still runs. */
  stop(): void {
    for (const child of this.#children) child.kill('SIGTERM');
  }

  #read(machine: string, line: string): Report {
    const read = JSON.parse(line) as Omit<Report, 'event'> & { event: Report['event'] | 'failed'; message?: string };
    if (read.event === 'failed') throw new NotHeld(`in ${machine}: ${read.message}${read.code ? ` (${read.code})` : ''}`, read.requestId);
    if (read.networkNamespace !== undefined) {
      hold(read.networkNamespace !== readlinkSync('/proc/self/ns/net'), `the client of ${machine} ran in the host's network namespace`);
      hold((this.#namespaces.get(machine) ?? read.networkNamespace) === read.networkNamespace, `two clients of ${machine} ran in different network namespaces`);
      for (const [other, namespace] of this.#namespaces)
        hold(other === machine || namespace !== read.networkNamespace, `${machine} and ${other} share a network namespace`);
      this.#namespaces.set(machine, read.networkNamespace);
    }
    return read as Report;
  }
}
