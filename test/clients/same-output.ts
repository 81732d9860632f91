/**
 * Runs each command line of a file by `az` and by `postern`, both against the same server, and tells where they print different JSON. What az adds of its own is
 * no difference: a null for each property that its models know and the answer lacks.
 *
 *     node same-output.ts FILE
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

interface Printed {
  readonly exitCode: number | null;
  readonly value: unknown;
}

function printed(program: string, words: readonly string[]): Printed {
  const { status, stdout } = spawnSync(program, [...words, '--output', 'json', '--only-show-errors'], { encoding: 'utf8' });
  try {
    return { exitCode: status, value: stdout.trim() === '' ? null : JSON.parse(stdout) };
  } catch {
    return { exitCode: status, value: stdout };
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where two printed values differ, a line each. */
export function differences(az: unknown, postern: unknown, path = ''): string[] {
  if (Array.isArray(az) && Array.isArray(postern)) {
    if (az.length !== postern.length) return [`${path}: ${az.length} elements by az, ${postern.length} by postern`];
    return az.flatMap((element, index) => differences(element, postern[index], `${path}[${index}]`));
  }
  if (isObject(az) && isObject(postern))
    return [...new Set([...Object.keys(az), ...Object.keys(postern)])].sort().flatMap((key) => differences(az[key], postern[key], `${path}.${key}`));
  if (az === postern || (az === null && postern === undefined)) return [];
  return [`${path}: ${JSON.stringify(az)} by az, ${JSON.stringify(postern)} by postern`];
}

if (import.meta.main) {
  const lines = readFileSync(process.argv[2] as string, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  for (const line of lines) {
    const words = line.trim().split(/\s+/);
    const [az, postern] = [printed('az', words), printed('postern', words)];
    const found = differences(az.value, postern.value);
    if (az.exitCode !== postern.exitCode) found.unshift(`exit code: ${az.exitCode} by az, ${postern.exitCode} by postern`);
    if (found.length > 0) process.exitCode = 1;
    process.stdout.write(`${found.length === 0 ? 'same' : 'DIFFERENT'}  ${line}\n${found.map((each) => `    ${each}\n`).join('')}`);
  }
}
