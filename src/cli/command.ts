/** The contract of a command: a declarative object in a file at `commands/<its words>.ts`, alone, or with the others of its noun in `commands/<the noun>.ts`. */
import type { Arguments, Grammar } from './arguments.ts';
import type { Context } from './context.ts';
import type { Columns } from './output.ts';

export interface Command extends Grammar {
  /** The words, separated by blanks: `network private-endpoint create`. */
  readonly path: string;
  readonly summary: string;
  readonly examples?: readonly string[];
  readonly columns?: Columns;
  /** Text below the options, for what a reader must know besides. */
  readonly notes?: string;
  /** What it returns is printed in the format asked for; undefined prints nothing. */
  run(args: Arguments, context: Context): Promise<unknown>;
}

/** A command as given; gives each file one checked export. */
export function command(definition: Command): Command {
  return definition;
}

/** The commands of one noun, which a file exports together when what they share is most of them. */
export function commands(...definitions: readonly Command[]): readonly Command[] {
  return definitions;
}
