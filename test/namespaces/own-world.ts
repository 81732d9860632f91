/** Running a scenario in a world of its own, as root or as an ordinary user, and looking at what it left behind. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { toolPath } from '#fabric/commands.ts';
import { worldCommand } from '#fabric/launch.ts';

/** Somebody without rights, who needs no entry in the table of users. */
const NOBODY_SPECIAL = 4242;

/** A scenario that takes longer hangs. */
const PATIENCE_MS = 60_000;

export interface Who {
  readonly name: 'root' | 'an ordinary user';
  readonly rootless: boolean;
  /** Words before a command that make it run as this user. */
  readonly become: readonly string[];
  /** Why this user cannot be had here; the reason of a skip. */
  readonly missing: string | undefined;
}

const isRoot = process.getuid?.() === 0;

export const root: Who = { name: 'root', rootless: false, become: [], missing: isRoot ? undefined : 'needs root: run the tests by sudo as well' };
export const ordinary: Who = {
  name: 'an ordinary user',
  rootless: true,
  become: isRoot ? ['setpriv', `--reuid=${NOBODY_SPECIAL}`, `--regid=${NOBODY_SPECIAL}`, '--clear-groups'] : [],
  missing: undefined,
};
export const everybody: readonly Who[] = [root, ordinary];

/** A folder that belongs to `who`, gone with the returned function. */
export function folderOf(who: Who): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'postern-world-'));
  chmodSync(path, 0o755);
  if (isRoot && who.rootless) chownSync(path, NOBODY_SPECIAL, NOBODY_SPECIAL);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs one scenario of a file in a world of its own. Resolves to what it told when it held; throws what it wrote when it did not. */
export async function inOwnWorld(who: Who, file: URL, scenario: string): Promise<string> {
  const folder = folderOf(who);
  try {
    const runner = fileURLToPath(new URL('./run-scenario.ts', import.meta.url));
    const command = [...who.become, ...worldCommand([process.execPath, runner, fileURLToPath(file), scenario], who.rootless)];
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: toolPath(), HOME: folder.path, FOLDER: folder.path },
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    });
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    if (code !== 0) throw new Error(`ended with ${code}\n${output}${errors}`);
    return output.trim();
  } finally {
    folder.remove();
  }
}

/** The namespaces of this machine as this process may see them, by inode. */
export function namespaces(): ReadonlySet<string> {
  const listed = spawnSync('lsns', ['--noheadings', '--output', 'NS'], { encoding: 'utf8', env: { PATH: toolPath() } });
  if (listed.status !== 0) throw new Error(`lsns: ${listed.stderr}`);
  return new Set(
    listed.stdout
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean),
  );
}
