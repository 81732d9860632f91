/** The quickstart's line a step: what it does, whether it held, how long it took. */
import { monotonicMs } from '#base/clock.ts';
import { Refusal } from '../failure.ts';

/** Something a step states is not so. */
export class NotHeld extends Error {
  /** What `postern why` takes, where an answer is at fault. */
  readonly requestId: string | undefined;
  constructor(message: string, requestId?: string) {
    super(message);
    this.requestId = requestId;
  }
}

/** @throws NotHeld */
export function hold(condition: boolean, message: string, requestId?: string): asserts condition {
  if (!condition) throw new NotHeld(message, requestId);
}

/** @throws NotHeld saying what was seen in place of what was expected. */
export function holdSame(seen: unknown, wanted: unknown, what: string): void {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(wanted)];
  hold(a === b, `${what} should be ${b} and is ${a}`);
}

const TITLE_WIDTH = 49;

export class Steps {
  readonly #out: (text: string) => void;
  readonly #start = monotonicMs();
  held = 0;
  leftOut = 0;

  constructor(out: (text: string) => void) {
    this.#out = out;
  }

  get totalMs(): number {
    return Math.round(monotonicMs() - this.#start);
  }

  /** Runs one step; what it returns as text is shown behind its title. @throws whatever the step threw, after its line is printed */
  async step<T>(title: string, run: () => Promise<T>, shown: (result: T) => string = () => ''): Promise<T> {
    const start = monotonicMs();
    const time = (): string => `${String(Math.round(monotonicMs() - start)).padStart(6)} ms`;
    try {
      const result = await run();
      this.held++;
      this.#out(`  ✓ ${title.padEnd(TITLE_WIDTH)}${time()}  ${shown(result)}`.trimEnd());
      this.#out('\n');
      return result;
    } catch (error) {
      this.#out(`  ✗ ${title.padEnd(TITLE_WIDTH)}${time()}\n`);
      throw new StepFailure(title, error);
    }
  }

  /** A step that this run cannot play. */
  skip(title: string, reason: string): void {
    this.leftOut++;
    this.#out(`  - ${title.padEnd(TITLE_WIDTH)}${' '.repeat(11)}left out: ${reason}\n`);
  }
}

/** Which step did not hold, and why. */
export class StepFailure extends Error {
  readonly title: string;
  override readonly cause: unknown;
  constructor(title: string, cause: unknown) {
    super(`${title}: ${cause instanceof Error ? cause.message : String(cause)}`);
    this.title = title;
    this.cause = cause;
  }

  /** For the terminal: the step, the reason, and the request that `postern why` explains. */
  get text(): string {
    const { cause } = this;
    const requestId = cause instanceof NotHeld || cause instanceof Refusal ? cause.requestId : undefined;
    const lines = [`This step did not hold: ${this.title}`, `  ${cause instanceof Error ? cause.message : String(cause)}`];
    if (cause instanceof Refusal)
      for (const detail of cause.problem.details ?? []) lines.push(`  (${detail.code}) ${detail.message}${detail.target ? ` [${detail.target}]` : ''}`);
    if (requestId !== undefined) lines.push(`  Request id: ${requestId} (postern why ${requestId})`);
    return `${lines.join('\n')}\n`;
  }
}
