import { type Numbers, operatingPoints } from './scores.js';

/**
 * The threshold of the largest Youden index, true-positive rate - false-positive rate (Youden, Cancer 3:32, 1950), where
 * "score >= threshold is positive". To be chosen on validation rows and then applied to test rows.
 *
 * Candidates are the scores that occur, so the threshold is finite where the scores are; of several with the same index, compared
 * as exact integers, the highest wins: the most specific. A score worse than chance everywhere so gets its lowest score (index 0,
 * everything positive). NaN without a positive or without a negative. Scores and labels, and what it throws, as in `auroc`.
 */
export function youdenThreshold(scores: Numbers, labels: Numbers): number {
  const { thresholds, truePositives, falsePositives, positives, negatives } = operatingPoints(scores, labels);
  if (positives === 0 || negatives === 0) return NaN;
  let best = -Infinity;
  let chosen = NaN;
  for (const [i, threshold] of thresholds.entries()) {
    const index = truePositives[i]! * negatives - falsePositives[i]! * positives;
    if (index > best) {
      best = index;
      chosen = threshold;
    }
  }
  return chosen;
}
