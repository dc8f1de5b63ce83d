import { normalCdf, normalQuantile } from './distributions.js';

/** How intervals are made: from the quantiles of the redraws, or from those corrected for bias and skewness. */
export const INTERVALS = ['percentile', 'bca'] as const;
export type IntervalMethod = (typeof INTERVALS)[number];

/** A statistic of the test set with its bootstrap distribution. NaN where it is undefined. */
export interface Estimate {
  /** On the whole test set, with all training seeds. */
  estimate: number;
  /** Mean and standard deviation (n - 1) over the redraws in which the statistic is defined. */
  mean: number;
  sd: number;
  /** Interval over the same redraws: percentile, or BCa. */
  low: number;
  high: number;
  /** Redraws in which the statistic is undefined. */
  undefinedRedraws: number;
}

export interface PValues {
  /** One-sided, for "first > second". */
  pGreater: number;
  /** Two-sided, for "first and second differ". */
  pTwoSided: number;
}

/**
 * Summarises a statistic over redraws `[B]`, NaN where undefined. The percentile interval holds the share `confidence` of the redraws;
 * given the `acceleration` of the statistic, the interval is the BCa one.
 */
export function summarize(
  estimate: number,
  redraws: Float64Array,
  confidence: number,
  acceleration?: number,
): Estimate {
  const defined = redraws.filter((value) => !Number.isNaN(value)).sort();
  const mean = sum(defined) / defined.length;
  const tails: [number, number] = [(1 - confidence) / 2, (1 + confidence) / 2];
  const [low, high] = acceleration === undefined ? tails : bcaTails(estimate, defined, tails, acceleration);
  return {
    estimate,
    mean,
    sd: defined.length > 1 ? Math.sqrt(sum(defined.map((value) => (value - mean) ** 2)) / (defined.length - 1)) : NaN,
    low: quantile(defined, low),
    high: quantile(defined, high),
    undefinedRedraws: redraws.length - defined.length,
  };
}

/**
 * The quantiles of the redraws that bound the bias-corrected and accelerated interval (BCa; Efron, J Am Stat Assoc 82:171, 1987; Efron and
 * Tibshirani, An Introduction to the Bootstrap, 1993, formulas 14.9 to 14.14). The bias is read from the share of redraws below the
 * estimate, ties counting one half. NaN where all redraws lie on one side of it: then no correction is known.
 */
function bcaTails(
  estimate: number,
  redraws: Float64Array,
  tails: readonly [number, number],
  acceleration: number,
): [number, number] {
  let below = 0;
  for (const value of redraws) below += value < estimate ? 1 : value === estimate ? 0.5 : 0;
  const bias = normalQuantile(below / redraws.length);
  const corrected = (tail: number) => {
    const z = bias + normalQuantile(tail);
    return normalCdf(bias + z / (1 - acceleration * z));
  };
  return [corrected(tails[0]), corrected(tails[1])];
}

/**
 * p-values from redraws `[B]` of a difference first - second, NaN where undefined (left out of B). With k redraws in which first is
 * not greater (difference <= 0), p = (k + 1) / (B + 1), never 0 (Davison and Hinkley, Bootstrap Methods and their Application, 1997,
 * section 4.2; Phipson and Smyth, Stat Appl Genet Mol Biol 9:39, 2010). Two-sided: twice the smaller of both directions, at most 1.
 * NaN where no redraw is defined.
 */
export function bootstrapPValues(differences: Float64Array): PValues {
  let notGreater = 0;
  let notLess = 0;
  let defined = 0;
  for (const difference of differences) {
    if (Number.isNaN(difference)) continue;
    defined++;
    if (difference <= 0) notGreater++;
    if (difference >= 0) notLess++;
  }
  if (defined === 0) return { pGreater: NaN, pTwoSided: NaN };
  const pGreater = (notGreater + 1) / (defined + 1);
  const pLess = (notLess + 1) / (defined + 1);
  return { pGreater, pTwoSided: Math.min(1, 2 * Math.min(pGreater, pLess)) };
}

/** Quantile of ascending values by linear interpolation (type 7 of Hyndman and Fan, Am Stat 50:361, 1996; NumPy's default). */
export function quantile(ascending: Float64Array, probability: number): number {
  if (ascending.length === 0) return NaN;
  const position = probability * (ascending.length - 1);
  const low = ascending[Math.floor(position)]!;
  const high = ascending[Math.ceil(position)]!;
  return low + (high - low) * (position - Math.floor(position));
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
