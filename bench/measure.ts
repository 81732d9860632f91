/** Paired rounds: every contender is measured in every round, in an order that turns, and what is reported are ratios within the rounds. */

/** One way to do the work. `measure` gives a rate: larger is better. */
export interface Contender {
  readonly name: string;
  measure(): Promise<number>;
}

export interface Comparison {
  readonly name: string;
  /** Median rate of all rounds, in the case's unit. */
  readonly rate: number;
  /** The subject's rate divided by this contender's, per round; empty where there is nothing to compare. */
  readonly ratios: readonly number[];
}

/** Measures all contenders in `rounds` rounds after one that is not counted; the first contender is the subject of the ratios. */
export async function compare(contenders: readonly Contender[], rounds: number): Promise<Comparison[]> {
  const rates = contenders.map((): number[] => []);
  for (let round = -1; round < rounds; round++)
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (turn + round + 1) % contenders.length;
      const rate = await (contenders[index] as Contender).measure();
      if (round >= 0) (rates[index] as number[]).push(rate);
    }
  return contenders.map(({ name }, index) => ({
    name,
    rate: median(rates[index] as number[]),
    ratios: (rates[index] as number[]).map((rate, round) => ((rates[0] as number[])[round] as number) / rate),
  }));
}

/** Figures of one contender, where there is nobody to compare it with. */
export function alone(name: string, rates: readonly number[]): Comparison {
  return { name, rate: median(rates), ratios: [] };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Two-sided 95 % points of Student's t by degrees of freedom. */
const T95 = [Number.NaN, 12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13];

/** The geometric mean of ratios with its 95 % interval, by the logarithms of the rounds. */
export function interval(ratios: readonly number[]): { mean: number; low: number; high: number } {
  const logs = ratios.map(Math.log);
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  const variance = logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (logs.length - 1);
  const half = (T95[Math.min(logs.length - 1, T95.length - 1)] as number) * Math.sqrt(variance / logs.length);
  return { mean: Math.exp(mean), low: Math.exp(mean - half), high: Math.exp(mean + half) };
}
