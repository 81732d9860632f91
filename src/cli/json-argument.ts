/** Arguments that hold JSON, or `@FILE` with JSON in it. */
import { readFileSync } from 'node:fs';
import type { Json } from '#base/json.ts';
import { UsageError } from './failure.ts';

/** The text itself, or that of the file (`@-` is standard input). @throws UsageError when it cannot be read. */
export function textArgument(text: string, option: string): string {
  if (!text.startsWith('@')) return text;
  try {
    return readFileSync(text === '@-' ? 0 : text.slice(1), 'utf8');
  } catch (error) {
    throw new UsageError(`argument --${option}: '${text.slice(1)}' cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

export function jsonArgument(text: string, option: string): Json {
  try {
    return JSON.parse(textArgument(text, option)) as Json;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`argument --${option}: not valid JSON: ${(error as Error).message}`);
  }
}
