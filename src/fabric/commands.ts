/** Running the tools of iproute2 and util-linux: what they say when they fail is the fault's text. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { Fault } from '#base/fault.ts';

/** Runs `tool`, gives it `input`, returns its output. @throws Fault `CommandFailed` with what the tool said. */
export type Run = (tool: string, args: readonly string[], input?: string) => Promise<string>;

/** Where the tools are: an ordinary user's PATH often lacks the folders that hold `ip`. */
export function toolPath(path: string | undefined = process.env.PATH): string {
  const folders = (path ?? '').split(':').filter((folder) => folder !== '');
  for (const folder of ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']) if (!folders.includes(folder)) folders.push(folder);
  return folders.join(':');
}

export const runCommand: Run = async (tool, args, input = '') => {
  const child = spawn(tool, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: toolPath(), LC_ALL: 'C' } });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  // A tool that ends before it has read everything has said why.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  try {
    const [output, errors, { code, signal }] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    if (code === 0) return output;
    throw commandFault(tool, args, input, errors.trim() || `ended with ${signal ?? `code ${code}`}`);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('unavailable', 'CommandFailed', `'${tool}' could not be started: ${(error as Error).message}.`, { cause: error });
  }
};

/** `ip -batch` tells the number of the line that failed; the fault tells the line. */
function commandFault(tool: string, args: readonly string[], input: string, said: string): Fault {
  const number = /Command failed -:(\d+)/.exec(said)?.[1];
  const line = number === undefined ? undefined : input.split('\n')[Number(number) - 1];
  const words = said
    .replace(/\s*Command failed -:\d+\s*/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/[.\s]+$/, '');
  return new Fault('unavailable', 'CommandFailed', `'${[tool, ...args].join(' ')}' failed${line === undefined ? '' : ` at '${line}'`}: ${words}.`);
}
