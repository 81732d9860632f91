/** What goes wrong on the command line, how it is printed, and the exit code it ends with. */
import { Fault } from '#base/fault.ts';
import { visible } from './visible.ts';

/** Exit codes, which are az's; 3 also says that a tool is missing or that nothing runs. */
export const EXIT = { ok: 0, error: 1, usage: 2, notFound: 3 } as const;

/** The command line itself is wrong. */
export class UsageError extends Error {
  /** What was probably meant. */
  readonly suggestion: string | undefined;
  constructor(message: string, suggestion?: string) {
    super(message);
    this.suggestion = suggestion;
  }
}

/** One problem as the server states it. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly target?: string | undefined;
  readonly details?: readonly Problem[] | undefined;
}

/** What the server answered instead of what was asked for. */
export class Refusal extends Error {
  readonly status: number;
  readonly problem: Problem;
  /** What `postern why` takes. */
  readonly requestId: string | undefined;
  constructor(status: number, problem: Problem, requestId?: string) {
    super(`(${problem.code}) ${problem.message}`);
    this.status = status;
    this.problem = problem;
    this.requestId = requestId;
  }
}

/** Reads an error body of any of the planes: ARM's `{error}`, OCI's `{errors}`, OAuth's `{error, error_description}`. */
export function problemOf(status: number, body: unknown): Problem {
  const object = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  if (typeof object.error === 'object' && object.error !== null) return asProblem(object.error as Record<string, unknown>, status);
  if (Array.isArray(object.errors) && object.errors.length > 0) return asProblem(object.errors[0] as Record<string, unknown>, status);
  if (typeof object.error === 'string') return { code: object.error, message: String(object.error_description ?? object.error) };
  if (typeof object.code === 'string') return asProblem(object, status);
  const text = typeof body === 'string' && body.trim() !== '' ? body.trim().slice(0, 500) : `The server answered with status ${status}.`;
  return { code: `HTTP${status}`, message: text };
}

function asProblem(value: Record<string, unknown>, status: number): Problem {
  const details = Array.isArray(value.details) ? value.details.map((detail) => asProblem(detail as Record<string, unknown>, status)) : undefined;
  return {
    code: String(value.code ?? `HTTP${status}`),
    message: String(value.message ?? ''),
    ...(typeof value.target === 'string' && value.target !== '' ? { target: value.target } : {}),
    ...(details && details.length > 0 ? { details } : {}),
  };
}

/** The lines that az prints for a refusal, then what az lacks: every target, the request id, and the command that explains it. */
export function refusalText(refusal: Refusal): string {
  const lines: string[] = [];
  const write = (problem: Problem, indent: string, first: string): void => {
    lines.push(`${first}(${problem.code}) ${problem.message}`, `${indent}Code: ${problem.code}`, `${indent}Message: ${problem.message}`);
    if (problem.target !== undefined) lines.push(`${indent}Target: ${problem.target}`);
    for (const detail of problem.details ?? []) write(detail, `${indent}\t`, `${indent}Exception Details:\t`);
  };
  write(refusal.problem, '', '');
  if (refusal.requestId !== undefined) lines.push(`Request id: ${refusal.requestId} (postern why ${refusal.requestId})`);
  return lines.join('\n');
}

/** The text for stderr and the exit code of whatever a command threw. `path` is the command's words. */
export function failureOf(thrown: unknown, path: string): { text: string; exitCode: number } {
  const { text, exitCode } = failed(thrown, path);
  return { text: visible(text), exitCode };
}

function failed(thrown: unknown, path: string): { text: string; exitCode: number } {
  if (thrown instanceof UsageError) {
    const hint = thrown.suggestion === undefined ? '' : `Did you mean: ${thrown.suggestion}?\n`;
    return { text: `ERROR: ${thrown.message}\n${hint}Try: postern ${path === '' ? '' : `${path} `}--help\n`, exitCode: EXIT.usage };
  }
  if (thrown instanceof Refusal) return { text: `ERROR: ${refusalText(thrown)}\n`, exitCode: thrown.status === 404 ? EXIT.notFound : EXIT.error };
  if (thrown instanceof Fault) {
    const exitCode = thrown.kind === 'invalid' ? EXIT.usage : thrown.kind === 'notFound' ? EXIT.notFound : EXIT.error;
    return { text: `ERROR: ${thrown.message}\n`, exitCode };
  }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const text = process.env.POSTERN_DEBUG === undefined ? error.message : (error.stack ?? error.message);
  return { text: `ERROR: ${text}\n`, exitCode: EXIT.error };
}
