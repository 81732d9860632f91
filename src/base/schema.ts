/** Schemas: zod behind one function that reports every problem of a body at once, each with its ARM target path. */
import { z } from 'zod';
import { Fault } from './fault.ts';

export { z };
export type Schema<T = unknown> = z.ZodType<T>;

/** `['properties', 'addressSpace', 0]` under `target` as ARM writes it: `properties.addressSpace[0]`. */
export function targetPath(path: readonly PropertyKey[], prefix = ''): string {
  let text = prefix;
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : text === '' ? String(step) : `.${String(step)}`;
  return text;
}

/** The parsed value, or every problem found, never both. `prefix` is put before each target. */
export function check<T>(schema: Schema<T>, value: unknown, prefix = ''): { value: T; faults?: undefined } | { value?: undefined; faults: Fault[] } {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data };
  return {
    faults: result.error.issues.map((issue) => {
      const target = targetPath(issue.path, prefix);
      return new Fault('invalid', 'InvalidParameter', `${target === '' ? 'The body' : `'${target}'`} is not valid: ${issue.message}.`, { target });
    }),
  };
}
