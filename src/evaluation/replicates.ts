/** Statistics of models in many versions of the test set: redraws, and what is left without some of its units. */
import { OPERATING_METRICS, operatingMetrics } from './confusion.js';
import { type Multiplicities, type RankedScores, RedrawCounter } from './ranked-scores.js';

/** What is measured for each finding, in this order. */
export const METRICS = ['auroc', 'averagePrecision', ...OPERATING_METRICS] as const;
export type Metric = (typeof METRICS)[number];

/** A model whose scores are ranked. Plain data, for threads. */
export interface RankedModel {
  name: string;
  /** Pretraining of each training seed. */
  pretrainings: readonly number[];
  /** `[seeds][F]` */
  ranked: RankedScores[][];
  /** Whether there is a threshold, `[seeds][F]`. */
  hasThreshold: boolean[][];
  /** `[METRICS, F, columns]`, a column for each replicate; over shared memory. */
  values: Float64Array;
}

/** Room for the values of a model. */
export function roomForValues(findings: number, columns: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(8 * METRICS.length * findings * columns));
}

/** Measures a model in up to eight replicates at once. */
export class LaneMeasurer {
  private readonly counter = new RedrawCounter();

  /**
   * Writes the means over seeds, weighted by `weights` `[lanes][seeds]`, into the columns of `model.values` from `first` on. NaN where a
   * statistic is undefined for a seed of some weight. Writes each number once, so that it does no harm where two threads measure the same.
   */
  measure(
    { ranked, hasThreshold, values }: RankedModel,
    multiplicities: Multiplicities,
    weights: readonly Float64Array[],
    first: number,
  ): void {
    const findings = ranked[0]!.length;
    const columns = values.length / (METRICS.length * findings);
    const lanes = weights.length;
    const sums = new Float64Array(METRICS.length * findings * lanes);
    for (const [s, perFinding] of ranked.entries()) {
      const drawn = [...weights.keys()].filter((lane) => weights[lane]![s] !== 0);
      if (drawn.length === 0) continue;
      for (const [f, scores] of perFinding.entries()) {
        this.counter.count(scores, multiplicities);
        for (const lane of drawn) {
          const measured = this.metrics(lane, weights[lane]![s]!, hasThreshold[s]![f]!);
          for (const [metric, value] of measured.entries()) sums[(metric * findings + f) * lanes + lane]! += value;
        }
      }
    }
    for (let row = 0; row < METRICS.length * findings; row++) {
      values.set(sums.subarray(row * lanes, (row + 1) * lanes), row * columns + first);
    }
  }

  /** `[METRICS]` of what was counted, times a weight. */
  private metrics(lane: number, weight: number, hasThreshold: boolean): number[] {
    const { counter } = this;
    const positives = counter.positives[lane]!;
    const negatives = counter.negatives[lane]!;
    const truePositives = counter.truePositives[lane]!;
    const falsePositives = counter.falsePositives[lane]!;
    const falseNegatives = positives - truePositives;
    const trueNegatives = negatives - falsePositives;
    const pairs = positives * negatives;
    const operating = operatingMetrics({ truePositives, falsePositives, trueNegatives, falseNegatives });
    return [
      (weight * (pairs - counter.losses[lane]!)) / pairs,
      (weight * counter.precisions[lane]!) / positives,
      ...OPERATING_METRICS.map((metric) => (hasThreshold ? weight * operating[metric] : NaN)),
    ];
  }
}
