import { normalCdf, normalQuantile, studentCdf } from './distributions.js';
import { countBelow, countUpTo } from './midranks.js';
import { type Numbers, scoresByClass } from './scores.js';

/**
 * Where each positive stands among the negatives, and each negative among the positives: what an AUROC is the mean of, and what its
 * variance comes from (DeLong, DeLong and Clarke-Pearson, Biometrics 44:837, 1988: "structural components").
 */
export interface Placements {
  /** Mean of either array; NaN without a positive or without a negative. */
  auroc: number;
  /** Per positive, in the order of rows: share of the negatives that score below it, ties one half. NaN without a negative. */
  ofPositives: Float64Array;
  /** Per negative, in the order of rows: share of the positives that score above it, ties one half. NaN without a positive. */
  ofNegatives: Float64Array;
}

export interface DelongInterval {
  auroc: number;
  positives: number;
  negatives: number;
  /** NaN where it cannot be estimated. */
  standardError: number;
  /** Normal interval, cut to 0..1. */
  low: number;
  high: number;
  /** Why there is no standard error, or why it means little; left out where all is well. */
  reason?: string;
}

/** Of a difference first - second. */
export interface DelongTest {
  difference: number;
  standardError: number;
  low: number;
  high: number;
  /** difference / standardError */
  z: number;
  pTwoSided: number;
  /** One-sided, for "first > second". */
  pGreater: number;
  /** Why there is no p-value; left out where there is one. */
  reason?: string;
}

/** Of two models on two test sets: t with the degrees of freedom of Welch. */
export interface UnpairedDelongTest extends Omit<DelongTest, 'z' | 'low' | 'high'> {
  t: number;
  degreesOfFreedom: number;
}

/**
 * The placements of scores `[N]` with labels `[N]` (1, 0, NaN: left out) in O(N log N): each is found among the sorted scores of the
 * other class, which gives the midranks of Sun and Xu (IEEE Signal Process Lett 21:1389, 2014).
 * Throws a RangeError where the lengths differ, an InputError for a NaN score of a labelled row or a label other than 1, 0, NaN.
 */
export function placements(scores: Numbers, labels: Numbers): Placements {
  const { positives, negatives } = scoresByClass(scores, labels);
  const ofPositives = new Float64Array(positives.length);
  const ofNegatives = new Float64Array(negatives.length);
  let p = 0;
  let n = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 1) ofPositives[p++] = shareBelow(negatives, scores[i]!);
    else if (labels[i] === 0) ofNegatives[n++] = 1 - shareBelow(positives, scores[i]!);
  }
  return { auroc: positives.length > 0 && negatives.length > 0 ? mean(ofPositives) : NaN, ofPositives, ofNegatives };
}

/** Share of ascending values that lie below a value, ties one half. */
function shareBelow(ascending: Float64Array, value: number): number {
  return (countBelow(ascending, value) + countUpTo(ascending, value)) / (2 * ascending.length);
}

/** Those of the mean AUROC of several models, e.g. of the training seeds of one, on the same rows. Throws a RangeError for other rows. */
export function meanPlacements(models: readonly Placements[]): Placements {
  for (const model of models) checkSameRows(models[0]!, model);
  const average = (of: (model: Placements) => Float64Array) =>
    of(models[0]!).map((_, i) => models.reduce((sum, model) => sum + of(model)[i]!, 0) / models.length);
  return {
    auroc: models.reduce((sum, { auroc }) => sum + auroc, 0) / models.length,
    ofPositives: average(({ ofPositives }) => ofPositives),
    ofNegatives: average(({ ofNegatives }) => ofNegatives),
  };
}

/**
 * Interval of an AUROC with DeLong's variance, that of the test set alone: rows count as independent, and training seeds as given.
 * NaN with a reason where a class has fewer than two rows, from which no variance can be estimated.
 */
export function delongInterval(model: Placements, confidence = 0.95): DelongInterval {
  const { auroc, ofPositives, ofNegatives } = model;
  const standardError = Math.sqrt(varianceOfMean(ofPositives) + varianceOfMean(ofNegatives));
  const half = normalQuantile((1 + confidence) / 2) * standardError;
  const degenerate =
    standardError <= ROUNDING ? 'no two rows of a class are placed differently: the interval has no width' : undefined;
  const reason = undefinedBecause(model) ?? degenerate;
  return {
    auroc,
    positives: ofPositives.length,
    negatives: ofNegatives.length,
    standardError,
    low: Math.max(0, auroc - half),
    high: Math.min(1, auroc + half),
    ...(reason && { reason }),
  };
}

