import { type Numbers, type OperatingPoints, operatingPoints } from './scores.js';

/**
 * How an operating point is chosen, where "score >= threshold is positive":
 * - `youden`: the largest Youden index, true-positive rate - false-positive rate (Youden, Cancer 3:32, 1950);
 * - `f1`: the largest F1;
 * - `sensitivity`: the highest threshold, the most specific, at which at least this share of the positives is found;
 * - `specificity`: the lowest threshold, the most sensitive, at which at least this share of the negatives is left alone;
 * - `value`: given.
 */
export type ThresholdRule = 'youden' | 'f1' | { sensitivity: number } | { specificity: number } | { value: number };

/**
 * The threshold that a rule chooses on rows, to be validation rows, and then applied to test rows.
 *
 * Candidates are the scores that occur; of several that are equally good, compared as exact integers, the highest wins, the most specific. A
 * score worse than chance everywhere so gets its lowest score (Youden index 0, everything positive). Where only calling nothing leaves enough
 * negatives alone, the threshold is the next number above the highest score.
 *
 * NaN without a positive or without a negative, unless the threshold is given. Scores and labels, and what it throws, as in `auroc`; a
 * RangeError for a share outside 0..1 and a given NaN.
 */
export function chooseThreshold(rule: ThresholdRule, scores: Numbers, labels: Numbers): number {
  const wanted = typeof rule === 'string' ? 0 : Object.values(rule)[0]!;
  const isValue = typeof rule === 'object' && 'value' in rule;
  if (Number.isNaN(wanted) || (!isValue && !(wanted >= 0 && wanted <= 1))) {
    throw new RangeError(`chooseThreshold: ${JSON.stringify(rule)} is no share 0..1`);
  }
  if (isValue) return wanted;
  const points = operatingPoints(scores, labels);
  if (points.positives === 0 || points.negatives === 0) return NaN;
  if (rule === 'youden') return highestOfBest(points, youdenIsLarger);
  if (rule === 'f1') return highestOfBest(points, f1IsLarger);
  return 'sensitivity' in rule ? firstFinding(points, wanted) : lastSparing(points, wanted);
}

type IsLarger = (points: OperatingPoints, a: number, b: number) => boolean;

function highestOfBest(points: OperatingPoints, isLarger: IsLarger): number {
  let best = 0;
  for (let i = 1; i < points.thresholds.length; i++) if (isLarger(points, i, best)) best = i;
  return points.thresholds[best]!;
}

const youdenIsLarger: IsLarger = ({ truePositives, falsePositives, positives, negatives }, a, b) =>
  (truePositives[a]! - truePositives[b]!) * negatives > (falsePositives[a]! - falsePositives[b]!) * positives;

/** F1 = 2 TP / (positives + called). */
const f1IsLarger: IsLarger = ({ truePositives, falsePositives, positives }, a, b) => {
  const ofBoth = (i: number) => positives + truePositives[i]! + falsePositives[i]!;
  return truePositives[a]! * ofBoth(b) > truePositives[b]! * ofBoth(a);
};

function firstFinding({ thresholds, truePositives, positives }: OperatingPoints, share: number): number {
  return thresholds[truePositives.findIndex((hits) => hits / positives >= share)]!;
}

function lastSparing({ thresholds, falsePositives, negatives }: OperatingPoints, share: number): number {
  const last = falsePositives.findLastIndex((alarms) => (negatives - alarms) / negatives >= share);
  return last >= 0 ? thresholds[last]! : nextAbove(thresholds[0]!);
}

/** The smallest number above a number; NaN above Infinity. */
function nextAbove(value: number): number {
  if (value === Infinity) return NaN;
  if (value === 0) return Number.MIN_VALUE;
  const bits = new BigInt64Array(1);
  const number = new Float64Array(bits.buffer);
  number[0] = value;
  bits[0]! += value > 0 ? 1n : -1n;
  return number[0]!;
}
