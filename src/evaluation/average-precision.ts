import { type Numbers, operatingPoints } from './scores.js';

export interface PrecisionRecallPoint {
  recall: number;
  precision: number;
  /** "score >= threshold is positive"; Infinity where nothing is called and precision is 1 by convention. */
  threshold: number;
}

/**
 * Average precision: the mean of the precisions at the thresholds, weighted by the recall that each adds (the step rule of scikit-learn's
 * `average_precision_score`). Nothing is interpolated, since between points the precision does not follow the straight line (Davis and
 * Goadrich, ICML 2006). All rows of one score are called together, so their order does not count. A score that tells nothing has about the
 * prevalence. NaN without a positive (scikit-learn: 0), 1 without a negative. Scores and labels, and what it throws, as in `auroc`.
 */
export function averagePrecision(scores: Numbers, labels: Numbers): number {
  const { thresholds, truePositives, falsePositives, positives } = operatingPoints(scores, labels);
  let sum = 0;
  let before = 0;
  for (let i = 0; i < thresholds.length; i++) {
    const hits = truePositives[i]!;
    if (hits > before) sum += ((hits - before) * hits) / (hits + falsePositives[i]!);
    before = hits;
  }
  return sum / positives;
}

/**
 * The precision-recall curve at every score that occurs, from recall 0 (precision 1, by convention) to recall 1: scikit-learn's
 * `precision_recall_curve` from its other end. Empty without a positive. Scores and labels, and what it throws, as in `auroc`.
 */
export function precisionRecallCurve(scores: Numbers, labels: Numbers): PrecisionRecallPoint[] {
  const { thresholds, truePositives, falsePositives, positives } = operatingPoints(scores, labels);
  if (positives === 0) return [];
  const points: PrecisionRecallPoint[] = [{ recall: 0, precision: 1, threshold: Infinity }];
  for (const [i, threshold] of thresholds.entries()) {
    const hits = truePositives[i]!;
    points.push({ recall: hits / positives, precision: hits / (hits + falsePositives[i]!), threshold });
  }
  return points;
}

/**
 * The mean of precision-recall curves, one per training seed, at `steps` even recalls from 1 / `steps` to 1. A curve's precision at a recall
 * is that of its first point which reaches it, as in average precision: the mean over ever more recalls tends to the mean average
 * precision. Curves from `precisionRecallCurve`; empty where one is empty.
 */
export function meanPrecisionRecallCurve(
  curves: readonly (readonly PrecisionRecallPoint[])[],
  steps = 200,
): Omit<PrecisionRecallPoint, 'threshold'>[] {
  if (curves.length === 0 || curves.some((curve) => curve.length === 0)) return [];
  const reached = curves.map(() => 0);
  return Array.from({ length: steps }, (_, step) => {
    const recall = (step + 1) / steps;
    let precision = 0;
    for (const [c, curve] of curves.entries()) {
      while (curve[reached[c]!]!.recall < recall) reached[c]!++;
      precision += curve[reached[c]!]!.precision / curves.length;
    }
    return { recall, precision };
  });
}
