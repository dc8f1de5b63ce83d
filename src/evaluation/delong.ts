import { normalCdf, normalQuantile, studentCdf } from './distributions.js';
import { type Placements, placementsOfDifference, varianceOfAuroc } from './placements.js';

export interface DelongInterval {
  auroc: number;
  positives: number;
  negatives: number;
  /** Patients, where some have several rows; left out where rows count as independent. */
  patients?: number;
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
  /** Patients, where some have several rows; left out where rows count as independent. */
  patients?: number;
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
export interface UnpairedDelongTest extends Omit<DelongTest, 'z' | 'low' | 'high' | 'patients'> {
  t: number;
  degreesOfFreedom: number;
}

/**
 * Interval of an AUROC with DeLong's variance, that of the test set alone: training seeds are taken as given. Rows count as independent
 * but for those of one patient, where the placements know patients. NaN with a reason where a class has fewer than two rows, or
 * patients, from which no variance can be estimated.
 */
export function delongInterval(model: Placements, confidence = 0.95): DelongInterval {
  const { auroc, ofPositives, ofNegatives, patients } = model;
  const standardError = Math.sqrt(varianceOfAuroc(model));
  const half = normalQuantile((1 + confidence) / 2) * standardError;
  const degenerate =
    standardError <= ROUNDING
      ? `no two ${patients ? 'patients' : 'rows'} of a class are placed differently: the interval has no width`
      : undefined;
  const reason = undefinedBecause(model) ?? degenerate;
  return {
    auroc,
    positives: ofPositives.length,
    negatives: ofNegatives.length,
    ...(patients && { patients: patients.count }),
    standardError,
    low: Math.max(0, auroc - half),
    high: Math.min(1, auroc + half),
    ...(reason && { reason }),
  };
}

/**
 * DeLong's test of two models on the same rows, by patient as `delongInterval`. Models that place every row alike have p = 1; where
 * they differ by the same amount for every row, so that the variance is 0, p is NaN and `reason` says so (pROC gives p = 0).
 * Throws a RangeError for other rows.
 */
export function delongTest(first: Placements, second: Placements, confidence = 0.95): DelongTest {
  const both = placementsOfDifference(first, second);
  const difference = both.auroc;
  const standardError = Math.sqrt(varianceOfAuroc(both));
  const half = normalQuantile((1 + confidence) / 2) * standardError;
  const { statistic, reason } = standardized(difference, standardError, undefinedBecause(first));
  return {
    difference,
    ...(both.patients && { patients: both.patients.count }),
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
  const [a, b] = [first, second].map((model) => ({
    variance: varianceOfAuroc(model),
    units: model.patients?.count ?? model.ofPositives.length + model.ofNegatives.length,
  })) as [{ variance: number; units: number }, { variance: number; units: number }];
  const difference = first.auroc - second.auroc;
  const variance = a.variance + b.variance;
  const degreesOfFreedom = variance ** 2 / (a.variance ** 2 / (a.units - 1) + b.variance ** 2 / (b.units - 1));
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

function undefinedBecause({ ofPositives, ofNegatives, patients }: Placements): string | undefined {
  for (const [name, { length }, withSome] of [
    ['positive', ofPositives, patients?.withPositives],
    ['negative', ofNegatives, patients?.withNegatives],
  ] as const) {
    const none = ': no variance can be estimated';
    if (length < 2) return `${length === 0 ? 'no' : 'one'} ${name} row${none}`;
    if (withSome === 1) return `one patient with ${name} rows${none}`;
  }
  return undefined;
}
