/** Programs of others that commands ask: docker for `acr login`, docker and helm for `acr check-health`. Started here and nowhere else in the command line. */
import { spawn } from 'node:child_process';

export interface Ran {
  /** Undefined when the program is not there. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with `input` on its standard input. */
export function runTool(program: string, args: readonly string[], input = ''): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', (error) => resolve({ exitCode: undefined, stdout: '', stderr: error.message }));
    child.on('close', (code) => resolve({ exitCode: code ?? 1, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') }));
    // One that does not read its input ends as it likes.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
