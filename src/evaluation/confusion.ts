import { countLabels, type Numbers } from './scores.js';

export interface Confusion {
  truePositives: number;
  falsePositives: number;
  trueNegatives: number;
  falseNegatives: number;
}

/** Metrics at an operating point, in the order in which reports name them. */
export const OPERATING_METRICS = [
  'sensitivity',
  'specificity',
  'precision',
  'f1',
  'accuracy',
  'balancedAccuracy',
  'mcc',
] as const;
export type OperatingMetric = (typeof OPERATING_METRICS)[number];

/**
 * Counts of scores `[N]` against labels `[N]` (1, 0, or NaN: left out), where "score >= threshold is positive".
 * Throws a RangeError where the lengths differ or the threshold is NaN, an InputError for another label.
 */
export function confusion(scores: Numbers, labels: Numbers, threshold: number): Confusion {
  if (scores.length !== labels.length) throw new RangeError(`${scores.length} scores for ${labels.length} labels`);
  if (Number.isNaN(threshold)) throw new RangeError('confusion: the threshold is NaN');
  const { positives, negatives } = countLabels(labels);
  let truePositives = 0;
  let falsePositives = 0;
  for (let i = 0; i < labels.length; i++) {
    if (scores[i]! >= threshold) {
      if (labels[i] === 1) truePositives++;
      else if (labels[i] === 0) falsePositives++;
    }
  }
  return {
    truePositives,
    falsePositives,
    trueNegatives: negatives - falsePositives,
    falseNegatives: positives - truePositives,
  };
}

/**
 * Fractions 0..1 from counts, and Matthews's correlation coefficient (`mcc`, -1..1; Biochim Biophys Acta 405:442, 1975). Balanced accuracy
 * is the mean of sensitivity and specificity.
 *
 * NaN where undefined: sensitivity without positives, specificity without negatives, balanced accuracy and MCC without either; precision
 * where nothing is called positive, F1 where there is no positive and none is called, accuracy without rows. (scikit-learn puts 0
 * there, except in balanced accuracy, where it drops the absent class.) MCC is 0 where all rows of both classes are called alike,
 * as in scikit-learn: such calls carry no information.
 */
export function operatingMetrics(counts: Confusion): Record<OperatingMetric, number> {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = counts;
  const sensitivity = truePositives / (truePositives + falseNegatives);
  const specificity = trueNegatives / (trueNegatives + falsePositives);
  return {
    sensitivity,
    specificity,
    precision: truePositives / (truePositives + falsePositives),
    f1: (2 * truePositives) / (2 * truePositives + falsePositives + falseNegatives),
    accuracy: (truePositives + trueNegatives) / (truePositives + falsePositives + trueNegatives + falseNegatives),
    balancedAccuracy: (sensitivity + specificity) / 2,
    mcc: matthews(counts),
  };
}

function matthews({ truePositives, falsePositives, trueNegatives, falseNegatives }: Confusion): number {
  const ofLabels = (truePositives + falseNegatives) * (trueNegatives + falsePositives);
  const ofCalls = (truePositives + falsePositives) * (trueNegatives + falseNegatives);
  if (ofLabels === 0) return NaN;
  if (ofCalls === 0) return 0;
  return (truePositives * trueNegatives - falsePositives * falseNegatives) / Math.sqrt(ofLabels * ofCalls);
}
