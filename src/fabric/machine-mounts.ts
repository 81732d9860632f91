/** Machines' mount namespaces: made by a script, then held by descriptors of this process, so that they need neither a process nor a mount of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Fault } from '#base/fault.ts';
import { toolPath } from './commands.ts';
import { commonFiles, type EtcFiles, machineFiles, mountScript, TRUST_BUNDLES } from './machine-files.ts';

interface Held {
  readonly mount: number;
  readonly uts: number;
}

/** The project and the Node that runs it, which machines see wherever they lie. */
const PROJECT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const NODE = dirname(dirname(process.execPath));

/**
 * The mount namespaces of a world's machines. A namespace is not bound to a file, as network namespaces are: the kernel takes that only from a namespace
 * with a smaller id, and ids do not grow with time on every kernel. A descriptor does as well, and its path in /proc can be opened by others.
 */
export class MachineMounts {
  readonly #folder: string;
  readonly #hide: readonly string[];
  readonly #held = new Map<string, Held>();

  /** `folder` lies on a tmpfs of the world. `hide` are folders that machines see empty. */
  constructor(folder: string, caPem: string, hide: readonly string[]) {
    this.#folder = folder;
    this.#hide = hide;
    write(join(folder, 'common'), commonFiles(caPem, hostFiles()));
  }

  /** Makes the mounts of a machine. @throws Fault `MachineMountsFailed` with what the script said. */
  async make(namespace: string, name: string): Promise<void> {
    const folder = join(this.#folder, namespace);
    write(join(folder, 'etc'), machineFiles(name));
    const keep = NODE.startsWith(`${PROJECT}/`) ? [PROJECT] : [PROJECT, NODE];
    const script = mountScript({ name, folder, common: join(this.#folder, 'common'), keep, hide: this.#hide });
    // unshare becomes the shell, so the child's id is the id of the process in the new namespaces.
    const child = spawn('unshare', ['--mount', '--uts', 'sh', '-ec', script], {
      cwd: '/',
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: toolPath(), LC_ALL: 'C' },
    });
    const said = text(child.stderr).catch(() => '');
    child.stdin.on('error', () => {});
    try {
      const ended = once(child, 'exit').then(([code]) => `it ended with code ${code}`);
      const ready = await Promise.race([once(child.stdout, 'data').then(() => undefined), ended]);
      if (ready !== undefined) throw new Error((await said).trim() || ready);
      const mount = openSync(`/proc/${child.pid}/ns/mnt`, 'r');
      this.#held.set(namespace, { mount, uts: openSync(`/proc/${child.pid}/ns/uts`, 'r') });
      child.stdin.end();
      await ended;
    } catch (error) {
      child.stdin.destroy();
      throw new Fault('unavailable', 'MachineMountsFailed', `The file system of machine '${name}' could not be made: ${(error as Error).message}.`, {
        cause: error,
      });
    }
  }

  /** The kernel takes the namespaces down when the last process in them has ended. */
  async drop(namespace: string): Promise<void> {
    const held = this.#held.get(namespace);
    this.#held.delete(namespace);
    if (held) for (const fd of [held.mount, held.uts]) closeSync(fd);
    rmSync(join(this.#folder, namespace), { recursive: true, force: true });
  }

  /** Paths of a machine's namespaces, valid inside the world while this process lives. */
  paths(namespace: string): { readonly mountNamespace: string; readonly utsNamespace: string } | undefined {
    const held = this.#held.get(namespace);
    return held && { mountNamespace: `/proc/${process.pid}/fd/${held.mount}`, utsNamespace: `/proc/${process.pid}/fd/${held.uts}` };
  }

  close(): void {
    for (const namespace of [...this.#held.keys()]) void this.drop(namespace);
  }
}

function hostFiles(): EtcFiles {
  const files: Record<string, string> = {};
  for (const path of ['nsswitch.conf', ...TRUST_BUNDLES]) {
    try {
      files[path] = readFileSync(join('/etc', path), 'utf8');
    } catch {
      // Not on this distribution, or not readable: machines do without.
    }
  }
  return files;
}

function write(folder: string, files: EtcFiles): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, content, { mode: 0o644 });
  }
}
