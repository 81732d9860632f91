/** Results as the text of docs/benchmarks.md. */
import { type Comparison, interval, median } from './measure.ts';

export interface Result {
  readonly title: string;
  /** What was done, and where the comparison is unfair. */
  readonly note: string;
  readonly unit: string;
  /** The subject first. Without peers: figures alone. */
  readonly comparisons: readonly Comparison[];
  /** Paired cases also tell the 95 % interval of the ratio. */
  readonly paired?: boolean;
}

const figure = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

export function render(results: readonly Result[]): string {
  return results
    .map(({ title, note, unit, comparisons, paired }) => {
      const rows = comparisons.map(({ name, rate, ratios }, index) => {
        const ratio =
          index === 0 || ratios.length === 0 ? '' : `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)})`;
        return `| ${name} | ${figure(rate)} ${unit} | ${ratio} |`;
      });
      const lines = [`## ${title}`, '', note, '', '| | median | Postern ÷ it |', '|---|---|---|', ...rows, ''];
      if (paired && comparisons[1]) {
        const { mean, low, high } = interval(comparisons[1].ratios);
        lines.push(`Geometric mean of the ratio ${mean.toFixed(3)}, 95 % interval ${low.toFixed(3)} to ${high.toFixed(3)}.`, '');
      }
      return lines.join('\n');
    })
    .join('\n');
}
