import { inputError } from '../base/index.js';

/** Numbers by position: a typed array or a plain one. */
export type Numbers = ArrayLike<number>;

export interface LabelCounts {
  positives: number;
  negatives: number;
  /** Labels that are NaN. */
  unknown: number;
}

/** Counts labels: 1 is positive, 0 negative, NaN unknown. Throws an InputError for any other value. */
export function countLabels(labels: Numbers): LabelCounts {
  const counts = { positives: 0, negatives: 0, unknown: 0 };
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label === 1) counts.positives++;
    else if (label === 0) counts.negatives++;
    else if (Number.isNaN(label)) counts.unknown++;
    else throw inputError({ what: `label ${i}`, found: String(label), expected: '1, 0 or NaN (unknown)' });
  }
  return counts;
}

/** Column `finding` of a row-major matrix `[N, F]`, as a copy `[N]`. */
export function findingColumn(matrix: Float32Array, findings: number, finding: number): Float32Array {
  const column = new Float32Array(matrix.length / findings);
  for (let row = 0; row < column.length; row++) column[row] = matrix[row * findings + finding]!;
  return column;
}

/** Throws an InputError for a NaN score of a labelled row, a RangeError where the lengths `[N]` differ. `where` says whose scores. */
export function requireScores(scores: Float32Array, labels: Float32Array, where: string): void {
  if (scores.length !== labels.length) {
    throw new RangeError(`${where}: ${scores.length} scores for ${labels.length} rows`);
  }
  const row = scores.findIndex((score, i) => Number.isNaN(score) && !Number.isNaN(labels[i]));
  if (row >= 0) throw inputError({ what: `${where}, row ${row}`, found: 'NaN', expected: 'a probability' });
}

/**
 * The scores `[N]` of the positives and of the negatives, each ascending; rows with unknown label are left out.
 * Throws a RangeError where the lengths differ, an InputError for a NaN score of a labelled row or a label other than 1, 0, NaN.
 */
export function scoresByClass(scores: Numbers, labels: Numbers): { positives: Float64Array; negatives: Float64Array } {
  if (scores.length !== labels.length) {
    throw new RangeError(`${scores.length} scores for ${labels.length} labels`);
  }
  const counts = countLabels(labels);
  const positives = new Float64Array(counts.positives);
  const negatives = new Float64Array(counts.negatives);
  let p = 0;
  let n = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (Number.isNaN(label)) continue;
    const score = scores[i]!;
    if (Number.isNaN(score)) throw inputError({ what: `score ${i}`, found: 'NaN', expected: 'a number' });
    if (label === 1) positives[p++] = score;
    else negatives[n++] = score;
  }
  return { positives: positives.sort(), negatives: negatives.sort() };
}

/** What "score >= threshold is positive" yields at each score that occurs, from the highest down; all arrays of one length. */
export interface OperatingPoints extends Pick<LabelCounts, 'positives' | 'negatives'> {
  thresholds: Float64Array;
  truePositives: Float64Array;
  falsePositives: Float64Array;
}

/** The operating points of scores `[N]` with labels `[N]`. Throws as `scoresByClass`. */
export function operatingPoints(scores: Numbers, labels: Numbers): OperatingPoints {
  const { positives, negatives } = scoresByClass(scores, labels);
  const size = positives.length + negatives.length;
  const thresholds = new Float64Array(size);
  const truePositives = new Float64Array(size);
  const falsePositives = new Float64Array(size);
  let p = positives.length;
  let n = negatives.length;
  let count = 0;
  while (p + n > 0) {
    const threshold = Math.max(positives[p - 1] ?? -Infinity, negatives[n - 1] ?? -Infinity);
    while (p > 0 && positives[p - 1]! >= threshold) p--;
    while (n > 0 && negatives[n - 1]! >= threshold) n--;
    thresholds[count] = threshold;
    truePositives[count] = positives.length - p;
    falsePositives[count++] = negatives.length - n;
  }
  return {
    positives: positives.length,
    negatives: negatives.length,
    thresholds: thresholds.slice(0, count),
    truePositives: truePositives.slice(0, count),
    falsePositives: falsePositives.slice(0, count),
  };
}
