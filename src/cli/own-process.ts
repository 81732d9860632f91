/** The command line started again as a process of its own: for `up --detach`, and for the quickstart's clients, which enter machines by `exec` as anybody does. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** `postern ARGV...` with the Node that runs this. */
export function spawnPostern(argv: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('./main.ts', import.meta.url)), ...argv], options);
}
