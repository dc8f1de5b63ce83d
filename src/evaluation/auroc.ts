import { type LabelCounts, type Numbers, operatingPoints, scoresByClass } from './scores.js';

export interface Auroc extends Pick<LabelCounts, 'positives' | 'negatives'> {
  /** 0..1; NaN without a positive or without a negative. */
  auroc: number;
}

/**
 * Area under the ROC curve: the probability that a positive scores above a negative, ties counting one half
 * (Mann-Whitney U over midranks; Hanley and McNeil, Radiology 143:29, 1982).
 * Scores and labels `[N]`; labels 1, 0 or NaN (unknown: left out).
 * Throws a RangeError where the lengths differ, an InputError for a NaN score or another label.
 */
export function auroc(scores: Numbers, labels: Numbers): Auroc {
  const { positives, negatives } = scoresByClass(scores, labels);
  let twiceWins = 0;
  let below = 0;
  let notAbove = 0;
  for (const score of positives) {
    while (negatives[below]! < score) below++;
    while (negatives[notAbove]! <= score) notAbove++;
    twiceWins += below + notAbove;
  }
  return {
    auroc: twiceWins / (2 * positives.length * negatives.length),
    positives: positives.length,
    negatives: negatives.length,
  };
}

export interface RocPoint {
  falsePositiveRate: number;
  truePositiveRate: number;
  /** "score >= threshold is positive"; Infinity at (0, 0). */
  threshold: number;
}

/**
 * The ROC curve from (0, 0) to (1, 1), as scikit-learn's `roc_curve`; unless `dropIntermediate` is false without the points in which
 * both counts grow by as much as in the point before, which lie on a straight line. Empty without a positive or without a negative.
 * Scores and labels as in `auroc`, which also says what it throws.
 */
export function rocCurve(scores: Numbers, labels: Numbers, { dropIntermediate = true } = {}): RocPoint[] {
  const { thresholds, truePositives, falsePositives, positives, negatives } = operatingPoints(scores, labels);
  if (positives === 0 || negatives === 0) return [];
  const turnsAt = (counts: Float64Array, i: number) => counts[i + 1]! - counts[i]! !== counts[i]! - counts[i - 1]!;
  const points: RocPoint[] = [{ falsePositiveRate: 0, truePositiveRate: 0, threshold: Infinity }];
  for (const [i, threshold] of thresholds.entries()) {
    const end = i === 0 || i === thresholds.length - 1;
    if (dropIntermediate && !end && !turnsAt(truePositives, i) && !turnsAt(falsePositives, i)) continue;
    const falsePositiveRate = falsePositives[i]! / negatives;
    points.push({ falsePositiveRate, truePositiveRate: truePositives[i]! / positives, threshold });
  }
  return points;
}

/**
 * The vertical average of ROC curves, one per training seed: their mean true-positive rate at `steps + 1` even false-positive rates
 * (Fawcett, Pattern Recognit Lett 27:861, 2006, algorithm 3), from (0, 0) to (1, 1). Curves from `rocCurve`; empty where one is empty.
 */
export function meanRocCurve(curves: RocPoint[][], steps = 200): Omit<RocPoint, 'threshold'>[] {
  if (curves.length === 0 || curves.some((curve) => curve.length === 0)) return [];
  const mean = [{ falsePositiveRate: 0, truePositiveRate: 0 }];
  for (let step = 0; step <= steps; step++) {
    const falsePositiveRate = step / steps;
    const rates = curves.map((curve) => truePositiveRateAt(curve, falsePositiveRate));
    mean.push({ falsePositiveRate, truePositiveRate: rates.reduce((total, rate) => total + rate, 0) / curves.length });
  }
  return mean;
}

/** The highest true-positive rate of a curve at a false-positive rate, by linear interpolation. */
function truePositiveRateAt(curve: RocPoint[], falsePositiveRate: number): number {
  const before = curve.findLastIndex((point) => point.falsePositiveRate <= falsePositiveRate);
  const from = curve[before]!;
  const to = curve[before + 1];
  if (!to) return from.truePositiveRate;
  const share = (falsePositiveRate - from.falsePositiveRate) / (to.falsePositiveRate - from.falsePositiveRate);
  return from.truePositiveRate + share * (to.truePositiveRate - from.truePositiveRate);
}
