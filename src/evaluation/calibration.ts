import { inputError } from '../base/index.js';
import { quantile } from './estimate.js';
import { countLabels, type Numbers, operatingPoints } from './scores.js';

/** The rows of one finding whose label is known: probabilities 0..1 and labels 1 or 0, `[n]`. */
export interface ForecastRows {
  probabilities: Float64Array;
  labels: Float64Array;
}

/**
 * The labelled rows of probabilities `[N]` with labels `[N]` (1, 0, or NaN: left out). Throws a RangeError where the lengths differ, an
 * InputError for another label and for a labelled row whose probability is not in 0..1.
 */
export function forecastRows(probabilities: Numbers, labels: Numbers): ForecastRows {
  if (probabilities.length !== labels.length) {
    throw new RangeError(`${probabilities.length} probabilities for ${labels.length} labels`);
  }
  const { positives, negatives } = countLabels(labels);
  const rows = {
    probabilities: new Float64Array(positives + negatives),
    labels: new Float64Array(positives + negatives),
  };
  let n = 0;
  for (let i = 0; i < labels.length; i++) {
    if (Number.isNaN(labels[i])) continue;
    const probability = probabilities[i]!;
    if (!(probability >= 0 && probability <= 1)) {
      throw inputError({ what: `probability ${i}`, found: String(probability), expected: 'a number from 0 to 1' });
    }
    rows.probabilities[n] = probability;
    rows.labels[n++] = labels[i]!;
  }
  return rows;
}

/**
 * Brier score: the mean of (probability - label)^2 (Brier, Mon Weather Rev 78:1, 1950; scikit-learn's `brier_score_loss`). NaN without rows.
 * Rows, and what it throws, as in `forecastRows`.
 */
export function brierScore(probabilities: Numbers, labels: Numbers): number {
  return brierOfRows(forecastRows(probabilities, labels));
}

function brierOfRows({ probabilities, labels }: ForecastRows): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) sum += (probabilities[i]! - labels[i]!) ** 2;
  return sum / labels.length;
}

/** brier = miscalibration - discrimination + uncertainty, none of them negative. */
export interface BrierDecomposition {
  brier: number;
  /** What the best monotone recalibration of these rows takes away. */
  miscalibration: number;
  /** By how much the recalibrated probabilities beat the prevalence. */
  discrimination: number;
  /** The Brier score of the prevalence: prevalence (1 - prevalence). */
  uncertainty: number;
}

/**
 * The Brier score and its parts, without bins: probabilities are recalibrated by isotonic regression on the same rows (CORP: Dimitriadis,
 * Gneiting and Jordan, PNAS 118:e2016191118, 2021). All NaN without rows. Rows, and what it throws, as in `forecastRows`.
 */
export function brierDecomposition(probabilities: Numbers, labels: Numbers): BrierDecomposition {
  const rows = forecastRows(probabilities, labels);
  const { truePositives, falsePositives, positives, negatives } = operatingPoints(rows.probabilities, rows.labels);
  const n = positives + negatives;
  const pools: { positives: number; rows: number }[] = [];
  for (let i = 0; i < truePositives.length; i++) {
    const own = truePositives[i]! - (truePositives[i - 1] ?? 0);
    let pool = { positives: own, rows: own + falsePositives[i]! - (falsePositives[i - 1] ?? 0) };
    // Probabilities fall from pool to pool, so the shares of positives must fall too.
    for (
      let last = pools.at(-1);
      last && last.positives * pool.rows <= pool.positives * last.rows;
      last = pools.at(-1)
    ) {
      pool = { positives: last.positives + pool.positives, rows: last.rows + pool.rows };
      pools.pop();
    }
    pools.push(pool);
  }
  const brier = brierOfRows(rows);
  const uncertainty = (positives / n) * (negatives / n);
  const recalibrated =
    pools.reduce((sum, pool) => sum + (pool.positives * (pool.rows - pool.positives)) / pool.rows, 0) / n;
  return {
    brier,
    miscalibration: brier - recalibrated,
    discrimination: uncertainty - recalibrated,
    uncertainty,
  };
}

/** Rows whose probabilities are near each other. */
export interface ReliabilityBin {
  rows: number;
  meanProbability: number;
  /** The share of positives among the rows. */
  positiveShare: number;
}

export interface BinOptions {
  /** 10 unless given. */
  bins?: number;
  /** Bins of equal width, or of about equally many rows; `width` unless given. */
  equal?: 'width' | 'mass';
}

/**
 * The reliability curve (DeGroot and Fienberg, Statistician 32:12, 1983), lowest probabilities first, as scikit-learn's
 * `calibration_curve` of strategy `uniform` or `quantile`, with counts. A bin holds what is above its lower edge, up to its upper edge, 0 in
 * the first; those of equal mass end at quantiles of the probabilities, and equal probabilities stay together. Empty bins are left
 * out. Rows, and what it throws, as in `forecastRows`; a RangeError for a number of bins that is no positive integer.
 */
export function reliabilityCurve(
  probabilities: Numbers,
  labels: Numbers,
  { bins = 10, equal = 'width' }: BinOptions = {},
): ReliabilityBin[] {
  if (!Number.isInteger(bins) || bins < 1) throw new RangeError(`reliabilityCurve: ${bins} bins`);
  const rows = forecastRows(probabilities, labels);
  const ascending = equal === 'mass' ? rows.probabilities.slice().sort() : undefined;
  const edges = Float64Array.from({ length: bins - 1 }, (_, i) => {
    const share = (i + 1) * (1 / bins);
    return ascending ? quantile(ascending, share) : share;
  });
  const counts = new Float64Array(bins);
  const sums = new Float64Array(bins);
  const positives = new Float64Array(bins);
  for (let i = 0; i < rows.labels.length; i++) {
    const probability = rows.probabilities[i]!;
    let bin = 0;
    while (bin < edges.length && edges[bin]! < probability) bin++;
    counts[bin]!++;
    sums[bin]! += probability;
    positives[bin]! += rows.labels[i]!;
  }
  return [...counts.keys()]
    .filter((bin) => counts[bin]! > 0)
    .map((bin) => ({
      rows: counts[bin]!,
      meanProbability: sums[bin]! / counts[bin]!,
      positiveShare: positives[bin]! / counts[bin]!,
    }));
}

/**
 * Expected calibration error of a reliability curve: the mean over rows of |mean probability - share of positives| of their bin (Naeini
 * et al., AAAI 2015). It depends on the bins, and is above 0 by chance where there are few rows. NaN without rows.
 */
export function expectedCalibrationError(curve: readonly ReliabilityBin[]): number {
  const total = curve.reduce((sum, { rows }) => sum + rows, 0);
  const errors = curve.map(
    ({ rows, meanProbability, positiveShare }) => rows * Math.abs(meanProbability - positiveShare),
  );
  return errors.reduce((sum, error) => sum + error, 0) / total;
}