/**
 * DeLong's test of two models on the same rows. Models that place every row alike have p = 1; where they differ by the same amount
 * for every row, so that the variance is 0, p is NaN and `reason` says so (pROC gives p = 0). Throws a RangeError for other rows.
 */
export function delongTest(first: Placements, second: Placements, confidence = 0.95): DelongTest {
  checkSameRows(first, second);
  const minus = (a: Float64Array, b: Float64Array) => a.map((value, i) => value - b[i]!);
  const variance =
    varianceOfMean(minus(first.ofPositives, second.ofPositives)) +
    varianceOfMean(minus(first.ofNegatives, second.ofNegatives));
  const difference = first.auroc - second.auroc;
  const standardError = Math.sqrt(variance);
  const half = normalQuantile((1 + confidence) / 2) * standardError;
  const { statistic, reason } = standardized(difference, standardError, undefinedBecause(first));
  return {
    difference,
    standardError,
    low: difference - half,
    high: difference + half,
    z: statistic,
    pTwoSided: Math.min(1, 2 * normalCdf(-Math.abs(statistic))),
    pGreater: normalCdf(-statistic),
    ...(reason && { reason }),
  };
}

/** DeLong's test of two models on two test sets that have no patient in common; t test with Welch's degrees of freedom, as pROC. */
export function unpairedDelongTest(first: Placements, second: Placements): UnpairedDelongTest {
  const [a, b] = [first, second].map(({ ofPositives, ofNegatives }) => ({
    variance: varianceOfMean(ofPositives) + varianceOfMean(ofNegatives),
    rows: ofPositives.length + ofNegatives.length,
  })) as [{ variance: number; rows: number }, { variance: number; rows: number }];
  const difference = first.auroc - second.auroc;
  const variance = a.variance + b.variance;
  const degreesOfFreedom = variance ** 2 / (a.variance ** 2 / (a.rows - 1) + b.variance ** 2 / (b.rows - 1));
  const standardError = Math.sqrt(variance);
  const missing = undefinedBecause(first) ?? undefinedBecause(second);
  const { statistic, reason } = standardized(difference, standardError, missing);
  const known = statistic === 0 ? 0.5 : studentCdf(-Math.abs(statistic), degreesOfFreedom);
  return {
    difference,
    standardError,
    t: statistic,
    degreesOfFreedom,
    pTwoSided: Math.min(1, 2 * known),
    pGreater: statistic > 0 ? known : 1 - known,
    ...(reason && { reason }),
  };
}

/** Below every standard error and difference that is not 0: placements are multiples of 1 / (2 rows). */
const ROUNDING = 1e-15;

function standardized(difference: number, standardError: number, missing: string | undefined) {
  if (missing) return { statistic: NaN, reason: missing };
  if (standardError > ROUNDING) return { statistic: difference / standardError };
  if (Math.abs(difference) <= ROUNDING) return { statistic: 0 };
  return { statistic: NaN, reason: 'the difference is the same for every row, so that its variance is estimated as 0' };
}

function undefinedBecause({ ofPositives, ofNegatives }: Placements): string | undefined {
  for (const [name, { length }] of [
    ['positive', ofPositives],
    ['negative', ofNegatives],
  ] as const) {
    if (length < 2) return `${length === 0 ? 'no' : 'one'} ${name} row: no variance can be estimated`;
  }
  return undefined;
}

function checkSameRows(first: Placements, second: Placements): void {
  const counts = [first, second].map(({ ofPositives, ofNegatives }) => `${ofPositives.length} + ${ofNegatives.length}`);
  if (counts[0] !== counts[1]) throw new RangeError(`DeLong: ${counts.join(' and ')} positive and negative rows`);
}

/** Estimated variance of the mean of independent values; NaN for fewer than two. */
function varianceOfMean(values: Float64Array): number {
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return values.length < 2 ? NaN : squares / (values.length - 1) / values.length;
}

const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
